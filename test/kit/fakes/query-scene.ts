import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { onTestFinished } from "vitest";
import type { QueriedObject } from "../../../src/catalog/catalog.ts";
import type { Config } from "../../../src/config/config.ts";
import type { RunEvent } from "../../../src/events.ts";
import type { Extraction } from "../../../src/extract/context.ts";
import { extractSegment } from "../../../src/extract/segmented.ts";
import type { Page, PageBounds, PageRequest, Pardot } from "../../../src/pardot/pardot.ts";
import { NEVER } from "../../../src/platform/clock.ts";
import { Lanes } from "../../../src/platform/lanes.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { Journal, loadState } from "../../../src/state/journal.ts";
import { objectState } from "../../../src/state/state.ts";
import type { OpenWindow } from "../../../src/state/state.ts";
import { fakeClock } from "./clock.ts";
import type { FakeRecord } from "./exporting-pardot.ts";
import { openMemoryStorage } from "./memory-storage.ts";
import { page } from "./scripted-pages.ts";

/** Whether local text of UTC is inside bounds, as Pardot would filter it. */
function isWithin(text: string | null | undefined, { from, to }: PageBounds): boolean {
  if (typeof text !== "string") return false;
  const at = Date.parse(`${text.replace(" ", "T")}Z`);
  return (from === null || at >= from) && (to === null || at < to);
}

/** What the account answers instead of its records; null: its records. */
export type Answer = (request: PageRequest, call: number) => Page | Promise<Page | null> | null;

export interface QueryScene {
  readonly asked: readonly PageRequest[];
  readonly records: FakeRecord[];
  readonly events: readonly RunEvent[];
  readonly windows: () => readonly OpenWindow[];
  /** Ids in the file of a key. */
  readonly idsOf: (key: string) => readonly string[];
  /** Most requests in flight at a time. */
  readonly most: () => number;
  /** Reads one window and commits it. Returns the ids of its files. */
  readonly run: (from: number, to: number, drain?: AbortSignal) => Promise<readonly string[]>;
  /** Another run goes on with the window from the recorded state. */
  readonly goOn: (to: number, drain?: AbortSignal) => Promise<readonly string[]>;
}

/** An account of one queried object whose records come as they are, filtered by updated_at where the request does. */
export async function queryScene(
  object: QueriedObject,
  records: FakeRecord[],
  {
    lanes = 4,
    rowsPerFile = 1000,
    counts = false,
    answer = (): null => null,
  }: {
    lanes?: number;
    rowsPerFile?: number;
    /** Whether pages have the total of the window. */
    counts?: boolean;
    answer?: Answer;
  } = {},
): Promise<QueryScene> {
  const tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-segmented-"));
  onTestFinished(() => rm(tmpDir, { recursive: true, force: true }));
  const storage = openMemoryStorage();
  const asked: PageRequest[] = [];
  const events: RunEvent[] = [];
  let [running, most] = [0, 0];
  const respond = async (request: PageRequest): Promise<Page> => {
    asked.push(request);
    const own = await answer(request, asked.length - 1);
    if (own !== null) return own;
    const { afterId, bounds, limit = 200, sort } = request;
    const selected = records.filter(({ updated_at: updated }) => bounds == null || isWithin(updated, bounds));
    const after = selected.filter(({ id }) => BigInt(id ?? 0) > BigInt(afterId ?? 0));
    const sorted = sort?.isDescending === true ? after.toReversed() : after;
    return page(sorted.slice(0, limit), { total: counts ? selected.length : null });
  };
  const queryPage = async (request: PageRequest): Promise<Page> => {
    running += 1;
    most = Math.max(most, running);
    return respond(request).finally(() => (running -= 1));
  };
  const { name } = object;
  const open = async (runId: string) => {
    const loaded = await loadState(storage, NEVER);
    return new Journal({ storage, clock: fakeClock(), runId, loaded, signal: NEVER });
  };
  let journal = await open("r");
  const extract = async (window: OpenWindow, drain: AbortSignal): Promise<void> => {
    const extraction: Extraction = {
      pardot: { queryPage } as unknown as Pardot,
      journal,
      storage,
      converter: null,
      clock: fakeClock(),
      pardotNow: () => 0,
      random: systemRandom,
      onEvent: (event) => events.push(event),
      drain,
      lanes: new Lanes(lanes),
      abort: NEVER,
      config: {
        pardot: { timeZone: "UTC" },
        etl: { format: "csv", compression: "none", rowsPerFile, bytesPerFile: 1e6, maxRejects: 100, tmpDir },
      } as Config,
    };
    await extraction.lanes.run(() => extractSegment(object, window, extraction));
  };
  const windows = () => objectState(journal.state, name).windows;
  const textOf = (key: string): string => new TextDecoder().decode(storage.files.get(key));
  const idsOf = (key: string): string[] => [...textOf(key).matchAll(/^(\d+),/gm)].map(([, id]) => id ?? "");
  const read = async (to: number, drain: AbortSignal = NEVER): Promise<readonly string[]> => {
    const window = windows().find((each) => each.to === to);
    if (window === undefined) throw new Error("no window");
    await extract(window, drain);
    const files = windows().flatMap((each) => each.files);
    await journal.record([{ type: "committed", object: name, manifest: "m", windows: [window.id], load: false }]);
    return files.flatMap(({ key }) => idsOf(key));
  };
  return {
    asked,
    records,
    events,
    windows,
    idsOf,
    most: () => most,
    async run(from: number, to: number, drain?: AbortSignal): Promise<readonly string[]> {
      const planned = { field: object.watermark, from, to, askFrom: from };
      await journal.record([{ type: "planned", object: name, runId: "r", zone: "UTC", windows: [planned] }]);
      return read(to, drain);
    },
    async goOn(to: number, drain?: AbortSignal): Promise<readonly string[]> {
      journal = await open("r2");
      return read(to, drain);
    },
  };
}
