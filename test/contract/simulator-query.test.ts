import { describe, expect, test } from "vitest";
import { connect, elements, parseXml, records, shown } from "../kit/simulator-client.ts";
import type { SimulatorClient } from "../kit/simulator-client.ts";

const TAG = "/api/tag/version/4/do/query";
const ACTIVITY = "/api/visitorActivity/version/4/do/query";

const ids = (rows: readonly Readonly<Record<string, unknown>>[]): unknown[] => rows.map((row) => row["id"]);

/** Pages by ascending id inside a window, the safe way. */
async function readAll(
  client: SimulatorClient,
  path: string,
  key: string,
  window: string,
): Promise<Record<string, unknown>[]> {
  const all: Record<string, unknown>[] = [];
  let after = "0";
  for (;;) {
    const page = records(await client.json(`${path}?${window}&output=bulk&sort_by=id&id_greater_than=${after}`), key);
    all.push(...page);
    if (page.length < 200) return all;
    after = String(page.at(-1)?.["id"]);
  }
}

describe("a query", () => {
  test("returns the recorded envelope: total of all matching rows, one row as an object, no rows without a key", async () => {
    await using client = await connect();
    const one = await client.json(`${TAG}?limit=1`);
    expect(one["@attributes"]).toEqual({ stat: "ok", version: 1 });
    expect(one.result?.["total_results"]).toBe(50);
    expect(Array.isArray(one.result?.["tag"])).toBe(false);
    const two = await client.json(`${TAG}?limit=2`);
    expect(two.result?.["tag"]).toHaveLength(2);
    expect((await client.json(`${TAG}?id_greater_than=999999999`)).result).toEqual({ total_results: 0 });
  });

  test("in bulk has no total, and is null without rows", async () => {
    await using client = await connect();
    expect(Object.keys((await client.json(`${TAG}?output=bulk`)).result ?? {})).toEqual(["tag"]);
    expect((await client.json(`${TAG}?output=bulk&id_greater_than=999999999`)).result).toBeNull();
    const xml = await client.call(`${TAG}?output=bulk&id_greater_than=999999999`);
    expect(xml.text).toContain("<result/>");
  });

  test.each([
    ["absent", undefined],
    ["object", {}],
    ["list", []],
  ] as const)("shows an empty bulk page differently with the knob bulkEmpty=%s", async (bulkEmpty, result) => {
    await using client = await connect({ knobs: { bulkEmpty } });
    expect((await client.json(`${TAG}?output=bulk&id_greater_than=999999999`)).result).toEqual(result);
  });

  test("loses no row in ties and windows when paged by id, in three time zones", async () => {
    for (const timezone of ["UTC", "America/New_York", "Australia/Lord_Howe"]) {
      await using client = await connect({ timezone, rows: { Tag: 1_500 } });
      const truth = [...client.simulator.rows("Tag")];
      expect(ids(await readAll(client, TAG, "tag", "")), timezone).toEqual(ids(truth));
      const from = "2025-01-01 00:00:00";
      const later = await readAll(client, TAG, "tag", `updated_after=${from}`);
      expect(ids(later)).toEqual(ids(truth.filter((row) => shown(row["updated_at"]) > from)));
      const inside = await readAll(client, TAG, "tag", `created_after=${from}&created_before=2025-06-01`);
      const wanted = truth.filter((row) => shown(row["created_at"]) > from && shown(row["created_at"]) < "2025-06-01");
      expect(ids(inside)).toEqual(ids(wanted));
    }
  });

  test("reads bounds as exclusive, or as inclusive by knob", async () => {
    const second = "2025-01-01 00:00:00";
    const window = `created_after=${second}&created_before=2025-01-01 00:00:02&sort_by=id`;
    for (const [filterBounds, times] of [
      ["exclusive", ["2025-01-01 00:00:01"]],
      ["inclusive", [second, "2025-01-01 00:00:01"]],
    ] as const) {
      await using client = await connect({ scale: "small", knobs: { filterBounds } });
      const page = records(await client.json(`${ACTIVITY}?${window}`), "visitor_activity");
      expect([...new Set(page.map((row) => shown(row["created_at"])))].toSorted((a, b) => a.localeCompare(b))).toEqual(
        times,
      );
    }
  });

  test("reads an ambiguous bound as the first occurrence of the autumn hour, or the second by knob", async () => {
    const [none, hour] = await Promise.all(
      (["second", "first"] as const).map(async (ambiguousLocal) => {
        await using client = await connect({ scale: "small", timezone: "America/New_York", knobs: { ambiguousLocal } });
        const window = "created_after=2025-11-02 01:29:59&created_before=2025-11-02 02:00:00";
        return records(await client.json(`${ACTIVITY}?${window}`), "visitor_activity").map((row) => row["id"]);
      }),
    );
    expect(hour?.length).toBeGreaterThan(none?.length ?? 0);
    expect(hour).toEqual(expect.arrayContaining(none ?? []));
  });

  test("omits rows without updated_at from all ranges of updated_at", async () => {
    await using client = await connect({ knobs: { activityUpdatedAtMissing: 0.5 } });
    const without = [...client.simulator.rows("VisitorActivity")].filter((row) => row["updated_at"] === null);
    expect(without).toHaveLength(500);
    const before = await client.json(`${ACTIVITY}?updated_before=2027-01-01`);
    expect(before.result?.["total_results"]).toBe(500);
    const bare = records(await client.json(`${ACTIVITY}?sort_by=id`), "visitor_activity");
    expect(bare.every((row) => !("updated_at" in row))).toBe(true);
  });

  test("sorts in the key's default order, and by two keys if one is id", async () => {
    await using client = await connect();
    const by = async (query: string): Promise<string[]> =>
      records(await client.json(`${TAG}?${query}`), "tag").map((row) => shown(row["updated_at"]));
    const newest = await by("sort_by=updated_at");
    expect(newest).toEqual(newest.toSorted().toReversed());
    const oldest = await by("sort_by=updated_at&sort_order=ascending");
    expect(oldest).toEqual(oldest.toSorted());
    expect(oldest[0]).not.toBe(oldest.at(-1));
    expect(await by("sort_by=updated_at,id&sort_order=ascending,ascending")).toEqual(oldest);
    const created = records(await client.json(TAG), "tag").map((row) => shown(row["created_at"]));
    expect(created).toEqual(created.toSorted().toReversed());
    const byId = records(await client.json(`${TAG}?sort_by=id`), "tag").map((row) => Number(row["id"]));
    expect(byId).toEqual(byId.toSorted((a, b) => a - b));
    const down = records(await client.json(`${TAG}?sort_by=id&sort_order=descending&limit=5&offset=3`), "tag");
    expect(down.map((row) => row["id"])).toEqual(byId.toReversed().slice(3, 8));
  });

  test("keeps text in XML and loses leading zeros in JSON", async () => {
    await using client = await connect();
    const names = elements(parseXml((await client.call(`${TAG}?sort_by=id`)).text), "name").map(({ text }) => text);
    const truth = [...client.simulator.rows("Tag")].map((row) => row["name"]);
    expect(names).toEqual(truth);
    const inJson = records(await client.json(`${TAG}?sort_by=id`), "tag").map((row) => row["name"]);
    expect(names).toContain("007");
    expect(inJson).toContain(7);
    expect(inJson).not.toContain("007");
    expect(inJson).toContain(1000);
  });

  test("clamps a limit above 200, or refuses it by knob, and accepts it with output=mobile", async () => {
    await using client = await connect({ rows: { Tag: 450 } });
    expect(records(await client.json(`${TAG}?limit=450`), "tag")).toHaveLength(200);
    expect(records(await client.json(`${TAG}?limit=450&output=mobile`), "tag")).toHaveLength(450);
    await using strict = await connect({ knobs: { limitOver200: "error" } });
    expect(await strict.code(`${TAG}?limit=201`)).toBe(23);
  });

  test("shows relation ids only if set, and the campaign as a node or an id by output", async () => {
    await using client = await connect();
    const full = records(await client.json(`${ACTIVITY}?limit=200`), "visitor_activity");
    const bulk = records(await client.json(`${ACTIVITY}?limit=200&output=bulk`), "visitor_activity");
    expect(full.some((row) => typeof row["campaign"] === "object")).toBe(true);
    expect(full.every((row) => !("campaign_id" in row))).toBe(true);
    expect(bulk.some((row) => typeof row["campaign_id"] === "number")).toBe(true);
    expect(bulk.every((row) => !("campaign" in row))).toBe(true);
    expect(bulk.some((row) => !("form_id" in row)) && bulk.some((row) => "form_id" in row)).toBe(true);
  });

  test("filters by name, type and kind", async () => {
    await using client = await connect();
    const named = records(await client.json(`${TAG}?name=007`), "tag");
    expect(named).toHaveLength(1);
    const types = records(await client.json(`${ACTIVITY}?type=6,11`), "visitor_activity").map((row) => row["type"]);
    expect(new Set(types)).toEqual(new Set([6, 11]));
    const emails = records(await client.json(`${ACTIVITY}?email_only=true`), "visitor_activity");
    expect(emails.every((row) => typeof row["email_id"] === "number")).toBe(true);
    expect(emails.length).toBeGreaterThan(0);
  });

  test.each([
    ["limit=x", 23],
    ["limit=0", 23],
    ["offset=-1", 21],
    ["id_greater_than=abc", 16],
    ["id_greater_than=9&id_less_than=3", 17],
    ["sort_by=colour", 19],
    ["sort_by=id&sort_order=up", 20],
    ["sort_by=id,name,created_at", 133],
    ["sort_by=id,name&sort_order=ascending,ascending,ascending", 134],
    ["sort_by=name,created_at", 135],
    ["created_after=soon", 7],
    ["created_after=2026-02-01&created_before=2026-01-01", 8],
  ])("refuses %s with code %i", async (query, code) => {
    await using client = await connect();
    expect(await client.code(`${TAG}?${query}`)).toBe(code);
  });

  test("ignores unknown parameters, and reads parameters from a POST form", async () => {
    await using client = await connect();
    expect(records(await client.json(`${TAG}?colour=red&limit=3`), "tag")).toHaveLength(3);
    const body = new URLSearchParams({ limit: "3", format: "json" });
    const { text } = await client.call(TAG, { method: "POST", body });
    expect(records(JSON.parse(text) as never, "tag")).toHaveLength(3);
  });

  test("is compressed for clients that accept gzip", async () => {
    await using client = await connect();
    const plain = await client.call(TAG, { headers: { "Accept-Encoding": "identity" } });
    const zipped = await client.call(TAG, { headers: { "Accept-Encoding": "gzip" } });
    expect(plain.headers.get("content-encoding")).toBeNull();
    expect(zipped.headers.get("content-encoding")).toBe("gzip");
    expect(zipped.text).toBe(plain.text);
  });
});

describe("a read", () => {
  test("returns one record, or a code for unknown and deleted ids", async () => {
    await using client = await connect();
    const [first] = [...client.simulator.rows("VisitorActivity")];
    const id = Number(first?.["id"]);
    const answer = await client.json(`/api/visitorActivity/version/4/do/read/id/${id}`);
    expect((answer["visitor_activity"] as Record<string, unknown>)["id"]).toBe(id);
    expect(await client.code(`/api/visitorActivity/version/4/do/read/id/${id + 1_000_000}`)).toBe(109);
    expect(await client.code("/api/visitorActivity/version/4/do/read/id/x")).toBe(16);
    expect(await client.code("/api/visitorActivity/version/4/do/read")).toBe(13);
  });

  test("of the account needs no id", async () => {
    await using client = await connect();
    const xml = parseXml((await client.call("/api/account/version/4/do/read")).text);
    const [account] = elements(xml, "account");
    const [truth] = [...client.simulator.rows("Account")];
    const seen = Object.fromEntries(account?.children.map(({ name, text }) => [name, text]) ?? []);
    const wanted = Object.entries(truth ?? {}).map(([name, value]) => [name, shown(value)]);
    expect(seen).toEqual(Object.fromEntries(wanted));
    expect(seen["tracking_code_template"]).toContain("\r\n");
    expect(seen["zip"]).toBe("02190");
  });
});
