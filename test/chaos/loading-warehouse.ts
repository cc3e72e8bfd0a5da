import { readFileSync } from "node:fs";
import { catalog } from "../../src/catalog/index.ts";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import type { LoadFile, Warehouse } from "../../src/warehouse/warehouse.ts";
import { nullWarehouse } from "../../src/warehouse/open.ts";
import { recordsOf } from "./landed.ts";
import { greatest } from "./piped-warehouse.ts";
import type { Turns } from "./turns.ts";
import type { Cells } from "../kit/records.ts";

interface Kept {
  readonly record: Cells;
  readonly readAt: number;
}

/**
 * A warehouse that the run loads, written from the contract of the port: it keeps the version of a record that was read
 * later, or was offered later if both were read at once. It refuses nothing, forgets nothing, and loads each file once. So
 * its tables show whether every committed file is offered, and whether `readAt` is correct.
 */
export class LoadingWarehouse {
  readonly #tables = new Map<string, Map<string, Kept>>();
  readonly #loaded = new Set<string>();
  readonly #settled = new Map<string, number>();

  /** The table of an object by key. */
  table(object: string): ReadonlyMap<string, Cells> {
    return new Map([...(this.#tables.get(object) ?? [])].map(([id, { record }]) => [id, record]));
  }

  /** As one process sees it: a load is one transaction, which a kill leaves completed or not started. */
  open(turns: Turns): Warehouse {
    return {
      ...nullWarehouse,
      name: "loading",
      check: async () => turns.assertAlive(),
      tableState: async (object) => {
        const records = [...this.table(object.name).values()];
        return {
          exists: this.#tables.has(object.name),
          hasRows: records.length > 0,
          watermark: greatest(records, object),
          future: null,
        };
      },
      loader: {
        settled: async (object) => this.#settled.get(object.name) ?? 0,
        unloaded: async (_object, keys) => keys.filter((key) => !this.#loaded.has(key)),
        load: async (object, files) =>
          turns.take(`load ${files.map(({ key }) => key).join(" ")}`, async () => {
            for (const file of files) this.#load(object, file);
            return { rows: this.#tables.get(object.name)?.size ?? 0 };
          }),
        // Rows deleted in Pardot stay: the checks look for lost and stale ones.
        settle: async (object, { files }) =>
          turns.take(`settle ${object.name}`, async () => {
            this.#settled.set(object.name, files);
            return this.#tables.get(object.name)?.size ?? null;
          }),
      },
    };
  }

  #load(object: CatalogObject, file: LoadFile): void {
    const records = recordsOf(readFileSync(file.path));
    if (records?.length !== file.rows) throw new Error(`${file.key}: ${records?.length} records, not ${file.rows}`);
    if (this.#loaded.has(file.key)) return;
    this.#loaded.add(file.key);
    const table = this.#tables.get(object.name) ?? new Map<string, Kept>();
    this.#tables.set(object.name, table);
    const readAt = file.readAt ?? 0;
    for (const record of records) {
      const id = String(record[keyOf(object.name)]);
      const known = table.get(id);
      if (known === undefined || known.readAt <= readAt) table.set(id, { record, readAt });
    }
  }
}

function keyOf(object: string): string {
  return catalog.find(({ name }) => name === object)?.key ?? "id";
}
