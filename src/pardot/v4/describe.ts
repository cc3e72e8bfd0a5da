import { asRecord } from "../envelope.ts";
import type { DescribedField, WireRecord, WireValue } from "../pardot.ts";
import { ATTRIBUTES } from "./read-xml.ts";
import { recordsOf, shapeError } from "./records.ts";

/**
 * The fields of a `describe` answer: `result.field`, one or many, each with its facts as attributes (vendor docs,
 * prospect-accounts-v4). Throws `DataError` `pardot.unexpected-shape` when there is none, or one without an id: taken
 * for an account without fields, it would empty every column.
 */
export function describedFields(root: WireRecord, kind: string): readonly DescribedField[] {
  const records = recordsOf(root, "field", kind);
  if (records.length === 0) throw shapeError(kind, "it lists no field");
  return records.map((record) => {
    const facts = asRecord(record[ATTRIBUTES] ?? null) ?? record;
    const name = facts["id"];
    if (typeof name !== "string" || name === "") throw shapeError(kind, "a field has no id");
    return { name, isCustom: isTrue(facts["custom"] ?? null) };
  });
}

function isTrue(value: WireValue): boolean {
  return value === true || (typeof value === "string" && /^(?:true|1|yes)$/i.test(value.trim()));
}
