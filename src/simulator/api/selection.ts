/** Rows that a query or an export selects, found through the time orders if that is cheaper. */
import type { Account } from "../account/account.ts";
import type { Span } from "./parameters.ts";
import type { RangeName, Value } from "../account/model.ts";
import type { Table } from "../account/table.ts";

export interface Selection {
  readonly spans: Readonly<Partial<Record<RangeName, Span>>>;
  readonly deleted: "live" | "deleted" | "all";
  /** Other conditions on a row's values; null: none. */
  readonly test: ((values: readonly Value[]) => boolean) | null;
}

/** Indexes of the selected rows, ascending: 4 bytes each. */
export function selectRows(account: Account, table: Table, selection: Selection): Uint32Array {
  const { spans, deleted, test } = selection;
  const [created, updated] = [spans.created, spans.updated];
  const fits = (index: number): boolean => {
    const state = table.gone[index] ?? 0;
    if (deleted !== "all" && state !== (deleted === "live" ? 0 : 1)) return false;
    if (created !== undefined && !within(table.created[index] ?? 0, created)) return false;
    if (updated !== undefined && !within(table.updated[index] ?? 0, updated)) return false;
    return test === null || test(account.values(table, index));
  };
  const slices = (Object.entries(spans) as [RangeName, Span][]).map(([range, span]) => slice(table, range, span));
  const narrowest = slices.reduce<Uint32Array | null>(
    (best, candidate) => (best === null || candidate.length < best.length ? candidate : best),
    null,
  );
  if (narrowest !== null && narrowest.length < table.count / 8) return narrowest.filter(fits).toSorted();
  const found = new Uint32Array(table.count);
  let count = 0;
  for (let index = 0; index < table.count; index += 1) {
    if (fits(index)) found[count++] = index;
  }
  return found.slice(0, count);
}

/** A missing time (0) is in no span. */
function within(second: number, span: Span): boolean {
  return second !== 0 && second >= span.from && second <= span.to;
}

function slice(table: Table, range: RangeName, span: Span): Uint32Array {
  const order = table.order(range);
  const times = table.times(range);
  const from = lowerBound(order.length, (n) => (times[order[n] ?? 0] ?? 0) < Math.max(span.from, 1));
  const to = lowerBound(order.length, (n) => (times[order[n] ?? 0] ?? 0) <= span.to);
  return order.subarray(from, Math.max(from, to));
}

/** The first index for which `isBefore` is false; it must be true for all indexes before and false for all after. */
export function lowerBound(length: number, isBefore: (n: number) => boolean): number {
  let low = 0;
  let high = length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (isBefore(middle)) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** Keeps recent selections, so that the pages of one window are not searched again. */
export class SelectionMemory {
  readonly #kept = new Map<string, Uint32Array>();
  readonly #keptMax = 6;

  get(key: string, make: () => Uint32Array): Uint32Array {
    const rows = this.#kept.get(key) ?? make();
    this.#kept.delete(key);
    this.#kept.set(key, rows);
    for (const oldest of this.#kept.keys()) {
      if (this.#kept.size <= this.#keptMax) break;
      this.#kept.delete(oldest);
    }
    return rows;
  }
}
