import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import type { FakeRecord } from "../../test/kit/fakes/exporting-pardot.ts";
import type { QueriedObject } from "../catalog/catalog.ts";
import { campaign } from "../../test/kit/fakes/objects.ts";
import { opportunity } from "../../test/kit/fakes/objects.ts";
import { tag } from "../../test/kit/fakes/objects.ts";
import { Journal, loadState } from "../state/journal.ts";
import { objectState } from "../state/state.ts";
import type { Config } from "../config/config.ts";
import type { PageBounds, PageRequest, Pardot } from "../pardot/pardot.ts";
import { systemRandom } from "../platform/random.ts";
import { page } from "../../test/kit/fakes/scripted-pages.ts";
import { openMemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import { HISTORY_START } from "../time/instant.ts";
import type { Extraction } from "./context.ts";
import { extractSegment } from "./segmented.ts";

// Holds G1: a history reads records without a date, and an empty response is not "all gone".

const never = new AbortController().signal;
const day = (n: number): number => Date.parse("2026-03-20T00:00:00Z") + n * 86_400_000;

/** Whether local text of UTC is inside bounds, as Pardot would filter it. */
function isWithin(text: string | null | undefined, { from, to }: PageBounds): boolean {
  if (typeof text !== "string") return false;
  const at = Date.parse(`${text.replace(" ", "T")}Z`);
  return (from === null || at >= from) && (to === null || at < to);
}

/** An account of one queried object whose records come as they are, filtered by updated_at where the request does. */
async function setUp(object: QueriedObject, records: FakeRecord[]) {
  const tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-segmented-"));
  onTestFinished(() => rm(tmpDir, { recursive: true, force: true }));
  const storage = openMemoryStorage();
  const loaded = await loadState(storage, never);
  const journal = new Journal({ storage, clock: fakeClock(), runId: "r", loaded, signal: never });
  const asked: PageRequest[] = [];
  const queryPage = async (request: PageRequest) => {
    asked.push(request);
    const { afterId, bounds } = request;
    const selected = records.filter(({ updated_at: updated }) => bounds == null || isWithin(updated, bounds));
    return page(selected.filter(({ id }) => Number(id) > Number(afterId ?? 0)).slice(0, 200));
  };
  const extraction = {
    pardot: { queryPage } as unknown as Pardot,
    journal,
    storage,
    converter: null,
    clock: fakeClock(),
    pardotNow: () => 0,
    random: systemRandom,
    onEvent: () => undefined,
    drain: never,
    abort: never,
    config: {
      pardot: { timeZone: "UTC" },
      etl: { format: "csv", compression: "none", rowsPerFile: 1000, bytesPerFile: 1e6, tmpDir },
    } as Config,
  } satisfies Extraction;
  const { name } = object;
  /** Reads one window and commits it. */
  const run = async (from: number, to: number): Promise<string[]> => {
    const planned = { field: object.watermark, from, to, askFrom: from };
    await journal.record([{ type: "planned", object: name, runId: "r", zone: "UTC", windows: [planned] }]);
    const window = objectState(journal.state, name).windows.find((open) => open.to === to);
    if (window === undefined) throw new Error("no window");
    await extractSegment(object, window, extraction);
    const files = objectState(journal.state, name).windows.flatMap((open) => open.files);
    await journal.record([{ type: "committed", object: name, manifest: "m", windows: [window.id], load: false }]);
    const texts = files.map(({ key }) => new TextDecoder().decode(storage.files.get(key)));
    return texts.flatMap((text) => [...text.matchAll(/^(\d+),/gm)].map(([, id]) => id ?? ""));
  };
  return { run, asked, records, open: () => objectState(journal.state, name).windows };
}

describe("a history", () => {
  it("contains the records without the field of its windows, and none from after its end", async () => {
    const records = [
      { id: "1", name: "a", updated_at: null },
      { id: "2", name: "b", updated_at: "1812-01-01 00:00:00" },
      { id: "3", name: "c", updated_at: "2026-03-19 23:59:59" },
      { id: "4", name: "d", updated_at: "2026-03-20 00:00:00" },
    ];
    const t = await setUp(tag, records);
    expect(await t.run(HISTORY_START, day(0))).toEqual(["1", "2", "3"]);
    expect(await t.run(day(-1), day(1))).toEqual(["3", "4"]);
    expect(t.asked[0]?.bounds).toBeNull();
    expect(t.asked.at(-1)?.bounds).toEqual({ field: "updated_at", from: day(-1), to: day(1) });
  });
});

describe("an object that is read in full", () => {
  const rows: Readonly<Record<string, FakeRecord>> = {
    Campaign: { id: "1", name: "a" },
    Opportunity: { id: "1", name: "a", updated_at: "2026-03-19 00:00:00" },
  };

  it.each([campaign, opportunity])("fails with exit 6 if it had records and has none: $name", async (object) => {
    const t = await setUp(object, [rows[object.name] as FakeRecord]);
    expect(await t.run(HISTORY_START, day(0))).toEqual(["1"]);
    t.records.length = 0;
    const from = object.watermark === null ? HISTORY_START : day(-1);
    await expect(t.run(from, day(1))).rejects.toMatchObject({ code: "data.all-gone", exitCode: 6 });
    expect(t.open()).toMatchObject([{ done: false, files: [] }]);
    t.records.push(rows[object.name] as FakeRecord);
    expect(await t.run(from, day(1))).toEqual(["1"]);
  });

  it("is read, not gone, if each of its records is set aside", async () => {
    const t = await setUp(campaign, [rows["Campaign"] as FakeRecord]);
    await t.run(HISTORY_START, day(0));
    t.records[0] = { id: "1", name: "a", cost: "many" };
    expect(await t.run(HISTORY_START, day(1))).toEqual([]);
    expect(t.open()).toEqual([]);
  });

  it("may be empty from the start, and a window of a day always", async () => {
    const t = await setUp(campaign, []);
    expect(await t.run(HISTORY_START, day(0))).toEqual([]);
    const tags = await setUp(tag, [{ id: "1", name: "a", updated_at: "2026-03-19 00:00:00" }]);
    await tags.run(HISTORY_START, day(0));
    expect(await tags.run(day(5), day(6))).toEqual([]);
  });
});
