import { describe, expect, test } from "vitest";
import type { HttpRequest } from "../../http/transport.ts";
import type { Exchange } from "../dialect.ts";
import type { ExportRequest, ExportStatus, WireRecord } from "../pardot.ts";
import { DialectV5 } from "./v5.ts";

// Holds exports to the AWS Glue connector manual, which cites the vendor's page, and to v4's contract for the rest.

const dialect = new DialectV5({ apiUrl: new URL("https://pi.pardot.com") });
const HEAD = { status: 200, headers: {}, retryAfterMs: null };

const ORDER: ExportRequest = {
  api: "v5",
  object: "ListMembership",
  fields: ["id", "listId"],
  procedure: "filter_by_updated_at",
  arguments: { updatedAfter: "2026-01-01T00:00:00+00:00", deleted: "all" },
};

function sent<T>({ request }: Exchange<T>): HttpRequest {
  return request(4);
}

function read(root: WireRecord, id = "7"): ExportStatus {
  return dialect.readExport(id).read(root, HEAD);
}

describe("exports of v5", () => {
  test("are created with object, fields, procedure and arguments", () => {
    const { kind, isBare } = dialect.createExport(ORDER);
    expect([kind, isBare]).toEqual(["export create", true]);
    const { method, url, headers, body } = sent(dialect.createExport(ORDER));
    expect([method, url.href, headers]).toEqual([
      "POST",
      "https://pi.pardot.com/api/v5/exports",
      { "content-type": "application/json" },
    ]);
    expect(JSON.parse(String(body))).toEqual({
      object: "ListMembership",
      fields: ["id", "listId"],
      procedure: { name: "filter_by_updated_at", arguments: ORDER.arguments },
    });
  });

  test("are never created with a single column", () => {
    expect(() => dialect.createExport({ ...ORDER, fields: ["id"] })).toThrow("more fields than one");
  });

  test("are read by their id, without fields", () => {
    const { method, url } = sent(dialect.readExport("7"));
    expect([method, url.href]).toEqual(["GET", "https://pi.pardot.com/api/v5/exports/7"]);
  });

  test.each([
    ["state", { id: "7", state: "Complete" }, "Complete"],
    ["status", { id: "7", status: "complete" }, "Complete"],
    ["a wrapped state", { export: { id: "7", state: "Processing" } }, "Processing"],
    ["a wrapped status", { export: { id: "7", status: "Failed" } }, "Failed"],
    ["an unknown state", { id: "7", state: "Queued" }, "Unknown"],
  ])("have a state: %s", (_, root: WireRecord, state) => {
    expect(read(root).state).toBe(state);
  });

  test("list their files, and do not show when they were created", () => {
    const resultRefs = ["https://pi.pardot.com/api/v5/exports/7/results/1"];
    const createdAt = "2026-01-01T00:00:00-05:00";
    expect(read({ id: "7", state: "Complete", isExpired: false, resultRefs, createdAt })).toMatchObject({
      resultRefs,
      isExpired: false,
      createdAt: null,
    });
    expect(read({ id: "7", state: "Complete", isExpired: true }).isExpired).toBe(true);
  });

  test.each([
    ["another export", { id: "8", state: "Complete" }, "about export 8 instead of 7"],
    ["no state", { id: "7" }, "has no state"],
    ["no id", { state: "Complete" }, "no export id"],
    ["a list of values", { values: [{ id: "7", state: "Complete" }] }, "no export id"],
  ])("are not read from %s", (_, root: WireRecord, why) => {
    expect(() => read(root)).toThrow(why);
  });
});
