import type { ColumnType } from "../../catalog/catalog.ts";
import { lowerCase } from "./database.ts";
import type { Database } from "./database.ts";
import { headerOf, selectText } from "./files.ts";
import { castText, invalidValue, literal, timestampLiteral } from "./sql.ts";
import type { LoadFile } from "../warehouse.ts";
import { Refusal } from "../serve.ts";

/** Temporary table of the files' rows as text, in file and record order, before any check. */
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

/** Reads files into the staging table as text; each must have as many records as its manifest lists. */
export async function stage(
  database: Database,
  columns: readonly StagedColumn[],
  files: readonly LoadFile[],
): Promise<void> {
  const definitions = columns.map(({ staged }) => `${staged} VARCHAR`);
  await database.run(
    `CREATE OR REPLACE TEMP TABLE ${STAGING} (${definitions.join(", ")}, file VARCHAR, run VARCHAR, landed TIMESTAMP)`,
  );
  const stagedName = new Map(columns.map(({ source, staged }) => [lowerCase(source), staged]));
  for (const file of files) {
    await checkHeader(database, file);
    const names = file.columns.map(({ name }) => stagedName.get(lowerCase(name)));
    const run = file.runId === null ? "NULL" : literal(file.runId);
    const own = `${literal(file.key)}, ${run}, ${timestampLiteral(file.readAt)}`;
    const rows = await database.count(
      `INSERT INTO temp.${STAGING} (${names.join(", ")}, file, run, landed) ${selectText(file, own)}`,
    );
    if (rows !== file.rows) {
      throw new Refusal({
        code: "warehouse.rows-differ",
        message: `DuckDB reads ${rows} records in ${file.key}, its manifest has ${file.rows}`,
        hint: "Report it with the file: DuckDB and this tool read it differently.",
      });
    }
  }
}

async function checkHeader(database: Database, file: LoadFile): Promise<void> {
  const header = await headerOf(database, file);
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

/** Refuses a staged value that does not match its column's type, and a record without a key. */
export async function checkValues(
  database: Database,
  key: string,
  columns: readonly StagedColumn[],
  files: readonly LoadFile[],
): Promise<void> {
  const faults = columns.flatMap((column) => {
    const invalid = invalidValue(column.type, column.staged);
    const checks = invalid === null ? [] : [{ column, condition: invalid }];
    if (column.source === key) {
      const isMissing = `coalesce(trim(${castText("string", column.staged)}), '') = ''`;
      checks.push({ column, condition: isMissing });
    }
    return checks;
  });
  const cases = faults.map(({ condition }, index) => `WHEN ${condition} THEN ${index}`);
  const [first] = await database.query(
    // Inside a transaction the ids of new rows begin at a high number.
    `SELECT rowid, rowid - (SELECT MIN(rowid) FROM temp.${STAGING}), CASE ${cases.join(" ")} END AS fault FROM temp.${STAGING} WHERE fault IS NOT NULL ORDER BY rowid LIMIT 1`,
  );
  if (first === undefined) return;
  const column = faults[Number(first[2])]?.column;
  let record = Number(first[1]) + 1;
  const file = files.find(({ rows }) => {
    if (record <= rows) return true;
    record -= rows;
    return false;
  });
  const [value] = await database.query(
    `SELECT left(${column?.staged ?? "NULL"}, 60) FROM temp.${STAGING} WHERE rowid = ${String(first[0])}`,
  );
  const found = JSON.stringify(value?.[0] ?? null);
  const name = column?.source ?? key;
  throw new Refusal({
    code: "warehouse.value-invalid",
    message: `${file?.key ?? "?"} record ${record}: ${name} is ${found}, expected ${column?.type ?? "integer"}`,
    hint: `If Pardot really sends this, override the column's type in the catalog (${name}: string).`,
  });
}
