/** The simulated account: one table per object, all from one seed, changed by simulated days. */
import { accountHistory, DAY } from "./history.ts";
import type { History } from "./history.ts";
import type { ModelColumn, RowKey, RowModel, Value, World } from "./model.ts";
import { ROW_MODELS } from "../objects/objects.ts";
import { oddValues } from "./oddities.ts";
import { idSpace, rowsAtScale } from "./scale.ts";
import type { IdSpace } from "./scale.ts";
import type { ResolvedOptions } from "../options.ts";
import { Table } from "./table.ts";
import type { RowState } from "./table.ts";
import type { Timezone } from "./timezone.ts";

export interface AccountSettings extends Pick<ResolvedOptions, "seed" | "scale" | "rows" | "ties" | "knobs" | "zone"> {
  /** Seconds since 1970. */
  readonly startAt: number;
}

export class Account {
  readonly world: World;
  readonly zone: Timezone;
  /** Days simulated by `advance`. */
  days = 0;
  readonly #tables = new Map<string, Table>();
  readonly #columns = new Map<string, { readonly version: number; readonly columns: readonly ModelColumn[] }>();
  readonly #startAt: number;

  constructor(settings: AccountSettings) {
    this.zone = settings.zone;
    this.#startAt = settings.startAt;
    this.world = createWorld(settings, (object) => this.table(object));
    const history: History = accountHistory(settings.startAt, settings.seed, settings.zone);
    for (const model of ROW_MODELS) {
      const rows = this.world.baseRows(model.name);
      const updatedMissing = model.name === "VisitorActivity" ? settings.knobs.activityUpdatedAtMissing : 0;
      this.#tables.set(
        model.name,
        new Table(model, { rows, ties: settings.ties, updatedMissing }, history, this.world),
      );
    }
  }

  /** Throws for an unknown object. */
  table(object: string): Table {
    const table = this.#tables.get(object);
    if (table === undefined) throw new Error(`unknown object ${object}`);
    return table;
  }

  /** Columns including the account's custom fields. */
  columns(model: RowModel): readonly ModelColumn[] {
    if (model.custom === undefined) return model.columns;
    const { version } = this.table("CustomField");
    const known = this.#columns.get(model.name);
    if (known?.version === version) return known.columns;
    const columns = [...model.columns, ...model.custom.columns(this.world)];
    this.#columns.set(model.name, { version, columns });
    return columns;
  }

  values(table: Table, index: number, state?: RowState, at?: number): readonly Value[] {
    return this.make(table.model, table.key(index, state, at));
  }

  /** Makes the values of a row, including this account's oddities. */
  make(model: RowModel, row: RowKey): readonly Value[] {
    return oddValues(model, row, model.make(row, this.world), this.world.knobs);
  }

  /** Simulates whole days: each adds, changes and deletes rows within its 24 hours. */
  advance(days: number): void {
    for (let n = 0; n < days; n += 1) {
      const from = this.#startAt + this.days * DAY;
      this.days += 1;
      for (const table of this.#tables.values()) {
        const { keeps } = table.model;
        const kept = (index: number): boolean => keeps !== undefined && keeps(this.values(table, index));
        table.advance(this.days, from, this.world.knobs, kept);
      }
    }
  }
}

function createWorld(settings: AccountSettings, tableOf: (object: string) => Table): World {
  const spaces = new Map<string, IdSpace>();
  const rows = new Map<string, number>([["CustomField", settings.rows["CustomField"] ?? settings.knobs.customFields]]);
  const live = new Map<string, { readonly version: number; readonly indexes: readonly number[] }>();
  const spaceOf = (object: string): IdSpace => {
    let space = spaces.get(object);
    if (space === undefined) {
      space = idSpace(object, settings.seed);
      spaces.set(object, space);
    }
    return space;
  };
  return {
    seed: settings.seed,
    knobs: settings.knobs,
    baseRows: (object) => {
      let count = rows.get(object);
      if (count === undefined) {
        count = settings.rows[object] ?? rowsAtScale(object, settings.scale);
        rows.set(object, count);
      }
      return count;
    },
    rows: (object) => tableOf(object).count,
    idOf: (object, index) => spaceOf(object).idOf(index),
    indexOf: (object, id) => spaceOf(object).indexOf(id),
    createdAt: (object, index) => tableOf(object).created[index] ?? 0,
    liveIndexes: (object) => {
      const table = tableOf(object);
      const known = live.get(object);
      if (known?.version === table.version) return known.indexes;
      const indexes = Array.from({ length: table.count }, (_, index) => index).filter((index) => table.isLive(index));
      live.set(object, { version: table.version, indexes });
      return indexes;
    },
  };
}
