import { lowerCase } from "./database.ts";
import type { Database } from "./database.ts";
import type { Input } from "./protocol.ts";
import { identifier, literal, ZERO_DATE } from "./sql.ts";
import { NO_TABLE } from "../warehouse.ts";
import type { TableState } from "../warehouse.ts";
import { Refusal } from "../serve.ts";

/**
 * State of a table, with the watermark as text, so that no session zone moves it. A DuckDB timestamp may be infinite,
 * before the year 1 or after 9999, which a watermark cannot be: such values are left out and reported.
 */
export async function tableState(
  database: Database,
  { table, watermark, now }: Input<"tableState">,
): Promise<TableState> {
  const columns = await database.columnTypes(table);
  if (columns.size === 0) return NO_TABLE;
  const name = identifier(table);
  if (watermark === null) {
    return { exists: true, hasRows: (await database.countRows(table)) > 0, watermark: null, future: null };
  }
  const column = identifier(watermark);
  const isText = columns.get(lowerCase(watermark)) === "VARCHAR";
  const time = isText
    ? `CASE WHEN trim(${column}) = '' OR ${column} LIKE ${literal(ZERO_DATE)} THEN NULL ELSE ${column}::TIMESTAMP END`
    : `${column}::TIMESTAMP`;
  const limit = `TIMESTAMP ${literal(now)} + INTERVAL '999 milliseconds'`;
  const sql = [
    "SELECT COUNT(*) > 0,",
    `strftime(MAX(time) FILTER (WHERE time >= TIMESTAMP '0001-01-01' AND time <= ${limit}), '%Y-%m-%d %H:%M:%S'),`,
    `(MAX(time) FILTER (WHERE time > ${limit}))::VARCHAR,`,
    "COUNT(*) FILTER (WHERE time < TIMESTAMP '0001-01-01')",
    `FROM (SELECT ${time} AS time FROM ${name})`,
  ];
  const [row = []] = await database.query(sql.join(" ")).catch((error: unknown) => {
    throw isConversion(error) ? unreadable(table, watermark) : error;
  });
  const [hasRows, newest, future, ancient] = row;
  const state = {
    exists: true,
    hasRows: hasRows === true,
    watermark: (newest ?? null) as string | null,
    future: (future ?? null) as string | null,
  };
  if (Number(ancient) === 0) return state;
  return {
    ...state,
    warning: {
      code: "warehouse.watermark-ancient",
      message: `${watermark} of ${table} is before the year 1 in ${String(ancient)} rows, which do not count for the start of the range`,
    },
  };
}

function isConversion(error: unknown): boolean {
  return error instanceof Error && /^(?:Conversion|Invalid Input) Error/.test(error.message);
}

function unreadable(table: string, watermark: string): Refusal {
  return new Refusal({
    // DuckDB's own message quotes a value of the table.
    code: "warehouse.watermark-unreadable",
    message: `${watermark} of ${table} contains text that is not a time`,
    hint: `Correct the rows whose ${watermark} is not a time, or make the column TIMESTAMP.`,
  });
}

/** Ids in one page. */
const PAGE = 5000;

/** Each id in `group` above `after` with the least id in `value`, least group first. */
export async function leastBy(
  database: Database,
  { table, group, value, after }: Input<"leastBy">,
): Promise<readonly (readonly [string, string])[]> {
  const columns = await database.columnTypes(table);
  if (!columns.has(lowerCase(group)) || !columns.has(lowerCase(value))) return [];
  const [id, other] = [idNumber(group), idNumber(value)];
  const above = after === null ? `${id} IS NOT NULL` : `${id} > ${literal(after)}::BIGINT`;
  return (await database.query(
    `SELECT ${id}::VARCHAR, MIN(${other})::VARCHAR FROM ${identifier(table)} WHERE ${other} IS NOT NULL AND ${above} GROUP BY ${id} ORDER BY ${id} LIMIT ${PAGE}`,
  )) as readonly (readonly [string, string])[];
}

/** An id as a number, also where an operator made the column text: as text, 9 would be greater than 10. */
function idNumber(column: string): string {
  return `TRY_CAST(${identifier(column)} AS BIGINT)`;
}
