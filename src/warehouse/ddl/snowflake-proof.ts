import { MANIFESTS } from "./snowflake-load.ts";
import { WHOLE } from "./snowflake-tables.ts";
import type { DdlObject, Statement } from "./statement.ts";
import { tableName, text, upper } from "./statement.ts";

/** Views that compare what was committed, by the manifests, with what the tables hold, by the file of each row. */

const COMMITTED = "PARDOT_ETL_COMMITTED";
export const LOADED = "PARDOT_ETL_LOADED";
export const RECONCILIATION = "PARDOT_ETL_RECONCILIATION";

function proofView(name: string, body: string): Statement {
  return { kind: "view", name, sql: `CREATE OR REPLACE VIEW ${name} COPY GRANTS AS\n${body}` };
}

/** The files of all manifests. Its name alone identifies a file, whatever a loader puts before it. */
function committed(objects: readonly DdlObject[]): Statement {
  const renamed = objects
    .filter(({ name, table }) => upper(table) !== `PARDOT_${upper(name)}`)
    .map(({ name, table }) => `WHEN ${text(name)} THEN ${text(upper(table))} `);
  const folder = `SPLIT_PART(F.VALUE['key']::VARCHAR, '/', 1)`;
  const usual = `'PARDOT_' || UPPER(${folder})`;
  // Files that an earlier run left just before its end are in no object of a manifest: a table may lack them.
  const left = renamed.length === 0 ? usual : `CASE ${folder} ${renamed.join("")}ELSE ${usual} END`;
  const columns = (table: string, isOptional: string): string =>
    [
      `    SELECT UPPER(${table}) AS TABLE_NAME, F.VALUE['key']::VARCHAR AS FILE_KEY, F.VALUE['rows']::NUMBER AS FILE_ROWS,`,
      `      F.VALUE['sha256']::VARCHAR AS SHA256, M.MANIFEST['run_id']::VARCHAR AS RUN_ID,`,
      `      M.MANIFEST['finished_at']::TIMESTAMP_NTZ AS FINISHED_AT, ${isOptional} AS IS_LEFT`,
    ].join("\n");
  return proofView(
    COMMITTED,
    [
      "  SELECT TABLE_NAME, SPLIT_PART(FILE_KEY, '/', -1) AS FILE_NAME, FILE_KEY, MAX(FILE_ROWS) AS ROWS_COMMITTED,",
      "    MAX(SHA256) AS SHA256, MIN(RUN_ID) AS RUN_ID, MIN(FINISHED_AT) AS COMMITTED_AT, MIN(IS_LEFT) = 1 AS IS_OPTIONAL",
      "  FROM (",
      columns("O.VALUE['table']::VARCHAR", "0"),
      `    FROM ${MANIFESTS} AS M, LATERAL FLATTEN(INPUT => M.MANIFEST['objects']) AS O, LATERAL FLATTEN(INPUT => O.VALUE['files']) AS F`,
      "    UNION ALL",
      columns(left, "1"),
      `    FROM ${MANIFESTS} AS M, LATERAL FLATTEN(INPUT => M.MANIFEST['left_files']) AS F`,
      "  ) AS N GROUP BY TABLE_NAME, FILE_KEY",
    ].join("\n"),
  );
}

function loaded(objects: readonly DdlObject[]): Statement {
  const branches = objects.map(({ table }) =>
    [
      `  SELECT ${text(upper(table))} AS TABLE_NAME, SPLIT_PART("_PARDOT_ETL_FILE", '/', -1) AS FILE_NAME, COUNT(*) AS ROWS_LOADED,`,
      `    MIN("_PARDOT_ETL_LANDED_AT") AS LANDED_AT, MAX("_PARDOT_ETL_LOADED_AT") AS LOADED_AT FROM ${tableName(table)} GROUP BY 1, 2`,
    ].join("\n"),
  );
  return proofView(LOADED, branches.join("\n  UNION ALL\n"));
}

function reconciliation(): Statement {
  return proofView(
    RECONCILIATION,
    [
      "  SELECT COALESCE(C.TABLE_NAME, L.TABLE_NAME) AS TABLE_NAME, COALESCE(C.FILE_NAME, L.FILE_NAME) AS FILE_NAME,",
      "    C.RUN_ID, C.COMMITTED_AT, L.LANDED_AT, L.LOADED_AT, C.ROWS_COMMITTED, L.ROWS_LOADED,",
      // A file without rows leaves no trace in a table.
      "    CASE WHEN L.ROWS_LOADED IS NULL AND C.ROWS_COMMITTED = 0 THEN 'exactly once'",
      "      WHEN L.ROWS_LOADED IS NULL THEN 'missing'",
      "      WHEN L.FILE_NAME IS NULL THEN 'before files were recorded'",
      "      WHEN C.FILE_NAME IS NULL THEN 'not committed yet'",
      "      WHEN L.ROWS_LOADED = C.ROWS_COMMITTED THEN 'exactly once'",
      "      WHEN MOD(L.ROWS_LOADED, NULLIF(C.ROWS_COMMITTED, 0)) = 0 THEN 'loaded again' ELSE 'differs' END AS STATE",
      `  FROM ${COMMITTED} AS C FULL OUTER JOIN ${LOADED} AS L ON L.TABLE_NAME = C.TABLE_NAME AND L.FILE_NAME = C.FILE_NAME`,
      "  WHERE NOT (COALESCE(C.IS_OPTIONAL, FALSE) AND L.ROWS_LOADED IS NULL)",
    ].join("\n"),
  );
}

/**
 * Up to when an object is read whole and loaded whole: the greatest end of a window that some manifest commits without a
 * rest and whose files are all loaded. The end of a window is in the names of its files, also if several runs read it.
 */
function whole(): Statement {
  return proofView(
    WHOLE,
    [
      "  SELECT TABLE_NAME, MAX(WINDOW_END) AS UNTIL FROM (",
      "    SELECT E.TABLE_NAME, E.WINDOW_END FROM (",
      "      SELECT UPPER(O.VALUE['table']::VARCHAR) AS TABLE_NAME, REPLACE(REPLACE(W.VALUE['to']::VARCHAR, '-', ''), ':', '') AS WINDOW_END",
      `      FROM ${MANIFESTS} AS M, LATERAL FLATTEN(INPUT => M.MANIFEST['objects']) AS O, LATERAL FLATTEN(INPUT => O.VALUE['windows']) AS W`,
      "      WHERE W.VALUE['field']::VARCHAR IS NULL AND W.VALUE['through_id']::VARCHAR IS NULL AND W.VALUE['through_time']::VARCHAR IS NULL",
      `    ) AS E LEFT JOIN ${RECONCILIATION} AS R ON R.TABLE_NAME = E.TABLE_NAME AND SPLIT_PART(R.FILE_NAME, '_', 4) = E.WINDOW_END`,
      "    GROUP BY E.TABLE_NAME, E.WINDOW_END",
      "    HAVING SUM(CASE WHEN R.STATE IN ('missing', 'differs', 'not committed yet') THEN 1 ELSE 0 END) = 0",
      "  ) AS H GROUP BY TABLE_NAME",
    ].join("\n"),
  );
}

export const PROOF_VIEWS: readonly string[] = [COMMITTED, LOADED, RECONCILIATION, WHOLE];

/** In the order in which they need each other. */
export function proofViews(objects: readonly DdlObject[]): readonly Statement[] {
  return [committed(objects), loaded(objects), reconciliation(), whole()];
}
