import { describe, expect, test } from "vitest";
import { connect } from "../kit/simulator-client.ts";
import type { SimulatorClient } from "../kit/simulator-client.ts";
import { get, idsOf, pages, rowsOf } from "../kit/simulator-v5.ts";
import type { V5Row } from "../kit/simulator-v5.ts";

// Holds the simulator to the vendor's overview of API v5 (version5overview.html: pages, tokens, warnings, freshness) and to
// what users report of it (airbytehq/airbyte issues 54172, 56366 and PR 51040).

const TAGS = "/api/v5/objects/tags";
const VIEWS = "/api/v5/objects/visitor-page-views";
const FOREVER = { accessTokenSeconds: 1e9 };
const CAP = "203;Record count for nextPageToken sequence has been exceeded. No page token returned.";

const truth5 = (client: SimulatorClient, name: string): V5Row[] => [...client.simulator.rows(name, "live", { api: 5 })];

/** By ascending id, without tokens. */
async function byIds(client: SimulatorClient, path: string, limit = 1000): Promise<V5Row[]> {
  const all: V5Row[] = [];
  for (let after = 0; ; after = Number(all.at(-1)?.["id"])) {
    const { body } = await get(client, path, { fields: "id", orderBy: "id", idGreaterThan: after, limit });
    all.push(...(body.values ?? []));
    if (body.nextPageToken === null) return all;
  }
}

describe("a page", () => {
  test("has the documented envelope, 200 records by default and at most 1,000", async () => {
    await using client = await connect({ rows: { Tag: 1_200 } });
    const { body } = await get(client, TAGS, { fields: "id" });
    expect(Object.keys(body)).toEqual(["nextPageToken", "nextPageUrl", "values"]);
    expect(body.values).toHaveLength(200);
    expect((await get(client, TAGS, { fields: "id", limit: 1000 })).body.values).toHaveLength(1000);
    for (const limit of ["1001", "0", "x"])
      expect((await get(client, TAGS, { fields: "id", limit })).body.code).toBe(23);
    expect((await get(client, TAGS, { fields: "id", offset: 2001 })).body.code).toBe(21);
    const last = await get(client, TAGS, { fields: "id", idGreaterThan: 999_999_999 });
    expect(last.body).toEqual({ nextPageToken: null, nextPageUrl: null, values: [] });
  });

  test("is ordered by orderBy, and without it not in a way to rely on, or by id by knob", async () => {
    await using client = await connect({ rows: { Tag: 300 } });
    const ids = idsOf(truth5(client, "Tag"));
    const ordered = async (orderBy: string): Promise<V5Row[]> =>
      rowsOf(client, TAGS, { fields: "id,createdAt", orderBy });
    expect((await ordered("id")).map((row) => row["id"])).toEqual(ids);
    expect((await ordered("id DESC")).map((row) => row["id"])).toEqual(ids.toReversed());
    const times = (await ordered("createdAt ASC")).map((row) => String(row["createdAt"]));
    expect(times).toEqual(times.toSorted());
    expect((await get(client, TAGS, { fields: "id", orderBy: "name" })).body.code).toBe(51);
    expect((await rowsOf(client, TAGS, { fields: "id" })).map((row) => row["id"])).not.toEqual(ids);
    await using calm = await connect({ rows: { Tag: 300 }, knobs: { v5Unordered: "id" } });
    expect((await rowsOf(calm, TAGS, { fields: "id" })).map((row) => row["id"])).toEqual(ids);
  });

  test("loses rows that are hidden after it is cut: short pages, and Pardot-Warning 202", async () => {
    await using client = await connect({ rows: { Tag: 700 }, knobs: { hiddenEvery: 7 } });
    const all = await pages(client, TAGS, { fields: "id", limit: 100 });
    expect(idsOf(all.flatMap(({ body }) => body.values ?? []))).toEqual(idsOf(truth5(client, "Tag")));
    expect(all.some(({ body }) => (body.values ?? []).length < 100 && body.nextPageToken !== null)).toBe(true);
    expect(all[0]?.warning).toMatch(/^202;/);
    await using silent = await connect({ rows: { Tag: 700 }, knobs: { hiddenEvery: 7, v5HiddenWarning: false } });
    expect((await get(silent, TAGS, { fields: "id" })).warning).toBeNull();
    const hidden = { v5RedactedFields: "Prospect.email" };
    await using redacted = await connect({ knobs: hidden });
    const page = await get(redacted, "/api/v5/objects/prospects", { fields: "id,email" });
    expect([page.warning?.slice(0, 3), page.body.values?.[0]?.["email"]]).toEqual(["202", null]);
    expect((await get(redacted, "/api/v5/objects/prospects", { fields: "id" })).warning).toBeNull();
  });

  test("shows the account as it was a minute ago, a changed record in its earlier state", async () => {
    await using client = await connect({ scale: "small", knobs: { ...FOREVER, clock: "frozen" } });
    const before = new Map(truth5(client, "Tag").map((row) => [row["id"], row]));
    client.simulator.advance(1);
    const edge = new Date(client.simulator.now().getTime() - 60_000).toISOString().replace("T", " ").slice(0, 19);
    const now = truth5(client, "Tag");
    const seen = await byIds(client, TAGS);
    const fresh = now.filter((row) => String(row["createdAt"]) > edge);
    expect(fresh.length).toBeGreaterThan(0);
    expect(idsOf(seen).filter((id) => fresh.some((row) => row["id"] === id))).toEqual([]);
    expect(seen.length + fresh.length).toBeGreaterThanOrEqual(now.length);
    await using slow = await connect({ scale: "small", knobs: { ...FOREVER, v5ReadLagSeconds: 86_401 } });
    slow.simulator.advance(1);
    const rows = await rowsOf(slow, TAGS, { fields: "id,name" });
    expect(new Map(rows.map((row) => [row["id"], row["name"]]))).toEqual(
      new Map([...before].map(([id, row]) => [id, row["name"]])),
    );
  });
});

describe("a page token", () => {
  test("comes alone, with fields; the same token returns the same page; nextPageUrl works as it is", async () => {
    await using client = await connect({ rows: { Tag: 500 } });
    const first = await get(client, TAGS, { fields: "id", limit: 100, orderBy: "createdAt DESC", idGreaterThan: 5 });
    const token = String(first.body.nextPageToken);
    for (const [name, value] of Object.entries({
      limit: "100",
      orderBy: "id",
      deleted: "all",
      idGreaterThan: "5",
      offset: "0",
    })) {
      const { status, body } = await get(client, TAGS, { fields: "id", nextPageToken: token, [name]: value });
      expect([status, body.code], name).toEqual([400, 51]);
    }
    const second = await get(client, TAGS, { fields: "id", nextPageToken: token });
    expect(second.body.values).toHaveLength(100);
    expect((await get(client, TAGS, { fields: "id,name", nextPageToken: token })).body.values?.[3]?.["id"]).toBe(
      second.body.values?.[3]?.["id"],
    );
    const url = new URL(String(first.body.nextPageUrl));
    expect((JSON.parse((await client.call(url.pathname + url.search)).text) as { values: unknown }).values).toEqual(
      second.body.values,
    );
    expect((await get(client, TAGS, { nextPageToken: token })).body.code).toBe(13);
  });

  test("is refused when it is foreign (211), and after four hours (210)", async () => {
    await using client = await connect({ rows: { Tag: 500 }, knobs: FOREVER });
    const token = String((await get(client, TAGS, { fields: "id" })).body.nextPageToken);
    expect((await get(client, TAGS, { fields: "id", nextPageToken: "nonsense" })).body.code).toBe(211);
    expect((await get(client, "/api/v5/objects/lists", { fields: "id", nextPageToken: token })).body.code).toBe(211);
    client.simulator.advance(1);
    const { status, body } = await get(client, TAGS, { fields: "id", nextPageToken: token });
    expect([status, body.code]).toEqual([400, 210]);
  });

  test("goes on behind its last row while rows move, or loses rows by knob", async () => {
    const lost = async (v5TokenPosition: "key" | "offset"): Promise<number> => {
      const knobs = { ...FOREVER, v5TokenHours: 1_000, v5ReadLagSeconds: 0, v5TokenPosition };
      await using client = await connect({ rows: { Opportunity: 2_000 }, ties: 0, knobs });
      const path = "/api/v5/objects/opportunities";
      const first = await get(client, path, { fields: "id", orderBy: "updatedAt", limit: 1000 });
      client.simulator.advance(30);
      const read = [...(first.body.values ?? [])];
      for (let token = first.body.nextPageToken ?? null; token !== null;) {
        const { body } = await get(client, path, { fields: "id", nextPageToken: token });
        read.push(...(body.values ?? []));
        token = body.nextPageToken ?? null;
      }
      const ids = new Set(idsOf(read));
      return truth5(client, "Opportunity").filter((row) => !ids.has(Number(row["id"]))).length;
    };
    expect(await lost("key")).toBe(0);
    expect(await lost("offset")).toBeGreaterThan(0);
  });

  test("comes to an end after 100,000 records, with Pardot-Warning 203 only; by ids all are read", async () => {
    await using client = await connect({ rows: { VisitorPageView: 105_000 }, ties: 2_500 });
    const all = await pages(client, VIEWS, { fields: "id", orderBy: "createdAt" });
    expect(all.flatMap(({ body }) => body.values ?? [])).toHaveLength(100_000);
    expect(all.map(({ warning }) => warning).filter((warning) => warning !== null)).toEqual([CAP]);
    expect(all.at(-1)?.warning).toBe(CAP);
    expect(await byIds(client, VIEWS)).toHaveLength(105_000);
  });

  test("pages through 2,500 records of one second without losing one", async () => {
    await using client = await connect({ rows: { Opportunity: 4_000 }, ties: 2_500 });
    const read = await pages(client, "/api/v5/objects/opportunities", { fields: "id,updatedAt", orderBy: "updatedAt" });
    const rows = read.flatMap(({ body }) => body.values ?? []);
    expect(idsOf(rows)).toEqual(idsOf(truth5(client, "Opportunity")));
    const tied = rows.filter((row) => row["updatedAt"] === rows[2_000]?.["updatedAt"]);
    expect(tied.length).toBeGreaterThan(1_500);
  });
});

describe("scripted faults of v5", () => {
  test("expire a page token, and end a sequence early", async () => {
    await using client = await connect({ rows: { Tag: 500 } });
    const token = String((await get(client, TAGS, { fields: "id" })).body.nextPageToken);
    client.simulator.faults([
      { path: TAGS, expiredPageToken: true },
      { path: TAGS, sequenceEnd: true },
    ]);
    expect((await get(client, TAGS, { fields: "id", nextPageToken: token })).body.code).toBe(210);
    const ended = await get(client, TAGS, { fields: "id", nextPageToken: token });
    expect([ended.body.nextPageToken, ended.warning, ended.body.values?.length]).toEqual([null, CAP, 200]);
  });

  test("refuse requests that name a field", async () => {
    await using client = await connect();
    client.simulator.faults([{ path: TAGS, unknownField: "objectCount", count: 9 }]);
    const refused = await get(client, TAGS, { fields: "id,objectCount" });
    expect(refused.body).toEqual({
      code: 51,
      message: "Invalid parameter: fields. It contains an invalid or unknown field: objectCount.",
    });
    expect((await get(client, TAGS, { fields: "id,name" })).status).toBe(200);
  });

  test("time out above a limit, also for the pages of a token with that limit", async () => {
    await using client = await connect({ rows: { Tag: 2_000 } });
    const token = String((await get(client, TAGS, { fields: "id", limit: 1000 })).body.nextPageToken);
    client.simulator.faults([{ path: TAGS, limitAbove: 500, status: 504, count: 99 }]);
    expect((await get(client, TAGS, { fields: "id", limit: 500 })).status).toBe(200);
    const text = (await client.call(`${TAGS}?fields=id&limit=1000`)).text;
    expect(text).toContain("<html>");
    expect((await client.call(`${TAGS}?fields=id&nextPageToken=${token}`)).status).toBe(504);
    await using slow = await connect({ knobs: { slowPageRows: 100 } });
    expect((await get(slow, TAGS, { fields: "id" })).body.code).toBe(214);
    expect((await get(slow, TAGS, { fields: "id", limit: 100 })).status).toBe(200);
    expect((await get(slow, "/api/v5/objects/account", { fields: "id" })).status).toBe(200);
  });

  test("empty or shorten a page that is not the last, and set values of its first record", async () => {
    await using client = await connect();
    client.simulator.faults([
      { path: TAGS, emptyPage: true },
      { path: TAGS, shortPage: 2 },
      { path: TAGS, cells: { name: "0000" } },
    ]);
    const empty = await get(client, TAGS, { fields: "id", orderBy: "id" });
    expect(empty.body.values).toEqual([]);
    const short = await get(client, TAGS, { fields: "id", nextPageToken: String(empty.body.nextPageToken) });
    const rest = await get(client, TAGS, { fields: "id", nextPageToken: String(short.body.nextPageToken) });
    const ids = [...(short.body.values ?? []), ...(rest.body.values ?? [])].map((row) => row["id"]);
    expect(short.body.values).toHaveLength(2);
    expect(ids).toEqual(idsOf(truth5(client, "Tag")));
    expect(rest.body.values?.[0]?.["name"]).toBe("0000");
  });

  test("answer with limits as errors of v5: 122 and 66 with 429", async () => {
    await using client = await connect();
    client.simulator.faults([
      { path: TAGS, code: 122 },
      { path: TAGS, code: 66 },
      { path: TAGS, status: 429, headers: { "Retry-After": "3" } },
    ]);
    const replies = [await get(client, TAGS), await get(client, TAGS)];
    expect(replies.map(({ status, body }) => [status, body.code])).toEqual([
      [429, 122],
      [429, 66],
    ]);
    expect((await client.call(TAGS)).headers.get("Retry-After")).toBe("3");
  });
});
