import { z } from "zod";
import type { CatalogEntry } from "../catalog/catalog.ts";
import { COLUMN_TYPES, EVIDENCE } from "../catalog/catalog.ts";
import type { Problem } from "../errors.ts";
import { isMap } from "./file.ts";
import { didYouMean } from "./suggest.ts";

const RANGE_FIELDS = ["created_at", "updated_at"] as const;
const field = z.enum(RANGE_FIELDS);
const evidence = z.enum(EVIDENCE);
const range = z.strictObject({ after: z.string(), before: z.string() });
const columnName = z.string().regex(/^[A-Za-z_][A-Za-z0-9_]{0,127}$/, "a name of letters, digits and _");
const columnShape = z.strictObject({
  name: columnName,
  type: z.enum(COLUMN_TYPES),
  wire: z.string().min(1).nullable().exactOptional(),
});
const address = { api: z.literal("v4"), urlName: z.string().min(1), dataKey: z.string().min(1) };

const api = z.literal("v4");

const plainQuery = z.strictObject({
  api,
  format: z.enum(["xml", "json"]),
  output: z.enum(["full", "simple", "mobile", "bulk"]),
  parameters: z.record(z.string(), z.string()),
  filters: z.strictObject({ created_at: range.exactOptional(), updated_at: range.exactOptional() }),
  sortBy: z.array(z.string()),
  limit: z.int().min(1).max(200),
  evidence,
});
const queryShape = plainQuery.extend({
  parents: z
    .strictObject({
      urlName: z.string().min(1),
      dataKey: z.string().min(1),
      query: plainQuery,
      filter: z.string().min(1),
      idsMax: z.int().min(1).max(200),
    })
    .exactOptional(),
});
const customFields = z.discriminatedUnion("by", [
  z.strictObject({
    by: z.literal("query"),
    urlName: z.string().min(1),
    dataKey: z.string().min(1),
    query: queryShape,
    name: z.string().min(1),
  }),
  z.strictObject({ by: z.literal("describe"), always: z.array(columnName) }),
]);

const procedure = z.strictObject({
  name: z.string().min(1),
  field,
  range,
  arguments: z.record(z.string(), z.union([z.string(), z.boolean()])),
  evidence,
});
const exportShape = z.strictObject({
  object: z.string().min(1),
  procedures: z.array(procedure).min(1),
  fieldsMax: z.int().min(2).max(150),
  windowDaysMax: z.int().min(1).max(364),
  historyField: field,
  whenRefused: z.literal("query").exactOptional(),
});
const readFormat = z.enum(["xml", "json"]);
const email = z.strictObject({
  operation: z.enum(["read", "stats"]),
  by: z.enum(["email", "listEmail"]),
  listEmailColumn: columnName,
  which: z.enum(["new", "active"]),
});
/** What an override of another way of reading may leave over. */
const leftOver = {
  wire: z.record(z.string(), z.string().min(1).nullable()).exactOptional(),
  query: queryShape.exactOptional(),
  export: exportShape.exactOptional(),
  customFields: customFields.nullable().exactOptional(),
  readFormat: readFormat.exactOptional(),
  email: email.exactOptional(),
  emailPairs: z.strictObject({ listEmail: columnName, email: columnName }).exactOptional(),
  deletedIn: z.string().exactOptional(),
  deletedOnly: z.boolean().exactOptional(),
};

const queryV5 = z.strictObject({
  api: z.literal("v5"),
  path: z.string().min(1),
  order: z.enum(["id", ...RANGE_FIELDS]).nullable(),
  filters: z.array(field),
  deleted: z.boolean(),
  split: field.nullable(),
  parent: z
    .strictObject({ path: z.string().min(1), order: z.enum(["id", ...RANGE_FIELDS]), filter: z.string().min(1) })
    .nullable(),
  limit: z.int().min(1).max(1000),
});
const customFieldsV5 = z.strictObject({
  by: z.literal("collection"),
  urlName: z.string().min(1),
  query: queryV5,
  name: z.string().min(1),
  suffix: z.string(),
});
const anyV5 = {
  api: z.literal("v5"),
  urlName: z.string().min(1),
  wire: z.record(z.string(), z.string().nullable()),
  emailPairs: leftOver.emailPairs,
};

const knownExport = z.strictObject(exportShape.shape, {
  error: ({ input }) => (input === undefined ? "an export, which API v5 does not have for this object" : undefined),
});
const collectionV5 = { ...anyV5, query: queryV5, customFields: customFieldsV5.exactOptional() };

/** The shape of a catalog entry that an operator wrote; the type ensures that it is that of the catalog. */
const shape: z.ZodType<CatalogEntry> = z.strictObject({
  name: z.string(),
  table: columnName,
  core: z.boolean(),
  auto: z.enum(["v4", "v5"]),
  columns: z
    .array(
      columnShape.extend({ items: z.array(columnShape).min(1).exactOptional(), itemsOf: z.string().exactOptional() }),
    )
    .min(1),
  key: z.string(),
  watermark: field.nullable(),
  deletes: z.boolean(),
  v4: z
    .discriminatedUnion("process", [
      z.strictObject({ ...address, process: z.literal("bulk"), ...leftOver, query: queryShape, export: exportShape }),
      z.strictObject({ ...address, process: z.literal("segmented"), ...leftOver, query: queryShape }),
      z.strictObject({ ...address, process: z.literal("read"), ...leftOver, readFormat }),
      z.strictObject({ ...address, process: z.literal("email"), ...leftOver, readFormat, email }),
    ])
    .nullable(),
  v5: z
    .discriminatedUnion("process", [
      z.strictObject({ ...collectionV5, process: z.literal("segmented"), export: exportShape.exactOptional() }),
      z.strictObject({ ...collectionV5, process: z.literal("bulk"), export: knownExport }),
      z.strictObject({ ...anyV5, process: z.literal("read"), path: z.string().min(1) }),
      z.strictObject({ ...anyV5, process: z.literal("email"), path: z.string().min(1), email }),
    ])
    .nullable(),
  notes: z.array(z.string()),
});

type Report = (path: readonly string[], value: string | null, expected: string) => void;

/**
 * The catalog with an operator's overrides: a map from an object's name to the part of its entry that differs. Maps are
 * merged, everything else (lists too) is replaced. Adds what does not fit to `problems`, as it was `written` before
 * variables were inserted, which may be secrets.
 */
export function overrideCatalog(
  catalog: readonly CatalogEntry[],
  overrides: unknown,
  file: { readonly name: string; readonly written: unknown },
  problems: Problem[],
): readonly CatalogEntry[] {
  const report: Report = (path, value, expected) => {
    problems.push({ path: `${["catalog", ...path].join(".")} (${file.name})`, value, expected });
  };
  if (!isMap(overrides)) {
    report([], null, "a map from an object's name to what differs");
    return catalog;
  }
  const names = catalog.map((object) => object.name);
  for (const name of Object.keys(overrides)) {
    if (names.includes(name)) continue;
    report([name], null, `an object of the catalog${didYouMean(name, names)}`);
  }
  const entries = catalog.map((object) => {
    const override = overrides[object.name];
    if (override === undefined || override === null) return object;
    if (!isMap(override)) {
      report([object.name], null, "a map of what differs");
      return object;
    }
    const merged = merge(object, override);
    const result = shape.safeParse(merged);
    if (!result.success) {
      for (const issue of result.error.issues) reportIssue(object.name, file.written, issue, report);
      return object;
    }
    checkEntry(result.data, object.name, report);
    return result.data;
  });
  for (const { name, table } of entries.filter((entry, at) => entry.table !== catalog[at]?.table)) {
    // Unquoted names are the same table in any case.
    const other = entries.find((entry) => entry.name !== name && entry.table.toLowerCase() === table.toLowerCase());
    if (other !== undefined) report([name, "table"], table, `another table: ${other.name} has this one`);
  }
  return entries;
}

function merge(base: unknown, override: unknown): unknown {
  if (!isMap(base) || !isMap(override)) return override;
  const names = [...Object.keys(base), ...Object.keys(override).filter((name) => !Object.hasOwn(base, name))];
  return Object.fromEntries(
    names.map((name) => [name, Object.hasOwn(override, name) ? merge(base[name], override[name]) : base[name]]),
  );
}

const FORM = /^Invalid (input|option|discriminator value)[:.] expected /i;

function reportIssue(object: string, written: unknown, issue: z.core.$ZodIssue, report: Report): void {
  const path = [object, ...issue.path.map(String)];
  if (issue.code === "unrecognized_keys") {
    for (const key of issue.keys) report([...path, key], null, "a key of a catalog entry");
    return;
  }
  const found = [object, ...issue.path].reduce<unknown>(
    (data, step) => (typeof data === "object" && data !== null ? Reflect.get(data, step) : undefined),
    written,
  );
  const isScalar = typeof found === "string" || typeof found === "number" || typeof found === "boolean";
  report(
    path,
    isScalar ? String(found) : null,
    issue.message.replace(FORM, "").replace(/, received undefined$/, ", which is missing"),
  );
}

/** Checks beyond the shape. */
function checkEntry(entry: CatalogEntry, nameBefore: string, report: Report): void {
  const { name, columns, key, watermark, v5 } = entry;
  const names = new Set(columns.map((column) => column.name));
  const check = (isFit: boolean, member: string, expected: string): void => {
    if (!isFit) report([nameBefore, member], null, expected);
  };
  check(name === nameBefore, "name", `${nameBefore}: an entry keeps its name`);
  check(names.size === columns.length, "columns", "each column once");
  check(names.has(key), "key", "the name of a column");
  check(watermark === null || names.has(watermark), "watermark", "the name of a column");
  if (v5?.process !== "bulk") return;
  const lists = columns.filter((column) => column.items !== undefined && v5.wire[column.name] !== null);
  check(watermark !== null, "v5.process", "segmented: without a watermark an object is read in full, by its query");
  check(
    lists.length === 0,
    "v5.process",
    `segmented, or null in v5.wire for the lists, which no export has: ${lists.map((column) => column.name).join(", ")}`,
  );
}
