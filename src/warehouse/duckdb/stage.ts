import type { ColumnType } from "../../catalog/catalog.ts";
import { FORMATS } from "../../encode/formats.ts";
import { readSpool } from "../../land/landed-file.ts";
import { lowerCase } from "./database.ts";
import type { Database } from "./database.ts";
import { alikeFiles, selectText } from "./files.ts";
import { castText, invalidValue, sqlType } from "./sql.ts";
import type { LoadFile } from "../warehouse.ts";
import { Refusal } from "../serve.ts";

/**
 * Temporary table of the files' rows, in file and record order: their values, `file` (the place of their file), and `fault`
 * (the place of the first column whose text does not match its type; null if there is none).
 */
export const STAGING = "_pardot_etl_staging";

/**
 * A column to load. It has a neutral name in the staging table, because a custom field may have any name, such as
 * `rowid`, which DuckDB's own statements need.
 */
export interface StagedColumn {
  /** Its name in files. */
  readonly source: string;
  /** Its name in the table. */
  readonly name: string;
  readonly type: ColumnType;
  /** Whether its values are hashes. */
  readonly isHashed: boolean;
  /** Its name in the staging table. */
  readonly staged: string;
}

/** Reads files into the staging table, each once, and refuses them unless they are as committed. */
export async function stage(
  database: Database,
  key: string,
  columns: readonly StagedColumn[],
  files: readonly LoadFile[],
): Promise<void> {
  const definitions = columns.map(({ staged, type }) => `${staged} ${sqlType(type)}`);
  await database.run(
    `CREATE OR REPLACE TEMP TABLE ${STAGING} (file INTEGER, fault INTEGER, ${definitions.join(", ")})`,
  );
  let place = 0;
  for (const group of alikeFiles(files)) {
    const found = inFile(columns, group[0]);
    const names = found.map(({ staged }) => staged);
    const values = found.map(({ type, staged }) => castText(type, staged));
    await database.run(
      `INSERT INTO temp.${STAGING} (file, fault, ${names.join(", ")}) SELECT ${place} + file, ${faultOf(key, columns, found)}, ${values.join(", ")} FROM (${selectText(group, names)})`,
    );
    place += group.length;
  }
  for (const file of files) await checkHeader(file);
  await checkRows(database, files);
  await checkValues(database, columns, files);
}

/** The columns of a file, in its order. */
function inFile(columns: readonly StagedColumn[], file: LoadFile): readonly StagedColumn[] {
  const bySource = new Map(columns.map((column) => [lowerCase(column.source), column]));
  return file.columns.flatMap(({ name }) => bySource.get(lowerCase(name)) ?? []);
}

/** The place of the first column whose text does not match its type, or of the key if it is blank; else null. */
function faultOf(key: string, columns: readonly StagedColumn[], found: readonly StagedColumn[]): string {
  const cases = columns.flatMap((column, place) => {
    const { type, staged, source } = column;
    const isMissing = found.includes(column) ? `coalesce(trim(${staged}), '') = ''` : "true";
    const conditions = [found.includes(column) ? invalidValue(type, staged) : null, source === key ? isMissing : null];
    return conditions.flatMap((condition) => (condition === null ? [] : `WHEN ${condition} THEN ${place}`));
  });
  return cases.length === 0 ? "NULL" : `CASE ${cases.join(" ")} END`;
}

async function checkHeader(file: LoadFile): Promise<void> {
  // A file of JSON Lines has the names in its records.
  if (file.format === "jsonl" && file.rows === 0) return;
  const header = await FORMATS[file.format].header(readSpool(file.path, file.compression), file.key);
  const names = file.columns.map(({ name }) => name);
  // The order of names in JSON means nothing.
  const [found, wanted] = [header, names].map((list) => (file.format === "jsonl" ? list.toSorted() : list));
  if (JSON.stringify(found) === JSON.stringify(wanted)) return;
  throw new Refusal({
    code: "warehouse.header-differs",
    message: `${file.key} has the columns ${header.join(", ")}, expected ${names.join(", ")}`,
    hint: "This is not the file that was committed under this name.",
  });
}

/** Refuses a file with another number of records than its manifest lists. */
async function checkRows(database: Database, files: readonly LoadFile[]): Promise<void> {
  const counts = await database.query(`SELECT file, COUNT(*) FROM temp.${STAGING} GROUP BY file`);
  const found = new Map(counts.map(([file, rows]) => [Number(file), Number(rows)]));
  for (const [place, file] of files.entries()) {
    const rows = found.get(place) ?? 0;
    if (rows === file.rows) continue;
    throw new Refusal({
      code: "warehouse.rows-differ",
      message: `DuckDB reads ${rows} records in ${file.key}, its manifest has ${file.rows}`,
      hint: "Report it with the file: DuckDB and this tool read it differently.",
    });
  }
}

/** Refuses a staged value that does not match its column's type, and a record without a key. */
async function checkValues(
  database: Database,
  columns: readonly StagedColumn[],
  files: readonly LoadFile[],
): Promise<void> {
  const [first] = await database.query(
    `SELECT file, fault, rowid FROM temp.${STAGING} WHERE fault IS NOT NULL ORDER BY rowid LIMIT 1`,
  );
  if (first === undefined) return;
  const [place = 0, fault = 0] = first.map(Number);
  const [file, column] = [files[place], columns[fault]];
  if (file === undefined || column === undefined) throw new Error("the staging table names no file and column");
  // Inside a transaction the ids of new rows begin at a high number.
  const record = await database.count(
    `SELECT COUNT(*) FROM temp.${STAGING} WHERE file = ${place} AND rowid <= ${String(first[2])}`,
  );
  const names = inFile(columns, file).map(({ staged }) => staged);
  const text = names.includes(column.staged) ? `left(${column.staged}, 60)` : "NULL";
  const [value] = await database.query(
    `SELECT ${text} FROM (${selectText([file], names)}) LIMIT 1 OFFSET ${record - 1}`,
  );
  const found = JSON.stringify(value?.[0] ?? null);
  throw new Refusal({
    code: "warehouse.value-invalid",
    message: `${file.key} record ${record}: ${column.source} is ${found}, expected ${column.type}`,
    hint: `If Pardot really sends this, override the column's type in the catalog (${column.source}: string).`,
  });
}
