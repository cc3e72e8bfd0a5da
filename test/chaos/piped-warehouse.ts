import type { CatalogObject } from "../../src/catalog/catalog.ts";
import type { MemoryStorage } from "../../src/storage/memory.ts";
import type { Warehouse } from "../../src/warehouse/warehouse.ts";
import type { Dice } from "./dice.ts";
import { recordsOf } from "./landed.ts";

/** How soon what lands is in the tables. */
export const PIPES = ["prompt", "lagging", "paused"] as const;
export type Pipe = (typeof PIPES)[number];

/**
 * A warehouse that something else fills from the destination, as Snowpipe does: it takes up whatever lands in an object's
 * folder, committed or not, in any order, and never gives it back. So its MAX may lie beyond windows that were never
 * committed, or far behind those that were.
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
      name: "piped",
      loads: false,
      check: async (signal) => signal.throwIfAborted(),
      tableState: async (object, signal) => {
        signal.throwIfAborted();
        this.#takeUp(object, dice);
        const records = [...this.#taken]
          .filter((key) => key.startsWith(`${object.name}/`))
          .flatMap((key) => this.#records(key));
        return { exists: true, hasRows: records.length > 0, watermark: greatest(records, object) };
      },
      load: async (object) => {
        throw new Error(`nothing of ours loads ${object.table}`);
      },
      emailPairs: nothing,
      knownEmails: nothing,
      close: async () => undefined,
    };
  }

  #takeUp(object: CatalogObject, dice: Dice): void {
    if (this.#pipe === "paused") return;
    for (const key of this.#disk.files.keys()) {
      const isIn = key.startsWith(`${object.name}/`);
      if (isIn && (this.#pipe === "prompt" || dice.chance(0.5))) this.#taken.add(key);
    }
  }

  #records(key: string): readonly Readonly<Record<string, string | null>>[] {
    return recordsOf(this.#disk.files.get(key) ?? new Uint8Array()) ?? [];
  }
}

function greatest(records: readonly Readonly<Record<string, string | null>>[], object: CatalogObject): string | null {
  const { watermark } = object;
  if (watermark === null) return null;
  return records.reduce<string | null>((max, record) => {
    const at = record[watermark.toLowerCase()] ?? null;
    return at !== null && (max === null || at > max) ? at : max;
  }, null);
}

async function* nothing(signal: AbortSignal): AsyncGenerator<never> {
  signal.throwIfAborted();
}
