/** The parameter `orderBy`, and rows in that order. Without it nothing may be assumed about the order (v5 overview). */
import type { Account } from "../../account/account.ts";
import { hashText, mix } from "../../account/random.ts";
import type { Value } from "../../account/model.ts";
import type { V5Object } from "../../objects/v5/notation.ts";
import { compare } from "../query-calls.ts";
import { lowerBound } from "../selection.ts";
import { badParameter } from "./filters.ts";
import { valueReader } from "./record.ts";

interface OrderBy {
  readonly field: string;
  readonly isDescending: boolean;
}

/** Where a page ended: what its last row is sorted by, and the row. */
export interface Position {
  readonly keys: readonly Value[];
  readonly index: number;
}

/**
 * A comma list of `<field> [ASC|DESC]`, without the fields that have no effect. Throws ApiError 51 for fields that the
 * object cannot be ordered by.
 */
export function readOrder(text: string | undefined, object: V5Object, { world }: Account): readonly OrderBy[] {
  const refused = new Set(world.knobs.v5RefusedOrders.split(","));
  const ignored = new Set(world.knobs.v5IgnoredOrders.split(","));
  return (text ?? "")
    .split(",")
    .filter((part) => part.trim() !== "")
    .map((part) => {
      const [, field = "", direction = "ASC"] = /^\s*(\w+)(?:\s+(ASC|DESC))?\s*$/i.exec(part) ?? [];
      const isRefused = refused.has(`${object.name}.${field}`);
      if (!object.orders.has(field) || isRefused) throw badParameter("orderBy", "Invalid value");
      return { field, isDescending: direction.toUpperCase() === "DESC" };
    })
    .filter(({ field }) => !ignored.has(`${object.name}.${field}`));
}

export interface RowOrder {
  readonly inOrder: (rows: Uint32Array) => Uint32Array;
  readonly positionOf: (index: number) => Position;
  /** Number of rows at or before the position, in sorted rows. */
  readonly rowsThrough: (position: Position, sorted: Uint32Array) => number;
}

export function rowOrder(orders: readonly OrderBy[], object: V5Object, account: Account, asOf: number): RowOrder {
  const table = account.table(object.name);
  const read = valueReader(object, account);
  const salt = mix(account.world.seed, hashText(`order ${object.name}`));
  const isUnordered = orders.length === 0;
  const isById = isUnordered ? account.world.knobs.v5Unordered === "id" : orders[0]?.field === "id";
  const keysOf = (index: number): readonly Value[] => {
    if (isById) return [];
    if (isUnordered) return [mix(salt, index)];
    const row = table.keyAsOf(index, asOf) ?? table.key(index);
    return orders.map(({ field }) => {
      if (field === "createdAt" || field === "updatedAt") return field === "createdAt" ? row.created : row.updated;
      const known = object.fields.get(field);
      return field === "id" ? row.id : known === undefined ? null : read(row, known);
    });
  };
  const compareKeys = (a: Position, b: Position): number => {
    for (const [n, key] of a.keys.entries()) {
      const order = compare(key, b.keys[n] ?? null);
      if (order !== 0) return orders[n]?.isDescending === true ? -order : order;
    }
    return orders[0]?.isDescending === true ? b.index - a.index : a.index - b.index;
  };
  const positionOf = (index: number): Position => ({ keys: keysOf(index), index });
  return {
    inOrder: (rows) => {
      // Ids ascend with the indexes.
      if (isById) return orders[0]?.isDescending === true ? rows.toReversed() : rows;
      const positions = Array.from(rows, positionOf).toSorted(compareKeys);
      return Uint32Array.from(positions, ({ index }) => index);
    },
    positionOf,
    rowsThrough: (position, sorted) =>
      lowerBound(sorted.length, (n) => compareKeys(positionOf(sorted[n] ?? 0), position) <= 0),
  };
}
