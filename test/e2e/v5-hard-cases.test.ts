import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { CancelledError } from "../../src/errors.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { loadState } from "../../src/state/journal.ts";
import { openStorage } from "../../src/storage/open.ts";
import { runCli } from "../kit/cli.ts";
import { landedRecords, scenesUntil } from "../kit/scene.ts";
import {
  expectCommittedOnce,
  expectComplete,
  expectEachOnce,
  objectIn,
  v5Scenes,
  warningsOf,
} from "../kit/v5-scene.ts";

// Holds G1, G2, G3 and G9 where API v5 is difficult: page tokens that end early, fields that are refused, hidden values.

const opened = scenesUntil(afterEach);

/** An account with so many rows of each object, which only these objects are read from. */
const start = v5Scenes(opened);

describe("page tokens", () => {
  it.each([
    ["in the order of a date", "FormField", 2500, 3000],
    ["in no order", "TaggedObject", 700, 1000],
  ])(
    "G1 %s lose and repeat no record past the end of a sequence, however many share a second",
    async (_, object, ties, most) => {
      const at = await start({ [object]: 5000 }, { ties, knobs: { v5TokenRecords: most } });
      await expectComplete(at, object);
    },
  );

  it.each(["FormField", "TaggedObject"])(
    "G1 G2 fail %s by name when a sequence ends within one second",
    async (object) => {
      const at = await start({ [object]: 2500, Visit: 10 }, { ties: 2500, knobs: { v5TokenRecords: 1000 } });
      const result = await at.run();
      expect(result.exitCode).toBe(6);
      expect(objectIn(result, object)).toMatchObject({
        status: "failed",
        open_windows: [{ from: "1900-01-01T00:00:00Z" }],
        error: { code: "data.too-many-records" },
      });
      expect(objectIn(result, object).error?.message).toContain(object);
      expect(objectIn(result, "Visit").status).toBe("complete");
    },
  );

  it.each([
    ["expires", { expiredPageToken: true }],
    ["takes too long", { status: 504, limitAbove: 600, count: 1000 }],
    ["ends with warning 203 before its time", { sequenceEnd: true }],
  ] as const)("G1 start anew when one %s in mid-reading", async (_, fault) => {
    const paths = ["form-fields.*nextPageToken", "tagged-objects.*nextPageToken"];
    const at = await start(
      { FormField: 2600, TaggedObject: 2600 },
      { faults: paths.map((path) => ({ path, skip: 1, ...fault })) },
    );
    await expectComplete(at, "FormField", "TaggedObject");
  });
});

it("G2 a part read in the order of a date is committed through a second, and the state grows with no tie", async () => {
  const at = await start({ FormField: 4300 }, { ties: 1230, env: { PARDOT_ETL_ROWS_PER_FILE: "100" } });
  const stop = new AbortController();
  let pages = 0;
  const first = await at.run({
    signal: stop.signal,
    onEvent: ({ type }) => {
      if (type === "page-read") pages += 1;
      if (pages === 3) stop.abort(new CancelledError("stopped", { code: "run.cancelled" }));
    },
  });
  const [part] = objectIn(first, "FormField").windows;
  expect(part).toMatchObject({ through_time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:]{8}Z$/) as string });
  expect(part).not.toHaveProperty("through_id");
  const { state } = await loadState(
    await openStorage(
      { kind: "folder", path: at.data },
      { s3PathStyle: null, clock: systemClock, random: systemRandom },
    ),
    new AbortController().signal,
  );
  expect(state.objects["FormField"]?.windows[0]?.cursor).toMatch(/^[\dT:-]{19}$/);
});

it("G1 a page by id that takes too long is requested with half the limit", async () => {
  const at = await start(
    { Visit: 2600 },
    { faults: [{ path: "objects/visits", limitAbove: 500, status: 504, count: 1000 }] },
  );
  await expectComplete(at, "Visit");
  const limits = at.simulator.stats().requests.flatMap(({ parameters }) => parameters["limit"] ?? []);
  expect(new Set(limits)).toEqual(new Set(["1000", "500"]));
});

it("G1 by id reads 105,000 page views, although a sequence of tokens would end at 100,000", async () => {
  const at = await start({ VisitorPageView: 105_000 }, { ties: 2500 });
  const { manifest } = await expectComplete(at, "VisitorPageView");
  expect(manifest.api_calls.total).toBeLessThanOrEqual(105 + 1 + 2);
});

it.each([0, 0.3])(
  "G1 pages with hidden records, %d of them empty, are not taken for the end",
  async (emptyPageShare) => {
    const at = await start(
      { Visit: 700, FormField: 700, TaggedObject: 700 },
      { knobs: { hiddenEvery: 3, pageCap: 40, emptyPageShare } },
    );
    const result = await expectComplete(at, "Visit", "FormField", "TaggedObject");
    expect(warningsOf(result)).toEqual(
      expect.arrayContaining([
        ["Visit", "pardot.values-hidden"],
        ["FormField", "pardot.values-hidden"],
        ["TaggedObject", "pardot.values-hidden"],
      ]),
    );
  },
);

describe("fields", () => {
  it("G9 that this business unit lacks are dropped once, reported once, and null", async () => {
    const at = await start(
      { File: 5, User: 4, Visit: 3 },
      { knobs: { v5MissingFields: "File.salesforceCmsId,User.lastName,User.role" } },
    );
    const first = await expectComplete(at, "File", "User", "Visit");
    expect(objectIn(first, "User").refused_fields.toSorted()).toEqual(["lastName", "role"]);
    expect(warningsOf(first).toSorted(([a], [b]) => ((a ?? "") < (b ?? "") ? -1 : 1))).toEqual([
      ["File", "fields.refused"],
      ["User", "fields.refused"],
      ["User", "fields.refused"],
    ]);
    const users = await landedRecords(at.data, "User");
    for (const user of users) expect(user).toMatchObject({ last_name: null, role: null });
    expect(users.filter((user) => user["email"] !== null)).not.toEqual([]);
    at.simulator.advance(1);
    const before = at.simulator.stats().requests.length;
    const second = await at.run();
    expect(second.error).toBeNull();
    expect(objectIn(second, "User").refused_fields.toSorted()).toEqual(["lastName", "role"]);
    expect(warningsOf(second)).toEqual([]);
    const statuses = at.simulator
      .stats()
      .requests.slice(before)
      .map(({ status }) => status);
    expect(new Set(statuses)).toEqual(new Set([200]));
  });

  it.each(["id", "updatedAt"])("G2 fail the object when %s is refused, and no other", async (unknownField) => {
    const faults = [{ path: "objects/visits", unknownField, count: 1000 }];
    const at = await start({ Visit: 20, User: 3 }, { faults });
    const result = await at.run();
    expect(result.exitCode).toBe(5);
    expect(objectIn(result, "Visit")).toMatchObject({
      status: "failed",
      files: [],
      error: { code: expect.stringContaining("pardot") as string },
    });
    expect(objectIn(result, "Visit").error?.message).toContain(unknownField);
    await expectEachOnce(at, "User");
  });

  it("G9 with lists of records are left out where queries refuse them", async () => {
    const at = await start(
      { VisitorActivity: 60, ListEmail: 0, EngagementStudioProgram: 5 },
      { knobs: { v5Arrays: "refused" } },
    );
    const result = await at.run({ env: { PARDOT_ETL_OBJECTS: "ListEmail,EngagementStudioProgram" } });
    expect(result.error).toBeNull();
    await expectEachOnce(at, "EngagementStudioProgram");
    await expectEachOnce(at, "ListEmail");
    const refused = [
      ...objectIn(result, "ListEmail").refused_fields,
      ...objectIn(result, "EngagementStudioProgram").refused_fields,
    ];
    expect(refused).toEqual(
      expect.arrayContaining(["senderOptions.type", "replyToOptions.userId", "schedule", "recipientListIds"]),
    );
    for (const record of await landedRecords(at.data, "EngagementStudioProgram")) {
      expect(record).toMatchObject({ recipient_list_ids: null, name: expect.any(String) as string });
    }
  });

  it("G9 whose values are hidden are null, with a warning", async () => {
    const at = await start({ Visit: 10, User: 2 }, { knobs: { v5RedactedFields: "Visit.durationInSeconds" } });
    const result = await expectComplete(at, "Visit", "User");
    expect(warningsOf(result)).toEqual([["Visit", "pardot.values-hidden"]]);
    for (const record of await landedRecords(at.data, "Visit")) expect(record["duration_in_seconds"]).toBeNull();
  });
});

it.each(["record", "values"] as const)("the account is read from a body as %s", async (v5AccountBody) => {
  const at = await start({ Account: 1 }, { knobs: { v5AccountBody }, env: { PARDOT_API_VERSION: "5" } });
  await expectComplete(at, "Account");
});

it("G1 variations are read for each dynamic content where the query demands one", async () => {
  const at = await start(
    { DynamicContent: 7, DynamicContentVariation: 40 },
    { knobs: { v5RequiredFilters: "DynamicContentVariation.dynamicContentId" } },
  );
  await expectComplete(at, "DynamicContent");
  await expectEachOnce(at, "DynamicContentVariation");
});

it("G1 records outside the window are left out where a filter is ignored, with a warning", async () => {
  const at = await start(
    { Visitor: 300 },
    { knobs: { v5IgnoredFilters: "Visitor.updatedAt" }, env: { PARDOT_API_VERSION: "5" } },
  );
  await expectComplete(at, "Visitor");
  at.simulator.advance(1);
  const second = await at.run();
  expect(second.error).toBeNull();
  expect(warningsOf(second)).toContainEqual(["Visitor", "pardot.filter-ignored"]);
  const { files, windows } = objectIn(second, "Visitor");
  expect(files.reduce((sum, { rows }) => sum + rows, 0)).toBeLessThan(100);
  const { from = "", to = "" } = windows[0] ?? {};
  const [low, high] = [from, to].map((bound) => bound.slice(0, 19).replace("T", " "));
  for (const { min_watermark: min, max_watermark: max } of files) {
    expect([min ?? "", max ?? ""].every((mark) => mark >= (low ?? "") && mark < (high ?? ""))).toBe(true);
  }
});

describe.each(["VisitorPageView", "FormField", "TaggedObject"])(
  "a reading of %s that is cut off in the middle",
  (object) => {
    const env = { PARDOT_ETL_ROWS_PER_FILE: "700" };

    it("G1 G3 by a stop goes on without a record twice", async () => {
      const at = await start({ [object]: 4300 }, { ties: 230, env, knobs: { v5TokenRecords: 2000 } });
      const stop = new AbortController();
      let pages = 0;
      const first = await at.run({
        signal: stop.signal,
        onEvent: ({ type }) => {
          if (type === "page-read") pages += 1;
          if (pages === 3) stop.abort(new CancelledError("stopped", { code: "run.cancelled" }));
        },
      });
      expect(first.exitCode).toBe(130);
      expect(objectIn(first, object).status).toBe("postponed");
      expect((await at.run()).error).toBeNull();
      await expectCommittedOnce(at, object);
    });

    it("G1 G2 by a kill goes on without a record twice", async () => {
      const at = await start({ [object]: 4300 }, { ties: 230, env, knobs: { v5TokenRecords: 2000 } });
      const death = {
        NODE_OPTIONS: `--import=${join(import.meta.dirname, "../crash/die.ts")}`,
        DIE_ON: `/${object}/`,
        DIE_AT: "2",
        DIE_WHEN: "after",
      };
      expect(await runCli(["run"], { ...at.env, ...death }, { cwd: at.root })).toMatchObject({ signal: "SIGKILL" });
      expect((await at.run()).error).toBeNull();
      await expectCommittedOnce(at, object);
    });
  },
);
