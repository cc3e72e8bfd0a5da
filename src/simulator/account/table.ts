/**
 * The rows of one object. Stores only times, revisions and deletions, in typed arrays (15 bytes a row); everything else is
 * made on request. Changed only by `advance`.
 */
import { hashText, mix, unit } from "./random.ts";
import { creationSeconds, DAY } from "./history.ts";
import type { History } from "./history.ts";
import type { Knobs } from "../knobs.ts";
import type { DayOfChanges, RangeName, RowKey, RowModel, World } from "./model.ts";
import { idSpace } from "./scale.ts";
import type { IdSpace } from "./scale.ts";

export interface TableSize {
  readonly rows: number;
  readonly ties: number;
  /** Share of the oldest rows without updated_at. */
  readonly updatedMissing: number;
}

/** About as dense as the last days of the history, with minimums so that small accounts change too. */
function standardDay(rows: number): DayOfChanges {
  return {
    added: Math.max(5, Math.round(rows * 0.002)),
    changed: Math.max(6, Math.round(rows * 0.004)),
    deleted: Math.max(1, Math.round(rows * 0.0008)),
  };
}

/** State of the selected rows that an export keeps, so that its files don't change. */
export interface RowState {
  readonly updated: Uint32Array;
  readonly revision: Uint8Array;
  readonly gone: Uint8Array;
}

/** A row's state before its last change within the last simulated day. */
interface EarlierState {
  /** When the change came, seconds since 1970. */
  readonly at: number;
  readonly updated: number;
  readonly revision: number;
  readonly gone: number;
}

export class Table {
  readonly model: RowModel;
  readonly ids: IdSpace;
  /** Rows at the start. */
  readonly baseRows: number;
  /** Number of rows including deleted ones; indexes are 0 to count - 1. */
  count: number;
  /** Seconds since 1970. */
  created: Uint32Array;
  /** Seconds since 1970; 0: none. */
  updated: Uint32Array;
  revision: Uint8Array;
  /** 1: deleted. */
  gone: Uint8Array;
  /** Incremented by each change, to invalidate caches. */
  version = 0;
  /** No row was created or changed later: seconds since 1970. */
  newest: number;
  readonly #salt: number;
  readonly #ties: number;
  readonly #orders = new Map<RangeName, Uint32Array>();
  readonly #earlier = new Map<number, EarlierState>();
  readonly #world: World;
  readonly #first: number;

  constructor(model: RowModel, size: TableSize, history: History, world: World) {
    const { seed } = world;
    const rows = model.follows?.rows(world) ?? size.rows;
    this.model = model;
    this.ids = idSpace(model.name, seed);
    this.baseRows = rows;
    this.count = rows;
    this.newest = history.last;
    this.#world = world;
    this.#first = history.first;
    this.#salt = mix(seed, hashText(`times ${model.name}`));
    this.#ties = size.ties;
    if (model.follows === undefined) {
      this.created = creationSeconds(rows, size.ties, history, this.#salt);
      this.#disorder();
    } else this.created = Uint32Array.from({ length: rows }, (_, index) => this.#createdWith(index));
    this.updated = new Uint32Array(rows);
    this.revision = new Uint8Array(rows);
    this.gone = new Uint8Array(rows);
    if (model.hasUpdated) this.#firstUpdates(history, size.updatedMissing);
  }

  key(index: number, state?: RowState, at?: number): RowKey {
    const updated = (state === undefined ? this.updated[index] : state.updated[at ?? 0]) ?? 0;
    const revision = (state === undefined ? this.revision[index] : state.revision[at ?? 0]) ?? 0;
    const gone = (state === undefined ? this.gone[index] : state.gone[at ?? 0]) ?? 0;
    return this.#keyOf(index, { updated, revision, gone });
  }

  /** The row as it was at `second`, null if it was not there yet. Exact within the last simulated day. */
  keyAsOf(index: number, second: number): RowKey | null {
    if (second >= this.newest) return this.key(index);
    if ((this.created[index] ?? 0) > second) return null;
    const earlier = this.#earlier.get(index);
    return earlier !== undefined && earlier.at > second ? this.#keyOf(index, earlier) : this.key(index);
  }

  #keyOf(index: number, { updated, revision, gone }: Omit<EarlierState, "at">): RowKey {
    const created = this.created[index] ?? 0;
    const id = this.ids.idOf(index);
    return { index, id, created, updated: updated === 0 ? null : updated, revision, isDeleted: gone === 1 };
  }

  isLive(index: number): boolean {
    return index >= 0 && index < this.count && this.gone[index] === 0;
  }

  times(range: RangeName): Uint32Array {
    return range === "created" ? this.created : this.updated;
  }

  /** Indexes of all rows by time, then id. Built once per version: 4 bytes a row, and 8 more while building. */
  order(range: RangeName): Uint32Array {
    let order = this.#orders.get(range);
    if (order === undefined) {
      const times = this.times(range);
      const base = times.reduce((least, time) => (time !== 0 && time < least ? time : least), 0xffff_ffff);
      // Time and index in one float64 (27 + 26 bits): sorting plain numbers is ten times faster than with a comparator.
      const packed = new Float64Array(this.count);
      for (let n = 0; n < this.count; n += 1) {
        const time = times[n] ?? 0;
        packed[n] = (time === 0 ? 0 : time - base + 1) * INDEX_SPAN + n;
      }
      packed.sort();
      order = new Uint32Array(this.count);
      for (let n = 0; n < this.count; n += 1) order[n] = (packed[n] ?? 0) % INDEX_SPAN;
      this.#orders.set(range, order);
    }
    return order;
  }

  /** Adds, changes and deletes rows for one day, starting at the second `from`; `day` counts from 1. */
  advance(day: number, from: number, knobs: Knobs, keeps: (index: number) => boolean): void {
    const { model } = this;
    const { changed, deleted, ...own } = model.daily?.(this.baseRows, knobs) ?? standardDay(this.baseRows);
    const random = mix(this.#salt, 0x5eed ^ day);
    const before = this.count;
    const added = model.follows === undefined ? own.added : model.follows.rows(this.#world) - before;
    this.#earlier.clear();
    this.newest = from + DAY - 1;
    if (added > 0) this.#append(added, random, from);
    if (this.model.hasUpdated) this.#change(changed, before, mix(random, 2), from);
    this.#delete(deleted, before, mix(random, 3), from, keeps);
    this.version += 1;
    this.#orders.clear();
  }

  /** Swaps the times of a few rows, as imports do, so that ids are not in the order of time. */
  #disorder(): void {
    for (let n = 1; n < this.count - 60; n += 97) {
      const other = n + 1 + (mix(this.#salt, 0x0d15 ^ n) % 50);
      const [a = 0, b = 0] = [this.created[n], this.created[other]];
      this.created[n] = b;
      this.created[other] = a;
    }
  }

  #firstUpdates(history: History, missing: number): void {
    const special = new Set([...history.special, history.tieAt, history.last - 6 * 3_600]);
    const without = Math.floor(this.count * missing);
    for (let n = 0; n < this.count; n += 1) {
      const created = this.created[n] ?? 0;
      const hash = mix(this.#salt, 0x0bda ^ n);
      const stays = hash % 100 < 65 || special.has(created);
      const lag = stays ? 0 : Math.floor((history.last - created) * unit(mix(hash, 1)) ** 6);
      this.updated[n] = n < without ? 0 : created + lag;
    }
  }

  #append(added: number, random: number, from: number): void {
    const total = this.count + added;
    this.created = grown(this.created, new Uint32Array(total));
    this.updated = grown(this.updated, new Uint32Array(total));
    this.revision = grown(this.revision, new Uint8Array(total));
    this.gone = grown(this.gone, new Uint8Array(total));
    // The first new row is at the previous now, the last at the day's last second.
    const offsets = Uint32Array.from({ length: added }, (_, n) => mix(random, n) % DAY).toSorted();
    for (let n = 0; n < added; n += 1) {
      const offset = n === 0 ? 0 : n === added - 1 ? DAY - 1 : (offsets[n] ?? 0);
      const second = this.model.follows === undefined ? from + offset : this.#createdWith(this.count + n);
      this.created[this.count + n] = second;
      if (this.model.hasUpdated) this.updated[this.count + n] = second;
    }
    this.count = total;
  }

  #createdWith(index: number): number {
    return this.model.follows?.createdAt(index, this.#world) ?? this.#first;
  }

  #remember(index: number, at: number): void {
    const [updated = 0, revision = 0, gone = 0] = [this.updated[index], this.revision[index], this.gone[index]];
    this.#earlier.set(index, { at, updated, revision, gone });
  }

  #change(changed: number, before: number, random: number, from: number): void {
    // A third of the changes come from one mass action, in one second.
    const together = from + (mix(random, 0xa11) % DAY);
    const tied = Math.min(Math.floor(changed / 3), Math.max(this.#ties, 2));
    for (let n = 0; n < (before > 0 ? changed : 0); n += 1) {
      const index = mix(random, n) % before;
      if (this.gone[index] !== 0) continue;
      const at = n < tied ? together : from + (mix(mix(random, n), 1) % DAY);
      this.#remember(index, at);
      this.updated[index] = at;
      this.revision[index] = ((this.revision[index] ?? 0) + 1) % 256;
    }
  }

  #delete(deleted: number, before: number, random: number, from: number, keeps: (index: number) => boolean): void {
    for (let n = 0; n < (before > 1 ? deleted : 0); n += 1) {
      const index = mix(random, n) % before;
      if (this.gone[index] !== 0 || keeps(index)) continue;
      const at = from + (mix(mix(random, n), 1) % DAY);
      this.#remember(index, at);
      this.gone[index] = 1;
      // Only shown by APIs that show deleted rows.
      if (this.model.hasUpdated) this.updated[index] = at;
    }
  }
}

/** More than an object's maximum rows (ROWS_MAX), with room for added ones. */
const INDEX_SPAN = 2 ** 26;

function grown<A extends Uint32Array | Uint8Array>(old: A, bigger: A): A {
  bigger.set(old);
  return bigger;
}
