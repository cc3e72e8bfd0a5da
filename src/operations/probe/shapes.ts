// Describes values by their form: no text of a record leaves this file, only these words.

/** `integer`, `number`, `boolean`, `null`, `list`, `object`; a text by its form. */
export function shapeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "list";
  if (typeof value === "number") return Number.isInteger(value) ? "integer" : "number";
  if (typeof value === "boolean") return "boolean";
  return typeof value === "string" ? formOf(value) : "object";
}

const FORMS: readonly (readonly [RegExp, string])[] = [
  [/^$/, "empty text"],
  [/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}[+-]\d{2}:\d{2}$/, "YYYY-MM-DDTHH:MM:SS±HH:MM"],
  [/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}Z$/, "YYYY-MM-DDTHH:MM:SSZ"],
  [/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}[+-]\d{2}:?\d{2}$/, "YYYY-MM-DD HH:MM:SS±HH:MM"],
  [/^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}$/, "YYYY-MM-DD HH:MM:SS"],
  [/^\d{4}-\d{2}-\d{2}$/, "YYYY-MM-DD"],
  [/^-?\d+(?:\.\d+)?%$/, "percent text"],
  [/^(?:true|false)$/, "true/false"],
];

/** The form of a text: of a date, a percentage or a boolean; anything else is text. */
export function formOf(text: string): string {
  return FORMS.find(([form]) => form.test(text))?.[1] ?? "text";
}

/** `integer: id, campaignId; text or null: name; absent: hostname`. */
export function shapesByField(
  records: readonly Readonly<Record<string, unknown>>[],
  fields: readonly string[],
): string {
  const byShape = Map.groupBy(fields, (field) => {
    const shapes = new Set(records.map((record) => (Object.hasOwn(record, field) ? shapeOf(record[field]) : "absent")));
    return [...shapes].toSorted().join(" or ");
  });
  return [...byShape].map(([shape, names]) => `${shape}: ${names.join(", ")}`).join("; ");
}
