import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { applyFieldChange, driftOf, hasRefusals, NO_FIELDS } from "./field-state.ts";
import type { FieldChange, FieldState } from "./field-state.ts";

const about = { object: "Prospect" } as const;
const after = (...changes: FieldChange[]): FieldState => changes.reduce(applyFieldChange, NO_FIELDS);
const seen = (...listed: string[]): FieldChange => ({
  ...about,
  type: "fields-seen",
  listed,
  added: listed.map((field) => ({ field, column: field })),
});
const reported: FieldChange = { ...about, type: "fields-reported" };

describe("memory of fields", () => {
  it("only appends custom fields, whichever fields appear and disappear", () => {
    const names = fc.uniqueArray(fc.constantFrom("a", "b", "c", "d", "e", "f"));
    fc.assert(
      fc.property(fc.array(names, { maxLength: 8 }), (runs) => {
        let memory = NO_FIELDS;
        for (const listed of runs) {
          const before = memory.custom;
          memory = applyFieldChange(memory, seen(...listed));
          expect(memory.custom.slice(0, before.length)).toEqual(before);
          const fields = memory.custom.map(({ field }) => field);
          expect(new Set(fields).size).toBe(fields.length);
          for (const name of listed) expect(fields).toContain(name);
        }
      }),
    );
  });

  it("reports no drift on the first listing, and later the difference from the last manifest", () => {
    expect(driftOf(after(seen("a", "b")))).toEqual({ appeared: [], vanished: [] });
    expect(driftOf(after(seen("a", "b"), reported, seen("b", "c")))).toEqual({ appeared: ["c"], vanished: ["a"] });
    expect(driftOf(after(seen("a"), reported, seen("b"), reported))).toEqual({ appeared: [], vanished: [] });
  });

  it("keeps drift until a manifest has reported it, and drops fields that came back before", () => {
    const killed = after(seen("a"), reported, seen("a", "b"), seen("a", "b", "c"));
    expect(driftOf(killed)).toEqual({ appeared: ["b", "c"], vanished: [] });
    expect(driftOf(after(seen("a"), reported, seen(), seen("a")))).toEqual({ appeared: [], vanished: [] });
  });

  it("keeps refusals until they are forgotten", () => {
    const refused = after(
      { ...about, type: "fields-refused", fields: ["x", "y"] },
      { ...about, type: "fields-refused", fields: ["y", "z"] },
      { ...about, type: "procedure-refused", procedure: "p" },
    );
    expect(refused).toMatchObject({ refused: ["x", "y", "z"], refusedProcedures: ["p"] });
    expect(applyFieldChange(refused, { ...about, type: "refusals-forgotten" })).toEqual(NO_FIELDS);
    const ignored = after(
      { ...about, type: "parameter-refused", parameter: "idGreaterThan" },
      { ...about, type: "parameter-refused", parameter: "orderBy=id" },
      { ...about, type: "parameter-refused", parameter: "idGreaterThan" },
      { ...about, type: "filter-ignored", filter: "updated_at" },
    );
    expect(ignored).toMatchObject({
      refusedParameters: ["idGreaterThan", "orderBy=id"],
      ignoredFilters: ["updated_at"],
    });
    expect([hasRefusals(refused), hasRefusals(ignored), hasRefusals(NO_FIELDS)]).toEqual([true, true, false]);
    expect(applyFieldChange(ignored, { ...about, type: "refusals-forgotten" })).toStrictEqual(NO_FIELDS);
  });
});
