import type { CommittedConfig } from "../../config/config.ts";
import { ConfigError } from "../../errors.ts";
import { decompressed } from "../../land/landed-file.ts";
import { formatOf } from "../../encode/formats.ts";
import { inLanes } from "../../platform/lanes.ts";
import type { Storage } from "../../storage/storage.ts";
import { isMetadata } from "../../warehouse/ddl/snowflake-tables.ts";
import { lackingColumns, recordsFiles } from "../../warehouse/ddl/snowflake-diff.ts";
import type { CarryingFiles } from "../../warehouse/ddl/snowflake-diff.ts";
import type { DdlObject } from "../../warehouse/ddl/statement.ts";
import { upper } from "../../warehouse/ddl/statement.ts";
import type { Schema, Warehouse } from "../../warehouse/warehouse.ts";
import { readAccepted } from "../../manifest/accepted.ts";
import { committedFiles } from "../committed-files.ts";
import type { Committed } from "../committed-files.ts";
import { closeWarehouse, openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import type { Store } from "../store.ts";

/** What the schema has, and the files that have columns which their tables lack. */
export interface Found {
  readonly found: Schema;
  readonly carrying: ReadonlyMap<string, CarryingFiles>;
}

/** Headers that are read at a time, of files of earlier versions. */
const LANES = 16;

/**
 * Reads the schema, and the manifests if a table lacks columns. Throws `ConfigError` when the warehouse is not Snowflake:
 * this tool adds the columns of DuckDB's tables. Memory: some 300 bytes for each committed file.
 */
export async function findMissing(
  config: CommittedConfig,
  objects: readonly DdlObject[],
  { storage }: Store,
  runtime: Runtime,
): Promise<Found> {
  const { signal } = runtime;
  const warehouse = await openTables(config, runtime);
  try {
    const found = await warehouse.schema(signal);
    if (found === null) throw notSnowflake(config);
    const short = objects.filter((object) => ownColumns(object, found).length > 0 && recordsFiles(object, found));
    const carrying = new Map<string, CarryingFiles>();
    if (short.length === 0) return { found, carrying };
    const committed = await committedFiles(storage, signal);
    const accepted = await readAccepted(storage, signal);
    for (const object of short) {
      const names = new Set(ownColumns(object, found));
      carrying.set(object.name, await carriers(object, names, { committed, accepted, storage, warehouse }, signal));
    }
    return { found, carrying };
  } finally {
    await closeWarehouse(warehouse, runtime.onEvent);
  }
}

/** The columns of an object that its table lacks, without those that name files; none when the table is missing. */
function ownColumns(object: DdlObject, found: Schema): readonly string[] {
  return [...(lackingColumns(object, found) ?? [])].filter((name) => !isMetadata(name));
}

interface Sources {
  readonly committed: Committed;
  /** Keys of files that were written off: they may be damaged, and the table may have their rows from before. */
  readonly accepted: ReadonlySet<string>;
  readonly storage: Storage;
  readonly warehouse: Warehouse;
}

/** The files of an object that count and have one of these columns. */
async function carriers(
  object: DdlObject,
  names: ReadonlySet<string>,
  { committed, accepted, storage, warehouse }: Sources,
  signal: AbortSignal,
): Promise<CarryingFiles> {
  const there = new Set<string>();
  for await (const { key } of storage.list(`${object.name}/`, signal)) there.add(key);
  const inTable = new Set<string>();
  for await (const { file } of warehouse.loadedFiles(object, signal)) if (file !== null) inTable.add(file);
  const counting = [...committed.files].filter(
    ([key, file]) => file.object === object.name && !file.superseded && !accepted.has(key),
  );
  const carrying: string[] = [];
  await inLanes(LANES, counting, async ([key, { columns: fingerprint }]) => {
    const known = fingerprint === null ? undefined : committed.columns.get(fingerprint);
    const columns = known ?? (there.has(key) ? await headerOf(storage, key, signal) : []);
    if (columns.some((name) => names.has(upper(name)))) carrying.push(key);
  });
  const loaded = carrying.filter((key) => there.has(key) && inTable.has(key)).toSorted();
  return {
    loaded: loaded.map((key) => key.slice(object.name.length + 1)),
    gone: carrying.filter((key) => !there.has(key) && inTable.has(key)).length,
  };
}

async function headerOf(storage: Storage, key: string, signal: AbortSignal): Promise<readonly string[]> {
  return formatOf(key).header(decompressed(key, storage.open(key, signal)), key);
}

function notSnowflake({ etl: { warehouse } }: CommittedConfig): ConfigError {
  const expected = "snowflake: only its tables are compared; those of DuckDB get new columns by themselves";
  return new ConfigError(
    "compare the tables: there is no Snowflake",
    [{ path: "PARDOT_ETL_WAREHOUSE", value: warehouse.kind, expected }],
    {
      code: "config.diff-without-snowflake",
      hint: "Set PARDOT_ETL_WAREHOUSE=snowflake and the login, or leave --diff out.",
    },
  );
}
