import { describe, expect, it } from "vitest";
import type { CollectionV5 } from "../../catalog/catalog.ts";
import { entries } from "../../catalog/index.ts";
import { selectWays } from "../../catalog/versions.ts";
import { assert, RemoteError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import type { Page, PageRequest, WireRecord } from "../../pardot/pardot.ts";
import { fieldGroupsWithin, warnOfIncomplete, WideQuery } from "./wide-query.ts";

const never = new AbortController().signal;
const PROSPECT = selectWays(entries, "5").find(({ name }) => name === "Prospect");
assert(PROSPECT !== undefined, "Prospect is in the catalog");
const prospect = PROSPECT;
const way = prospect.way as CollectionV5;

const CUSTOM = Array.from({ length: 900 }, (_, n) => `custom_field_${n}__c`);
const FIELDS = ["id", "updatedAt", "campaign.id", ...CUSTOM.slice(0, 450), "campaign.name", ...CUSTOM.slice(450)];

function recordOf(id: number, updatedAt = "2026-01-01"): WireRecord {
  const custom = Object.fromEntries(CUSTOM.map((name) => [name, `${name} of ${id}`]));
  return { id, updatedAt, campaign: { id: 7, name: "seven" }, ...custom };
}

interface Account {
  records: WireRecord[];
  /** Records that a page counts and does not return. */
  readonly hidden: Set<number>;
  readonly requests: PageRequest[];
  /** Before the request with this number, from 0. */
  readonly before: Map<number, () => void>;
  /** Bytes of `fields` that are accepted. */
  bytesMax: number;
}

/** A server that returns the requested fields of the records after an id; its token is the id to go on from. */
function serve(ids: readonly number[]): Account & { readonly query: WideQuery } {
  const account: Account = {
    records: ids.map((id) => recordOf(id)),
    hidden: new Set(),
    requests: [],
    before: new Map(),
    bytesMax: Infinity,
  };
  const queryPage = async (request: PageRequest): Promise<Page> => {
    account.before.get(account.requests.length)?.();
    account.requests.push(request);
    const fields = request.fields ?? [];
    if (encodeURIComponent(fields.join()).length > account.bytesMax) {
      throw new RemoteError("too long", { code: "pardot.address-too-long", context: { status: 414 } });
    }
    const after = Number(request.token ?? request.afterId ?? 0);
    const limit = request.limit ?? 1000;
    const following = account.records.filter(({ id }) => Number(id) > after);
    const page = following.slice(0, limit);
    const names = new Set(fields.map((name) => name.split(".")[0]));
    const isLast = following.length <= limit;
    return {
      records: page
        .filter(({ id }) => !account.hidden.has(Number(id)))
        .map((record) => Object.fromEntries(Object.entries(record).filter(([name]) => names.has(name)))),
      total: null,
      end: isLast ? "end" : "more",
      token: isLast ? null : String(Number(page.at(-1)?.["id"])),
      isCapped: false,
      hidesValues: false,
    };
  };
  return Object.assign(account, { query: new WideQuery(prospect, { queryPage }) });
}

function ask(afterId: string | null, limit: number, fields: readonly string[] = FIELDS): PageRequest {
  return { way, fields, afterId, limit };
}

describe("a query with more fields than an address takes", () => {
  it("returns each record whole, in a few requests that each name the key and the watermark", async () => {
    const at = serve([1, 2, 3, 5, 8]);
    const first = await at.query.queryPage(ask(null, 3), never);
    const second = await at.query.queryPage(ask("3", 3), never);
    expect([...first.records, ...second.records]).toEqual([1, 2, 3, 5, 8].map((id) => recordOf(id)));
    expect([first.end, second.end]).toEqual(["more", "end"]);
    expect(at.requests).toHaveLength(8);
    for (const { fields } of at.requests) {
      expect(fields?.slice(0, 2)).toEqual(["id", "updatedAt"]);
      expect(encodeURIComponent(fields?.join() ?? "").length).toBeLessThanOrEqual(6000);
    }
    expect(first.records.some((record) => at.query.isIncomplete(record))).toBe(false);
  });

  it("makes one request where the fields fit", async () => {
    const at = serve([1, 2]);
    await at.query.queryPage(ask(null, 3, FIELDS.slice(0, 100)), never);
    expect(at.requests.map(({ fields }) => fields)).toEqual([FIELDS.slice(0, 100)]);
  });

  it("reads on where records are hidden, so that pages of later groups end early or are empty", async () => {
    const ids = Array.from({ length: 40 }, (_, i) => i + 1);
    const at = serve(ids);
    for (const id of [1, 2, 3, ...Array.from({ length: 12 }, (_, i) => i + 10)]) at.hidden.add(id);
    const visible = ids.filter((id) => !at.hidden.has(id));
    const found: unknown[] = [];
    for (let after = "0"; after !== "end";) {
      const page = await at.query.queryPage(ask(after, 5), never);
      found.push(...page.records);
      after = page.token ?? "end";
    }
    expect(found).toEqual(visible.map((id) => recordOf(id)));
  });

  it("marks a record that goes between the groups as incomplete, and completes all others", async () => {
    const at = serve([1, 2, 3, 4, 5]);
    at.before.set(2, () => {
      at.records = at.records.filter(({ id }) => id !== 2);
    });
    const { records } = await at.query.queryPage(ask(null, 4), never);
    expect(records.map(({ id }) => id)).toEqual([1, 2, 3, 4]);
    expect(records.map((record) => at.query.isIncomplete(record))).toEqual([false, true, false, false]);
    expect(Object.keys(records[1] ?? {})).toEqual(expect.arrayContaining(["campaign", CUSTOM[0]]));
    expect(records[1]).not.toHaveProperty(CUSTOM.at(-1) ?? "");
    expect(records[3]).toEqual(recordOf(4));
  });

  it("completes every record when others appear between the groups and move the ends of pages", async () => {
    const at = serve([10, 20, 30, 40]);
    at.before.set(1, () => {
      at.records = [10, 11, 12, 13, 14, 15, 20, 30, 40].map((id) => recordOf(id));
    });
    const { records } = await at.query.queryPage(ask(null, 4), never);
    const whole = records.filter((record) => !at.query.isIncomplete(record));
    expect(whole).toEqual([10, 20, 30, 40].map((id) => recordOf(id)));
    expect(records.map(({ id }) => id)).toEqual([10, 11, 12, 13, 14, 15, 20, 30, 40]);
  });

  it("takes the newest reading of what several groups return", async () => {
    const at = serve([1, 2]);
    at.before.set(3, () => {
      at.records = [recordOf(1), recordOf(2, "2026-02-02")];
    });
    const { records } = await at.query.queryPage(ask(null, 4), never);
    expect(records.map(({ updatedAt }) => updatedAt)).toEqual(["2026-01-01", "2026-02-02"]);
  });

  it("halves the groups when a server refuses the address, and goes on with what fits", async () => {
    const at = serve([1, 2, 3]);
    at.bytesMax = 2000;
    const { records } = await at.query.queryPage(ask(null, 2), never);
    expect(records).toEqual([recordOf(1), recordOf(2)]);
    const before = at.requests.length;
    await at.query.queryPage(ask("2", 2), never);
    for (const { fields } of at.requests.slice(before)) {
      expect(encodeURIComponent(fields?.join() ?? "").length).toBeLessThanOrEqual(2000);
    }
  });

  it("fails when no address is short enough", async () => {
    const at = serve([1]);
    at.bytesMax = 10;
    await expect(at.query.queryPage(ask(null, 2), never)).rejects.toMatchObject({ code: "pardot.address-too-long" });
    expect(at.requests).toHaveLength(5);
  });

  it("leaves an unsorted page to its reader", async () => {
    const at = serve([1, 2, 3, 4]);
    at.records.reverse();
    expect((await at.query.queryPage(ask(null, 3), never)).records.map(({ id }) => id)).toEqual([4, 3, 2]);
  });

  it.each([
    ["a page that repeats", [recordOf(1)], null],
    ["an empty page whose token leads nowhere new", [], "same"],
  ])("refuses %s in a later group", async (_, records, token) => {
    const rest = { total: null, isCapped: false, hidesValues: false } as const;
    let requests = 0;
    const queryPage = async (): Promise<Page> => {
      requests += 1;
      const isFirst = requests === 1;
      return { ...rest, records: isFirst ? [recordOf(1), recordOf(2)] : records, end: "more", token };
    };
    const query = new WideQuery(prospect, { queryPage });
    await expect(query.queryPage(ask(null, 2), never)).rejects.toMatchObject({ code: "data.page-repeats" });
    expect(requests).toBe(3);
  });

  it("passes queries through that have another order, or none of v5's", async () => {
    const at = serve([1]);
    const ordered = { ...way, query: { ...way.query, order: null } };
    await at.query.queryPage({ ...ask(null, 3), way: ordered }, never);
    await at.query.queryPage({ ...ask(null, 3), sort: { field: "updated_at" } }, never);
    expect(at.requests.map(({ fields }) => fields?.length)).toEqual([FIELDS.length, FIELDS.length]);
  });
});

it("groups keep the parts of one record together, and a long name by itself", () => {
  const long = "x".repeat(60);
  const groups = fieldGroupsWithin(["id", "a", "campaign.id", "b", long, "campaign.name"], ["id", "updatedAt"], 38);
  expect(groups).toEqual([
    ["id", "a", "campaign.id", "campaign.name"],
    ["id", "b"],
    ["id", long],
  ]);
});

it("incomplete rows are reported with their number", () => {
  const events: RunEvent[] = [];
  warnOfIncomplete("Prospect", 0, (event) => events.push(event));
  expect(events).toEqual([]);
  warnOfIncomplete("Prospect", 2, (event) => events.push(event));
  expect(events).toMatchObject([{ code: "fields.rows-incomplete", object: "Prospect" }]);
});
