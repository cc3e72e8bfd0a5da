/** The simulated account: one table per object, all from one seed, and the passing of its days. */
import { accountHistory, DAY } from "./history.ts";
import type { History } from "./history.ts";
import type { ModelColumn, ObjectModel, RowKey, Value, World } from "./model.ts";
import type { Knobs } from "./knobs.ts";
import { OBJECTS } from "./objects.ts";
import { idSpace, rowsAtScale } from "./scale.ts";
import type { IdSpace, Scale } from "./scale.ts";
import { Table } from "./table.ts";
import type { RowState } from "./table.ts";
import type { Zone } from "./zone.ts";

export interface AccountSettings {
  readonly seed: number;
  readonly scale: Scale;
  readonly rows: Readonly<Record<string, number>>;
  readonly ties: number;
  readonly knobs: Knobs;
  readonly zone: Zone;
  /** Seconds since 1970. */
  readonly startAt: number;
}

export class Account {
  readonly world: World;
  readonly zone: Zone;
  /** Simulated days that have passed by `advance`. */
  days = 0;
  readonly #tables = new Map<string, Table>();
  readonly #columns = new Map<string, readonly ModelColumn[]>();
  readonly #startAt: number;

  constructor(settings: AccountSettings) {
    this.zone = settings.zone;
    this.#startAt = settings.startAt;
    this.world = createWorld(settings, (object, index) => this.#rowAt(object, index));
    const history: History = accountHistory(settings.startAt, settings.seed, settings.zone);
    for (const model of OBJECTS) {
      const rows = this.world.baseRows(model.name);
      const updatedMissing = model.name === "VisitorActivity" ? settings.knobs.activityUpdatedAtMissing : 0;
      this.#tables.set(
        model.name,
        new Table(model, { rows, ties: settings.ties, updatedMissing }, history, settings.seed),
      );
    }
  }

  /** Throws when there is no such object: callers know what they ask for. */
  table(object: string): Table {
    const table = this.#tables.get(object);
    if (table === undefined) throw new Error(`the simulated account has no object ${object}`);
    return table;
  }

  /** Columns with the account's custom fields. */
  columns(model: ObjectModel): readonly ModelColumn[] {
    let columns = this.#columns.get(model.name);
    if (columns === undefined) {
      columns = [...model.columns, ...(model.customColumns?.(this.world) ?? [])];
      this.#columns.set(model.name, columns);
    }
    return columns;
  }

  values(table: Table, index: number, state?: RowState, at?: number): readonly Value[] {
    return table.model.make(table.key(index, state, at), this.world);
  }

  rowKey(table: Table, index: number): RowKey {
    return table.key(index);
  }

  /** Lets whole days pass: each adds, changes and deletes rows within its own 24 hours. */
  advance(days: number): void {
    for (let n = 0; n < days; n += 1) {
      const from = this.#startAt + this.days * DAY;
      this.days += 1;
      for (const table of this.#tables.values()) {
        const { keeps } = table.model;
        const kept = (index: number): boolean => keeps !== undefined && keeps(this.values(table, index));
        table.advance(this.days, from, kept);
      }
    }
  }

  #rowAt(object: string, index: number): readonly Value[] | null {
    const table = this.#tables.get(object);
    return table === undefined || !table.isLive(index) ? null : this.values(table, index);
  }
}

function createWorld(settings: AccountSettings, rowAt: World["rowAt"]): World {
  const spaces = new Map<string, IdSpace>();
  const rows = new Map<string, number>();
  return {
    seed: settings.seed,
    knobs: settings.knobs,
    rowAt,
    baseRows: (object) => {
      let count = rows.get(object);
      if (count === undefined) {
        count = settings.rows[object] ?? rowsAtScale(object, settings.scale);
        rows.set(object, count);
      }
      return count;
    },
    idOf: (object, index) => {
      let space = spaces.get(object);
      if (space === undefined) {
        space = idSpace(object, settings.seed);
        spaces.set(object, space);
      }
      return space.idOf(index);
    },
  };
}
