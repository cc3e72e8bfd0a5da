import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { CatalogObject } from "../catalog/catalog.ts";
import { prospectAccount } from "../../test/kit/fakes/objects.ts";
import { prospect } from "../../test/kit/fakes/objects.ts";
import { NO_FIELDS } from "../state/field-state.ts";
import type { FieldState } from "../state/field-state.ts";
import { fieldGroups, newCustomFields, objectFields } from "./fields.ts";

const CORE = prospect.columns.map(({ name }) => name);

function after(object: CatalogObject, ...runs: readonly (readonly string[])[]): FieldState {
  return runs.reduce<FieldState>((memory, listed) => {
    const { added } = newCustomFields(object, memory, listed);
    return { ...memory, listed, custom: [...memory.custom, ...added] };
  }, NO_FIELDS);
}

describe("names of custom fields", () => {
  it("differ from every other column in more than case, and stay what they are", () => {
    const memory = after(prospect, ["Zip", "Region", "REGION", "region"], ["Zip_2", "Region"]);
    expect(memory.custom).toEqual([
      { field: "Zip", column: "Zip_2" },
      { field: "Region", column: "Region" },
      { field: "REGION", column: "REGION_2" },
      { field: "region", column: "region_3" },
      { field: "Zip_2", column: "Zip_2_2" },
    ]);
    const { columns, requested } = objectFields(prospect, memory);
    expect(columns.slice(CORE.length)).toEqual([
      { name: "Zip_2", type: "string", wire: "Zip" },
      { name: "Region", type: "string" },
      { name: "REGION_2", type: "string", wire: "REGION" },
      { name: "region_3", type: "string", wire: "region" },
      { name: "Zip_2_2", type: "string", wire: "Zip_2" },
    ]);
    // A field that the last run no longer listed is not requested, and keeps its column.
    expect(requested).toEqual([...CORE, "Region", "Zip_2"]);
  });

  it("are those of the core column if they are the same", () => {
    expect(newCustomFields(prospect, NO_FIELDS, ["email", "zip"]).added).toEqual([]);
  });

  it("are left out if they cannot be used in a header or a list", () => {
    const names = ["a,b", 'a"b', "a b", "", "a\nb", "a.b", "x".repeat(201), "Größe_1", "x-1", "_x"];
    const { added, unusable } = newCustomFields(prospect, NO_FIELDS, names);
    expect(added.map(({ field }) => field)).toEqual(["Größe_1", "x-1", "_x"]);
    expect(unusable).toEqual(names.slice(0, 7));
  });

  it("never make two columns that a table would confuse, whatever is listed in whichever run", () => {
    const name = fc.constantFrom("Zip", "zip", "ZIP", "zip_2", "Zip_2", "email", "EMAIL", "a", "A", "A_2", "a_3");
    fc.assert(
      fc.property(fc.array(fc.array(name, { maxLength: 8 }), { maxLength: 5 }), (runs) => {
        let memory = NO_FIELDS;
        let before: readonly string[] = CORE;
        for (const listed of runs) {
          memory = {
            ...after(prospect, listed),
            custom: [...memory.custom, ...newCustomFields(prospect, memory, listed).added],
          };
          const columns = objectFields(prospect, memory).columns.map((column) => column.name);
          expect(columns.slice(0, before.length)).toEqual(before);
          expect(new Set(columns.map((column) => column.toLowerCase())).size).toBe(columns.length);
          before = columns;
        }
      }),
    );
  });

  it("give way to a core column added later, by an override or a new version", () => {
    const memory = after(prospect, ["Loyalty", "Other"]);
    const newer = { ...prospect, columns: [...prospect.columns, { name: "loyalty", type: "string" } as const] };
    expect(objectFields(newer, memory).columns.map(({ name }) => name)).toEqual([...CORE, "loyalty", "Other"]);
  });
});

describe("requested fields", () => {
  it("exclude refused fields, core or custom", () => {
    const memory = { ...after(prospect, ["A", "B"]), refused: ["fax", "B"] };
    expect(objectFields(prospect, memory).requested).toEqual([...CORE.filter((name) => name !== "fax"), "A"]);
  });

  it("exclude fields that describe does not list, except those that every account has", () => {
    const { requested, columns } = objectFields(prospectAccount, { ...NO_FIELDS, listed: ["name", "phone"] });
    expect(requested).toEqual(["id", "name", "phone", "created_at", "updated_at"]);
    expect(columns).toEqual(prospectAccount.columns);
    expect(objectFields(prospectAccount, NO_FIELDS).requested).toHaveLength(prospectAccount.columns.length);
  });

  it("are cut into as few groups as possible, each field in one of them, the key in all", () => {
    const count = fc.integer({ min: 1, max: 700 });
    fc.assert(
      fc.property(count, fc.integer({ min: 2, max: 150 }), (fields, max) => {
        const asked = ["id", ...Array.from({ length: fields - 1 }, (_, i) => `f${i}`)];
        const groups = fieldGroups(asked, "id", max);
        for (const group of groups) {
          expect(group.length).toBeLessThanOrEqual(max);
          expect(group[0]).toBe("id");
        }
        expect(["id", ...groups.flatMap((group) => group.slice(1))]).toEqual(asked);
        expect(groups).toHaveLength(Math.max(1, Math.ceil((fields - 1) / (max - 1))));
      }),
    );
    expect(fieldGroups(["id", "a"], "id", 150)).toEqual([["id", "a"]]);
  });
});
