import { expect, test } from "vitest";
import { columns, object, queried } from "./entry.ts";

test("columns are written as words of name, type and path, and a word without a type is a string", () => {
  expect(columns("id:integer name campaign_id:integer@campaign.id tags:json@tags.tag[]")).toEqual([
    { name: "id", type: "integer" },
    { name: "name", type: "string" },
    { name: "campaign_id", type: "integer", wire: "campaign.id" },
    { name: "tags", type: "json", wire: "tags.tag[]" },
  ]);
});

test("a column with an unknown type or an unreadable name does not pass", () => {
  expect(() => columns("id:int")).toThrow(/id:int/);
  expect(() => columns("id:integer na-me")).toThrow(/na-me/);
});

test("an entry names its table and defaults to the key id", () => {
  const v4 = queried("thing", { format: "xml", filters: [], sortBy: "id" });
  expect(object("TheThing", { columns: columns("id:integer"), watermark: null, v4, notes: [] })).toMatchObject({
    table: "PARDOT_THETHING",
    key: "id",
    core: true,
    deletes: false,
  });
});
