import { describe, expect, it } from "vitest";
import { bulkV5, visitor } from "../../../test/kit/fakes/objects.ts";
import { page } from "../../../test/kit/fakes/scripted-pages.ts";
import type { BulkObject } from "../../catalog/catalog.ts";
import type { Config } from "../../config/config.ts";
import { EMPTY_STATE } from "../../state/state.ts";
import { RemoteError, TransportError } from "../../errors.ts";
import type { Page, PageRequest, Pardot, WireRecord } from "../../pardot/pardot.ts";
import { isoInstant } from "../../time/instant.ts";
import { nullWarehouse } from "../../warehouse/open.ts";
import { liveProbes } from "./probes.ts";
import { planProbes } from "../plan/probes.ts";
import { decideWindows } from "./windows.ts";

// Holds G1: a history is not taken for empty because its oldest record is odd, hidden or late.

const never = new AbortController().signal;
const now = Date.parse("2026-03-20T09:30:00Z");
const late = new RemoteError("late", { code: "pardot.timed-out", pardotCode: 214 });

/** A Pardot whose first record is the same for a page and a count. */
function withOldest(oldest: WireRecord | null | Error) {
  const asked: PageRequest[] = [];
  const first = async (request: PageRequest): Promise<WireRecord | null> => {
    asked.push(request);
    if (oldest instanceof Error) throw oldest;
    return oldest;
  };
  const pardot = {
    queryPage: async (request: PageRequest) => {
      const record = await first(request);
      return page(record === null ? [] : [record]);
    },
    countRecords: async (request: PageRequest) => {
      const record = await first(request);
      return { total: record === null ? 0 : 10, first: record };
    },
    calls: { total: 0, byKind: {} },
  } as unknown as Pardot;
  return { pardot, asked };
}

async function historyOf(oldest: WireRecord | null | Error, kind: "run" | "plan") {
  const { pardot, asked } = withOldest(oldest);
  const input = { pardot, full: false, onEvent: () => undefined, signal: never };
  const probes = kind === "run" ? liveProbes(input) : planProbes(input);
  const { windows } = await decideWindows(visitor, {
    config: { pardot: { timeZone: "UTC" }, etl: { overlapMs: 0, warehouse: { kind: "none" } } } as unknown as Config,
    state: EMPTY_STATE,
    warehouse: nullWarehouse,
    probes,
    now,
    range: { full: false, since: null, until: null, acceptGap: false },
    onEvent: () => undefined,
    signal: never,
  });
  return { windows, asked };
}

describe("the oldest record of an object that exports of v5 read", () => {
  const memberships = bulkV5("ListMembership");
  const oldestOf = async (object: BulkObject, answers: readonly (readonly WireRecord[])[]) => {
    const asked: PageRequest[] = [];
    const queryPage = async (request: PageRequest): Promise<Page> =>
      page([...(answers[asked.push(request) - 1] ?? [])]);
    const pardot = { queryPage, calls: { total: 0, byKind: {} } } as unknown as Pardot;
    const probes = liveProbes({ pardot, full: false, onEvent: () => undefined, signal: never });
    return { oldest: await probes.oldest(object), asked };
  };
  const first = { id: 5, createdAt: "2024-05-01T02:00:00+02:00" };

  it("is the one with the smallest id, if no other was created more than a week before it", async () => {
    const { oldest, asked } = await oldestOf(memberships, [[first], []]);
    expect(oldest).toBe("2024-05-01 00:00:00");
    expect(asked).toMatchObject([
      { fields: ["id", "createdAt"], limit: 1 },
      { fields: ["id"], bounds: { field: "created_at", from: null, to: Date.UTC(2024, 3, 24) } },
    ]);
    expect(asked.every(({ sort }) => sort === undefined)).toBe(true);
  });

  it("is not known if an older one has a greater id, or if records do not come by id", async () => {
    expect((await oldestOf(memberships, [[first], [{ id: 9 }]])).oldest).toBeNull();
    expect(await oldestOf(bulkV5("Opportunity"), [[first]])).toEqual({ oldest: null, asked: [] });
  });

  it("is not compared where v5 does not filter by creation", async () => {
    const { oldest, asked } = await oldestOf(bulkV5("ProspectAccount"), [[first]]);
    expect([oldest, asked.length]).toEqual(["2024-05-01 00:00:00", 1]);
  });
});

describe.each(["run", "plan"] as const)("the oldest record, for a %s", (kind) => {
  it("is the one with the smallest id, anonymous visitors included; the history begins a week before it", async () => {
    const { windows, asked } = await historyOf({ id: "1", created_at: "2024-02-29 12:00:00" }, kind);
    expect(asked).toHaveLength(kind === "run" ? 2 : 1);
    expect(asked[0]).toMatchObject({
      way: { api: "v4", urlName: "visitor", query: { parameters: { only_identified: "false" } } },
      fields: null,
      limit: 1,
    });
    // By ascending id, which is the default.
    expect(asked[0]).not.toHaveProperty("sort");
    expect(isoInstant(windows[0]?.askFrom ?? 0)).toBe("2024-02-22T12:00:00Z");
    expect(windows).toHaveLength(3);
  });

  it.each<[string, WireRecord | null | Error]>([
    ["no date", { id: "1", created_at: null }],
    ["no field for it", { id: "1" }],
    ["an empty date", { id: "1", created_at: "" }],
    ["a zero date", { id: "1", created_at: "0000-00-00 00:00:00" }],
    ["a date that does not exist", { id: "1", created_at: "2017-02-31 00:00:00" }],
    ["text for a date", { id: "1", created_at: "n/a" }],
    ["a date before 1970", { id: "1", created_at: "1899-12-30 00:00:00" }],
    ["the zero of a clock", { id: "1", created_at: "1970-01-01 00:00:00" }],
    ["a date in the future", { id: "1", created_at: "2099-01-01 00:00:00" }],
    ["no record", null],
    ["code 214", late],
    ["no byte in time", new TransportError("late", { code: "http.timeout" })],
  ])("is never taken for an empty history: %s", async (_, oldest) => {
    const { windows } = await historyOf(oldest, kind);
    expect(isoInstant(windows[0]?.askFrom ?? 0)).toBe("2007-01-01T00:00:00Z");
    expect(windows).toHaveLength(20);
    expect(windows.at(-1)?.to).toBe(now);
  });

  it("fails for any other reason", async () => {
    const refused = new RemoteError("refused", { code: "pardot.refused", pardotCode: 19 });
    await expect(historyOf(refused, kind)).rejects.toBe(refused);
  });
});

it("a record with a later id that was created earlier begins the history", async () => {
  const { pardot, asked } = withOldest({ id: "1", created_at: "2024-02-29 12:00:00" });
  const byId = pardot.queryPage.bind(pardot);
  pardot.queryPage = async (request, signal) => {
    const oldest = await byId(request, signal);
    return request.sort === undefined ? oldest : page([{ id: "9", created_at: "2020-01-08 00:00:00" }]);
  };
  const input = { pardot, full: false, onEvent: () => undefined, signal: never };
  expect(await liveProbes(input).oldest(visitor)).toBe("2020-01-08 00:00:00");
  expect(asked[1]).toMatchObject({
    sort: { field: "created_at" },
    bounds: { field: "created_at", from: Date.UTC(1970, 0, 3), to: null },
  });
});

it("an empty response to the probe is requested once more", async () => {
  const { asked } = await historyOf(null, "run");
  expect(asked).toHaveLength(2);
});
