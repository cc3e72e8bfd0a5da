import { describe, expect, test } from "vitest";
import { CONFIG, containing, QUERY, TAG_WAY } from "../../../test/kit/fakes/pardot.ts";
import type { QueryV4 } from "../../catalog/catalog.ts";
import type { PageRequest, WireRecord } from "../pardot.ts";
import { createBody, DialectV4, exportStatus, recordOf, recordsOf, totalIn, totalOf } from "./v4.ts";

const FILTERED: QueryV4 = {
  ...QUERY,
  filters: {
    created_at: { after: "created_after", before: "created_before" },
    updated_at: { after: "updated_after", before: "updated_before" },
  },
};

/** Parameters that a request for a page is sent with. */
function sent(request: Partial<PageRequest>, timeZone = "UTC", query: QueryV4 = FILTERED): Record<string, string> {
  const whole = { way: { ...TAG_WAY, query }, fields: null, ...request };
  const { url } = new DialectV4({ ...CONFIG, timeZone }).page(whole).request(4);
  return Object.fromEntries(url.searchParams);
}

describe("parameters of a page", () => {
  const span = { field: "updated_at", from: 0, to: Date.UTC(2026, 2, 20) } as const;
  const ascending = { format: "json", output: "bulk", sort_by: "id", sort_order: "ascending", limit: "200" };

  test("are the object's page by ascending id, unless the request asks for another", () => {
    expect(sent({})).toEqual(ascending);
    expect(sent({ bounds: null, afterId: null, token: null })).toEqual(ascending);
  });

  test("are the bounds of a window, exclusive on both sides, and the last id of the page before", () => {
    const bounds = { updated_after: "1969-12-31 23:59:59", updated_before: "2026-03-20 00:00:00" };
    expect(sent({ bounds: span, afterId: "200" })).toEqual({ ...ascending, ...bounds, id_greater_than: "200" });
  });

  test("are bounds in the API user's local time", () => {
    expect(sent({ bounds: span }, "Europe/Berlin")).toMatchObject({
      updated_after: "1970-01-01 00:59:59",
      updated_before: "2026-03-20 01:00:00",
    });
  });

  test("are one bound where the other is missing, by the field's own filter", () => {
    const oldest = { field: "created_at", from: Date.UTC(1970, 0, 3), to: null } as const;
    expect(sent({ bounds: oldest, sort: { field: "created_at" }, limit: 1 })).toEqual({
      ...ascending,
      sort_by: "created_at",
      limit: "1",
      created_after: "1970-01-02 23:59:59",
    });
  });

  test("are bounds only of a field that Pardot filters by", () => {
    expect(() => sent({ bounds: span }, "UTC", QUERY)).toThrow("Pardot filters by updated_at");
  });

  test("are an order from the end, or none", () => {
    const { sort_by: _, sort_order: __, ...unsorted } = ascending;
    expect(sent({ sort: { field: "id", isDescending: true } })).toEqual({ ...ascending, sort_order: "descending" });
    expect(sent({ sort: null })).toEqual(unsorted);
  });

  test("are the named fields, in place of those of the object", () => {
    const query = { ...QUERY, parameters: { fields: "id", deleted: "all" } };
    expect(sent({ fields: ["id", "name"] }, "UTC", query)).toEqual({ ...ascending, deleted: "all", fields: "id,name" });
  });
});

describe("records of a query", () => {
  test.each<[string, WireRecord]>([
    ["null", { result: null }],
    ["an empty record", { result: {} }],
    ["an empty list", { result: [] }],
    ["empty text", { result: "" }],
    ["no result at all", {}],
    ["nothing but attributes", { "@attributes": { stat: "ok" } }],
    ["layout", { result: "\n  " }],
    ["a total alone", { result: { total_results: "0" } }],
    ["a null key", { result: { tag: null } }],
    ["an empty list under the key", { result: { tag: [] } }],
  ])("no rows as %s", (_name, root) => {
    expect(recordsOf(root, "tag", "tag query")).toEqual([]);
  });

  test("one row is a record, several are a list", () => {
    expect(recordsOf({ result: { tag: { id: "1" } } }, "tag", "q")).toEqual([{ id: "1" }]);
    expect(recordsOf({ result: { tag: [{ id: "1" }, { id: "2" }] } }, "tag", "q")).toEqual([{ id: "1" }, { id: "2" }]);
  });

  test.each<[string, WireRecord, string]>([
    ["rows under another name", { result: { visitorActivity: [] } }, "found visitorActivity"],
    ["no result", { tag: { id: "1" } }, "no result"],
    ["a result of text", { result: "none" }, "not a record"],
    ["a row of text", { result: { tag: "x" } }, "not a record"],
    ["a row of nothing", { result: { tag: [{ id: "1" }, null] } }, "not a record"],
  ])("%s is an error, never no rows", (_name, root, message) => {
    expect(() => recordsOf(root, "tag", "tag query")).toThrow(
      expect.objectContaining({
        exitCode: 6,
        code: "pardot.unexpected-shape",
        message: containing(message),
      }),
    );
  });

  test("the total is read, and its absence is an error", () => {
    expect(totalOf({ result: { total_results: "193" } }, "q")).toBe(193);
    expect(() => totalOf({ result: null }, "q")).toThrow("has no total_results");
    expect([{ total_results: "7" }, { total_results: "many" }, null].map((result) => totalIn({ result }, "q"))).toEqual(
      [7, null, null],
    );
    expect(() => totalOf({ result: { total_results: "many" } }, "q")).toThrow("has no total_results");
  });

  test("a single read returns its record", () => {
    expect(recordOf({ account: { id: "1" } }, "account", "r")).toEqual({ id: "1" });
    expect(() => recordOf({ account: null }, "account", "r")).toThrow("no record under account");
  });
});

describe("an export's state", () => {
  test.each<[string, WireRecord, readonly string[]]>([
    ["absent", {}, []],
    ["null", { resultRefs: null }, []],
    ["a text", { resultRefs: "https://x/1" }, ["https://x/1"]],
    ["a list", { resultRefs: ["https://x/1", "https://x/2"] }, ["https://x/1", "https://x/2"]],
    ["an empty list", { resultRefs: [] }, []],
  ])("result addresses that are %s", (_name, more, expected) => {
    expect(exportStatus(wrapped(more), "export read").resultRefs).toEqual(expected);
  });

  test.each([
    ["Waiting", "Waiting"],
    ["processing", "Processing"],
    [" Complete ", "Complete"],
    ["Failed", "Failed"],
    ["Cancelled", "Unknown"],
    ["", "Unknown"],
  ])("the word %j is %s, and is kept", (word, state) => {
    expect(exportStatus(wrapped({ state: word }), "export read")).toMatchObject({ state, stateText: word });
  });

  test("expiry and creation, in both formats' types", () => {
    expect(exportStatus(wrapped({ isExpired: true, createdAt: "2026-01-01 00:00:00" }), "x")).toMatchObject({
      isExpired: true,
      createdAt: "2026-01-01 00:00:00",
    });
    expect(exportStatus(wrapped({ isExpired: "true" }), "x").isExpired).toBe(true);
    expect(exportStatus(wrapped({ isExpired: "false" }), "x").isExpired).toBe(false);
  });

  test("a response without id or state is an error", () => {
    expect(exportStatus(wrapped({ resultsRef: "u" }), "x").resultRefs).toEqual(["u"]);
    expect(() => exportStatus({}, "export create")).toThrow("no export id");
    expect(() => exportStatus(wrapped({ id: "../7" }), "export create")).toThrow("no export id");
    expect(() => exportStatus(wrapped({ state: null }), "export create")).toThrow("export 7 has no state");
    expect(() => exportStatus(wrapped({ resultRefs: [{ a: "b" }] }), "export read")).toThrow("is not a string");
  });

  test("the body of a creation names object, fields, procedure and arguments", () => {
    const request = {
      api: "v4" as const,
      object: "VisitorActivity",
      fields: ["id"],
      procedure: "p",
      arguments: { updated_after: "t", prospectOnly: true },
    };
    expect(JSON.parse(createBody(request))).toEqual({
      object: "VisitorActivity",
      fields: ["id"],
      procedure: { name: "p", arguments: { updated_after: "t", prospectOnly: true } },
    });
  });
});

function wrapped(more: WireRecord): WireRecord {
  return { export: { id: "7", state: "Waiting", isExpired: false, ...more } };
}
