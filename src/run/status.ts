import type { DestinationConfig } from "../config/config.ts";
import { notedOn } from "../commit/call-notes.ts";
import { manifestWindow } from "../commit/manifest.ts";
import { objectState } from "../commit/state.ts";
import type { Interval, ObjectState, State } from "../commit/state.ts";
import { gapsWithin } from "../plan/gaps.ts";
import type { Storage } from "../storage/storage.ts";
import { EXPORT_LIFE_MS } from "../pardot/export.ts";
import { isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import type { StatusObject, StatusResult, Surroundings } from "./api.ts";
import { committedFiles } from "./committed-files.ts";
import { retentionRule } from "./retention.ts";
import { openStore } from "./session.ts";

/** What the destination remembers: runs, watermarks, coverage and gaps, what is open. No call to Pardot is made. */
export async function status(config: DestinationConfig, surroundings: Surroundings): Promise<StatusResult> {
  const { storage, loaded } = await openStore(config, surroundings);
  const { state } = loaded;
  const { day } = state.ledger;
  const expired = await expiredFiles(config, storage, surroundings);
  const known = config.catalog.map((object) => object.name).filter((name) => name in state.objects);
  return {
    destination: storage.location,
    businessUnit: state.businessUnit,
    runs: state.runs,
    objects: known.map((name) => statusObject(name, state, expired.get(name) ?? 0, surroundings.clock.now())),
    quota: { day, calls: state.ledger.reserved + (day === "" ? 0 : await notedOn(day, storage, surroundings.signal)) },
  };
}

/** How many of an object's committed files are past their time. Manifests are read only where there is a limit. */
async function expiredFiles(
  config: DestinationConfig,
  storage: Storage,
  { clock, onEvent, signal }: Surroundings,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  if (config.etl.retentionMs === null) return found;
  const mayBeGone = retentionRule(config.etl.retentionMs, clock.now());
  const { files, problems } = await committedFiles(storage, null, signal);
  for (const { key, problem } of problems) {
    const message = `count the expired files: ${key}: ${problem}`;
    onEvent({ type: "warning", code: "manifest.damaged", object: null, message });
  }
  for (const { object, run } of files.values()) if (mayBeGone(run)) found.set(object, (found.get(object) ?? 0) + 1);
  return found;
}

function statusObject(name: string, state: State, expired: number, now: Instant): StatusObject {
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
      exportExpired: window.exports.some(({ askedAt }) => now - askedAt >= EXPORT_LIFE_MS),
      filesLanded: window.files.length,
    })),
    notLoaded: object.notLoaded.length,
    expired,
  };
}

function isoInterval(interval: Interval): { from: string; to: string } {
  return { from: isoInstant(interval.from), to: isoInstant(interval.to) };
}
