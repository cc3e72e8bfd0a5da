import { describe, expect, test } from "vitest";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { connect, elements, jsonBody, parseXml, records, shown } from "../kit/simulator-client.ts";
import { asText, byId, exportRows, query, truth } from "../kit/simulator-rows.ts";
import type { Row } from "../kit/simulator-rows.ts";

describe("exported objects", () => {
  test.each([
    ["ListMembership", "UTC"],
    ["Prospect", "America/New_York"],
    ["ProspectAccount", "Australia/Lord_Howe"],
    ["Visitor", "UTC"],
    ["VisitorActivity", "UTC"],
  ])("contain every row and field (%s in %s)", async (object, timezone) => {
    const options: SimulatorOptions = { timezone, rows: { [object]: 900 }, knobs: { activityUpdatedAtMissing: 0 } };
    await using client = await connect(options);
    const rows = truth(client, object);
    const got = byId(await exportRows(client, object, {}));
    const exported = Object.keys(got[0] ?? {});
    expect(got).toEqual(rows.map((row) => asText(Object.fromEntries(exported.map((name) => [name, row[name]])))));
    const missing = Object.keys(rows[0] ?? {}).filter((name) => !exported.includes(name));
    expect(missing).toEqual(object === "ProspectAccount" ? ["sic", "ticker_symbol"] : []);
  });

  test("accept deleted=true, false or all for memberships, only all for prospects", async () => {
    await using client = await connect();
    const code = (object: string, deleted: unknown): Promise<number | null> => {
      const procedure = { name: "filter_by_updated_at", arguments: { updated_after: "2026-01-01", deleted } };
      return client.code("/api/export/version/4/do/create", jsonBody({ object, procedure }));
    };
    expect(await Promise.all(["true", "false", "all", "some"].map((value) => code("ListMembership", value)))).toEqual([
      null,
      null,
      null,
      177,
    ]);
    expect(await Promise.all(["true", "false", "all"].map((value) => code("Prospect", value)))).toEqual([
      177,
      177,
      null,
    ]);
    expect(await code("Visitor", "all")).toBe(175);
  });

  test("select by the knob without the argument deleted, if the object has deleted rows", async () => {
    for (const exportDeletedDefault of ["false", "true", "all"] as const) {
      await using client = await connect({ knobs: { exportDeletedDefault, accessTokenSeconds: 1e9 } });
      client.simulator.advance(3);
      const shownAs = ({ false: "live", true: "deleted", all: "all" } as const)[exportDeletedDefault];
      const memberships = await exportRows(client, "ListMembership", { fields: ["id"] });
      expect(memberships).toHaveLength([...client.simulator.rows("ListMembership", shownAs)].length);
      expect(await exportRows(client, "Visitor", { fields: ["id"] })).toHaveLength(truth(client, "Visitor").length);
    }
  });

  test("select prospect accounts by their prospects' time, which is a different set", async () => {
    await using client = await connect();
    const via = await exportRows(client, "ProspectAccount", { fields: ["id"] }, "filter_by_prospect_updated_at");
    const linked = new Set(
      truth(client, "Prospect").flatMap((row) =>
        row["prospect_account_id"] === null ? [] : [shown(row["prospect_account_id"])],
      ),
    );
    expect(new Set(via.map((row) => row["id"]))).toEqual(linked);
  });

  test("refuse procedures without a known user unless the knob is empty", async () => {
    const body = jsonBody({
      object: "Visitor",
      procedure: { name: "filter_by_created_at", arguments: { created_after: "2026-01-01" } },
    });
    await using strict = await connect();
    expect(await strict.code("/api/export/version/4/do/create", body)).toBe(174);
    await using lenient = await connect({ knobs: { refusedProcedures: "" } });
    expect(await lenient.code("/api/export/version/4/do/create", body)).toBeNull();
  });

  test("refuse the fields grade, notes and password", async () => {
    await using client = await connect();
    for (const name of ["grade", "notes", "password"]) {
      const procedure = { name: "filter_by_updated_at", arguments: { updated_after: "2026-01-01" } };
      const body = jsonBody({ object: "Prospect", fields: ["id", name], procedure });
      expect(await client.code("/api/export/version/4/do/create", body), name).toBe(180);
    }
  });
});

describe("custom fields", () => {
  test("are next to other fields if set; bulk contains them only if named, and never fax", async () => {
    await using client = await connect({ knobs: { customFields: 30 } });
    const names = truth(client, "CustomField").map((row) => shown(row["field_id"]));
    expect(names).toHaveLength(30);
    const seen = (rows: readonly Row[]): Set<string> => new Set(rows.flatMap((row) => Object.keys(row)));
    const full = seen(records(await client.json(`${query("prospect")}?limit=200`), "prospect"));
    expect(names.filter((name) => full.has(name))).toEqual(names);
    expect(full.has("fax")).toBe(true);
    const bulk = seen(records(await client.json(`${query("prospect")}?limit=200&output=bulk`), "prospect"));
    expect(names.filter((name) => bulk.has(name))).toEqual([]);
    expect(bulk.has("fax")).toBe(false);
    const [first = ""] = names;
    const named = seen(
      records(await client.json(`${query("prospect")}?limit=200&output=bulk&fields=fax,${first}`), "prospect"),
    );
    expect([...named].toSorted((a, b) => a.localeCompare(b))).toEqual(
      ["id", first].toSorted((a, b) => a.localeCompare(b)),
    );
  });

  test("with several values are lists in responses, and joined text in files", async () => {
    await using client = await connect();
    const multi = truth(client, "CustomField").find((row) => row["is_record_multiple_responses"] === true);
    const name = shown(multi?.["field_id"]);
    const page = records(await client.json(`${query("prospect")}?limit=200&sort_by=id`), "prospect");
    const values = (row: Row | undefined): string[] =>
      [(row?.[name] as { value?: string[] } | undefined)?.value ?? []].flat();
    const several = page.find((row) => values(row).length > 1);
    expect(values(several).slice(0, 2)).toEqual(["value0", "value1"]);
    const inFile = await exportRows(client, "Prospect", { fields: ["id", name] });
    const same = inFile.find((row) => row["id"] === shown(several?.["id"]));
    expect(shown(same?.[name]).split(";")).toEqual(values(several));
  });

  test("are added and removed by simulated days by knob", async () => {
    await using client = await connect({
      knobs: { customFields: 5, customFieldsPerDay: 2, customFieldsLostPerDay: 1 },
    });
    const columns = (): string[] => Object.keys(truth(client, "Prospect")[0] ?? {});
    const before = columns();
    client.simulator.advance(1);
    const after = columns();
    expect(after.filter((name) => !before.includes(name))).toHaveLength(2);
    expect(before.filter((name) => !after.includes(name))).toHaveLength(1);
  });

  test("are exported in groups of at most 150", async () => {
    await using client = await connect({ knobs: { customFields: 400 } });
    const names = truth(client, "CustomField").map((row) => shown(row["field_id"]));
    const groups = [names.slice(0, 149), names.slice(149, 298), names.slice(298)];
    const parts = await Promise.all(
      groups.map((group) => exportRows(client, "Prospect", { fields: ["id", ...group] })),
    );
    const rows = truth(client, "Prospect");
    for (const part of parts) expect(part).toHaveLength(rows.length);
    const joined = Object.assign(
      {},
      ...parts.map((part) => part.find((row) => row["id"] === shown(rows[7]?.["id"]))),
    ) as Row;
    expect(joined).toEqual(asText(Object.fromEntries(["id", ...names].map((name) => [name, rows[7]?.[name]]))));
  });

  test("of prospect accounts are listed by describe, without switched-off fields", async () => {
    await using client = await connect({ knobs: { accountCustomFields: 2 } });
    const { text } = await client.call("/api/prospectAccount/version/4/do/describe");
    const described = elements(parseXml(text), "field").map(({ attributes }) => attributes);
    const ids = described.map((attributes) => attributes["id"]);
    expect(ids).toContain("billing_zip");
    expect(ids).not.toContain("sic");
    expect(described.filter((attributes) => attributes["custom"] === "1").map(({ id }) => id)).toEqual([
      "Account_Field_0",
      "Account_Field_1",
    ]);
    const [row] = records(await client.json(`${query("prospectAccount")}?limit=1`), "prospectAccount");
    expect(Object.keys(row ?? {})).toEqual(expect.arrayContaining(["name", "billing_zip", "Account_Field_1"]));
    expect(Object.keys(row ?? {})).not.toContain("sic");
    const json = await client.json("/api/prospectAccount/version/4/do/describe");
    expect(records(json, "field")[0]).toHaveProperty("@attributes");
    await using odd = await connect({ knobs: { prospectAccountValueFields: true } });
    const [wrapped] = records(await odd.json(`${query("prospectAccount")}?limit=1`), "prospectAccount");
    expect(wrapped?.["name"]).toHaveProperty("value");
    const [bulk] = records(await odd.json(`${query("prospectAccount")}?limit=1&output=bulk`), "prospectAccount");
    expect(typeof bulk?.["name"]).not.toBe("object");
  });

  test("prospect accounts sort by updated_at ascending by default, unlike all other objects", async () => {
    await using client = await connect();
    const times = records(await client.json(`${query("prospectAccount")}?sort_by=updated_at`), "prospectAccount").map(
      (row) => shown(row["updated_at"]),
    );
    expect(times).toEqual(times.toSorted((a, b) => a.localeCompare(b)));
  });
});
