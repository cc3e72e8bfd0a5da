import type { Column } from "../catalog/catalog.ts";
import type { Row, WireData, WireFields } from "../encode/canonical.ts";
import { normaliser } from "../encode/normalise.ts";
import { protectRecord } from "../encode/protect.ts";
import type { Protection } from "../encode/protect.ts";
import { kept, rejectOf } from "../encode/reject.ts";
import type { Reject } from "../encode/reject.ts";
import { DataError } from "../errors.ts";

/** Collects the records of one object that are set aside. Throws DataError (exit 6) when there are too many. */
export class Rejects {
  readonly #object: string;
  readonly #max: number;
  #collected: Reject[] = [];
  #count = 0;

  /** `max`: records of the object that may still be set aside in this run. */
  constructor(object: string, max: number) {
    this.#object = object;
    this.#max = max;
  }

  /** Records that may still be added. */
  get room(): number {
    return this.#max - this.#count;
  }

  #add(reject: Reject): void {
    if (this.room <= 0) throw tooManyRejects(this.#object, reject);
    this.#count += 1;
    this.#collected.push(reject);
  }

  /** Sets a record aside as a whole. */
  addWhole(reason: string, record: WireData, id: string | null = null, column: string | null = null): void {
    this.#add({ id, column, reason, record: kept(record) });
  }

  /**
   * The row that `encode` makes of a source, which has a record; null when the record is set aside, because a value cannot be encoded or
   * because the key, at `place` in the row, is null.
   */
  encode<S>(
    source: S,
    encode: (source: S) => Row,
    record: (source: S) => WireFields,
    key: { readonly name: string; readonly place: number },
  ): Row | null {
    try {
      const row = encode(source);
      if (row[key.place] !== null) return row;
      this.addWhole(`${key.name} is empty`, record(source), null, key.name);
    } catch (error) {
      const reject = rejectOf(error, record(source));
      if (reject === null) throw error;
      this.#add(reject);
    }
    return null;
  }

  /** Sets an unreadable record of a file aside. `key`: index of its key, which is only trusted as a number. */
  addUnreadable({ reason, raw }: { readonly reason: string; readonly raw: Row | string }, key: number): void {
    const cell = typeof raw === "string" ? null : (raw[key] ?? null);
    const id = cell !== null && /^\d+$/.test(cell) ? cell : null;
    this.addWhole(reason, raw, id);
  }

  /** Drops the records added since the last `take`, because they will be read again. */
  forget(): void {
    this.#count -= this.#collected.length;
    this.#collected = [];
  }

  /** The records added since the last call. */
  take(): readonly Reject[] {
    const taken = this.#collected;
    this.#collected = [];
    return taken;
  }
}

/** The cells of a record by the names of their fields. */
export function recordOf(header: readonly string[], cells: Row): WireFields {
  return Object.fromEntries(header.map((name, place) => [name, cells[place] ?? null]));
}

/** The failure of an object with more refused records than PARDOT_ETL_MAX_REJECTS. */
export function tooManyRejects(object: string, last: Pick<Reject, "reason"> | null): DataError {
  const which = last === null ? "" : `, the last because ${last.reason}`;
  return new DataError(`encode ${object}: more records are refused than PARDOT_ETL_MAX_REJECTS allows${which}`, {
    code: "data.too-many-rejects",
    hint: "Nothing of this window was committed; finished windows stay. If Pardot really sends such values, override the column's type in the catalog, or raise PARDOT_ETL_MAX_REJECTS.",
  });
}

const itself = (record: WireFields): WireFields => record;

/**
 * Makes rows of the records of a response; null for one that is set aside. `protection`: for an object with dropped or
 * hashed columns.
 */
export function rowEncoder(
  object: { readonly name: string; readonly columns: readonly Column[]; readonly key: string },
  rejects: Rejects,
  protection: Protection | null = null,
): (record: WireFields) => Row | null {
  const { name, columns } = object;
  const key = { name: object.key, place: columns.findIndex((column) => column.name === object.key) };
  const toRow = normaliser(columns, name);
  return (record) => {
    const read = protection === null ? record : protectRecord(record, protection);
    return rejects.encode(read, toRow, itself, key);
  };
}
