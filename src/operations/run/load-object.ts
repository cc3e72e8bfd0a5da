import { createReadStream } from "node:fs";
import { allColumns } from "../../catalog/protect.ts";
import type { CatalogObject, Column } from "../../catalog/catalog.ts";
import { formatOf } from "../../encode/formats.ts";
import { DataError, StorageError, WarehouseError } from "../../errors.ts";
import type { PardotEtlError } from "../../errors.ts";
import { warn } from "../../events.ts";
import { decompressed } from "../../land/landed-file.ts";
import { readAccepted } from "../../manifest/accepted.ts";
import { filesOf } from "../../manifest/manifest.ts";
import { objectState } from "../../state/state.ts";
import { openSpool } from "../../storage/spool.ts";
import type { Spool } from "../../storage/spool.ts";
import type { LoadFile } from "../../warehouse/warehouse.ts";
import type { Loading } from "./load.ts";
import { loadable } from "./loadable.ts";
import type { LoadableFile } from "./loadable.ts";

export interface LoadedObject {
  /** Rows of the table after the load, null if nothing was loaded. */
  readonly rows: number | null;
  /** Loaded rows that are new or changed; missing if the warehouse cannot tell. */
  readonly added?: number;
  readonly changed?: number;
  /** Files that were loaded although the state does not list them: the table had lost them, or never had them. */
  readonly refilled: number;
  /** The files that could not be loaded, as one failure; null if there are none. */
  readonly failure: WarehouseError | null;
}

/** A committed file that could not be loaded, and why. */
interface RefusedFile {
  readonly key: string;
  readonly error: PardotEtlError;
}

/**
 * Files, rows, and bytes as landed, that are copied to the local disk and loaded at a time; one file may be larger. The
 * warehouse holds a batch in memory as far as it fits: 3 million activities took 600 MB by 500,000, 950 by 1.4 million.
 */
const BATCH_FILES = 500;
const BATCH_ROWS = 500_000;
const BATCH_BYTES = 256_000_000;

/** Refused files after which the rest of an object waits for the next run: the files are then not the cause. */
const REFUSED_MAX = 100;

/**
 * Loads every committed file that the embedded warehouse lacks, including those of earlier runs, in the order in which
 * they were read. A batch is one transaction, and only then does the journal forget its files. A batch that is refused
 * is loaded by halves; a file that is refused alone stays on record as not loaded and stops no other.
 */
export async function loadObject(object: CatalogObject, loading: Loading): Promise<LoadedObject> {
  const { loader } = loading;
  const { journal, storage, onEvent, drain: signal } = loading.run;
  const todo = await loadable(object, loading);
  const listed = new Set(objectState(journal.state, object.name).notLoaded.map(({ key }) => key));
  const accepted: ReadonlySet<string> = todo.files.length === 0 ? new Set() : await readAccepted(storage, signal);
  const forget = async (keys: readonly string[]): Promise<void> => {
    const known = keys.filter((key) => listed.has(key));
    if (known.length > 0) await journal.record([{ type: "loaded", object: object.name, keys: known }]);
  };
  await forget(todo.files.map(({ key }) => key).filter((key) => accepted.has(key)));
  const ofThisRun = new Set(filesOf(loading.manifest).map(({ key }) => key));
  const work = new ObjectLoad(object, loading);
  let refilled = 0;
  for (const batch of batchesOf(todo.files.filter(({ key }) => !accepted.has(key)))) {
    if (work.refused.length >= REFUSED_MAX) break;
    const loaded = await work.loadBatch(batch);
    refilled += loaded.filter((key) => !listed.has(key) && !ofThisRun.has(key)).length;
    await forget(loaded);
  }
  const { refused, expired } = work;
  let { rows } = work;
  if (expired.length > 0) {
    await forget(expired);
    const message = `${object.table} lacks the rows of ${expired.length} committed files that the destination has since removed (PARDOT_ETL_RETENTION), the first of them ${String(expired[0])}. --full reads everything again`;
    warn(onEvent, "warehouse.file-expired", message, object.name);
  }
  const { filesCommitted } = objectState(journal.state, object.name);
  const isSettled = refused.length === 0 && todo.isComplete;
  if (isSettled && (rows !== null || todo.settled !== filesCommitted)) {
    const left = await loader.settle(object, { files: filesCommitted, wholeUntil: todo.wholeUntil }, signal);
    if (rows !== null) rows = left ?? rows;
  }
  if (rows !== null) onEvent({ type: "loaded", object: object.name, table: object.table, rows });
  const failure = refused.length === 0 ? null : refusal(object, loading.run.warehouse.name, refused);
  return { rows, ...work.replaced, refilled, failure };
}

function batchesOf(files: readonly LoadableFile[]): readonly (readonly LoadableFile[])[] {
  const batches: LoadableFile[][] = [];
  let [rows, bytes] = [0, 0];
  for (const file of files) {
    rows += file.rows;
    bytes += file.bytes;
    const last = batches.at(-1);
    const fits = rows <= BATCH_ROWS && bytes <= BATCH_BYTES;
    if (last !== undefined && last.length < BATCH_FILES && fits) last.push(file);
    else {
      batches.push([file]);
      [rows, bytes] = [file.rows, file.bytes];
    }
  }
  return batches;
}

/** Loads an object's batches, and collects what could not be loaded. */
class ObjectLoad {
  /** Rows of the table after the last load, null before. */
  rows: number | null = null;
  /** Of all loads; null if the warehouse cannot tell. */
  replaced: { readonly added: number; readonly changed: number } | null = null;
  readonly refused: RefusedFile[] = [];
  /** Files that a rule of the destination has removed. */
  readonly expired: string[] = [];
  readonly #object: CatalogObject;
  readonly #loading: Loading;

  constructor(object: CatalogObject, loading: Loading) {
    this.#object = object;
    this.#loading = loading;
  }

  /** Returns the keys of the files that were loaded. */
  async loadBatch(batch: readonly LoadableFile[]): Promise<string[]> {
    const copies: Spool[] = [];
    const files: LoadFile[] = [];
    try {
      for (const file of batch) {
        try {
          const { spool, path } = await copyLocally(file, this.#loading);
          copies.push(spool);
          files.push(await loadFileOf(this.#object, file, path));
        } catch (error) {
          const isMissing = error instanceof StorageError && error.code === "storage.missing";
          // Its columns are read from it, and it may be damaged.
          if (!isMissing && !(error instanceof DataError)) throw error;
          if (isMissing && file.mayBeGone) this.expired.push(file.key);
          else this.refused.push({ key: file.key, error });
        }
      }
      return await this.#load(files);
    } finally {
      for (const spool of copies) await spool.discard();
    }
  }

  /** Loads files together, and those of a refused load in halves, so that one bad file of hundreds takes few loads. */
  async #load(files: readonly LoadFile[]): Promise<string[]> {
    const { loader, run } = this.#loading;
    const [first] = files;
    if (first === undefined || this.refused.length >= REFUSED_MAX) return [];
    const { name, table } = this.#object;
    run.onEvent({ type: "loading", object: name, table, files: files.length });
    try {
      const { rows, added, changed } = await loader.load(this.#object, files, run.drain);
      this.rows = rows;
      if (added !== undefined && changed !== undefined) {
        const before = this.replaced ?? { added: 0, changed: 0 };
        this.replaced = { added: before.added + added, changed: before.changed + changed };
      }
      return files.map(({ key }) => key);
    } catch (error) {
      run.drain.throwIfAborted();
      if (!isOfFile(error)) throw error;
      if (files.length === 1) {
        this.refused.push({ key: first.key, error });
        return [];
      }
    }
    const half = Math.ceil(files.length / 2);
    const loaded = await this.#load(files.slice(0, half));
    return [...loaded, ...(await this.#load(files.slice(half)))];
  }
}

/** Failures that would hit every other file too: of the database, its disk, or its table. */
const OF_THE_WAREHOUSE: ReadonlySet<string> = new Set([
  "warehouse.not-a-database",
  "warehouse.folder-missing",
  "warehouse.folder-unwritable",
  "warehouse.not-a-table",
  "warehouse.unit-foreign",
]);

function isOfFile(error: unknown): error is WarehouseError {
  return error instanceof WarehouseError && !error.retryable && !OF_THE_WAREHOUSE.has(error.code);
}

async function loadFileOf(object: CatalogObject, file: LoadableFile, path: string): Promise<LoadFile> {
  const { key, rows, runId, readAt } = file;
  const names = file.columns ?? (await formatOf(key).header(decompressed(key, createReadStream(path)), key));
  const known = allColumns(object);
  const columns = names.map((name): Column => known.find((column) => column.name === name) ?? { name, type: "string" });
  return { key, path, rows, runId, readAt, format: formatOf(key).name, compression: compressionOf(key), columns };
}

/** Judged by the name, because an earlier run may have landed files with another setting. */
function compressionOf(key: string): "none" | "gzip" | "zstd" {
  if (key.endsWith(".gz")) return "gzip";
  return key.endsWith(".zst") ? "zstd" : "none";
}

async function copyLocally(file: LoadableFile, { run }: Loading): Promise<{ spool: Spool; path: string }> {
  const { config, storage, random, drain: signal } = run;
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

/** Files that are named one by one. */
const NAMED_MAX = 5;

/** All files of an object that could not be loaded, as one failure with the code of the first. */
function refusal(object: CatalogObject, warehouse: string, refused: readonly RefusedFile[]): WarehouseError {
  const causes = refused.slice(0, NAMED_MAX).map(({ key, error }) => {
    // The warehouse's message starts with the table and the database; only the cause is kept.
    const lead = `${warehouse}: `;
    const at = error.message.indexOf(lead);
    const cause = at === -1 ? error.message : error.message.slice(at + lead.length);
    return cause.includes(key) ? cause : `${key}: ${cause}`;
  });
  const others = refused.length > NAMED_MAX ? `; and ${refused.length - NAMED_MAX} more` : "";
  const count = refused.length === 1 ? "1 file" : `${refused.length} files`;
  const [first] = refused;
  const advice = first?.error.hint === undefined ? "" : ` ${first.error.hint}`;
  return new WarehouseError(
    `load ${object.table} into ${warehouse}: ${count} could not be loaded: ${causes.join("; ")}${others}`,
    {
      code: first?.error.code ?? "warehouse.file-refused",
      hint: `The other files are loaded, and the next run tries these again.${advice} To give up a file: pardot-etl verify --accept KEY.`,
      cause: first?.error,
    },
  );
}
