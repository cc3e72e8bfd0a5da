import type { Column, ColumnType } from "../catalog/catalog.ts";
import { assert, DataError } from "../errors.ts";
import { utcText } from "../time/zone.ts";
import { booleanText, datetimeText, hasOffset, integerText, jsonText, numberText, stringText } from "./canonical.ts";
import type { Cell, Row, WireData, WireFields } from "./canonical.ts";

/**
 * Turns a record from the vendor into cells in column order. A value that is absent, null, an empty element (`{}`, `[]`)
 * or, except in text, empty, becomes null. A value that does not match its column is neither guessed nor dropped: it
 * throws `DataError` (exit 6, `data.value-invalid`) with object, column and record id. canonical.ts defines the values of
 * each type.
 */
export function normalise(record: WireFields, columns: readonly Column[], objectName: string): Row {
  return normaliser(columns, objectName)(record);
}

/** The same for many records: what depends on the columns alone is worked out once. */
export function normaliser(columns: readonly Column[], objectName: string): (record: WireFields) => Row {
  const readers = columns.map((column) => readerOf(column, objectName));
  return (record) => readers.map((read) => read(record));
}

function readerOf(column: Column, objectName: string): (record: WireFields) => Cell {
  if (column.wire === null) return () => null;
  const path = column.wire ?? column.name;
  // encode/protect.ts has put the hash there.
  if (column.hashed !== undefined) return (record) => hashOnly(record[path]);
  // A field of that name alone; every record inherits the names of Object.prototype.
  const isField = !path.includes(".") && !path.endsWith("[]") && !(path in Object.prototype);
  return (record) => {
    const value = isField ? record[path] : valueAt(record, path);
    const cell = toCell(value, column);
    if (cell === undefined) throw invalid(objectName, column, value, idOf(record));
    return cell;
  };
}

/**
 * One field of a CSV file that is re-encoded, by the rules of `normalise`; `recordId` only names the record in the error.
 * Text of json columns is JSON already, and only becomes canonical. `localZone`: that of times without an offset, which
 * become UTC as those with one do.
 */
export function normaliseCell(
  cell: Cell,
  column: Column,
  objectName: string,
  recordId: Cell,
  localZone: string | null = null,
): Cell {
  if (column.hashed !== undefined) return hashOnly(cell);
  let canonical = column.type === "json" && cell !== null ? jsonCell(cell) : toCell(cell, column);
  const isLocal = localZone !== null && column.type === "datetime" && cell !== null && !hasOffset(cell);
  // In UTC it may be in the year 0 or 10000.
  if (isLocal && typeof canonical === "string") canonical = datetimeText(utcText(canonical, localZone));
  if (canonical === undefined) throw invalid(objectName, column, cell, recordId);
  return canonical;
}

/** A value of a hashed column, which only ever is null or a hash: any other text must not land. */
function hashOnly(value: WireData | undefined): Cell {
  if (value === undefined || value === null) return null;
  assert(typeof value === "string" && /^[0-9a-f]{64}$/.test(value), "a value of a hashed column is a hash");
  return value;
}

/** The text of a hashed column's value before it is hashed: as it would be landed; if it could not be, as it is. */
export function textOf(value: WireData | undefined, column: Column): Cell {
  const text = toCell(value, { ...column, type: column.hashed ?? column.type });
  if (text !== undefined) return text;
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** The same for a field of a CSV file. `localZone`: as `normaliseCell` takes it. */
export function textOfCell(cell: Cell, column: Column, localZone: string | null): Cell {
  const { hashed, ...plain } = column;
  try {
    return normaliseCell(cell, { ...plain, type: hashed ?? column.type }, "", null, localZone);
  } catch (error) {
    if (error instanceof DataError) return cell;
    throw error;
  }
}

function toCell(wire: WireData | undefined, column: Column): Cell | undefined {
  if (typeof wire === "string" && column.type === "string") return wire;
  const value = unwrap(wire);
  if (value === undefined || value === null) return null;
  if (column.type === "json") return column.items === undefined ? jsonText(value) : itemsText(value, column.items);
  if (isEmptyElement(value)) return null;
  if (column.type === "string") return stringText(value);
  if (typeof value === "object") return undefined;
  const cell = SCALARS[column.type](value);
  return cell === undefined && typeof value === "string" && value.trim() === "" ? null : cell;
}

/** A list of records as JSON, each with the given fields in their order and types; undefined for anything else. */
function itemsText(value: WireData, items: readonly Column[]): Cell | undefined {
  if (!Array.isArray(value)) return undefined;
  const texts: string[] = [];
  for (const element of value as readonly WireData[]) {
    if (typeof element !== "object" || element === null || Array.isArray(element)) return undefined;
    const fields: string[] = [];
    for (const item of items) {
      const cell = toCell(valueAt(element as WireFields, item.wire ?? item.name), item);
      if (cell === undefined) return undefined;
      const isBare = cell === null || !["string", "datetime"].includes(item.type);
      fields.push(`${JSON.stringify(item.name)}:${isBare ? String(cell) : JSON.stringify(cell.toWellFormed())}`);
    }
    texts.push(`{${fields.join(",")}}`);
  }
  return `[${texts.join(",")}]`;
}

const SCALARS: Readonly<
  Record<Exclude<ColumnType, "string" | "json">, (value: string | number | boolean) => Cell | undefined>
> = { integer: integerText, number: numberText, boolean: booleanText, datetime: datetimeText };

function jsonCell(text: string): Cell | undefined {
  if (text.trim() === "") return null;
  try {
    return jsonText(JSON.parse(text) as WireData);
  } catch {
    return undefined;
  }
}

/**
 * The value at a wire path: steps joined by dots. A path that ends in `[]` is a list, which v4 writes as nothing, a
 * single value or a list (vendor's response in pardot/api-docs issue 187): always returned as a list.
 */
export function valueAt(record: WireFields, path: string): WireData | undefined {
  if (path.endsWith("[]")) {
    const value = valueAt(record, path.slice(0, -2));
    if (value === undefined || value === null || isEmptyElement(value)) return [];
    return isList(value) ? value : [value];
  }
  if (Object.hasOwn(record, path)) return record[path];
  let value: WireData | undefined = record;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || isList(value) || !Object.hasOwn(value, step)) return undefined;
    value = value[step];
  }
  return value;
}

/**
 * Removes the wrapper `{"value": x}`, which some responses put around standard fields of prospect accounts and
 * multi-value fields of prospects (clients that read production accounts accept both forms).
 */
function unwrap(value: WireData | undefined): WireData | undefined {
  if (typeof value !== "object" || value === null || isList(value) || !Object.hasOwn(value, "value")) return value;
  const others = Object.keys(value).filter((key) => key !== "value" && !key.startsWith("@"));
  return others.length === 0 ? value["value"] : value;
}

function isList(value: WireData): value is readonly WireData[] {
  return Array.isArray(value);
}

function isEmptyElement(value: WireData): boolean {
  return typeof value === "object" && value !== null && Object.keys(value).length === 0;
}

function idOf(record: WireFields): Cell {
  const id = unwrap(valueAt(record, "id"));
  return typeof id === "string" || typeof id === "number" ? String(id) : null;
}

/** Characters of a refused value in an error: enough to see its form, not a whole text. */
const SHOWN_MAX = 60;

function invalid(objectName: string, column: Column, value: WireData | undefined, id: Cell): DataError {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? "nothing");
  const shown = text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
  const where = `${objectName} ${id ?? "(no id)"}`;
  return new DataError(`encode ${where}: ${column.name} is ${JSON.stringify(shown)}, expected ${column.type}`, {
    code: "data.value-invalid",
    hint: `If Pardot really sends this, override the column's type in the catalog (${objectName}.${column.name}: string), and report it.`,
    context: { object: objectName, column: column.name, id },
  });
}
