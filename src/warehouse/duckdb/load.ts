import type { Column } from "../../catalog/catalog.ts";
import { foreignRows, forgetTable, prepareBook, recordLoads, recordRows, unloaded } from "./book.ts";
import { lowerCase } from "./database.ts";
import type { Database } from "./database.ts";
import type { LoadInput } from "./protocol.ts";
import { identifier, LANDED_COLUMN, literal, LOADS, OWN_COLUMNS, sqlType, timestampLiteral } from "./sql.ts";
import { stage, STAGING } from "./stage.ts";
import type { StagedColumn } from "./stage.ts";
import type { LoadedRows, LoadFile } from "../warehouse.ts";
import { Refusal } from "../serve.ts";

/**
 * Loads files in one transaction: all or nothing. A row replaces the row with the same key unless that row was read
 * later; of two read at the same time, the later file wins, and within a file the later record. The time of reading
 * decides, not the watermark: local time runs backwards when summer ends. Skips files that the database already has.
 */
export async function load(database: Database, input: LoadInput): Promise<Required<LoadedRows>> {
  const { table, key } = input;
  return database.inTransaction(async () => {
    await prepareBook(database, input.unit);
    const pending = await notLoaded(database, input);
    const columns = allColumns(input.columns, pending);
    await prepareTable(database, table, columns);
    const foreign = await foreignRows(database, table);
    let replaced: Replaced = { added: 0, changed: 0 };
    if (pending.length > 0) {
      await stage(database, key, columns, pending);
      replaced = await replaceRows(database, input, columns, pending);
      await recordLoads(database, table, pending);
      await database.run(`DROP TABLE temp.${STAGING}`);
    }
    return { rows: await recordRows(database, table, foreign, null), ...replaced };
  });
}

/** Creates the table, or adds the columns that it lacks. */
async function prepareTable(database: Database, table: string, columns: readonly StagedColumn[]): Promise<void> {
  const present = await database.columnTypes(table);
  const wanted = [...columns.map(({ name, type }) => [name, sqlType(type)] as const), ...OWN_COLUMNS];
  if (present.size === 0) {
    const definitions = wanted.map(([name, type]) => `${identifier(name)} ${type}`);
    await database.run(`CREATE TABLE ${identifier(table)} (${definitions.join(", ")})`);
    await forgetTable(database, table);
    return;
  }
  const views = `SELECT 1 FROM duckdb_views() WHERE schema_name = 'main' AND lower(view_name) = ${literal(lowerCase(table))}`;
  if ((await database.query(views)).length > 0) {
    throw new Refusal({
      code: "warehouse.not-a-table",
      message: `${table} is a view`,
      hint: "Give the view another name: the next run creates the table and loads its files.",
    });
  }
  for (const [name, type] of wanted) {
    if (present.has(lowerCase(name))) continue;
    await database.run(`ALTER TABLE ${identifier(table)} ADD COLUMN ${identifier(name)} ${type}`);
  }
  // Earlier values were numbers or times; a hash is text.
  const hashed = columns.filter(({ isHashed, name }) => isHashed && present.has(lowerCase(name)));
  for (const { name } of hashed.filter((column) => present.get(lowerCase(column.name)) !== "VARCHAR")) {
    await database.run(`ALTER TABLE ${identifier(table)} ALTER COLUMN ${identifier(name)} SET DATA TYPE VARCHAR`);
  }
}

/**
 * The catalog's columns, then those that only files have, in the order of their first file. A field with the name of a
 * column of our own gets another name.
 */
function allColumns(known: readonly Column[], files: readonly LoadFile[]): readonly StagedColumn[] {
  const columns = new Map<string, Column>();
  for (const column of [...known, ...files.flatMap((file) => file.columns)]) {
    if (!columns.has(lowerCase(column.name))) columns.set(lowerCase(column.name), column);
  }
  const own = new Set(OWN_COLUMNS.map(([name]) => name));
  return [...columns.values()].map(({ name, type, hashed }, index) => ({
    source: name,
    name: own.has(lowerCase(name)) ? `${name}_field` : name,
    type,
    isHashed: hashed !== undefined,
    staged: `c${index}`,
  }));
}

/** The files that are not in the table yet, each once, in the order of their reading. */
async function notLoaded(database: Database, { table, files }: LoadInput): Promise<readonly LoadFile[]> {
  const offered = new Map(files.map((file) => [file.key, file]));
  const keys = new Set(await unloaded(database, { table, keys: [...offered.keys()] }));
  return [...offered.values()]
    .filter(({ key }) => keys.has(key))
    .toSorted((a, b) => (a.readAt ?? -Infinity) - (b.readAt ?? -Infinity) || 0);
}

type Replaced = Pick<Required<LoadedRows>, "added" | "changed">;

/**
 * Replaces the rows with the staged keys by the staged rows, except where they were read later. Each statement reads the
 * table once, however many files there are.
 */
async function replaceRows(
  database: Database,
  { table: tableName, key: keyName, watermark }: LoadInput,
  columns: readonly StagedColumn[],
  files: readonly LoadFile[],
): Promise<Replaced> {
  const table = identifier(tableName);
  const key = `t.${identifier(keyName)}`;
  const stagedKey = `s.${columns.find(({ source }) => source === keyName)?.staged ?? "NULL"}`;
  const staging = `temp.${STAGING} s`;
  // Few keys come twice in one load, so that this is quicker than a mark on every row.
  const last = `(SELECT ${stagedKey} AS id, MAX(s.rowid) AS last FROM ${staging} GROUP BY id HAVING COUNT(*) > 1) d`;
  await database.run(`DELETE FROM ${staging} USING ${last} WHERE ${stagedKey} = d.id AND s.rowid < d.last`);
  const landed = ofFile(files, ({ readAt }) => timestampLiteral(readAt));
  const file = ofFile(files, (one) => literal(one.key));
  const run = ofFile(files, ({ runId }) => (runId === null ? "NULL::VARCHAR" : literal(runId)));
  // The first load of a table has nothing to replace.
  const isEmpty = (await database.query(`SELECT 1 FROM ${table} LIMIT 1`)).length === 0;
  let replaced: Replaced | null = null;
  if (!isEmpty) {
    if (await mayBeOlder(database, tableName, files)) {
      const isOlder = `t.${LANDED_COLUMN} > coalesce(${landed}, '-infinity'::TIMESTAMP)`;
      await database.run(`DELETE FROM ${staging} USING ${table} t WHERE ${key} = ${stagedKey} AND ${isOlder}`);
    }
    replaced = await countReplaced(database, { table, key, stagedKey }, marksOf(columns, watermark));
    await database.run(`DELETE FROM ${table} t WHERE ${key} IN (SELECT ${stagedKey} FROM ${staging})`);
  }
  const names = [...columns.map(({ name }) => name), ...OWN_COLUMNS.map(([name]) => name)].map(identifier);
  const values = [...columns.map(({ staged }) => `s.${staged}`), file, run, landed];
  const inserted = await database.count(
    `INSERT INTO ${table} (${names.join(", ")}) SELECT ${values.join(", ")} FROM ${staging}`,
  );
  return replaced ?? { added: inserted, changed: 0 };
}

/**
 * A value of the staged row's file. A join with a table of the files would change the order of the rows, and the table
 * would take twice the room.
 */
function ofFile(files: readonly LoadFile[], value: (file: LoadFile) => string): string {
  return `[${files.map(value).join(", ")}][s.file + 1]`;
}

/** The columns that show whether a row is another version: its watermark or, without one, all. */
function marksOf(columns: readonly StagedColumn[], watermark: string | null): readonly StagedColumn[] {
  const marks = columns.filter(({ source }) => source === watermark);
  return marks.length === 0 ? columns : marks;
}

/** How many staged rows have a new key, and how many are another version of the table's row. */
async function countReplaced(
  database: Database,
  { table, key, stagedKey }: { readonly table: string; readonly key: string; readonly stagedKey: string },
  marks: readonly StagedColumn[],
): Promise<Replaced> {
  // As text: a table may have a column of another type.
  const ofTable = marks.map(({ name }) => `t.${identifier(name)}::VARCHAR`).join(", ");
  const ofStaged = marks.map(({ staged }) => `s.${staged}::VARCHAR`).join(", ");
  const [row = []] = await database.query(
    [
      `SELECT COUNT(*) FILTER (WHERE o.id IS NULL), COUNT(*) FILTER (WHERE o.id IS NOT NULL AND o.mark <> hash(${ofStaged}))`,
      `FROM temp.${STAGING} s LEFT JOIN (SELECT ${key} AS id, hash(${ofTable}) AS mark FROM ${table} t) o ON o.id = ${stagedKey}`,
    ].join(" "),
  );
  return { added: Number(row[0]), changed: Number(row[1]) };
}

/** Whether the table may have rows that were read later than one of these files. */
async function mayBeOlder(database: Database, table: string, files: readonly LoadFile[]): Promise<boolean> {
  const oldest = Math.min(...files.map(({ readAt }) => readAt ?? -Infinity));
  const [row] = await database.query(
    `SELECT epoch_ms(MAX(read_at)) FROM ${LOADS} WHERE table_name = ${literal(table)}`,
  );
  const newest = row?.[0] ?? null;
  return newest !== null && Number(newest) > oldest;
}
