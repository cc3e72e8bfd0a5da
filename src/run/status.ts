import type { DestinationConfig } from "../config/config.ts";
import { manifestWindow } from "../commit/manifest.ts";
import { objectState } from "../commit/state.ts";
import type { Interval, ObjectState, State } from "../commit/state.ts";
import { gapsWithin } from "../plan/gaps.ts";
import { isoInstant } from "../time/instant.ts";
import type { StatusObject, StatusResult, Surroundings } from "./api.ts";
import { openStore } from "./session.ts";

/** What the destination remembers: runs, watermarks, coverage and gaps, what is open. No call to Pardot is made. */
export async function status(config: DestinationConfig, surroundings: Surroundings): Promise<StatusResult> {
  const { storage, loaded } = await openStore(config, surroundings);
  const { state } = loaded;
  const known = config.catalog.map((object) => object.name).filter((name) => name in state.objects);
  return {
    destination: storage.location,
    businessUnit: state.businessUnit,
    runs: state.runs,
    objects: known.map((name) => statusObject(name, state)),
    quota: { day: state.ledger.day, calls: state.ledger.reserved },
  };
}

function statusObject(name: string, state: State): StatusObject {
  const object: ObjectState = objectState(state, name);
  return {
    object: name,
    watermark: object.watermark,
    files: object.filesCommitted,
    rows: object.rowsCommitted,
    coverage: object.coverage.map(isoInterval),
    gaps: gapsWithin(object.coverage).map(isoInterval),
    openWindows: object.windows.map((window) => ({
      ...manifestWindow(window),
      exportId: window.exports[0]?.exportId ?? null,
      filesLanded: window.files.length,
    })),
    notLoaded: object.notLoaded.length,
  };
}

function isoInterval(interval: Interval): { from: string; to: string } {
  return { from: isoInstant(interval.from), to: isoInstant(interval.to) };
}
