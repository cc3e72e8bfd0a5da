import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { CancelledError } from "../../src/errors.ts";
import { runCli } from "../kit/cli.ts";
import { landedRecords, scenesUntil } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { expectCommittedOnce, expectComplete, objectIn, v5Scenes, warningsOf, watched } from "../kit/v5-scene.ts";
import { textOf, v5Rows } from "../kit/v5-truth.ts";

// Holds G1, G2 and G3 where a business unit refuses or ignores a parameter that API v5 was taken to accept.

const open = v5Scenes(scenesUntil(afterEach));
const start: typeof open = (rows, wishes) =>
  open(rows, { ...wishes, knobs: { v5MissingFields: "", ...wishes?.knobs } });
const ROWS = 2600;
const REFUSED = "pardot.parameter-refused";

/** Pages of a reading, and what a first run may need besides: the pages before the refusal, and the refused call. */
const PAGES = 3;
const SPARE = 2;

/** A plain run on the next day, which has to be complete, without a refused query and without a warning. */
async function nextDay(at: Scene, object: string): Promise<number> {
  at.simulator.advance(1);
  const { result, queries } = await watched(at);
  expect(result.error).toBeNull();
  expect(warningsOf(result)).toEqual([]);
  expect(new Set(queries)).toEqual(new Set([200]));
  const landed = new Set((await landedRecords(at.data, object)).map(({ id }) => id));
  const end = (objectIn(result, object).windows[0]?.to ?? "").slice(0, 19).replace("T", " ");
  const rows = [...v5Rows(at.simulator, object, "all")].filter(([, row]) => textOf(row, "createdAt") < end);
  expect(rows.map(([id]) => id).filter((id) => !landed.has(id))).toEqual([]);
  return queries.length;
}

describe("idGreaterThan", () => {
  it.each([
    ["refused", "v5RefusedFilters", "VisitorPageView"],
    ["ignored", "v5IgnoredFilters", "VisitorPageView"],
    ["refused", "v5RefusedFilters", "LifecycleHistory"],
    ["refused", "v5RefusedFilters", "LifecycleStage"],
    ["ignored", "v5IgnoredFilters", "Visit"],
    ["refused", "v5RefusedFilters", "File"],
    ["ignored", "v5IgnoredFilters", "File"],
    ["refused", "v5RefusedFilters", "FormHandlerField"],
    ["refused", "v5RefusedFilters", "DynamicContentVariation"],
  ])("G1 that is %s is replaced by page tokens, once and for later runs (%s: %s)", async (_, knob, object) => {
    const at = await start({ [object]: ROWS }, { ties: 230, knobs: { [knob]: `${object}.id` } });
    const { result, queries } = await watched(at);
    expect(result.error).toBeNull();
    expect(warningsOf(result)).toEqual([[object, REFUSED]]);
    expect(objectIn(result, object).refused_parameters).toEqual(["idGreaterThan"]);
    await expectCommittedOnce(at, object);
    expect(queries.length).toBeLessThanOrEqual(PAGES + SPARE);
    const isReadInFull = objectIn(result, object).windows[0]?.field === null;
    expect(await nextDay(at, object)).toBeLessThanOrEqual(isReadInFull ? PAGES + 1 : 1);
  });

  it("G1 that is refused loses nothing past the end of a sequence of tokens", async () => {
    const at = await start(
      { VisitorPageView: 5000 },
      { ties: 700, knobs: { v5RefusedFilters: "VisitorPageView.id", v5TokenRecords: 2000 } },
    );
    await expectComplete(at, "VisitorPageView");
  });

  it("is tried again by --full", async () => {
    const at = await start({ Visit: 1200 }, { knobs: { v5RefusedFilters: "Visit.id" } });
    await expectComplete(at, "Visit");
    const full = await at.run({ options: { full: true } });
    expect(full.error).toBeNull();
    expect(warningsOf(full)).toEqual([["Visit", REFUSED]]);
  });
});

describe("an order", () => {
  it.each([
    ["by id is refused", "v5RefusedOrders", "Visit", "id", ["orderBy=id"]],
    ["by id is ignored", "v5IgnoredOrders", "Visit", "id", ["orderBy=id"]],
    ["by id is refused", "v5RefusedOrders", "File", "id", ["orderBy=id"]],
    ["by id is ignored", "v5IgnoredOrders", "File", "id", ["orderBy=id"]],
    ["by date is refused", "v5RefusedOrders", "FormField", "updatedAt", ["orderBy=updatedAt"]],
    ["by date is ignored", "v5IgnoredOrders", "FormField", "updatedAt", ["orderBy=updatedAt"]],
  ])("G1 that %s is replaced by another, once and for later runs (%s: %s)", async (_, knob, object, field, refused) => {
    const at = await start({ [object]: ROWS }, { ties: 230, knobs: { [knob]: `${object}.${field}` } });
    const { result, queries } = await watched(at);
    expect(result.error).toBeNull();
    expect(warningsOf(result)).toEqual([[object, REFUSED]]);
    expect(objectIn(result, object).refused_parameters).toEqual(refused);
    await expectCommittedOnce(at, object);
    expect(queries.length).toBeLessThanOrEqual(PAGES + SPARE);
    const isReadInFull = objectIn(result, object).windows[0]?.field === null;
    expect(await nextDay(at, object)).toBeLessThanOrEqual(isReadInFull ? PAGES + 1 : 1);
  });

  it("G1 by id that is ignored after the first page loses nothing, and what had not landed lands once", async () => {
    const faults = [{ path: "objects/visits", skip: 1, cells: { id: "999999999999" } }];
    const at = await start({ Visit: ROWS }, { faults });
    const result = await at.run();
    expect(result.error).toBeNull();
    expect(warningsOf(result)).toEqual([["Visit", REFUSED]]);
    await expectCommittedOnce(at, "Visit");
  });

  it("G1 is given up, and idGreaterThan with it, where Pardot refuses all of them", async () => {
    const knobs = { v5RefusedFilters: "Visit.id", v5RefusedOrders: "Visit.id,Visit.updatedAt" };
    const at = await start({ Visit: ROWS }, { knobs });
    await expectComplete(at, "Visit");
    await nextDay(at, "Visit");
  });
});

describe("a filter by date", () => {
  it.each([
    ["in no order", "ExternalActivity", "createdAt"],
    ["by id", "Visit", "updatedAt"],
    ["by date", "FormField", "updatedAt"],
  ])("G1 G9 that is refused is dropped, and the rows are filtered here (%s: %s)", async (_, object, field) => {
    const at = await start({ [object]: ROWS }, { ties: 230, knobs: { v5RefusedFilters: `${object}.${field}` } });
    await expectComplete(at, object);
    at.simulator.advance(1);
    const { result } = await watched(at);
    expect(result.error).toBeNull();
    expect(warningsOf(result)).toEqual([[object, REFUSED]]);
    expect(objectIn(result, object).refused_parameters).toEqual([field]);
    const { files } = objectIn(result, object);
    expect(files.reduce((sum, { rows }) => sum + rows, 0)).toBeLessThan(ROWS / 2);
    expect(await nextDay(at, object)).toBeLessThanOrEqual(PAGES + 1);
  });

  it("that is ignored is reported once, until --full", async () => {
    const at = await start({ Visit: 300 }, { knobs: { v5IgnoredFilters: "Visit.updatedAt" } });
    await expectComplete(at, "Visit");
    at.simulator.advance(1);
    expect(warningsOf(await at.run())).toEqual([["Visit", "pardot.filter-ignored"]]);
    await nextDay(at, "Visit");
  });

  it("G1 that is ignored is not taken for a wrong order when a new sequence of tokens begins", async () => {
    const at = await start(
      { FormField: ROWS },
      {
        faults: [{ path: "form-fields.*nextPageToken", skip: 1, expiredPageToken: true }],
        knobs: { v5IgnoredFilters: "FormField.updatedAt" },
      },
    );
    const result = await expectComplete(at, "FormField");
    expect(warningsOf(result)).toEqual([]);
  });
});

it("G1 records in the recycle bin are left out where Pardot refuses to show it, with one warning", async () => {
  const at = await start({ CustomRedirect: 1200 }, { knobs: { v5NoRecycleBin: "CustomRedirect" } });
  const { result } = await watched(at);
  expect(result.error).toBeNull();
  expect(warningsOf(result)).toEqual([["CustomRedirect", REFUSED]]);
  const ids = (await landedRecords(at.data, "CustomRedirect")).map(({ id }) => id);
  expect(new Set(ids)).toEqual(new Set(v5Rows(at.simulator, "CustomRedirect").keys()));
});

describe.each([
  ["VisitorPageView", { v5RefusedFilters: "VisitorPageView.id" }, ["1", "2", "4"]],
  ["VisitorPageView", { v5IgnoredFilters: "VisitorPageView.id" }, ["2"]],
  ["File", { v5RefusedFilters: "File.id" }, ["1", "2"]],
  ["FormField", { v5RefusedFilters: "FormField.updatedAt" }, ["2"]],
  // Nothing lands before the end.
  ["FormField", { v5RefusedOrders: "FormField.updatedAt" }, ["1"]],
])("a reading of %s with %j that is cut off in the middle", (object, refusing, deaths) => {
  const wishes = {
    ties: 230,
    env: { PARDOT_ETL_ROWS_PER_FILE: "700" },
    knobs: refusing,
  };

  it.each([1, 2, 4])("G1 G3 by a stop after page %i goes on without a record twice", async (after) => {
    const at = await start({ [object]: 3300 }, wishes);
    const stop = new AbortController();
    let pages = 0;
    const first = await at.run({
      signal: stop.signal,
      onEvent: ({ type }) => {
        if (type === "page-read") pages += 1;
        if (pages === after) stop.abort(new CancelledError("stopped", { code: "run.cancelled" }));
      },
    });
    expect(first.exitCode).toBe(130);
    expect((await at.run()).error).toBeNull();
    await expectCommittedOnce(at, object);
  });

  it.each(deaths)("G1 G2 by a kill after file %s goes on without a record twice", async (file) => {
    const at = await start({ [object]: 3300 }, wishes);
    const death = {
      NODE_OPTIONS: `--import=${join(import.meta.dirname, "../crash/die.ts")}`,
      DIE_ON: `/${object}/`,
      DIE_AT: file,
      DIE_WHEN: "after",
    };
    expect(await runCli(["run"], { ...at.env, ...death }, { cwd: at.root })).toMatchObject({ signal: "SIGKILL" });
    expect((await at.run()).error).toBeNull();
    await expectCommittedOnce(at, object);
  });
});
