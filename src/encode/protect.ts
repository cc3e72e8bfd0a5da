import { createHmac } from "node:crypto";
import type { Column } from "../catalog/catalog.ts";
import { assert } from "../errors.ts";
import type { Cell, WireData, WireFields } from "./canonical.ts";
import { textOf, textOfCell, valueAt } from "./normalise.ts";

/** A hash with a secret key. */
export interface KeyedHash {
  /** Differs for every key, and says nothing of it. */
  readonly id: string;
  /** HMAC-SHA-256 of a text as UTF-8, in lower-case hex. */
  readonly of: (text: string) => string;
}

export function keyedHash(key: string): KeyedHash {
  const of = (text: string): string => createHmac("sha256", key).update(text, "utf8").digest("hex");
  return { id: of("pardot-etl: fingerprint of the key").slice(0, 16), of };
}

/** What may be seen of the records of an object with dropped or hashed columns. */
export interface Protection {
  /** Those of its files: every other field of a record is removed. */
  readonly columns: readonly Column[];
  /** Null: no column is hashed. */
  readonly hash: KeyedHash | null;
  /** Whether the empty text is null: v3/v4 does not distinguish them. */
  readonly isEmptyNull: boolean;
}

/**
 * A record of a response with only the fields of the columns, those of hashed ones hashed, by their paths. Call it before
 * anything else sees the record: errors and rejects quote values.
 */
export function protectRecord(record: WireFields, protection: Protection): WireFields {
  const fields = protection.columns.flatMap((column): [string, WireData][] => {
    if (column.wire === null) return [];
    const path = column.wire ?? column.name;
    if (column.hashed !== undefined) return [[path, hashed(textOf(valueAt(record, path), column), protection)]];
    const plain = path.replace(/\[\]$/, "");
    const value = valueAt(record, plain);
    if (value === undefined) return [];
    return [[plain, column.itemsOf === undefined ? value : protectItems(valueAt(record, path), column, protection)]];
  });
  return Object.fromEntries(fields);
}

/** A list of another object's records with only the fields of the column. Anything else is left out: it cannot be encoded. */
function protectItems(list: WireData | undefined, { items = [] }: Column, protection: Protection): WireData {
  const records = Array.isArray(list) ? (list as readonly WireData[]) : [];
  return records.map((item) => {
    const isRecord = typeof item === "object" && item !== null && !Array.isArray(item);
    return isRecord ? protectRecord(item as WireFields, { ...protection, columns: items }) : null;
  });
}

/** A field of a CSV file, hashed if its column is. `localZone`: as `normaliseCell` takes it. */
export function protectCell(cell: Cell, column: Column, protection: Protection, localZone: string | null): Cell {
  return column.hashed === undefined ? cell : hashed(textOfCell(cell, column, localZone), protection);
}

function hashed(text: Cell, { hash, isEmptyNull }: Protection): Cell {
  if (text === null || (text === "" && isEmptyNull)) return null;
  assert(hash !== null, "there is a key for a hashed column");
  return hash.of(text);
}
