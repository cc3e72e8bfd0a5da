import type { CatalogObject } from "../../src/catalog/catalog.ts";
import type { MemoryStorage } from "../kit/fakes/memory-storage.ts";
import { nullWarehouse } from "../../src/warehouse/open.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";
import type { Dice } from "./dice.ts";
import { recordsOf } from "./landed.ts";
import type { Cells } from "../kit/records.ts";

/** How soon landed files are in the tables. */
export const PIPES = ["prompt", "lagging", "paused"] as const;
export type Pipe = (typeof PIPES)[number];

/**
 * A warehouse that something else fills from the destination, as Snowpipe does: it loads everything that lands in an
 * object's folder, committed or not, in any order, and never removes it. So its MAX may be later than windows that were
 * never committed, or much earlier than those that were.
 */
export class PipedWarehouse {
  readonly #pipe: Pipe;
  readonly #disk: Pick<MemoryStorage, "files">;
  readonly #taken = new Set<string>();

  constructor(pipe: Pipe, disk: Pick<MemoryStorage, "files">) {
    this.#pipe = pipe;
    this.#disk = disk;
  }

  /** As one run sees it. */
  open(dice: Dice): Warehouse {
    return {
      ...nullWarehouse,
      name: "piped",
      tableState: async (object, _now, signal) => {
        signal.throwIfAborted();
        this.#takeUp(object, dice);
        const keys = [...this.#taken].filter((key) => key.startsWith(`${object.name}/`));
        const records = keys.flatMap((key) => recordsOf(this.#disk.files.get(key) ?? new Uint8Array()) ?? []);
        return { exists: true, hasRows: records.length > 0, watermark: greatest(records, object), future: null };
      },
    };
  }

  #takeUp(object: CatalogObject, dice: Dice): void {
    if (this.#pipe === "paused") return;
    for (const key of this.#disk.files.keys()) {
      const isIn = key.startsWith(`${object.name}/`);
      if (isIn && (this.#pipe === "prompt" || dice.chance(0.5))) this.#taken.add(key);
    }
  }
}

export function greatest(records: readonly Cells[], object: CatalogObject): string | null {
  const { watermark } = object;
  if (watermark === null) return null;
  return records.reduce<string | null>((max, record) => {
    const at = record[watermark.toLowerCase()] ?? null;
    return at !== null && (max === null || at > max) ? at : max;
  }, null);
}
