import { describe, expect, test } from "vitest";
import { connect, elements, records, shown } from "../kit/simulator-client.ts";
import { exportRows, field, query, readJson, readXml, truth } from "../kit/simulator-rows.ts";
import type { Row } from "../kit/simulator-rows.ts";

const SEGMENTED: readonly (readonly [object: string, urlName: string, paths: Readonly<Record<string, string>>])[] = [
  ["Campaign", "campaign", {}],
  ["Form", "form", { campaign_id: "campaign.id", campaign_name: "campaign.name", embed_code: "embedCode" }],
  ["List", "list", {}],
  ["Tag", "tag", {}],
  ["Opportunity", "opportunity", { campaign_id: "campaign.id", campaign_name: "campaign.name" }],
  ["CustomField", "customField", {}],
];

describe("queried objects", () => {
  test.each(SEGMENTED)("return every row of %s as XML with unchanged text", async (object, urlName, paths) => {
    await using client = await connect({ scale: "small", timezone: "America/New_York" });
    const nodes = await readXml(client, urlName);
    const rows = truth(client, object);
    const columns = Object.keys(rows[0] ?? {}).filter((column) => column !== "prospects");
    const got = nodes.map((node) =>
      Object.fromEntries(columns.map((name) => [name, field(node, paths[name] ?? name)])),
    );
    const wanted = rows.map((row) => Object.fromEntries(columns.map((name) => [name, shown(row[name])])));
    expect(rows.length).toBeGreaterThan(10);
    expect(got).toEqual(wanted);
  });

  test.each([
    ["TagObject", "tagObject"],
    ["EmailClick", "emailClick"],
  ])("return every row of %s as JSON", async (object, urlName) => {
    await using client = await connect({ scale: "small" });
    const got = await readJson(client, urlName);
    const rows = truth(client, object);
    expect(rows.length).toBeGreaterThan(1_000);
    expect(got).toEqual(
      rows.map((row) => Object.fromEntries(Object.entries(row).filter(([, value]) => value !== null))),
    );
  });

  test("show no, one, or several prospects of an opportunity in different forms; bulk shows only the campaign's id", async () => {
    await using client = await connect({ scale: "small" });
    const nodes = await readXml(client, "opportunity");
    const got = nodes.map((node) =>
      elements(node, "prospect").map((one) => Object.fromEntries(one.children.map(({ name, text }) => [name, text]))),
    );
    const wanted = truth(client, "Opportunity").map((row) =>
      (row["prospects"] as Row[]).map((one) => Object.fromEntries(Object.entries(one).map(([k, v]) => [k, shown(v)]))),
    );
    expect(got).toEqual(wanted);
    const forms = records(await client.json(`${query("opportunity")}?limit=200`), "opportunity").map(
      (row) => row["prospects"],
    );
    expect(forms).toContain(null);
    const inner = forms.filter((form) => form !== null).map((form) => (form as Row)["prospect"]);
    expect(inner.some((one) => Array.isArray(one))).toBe(true);
    expect(inner.some((one) => !Array.isArray(one))).toBe(true);
    const bulk = records(await client.json(`${query("opportunity")}?limit=200&output=bulk`), "opportunity");
    expect(bulk.every((row) => !("prospects" in row) && !("campaign" in row))).toBe(true);
    expect(bulk.some((row) => "campaign_id" in row)).toBe(true);
    expect(bulk.some((row) => "closed_at" in row) && bulk.some((row) => !("closed_at" in row))).toBe(true);
  });

  test("ignore an opportunity's updated_at as a filter and refuse it as a sort key", async () => {
    await using client = await connect();
    const all = await client.json(`${query("opportunity")}?updated_after=2026-03-19`);
    expect(all.result?.["total_results"]).toBe(30);
    expect(await client.code(`${query("opportunity")}?sort_by=updated_at`)).toBe(19);
  });

  test.each([
    ["opportunity", "probability_greater_than=50", (row: Row) => Number(row["probability"]) > 50],
    ["opportunity", "value_less_than=1000", (row: Row) => Number(row["value"]) < 1_000],
    ["list_membership", "list_id=7305", (row: Row) => row["list_id"] === 7305],
    ["tagObject", "type=Form", (row: Row) => row["type"] === "Form"],
    ["prospect", "score_greater_than=400", (row: Row) => Number(row["score"]) > 400],
    ["prospect", "is_starred=true", (row: Row) => row["is_starred"] === 1],
    ["prospect", "last_activity_never=true", (row: Row) => row["last_activity_at"] === null],
    ["prospect", "assigned=false", (row: Row) => !("assigned_to" in row)],
  ] as const)("filter %s by %s", async (key, filter, fits) => {
    await using client = await connect();
    const target = query(key.replace("list_membership", "listMembership"));
    const [all, some] = [await client.json(`${target}?limit=1`), await client.json(`${target}?${filter}`)];
    const page = records(some, key);
    expect(page.filter((row) => !fits(row))).toEqual([]);
    expect(Number(some.result?.["total_results"])).toBeLessThan(Number(all.result?.["total_results"]));
    if (key !== "list_membership") expect(page.length).toBeGreaterThan(0);
  });

  test.each(["Campaign", "Form", "List", "Tag", "ProspectAccount"])("have unique names (%s)", async (object) => {
    await using client = await connect({ scale: "small" });
    const names = truth(client, object).map((row) => row["name"]);
    expect(new Set(names).size).toBe(names.length);
  });

  test("require a type with object_id", async () => {
    await using client = await connect();
    expect(await client.code(`${query("tagObject")}?object_id=3`)).toBe(13);
    expect(await client.code(`${query("tagObject")}?object_id=3&type=Form`)).toBeNull();
  });

  test.each([
    ["campaign", 38],
    ["visitor", 24],
    ["opportunity", 35],
    ["list", 55],
    ["prospectAccount", 61],
    ["prospect", 3],
    ["tag", 109],
  ])("refuse an unknown id of %s with code %i", async (urlName, code) => {
    await using client = await connect();
    expect(await client.code(`/api/${urlName}/version/4/do/read/id/1`)).toBe(code);
  });

  test("read a membership by its pair, and prospects by email: several if they share one", async () => {
    await using client = await connect({ scale: "small" });
    const [membership] = truth(client, "ListMembership");
    const pair = `list_id/${shown(membership?.["list_id"])}/prospect_id/${shown(membership?.["prospect_id"])}`;
    const read = await client.json(`/api/listMembership/version/4/do/read/${pair}`);
    expect([read["list_membership"]].flat()).toContainEqual(expect.objectContaining({ id: membership?.["id"] }));
    const shared = await client.json("/api/prospect/version/4/do/read/email/shared%40example.com");
    expect((shared["prospect"] as unknown[]).length).toBeGreaterThan(1);
    expect(await client.code("/api/prospect/version/4/do/read/email/nobody%40example.com")).toBe(4);
  });

  test("contain only identified visitors by default", async () => {
    await using client = await connect();
    const total = async (parameters: string): Promise<unknown> =>
      (await client.json(`${query("visitor")}?limit=1${parameters}`)).result?.["total_results"];
    const rows = truth(client, "Visitor");
    expect(await total("&only_identified=false")).toBe(rows.length);
    expect(await total("")).toBe(rows.filter((row) => row["prospect_id"] !== null).length);
    const mobile = records(await client.json(`${query("visitor")}?limit=1&output=mobile`), "visitor");
    expect(Object.keys(mobile[0] ?? {})).toEqual([
      "id",
      "prospect_id",
      "page_view_count",
      "ip_address",
      "hostname",
      "created_at",
      "updated_at",
    ]);
    const few = records(await client.json(`${query("visitor")}?limit=1&fields=hostname`), "visitor");
    expect(Object.keys(few[0] ?? {})).toEqual(["id", "hostname"]);
  });

  test("show deleted rows only if the API supports it for the object", async () => {
    await using client = await connect({ scale: "small", knobs: { accessTokenSeconds: 1e9 } });
    client.simulator.advance(3);
    for (const [object, urlName, key] of [
      ["ListMembership", "listMembership", "list_membership"],
      ["Prospect", "prospect", "prospect"],
    ] as const) {
      const gone: unknown[] = [...client.simulator.rows(object, "deleted")].map((row) => row["id"]);
      expect(gone.length).toBeGreaterThan(0);
      const times = [...client.simulator.rows(object, "deleted")].map((row) => shown(row["updated_at"]));
      expect(times.every((time) => time >= "2026-03-20 09:30:00")).toBe(true);
      const page = records(await client.json(`${query(urlName)}?deleted=true&sort_by=id`), key);
      expect(page.map((row) => row["id"])).toEqual(gone);
      expect(truth(client, object).filter((row) => gone.includes(row["id"]))).toEqual([]);
      expect(await client.code(`${query(urlName)}?deleted=all`)).toBe(27);
      const all = await exportRows(client, object, { fields: ["id"], arguments: { deleted: "all" } });
      expect(all).toHaveLength([...client.simulator.rows(object, "all")].length);
    }
    expect([...client.simulator.rows("Tag", "deleted")]).toEqual([]);
  });
});
