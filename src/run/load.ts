import type { CatalogObject, Column } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import type { Journal } from "../commit/journal.ts";
import { objectState } from "../commit/state.ts";
import type { LandedFile } from "../commit/state.ts";
import type { OnEvent } from "../events.ts";
import type { Random } from "../platform/random.ts";
import { openSpool } from "../storage/spool.ts";
import type { Spool } from "../storage/spool.ts";
import type { Storage } from "../storage/storage.ts";
import type { Warehouse } from "../warehouse/warehouse.ts";

export interface LoadInput {
  readonly config: Config;
  readonly storage: Storage;
  readonly journal: Journal;
  readonly warehouse: Warehouse;
  readonly random: Random;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/** Files, and bytes as landed, that are copied to the local disk and loaded at a time; one file may be larger. */
const BATCH_FILES = 50;
const BATCH_BYTES = 256_000_000;

/**
 * Loads every committed file that the embedded warehouse does not have yet, those of earlier runs included, in commit
 * order. A batch is one transaction, and only then does the journal forget its files.
 */
export async function loadCommitted(
  object: CatalogObject,
  input: LoadInput,
): Promise<{ object: string; table: string; rows: number } | null> {
  const { journal, warehouse, onEvent, signal } = input;
  let rows: number | null = null;
  for (;;) {
    const batch = nextBatch(objectState(journal.state, object.name).notLoaded);
    if (batch.length === 0) break;
    const copies: Spool[] = [];
    try {
      const files = [];
      for (const file of batch) {
        const { spool, path } = await copyLocally(file, input);
        copies.push(spool);
        files.push({
          key: file.key,
          path,
          rows: file.rows,
          compression: compressionOf(file.key),
          columns: file.columns.map((name) => columnOf(object, name)),
        });
      }
      ({ rows } = await warehouse.load(object, files, signal));
    } finally {
      for (const spool of copies) await spool.discard();
    }
    await journal.record([{ type: "loaded", object: object.name, keys: batch.map((file) => file.key) }]);
  }
  if (rows === null) return null;
  onEvent({ type: "loaded", object: object.name, table: object.table, rows });
  return { object: object.name, table: object.table, rows };
}

function nextBatch(files: readonly LandedFile[]): readonly LandedFile[] {
  let bytes = 0;
  const end = files.findIndex((file, index) => {
    bytes += file.bytes;
    return index > 0 && (index >= BATCH_FILES || bytes > BATCH_BYTES);
  });
  return end === -1 ? files : files.slice(0, end);
}

/** By the name, because files of an earlier run may have been landed with another setting. */
function compressionOf(key: string): "none" | "gzip" | "zstd" {
  if (key.endsWith(".gz")) return "gzip";
  return key.endsWith(".zst") ? "zstd" : "none";
}

async function copyLocally(file: LandedFile, input: LoadInput): Promise<{ spool: Spool; path: string }> {
  const { config, storage, random, signal } = input;
  const spool = await openSpool({ dir: config.etl.tmpDir, compression: "none", random, signal });
  try {
    for await (const chunk of storage.open(file.key, signal)) await spool.write(chunk);
    const { path } = await spool.finish();
    return { spool, path };
  } catch (error) {
    await spool.discard();
    throw error;
  }
}

function columnOf(object: CatalogObject, name: string): Column {
  return object.columns.find((column) => column.name === name) ?? { name, type: "string" };
}
