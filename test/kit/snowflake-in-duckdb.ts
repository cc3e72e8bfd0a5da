import { readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import type { DuckDBConnection } from "@duckdb/node-api";
import { Dialect, parse, transpile } from "@polyglot-sql/sdk";

/** What `ddl --json` prints of a statement. */
export interface Printed {
  readonly kind: string;
  readonly name: string;
  readonly sql: string;
}

/** Why a Snowflake parser refuses a statement; null if it does not. Options that it keeps as text are not looked into. */
export function refusal({ kind, sql }: Printed): string | null {
  // The parser does not know that a procedure may keep its grants.
  const known = kind === "procedure" ? sql.replace(" COPY GRANTS ", " ") : sql;
  const inner = kind === "pipe" ? [sql.slice(sql.indexOf("COPY INTO"))] : kind === "procedure" ? copies(sql) : [];
  for (const each of [known, ...inner]) {
    const parsed = parse(each, Dialect.Snowflake);
    if (!parsed.success) return `${each}: ${parsed.error ?? ""}`;
  }
  return null;
}

function copies(sql: string): readonly string[] {
  return [...sql.matchAll(/COPY INTO[^;]*/g)].map(([copy]) => copy);
}

/** A statement of Snowflake's in DuckDB's words. Throws if it cannot be translated. */
export function inDuckdb(sql: string): string {
  const { success, error, sql: translated } = transpile(sql, Dialect.Snowflake, Dialect.DuckDB);
  if (!success) throw new Error(`${sql}: ${String(error)}`);
  return (
    (translated ?? [])
      .join("; ")
      .replace(" COPY GRANTS ", " ")
      // Grants, kinds of timestamps and FLATTEN do not exist here, and text in JSON keeps its quotes.
      .replaceAll(/TIMESTAMPNTZ(?:\(\d\))?/g, "TIMESTAMP")
      .replaceAll("TIMESTAMPLTZ", "TIMESTAMPTZ")
      .replaceAll(" VARIANT", " JSON")
      .replaceAll(/CAST\((\w+\.\w+)\['(\w+)'\] AS TEXT\)/g, "($1 ->> '$.$2')")
      .replaceAll(/(\w+\.\w+)\['(\w+)'\]/g, "($1 -> '$.$2')")
      .replaceAll(
        /LATERAL UNNEST\(INPUT => (.*?)\) AS (\w+)\(SEQ, KEY, PATH, INDEX, VALUE, THIS\)/g,
        "LATERAL (SELECT UNNEST(CAST($1 AS JSON[])) AS VALUE) AS $2",
      )
  );
}

/** Raw tables and views as Snowflake would have them, in memory, and a stand-in for the loading. */
export class SnowflakeInDuckdb {
  readonly #connection: DuckDBConnection;
  /** Tables whose file format takes quoted empty texts as null. */
  readonly #blankIsNull = new Set<string>();
  readonly #close: () => void;

  private constructor(connection: DuckDBConnection, close: () => void) {
    this.#connection = connection;
    this.#close = close;
  }

  static async open(): Promise<SnowflakeInDuckdb> {
    const instance = await DuckDBInstance.create(":memory:");
    const connection = await instance.connect();
    return new SnowflakeInDuckdb(connection, () => {
      connection.closeSync();
      instance.closeSync();
    });
  }

  /** Runs what creates tables, columns and views, in order; the rest has no meaning here. */
  async run(statements: readonly Printed[]): Promise<void> {
    for (const { kind, sql } of statements) {
      const table =
        kind === "pipe" && sql.includes("'PARDOT_ETL_EXPORT_CSV'") ? /COPY INTO (\w+)/.exec(sql)?.[1] : null;
      if (typeof table === "string") this.#blankIsNull.add(table);
      if (kind === "table" || kind === "column" || kind === "view") await this.query(inDuckdb(sql));
    }
  }

  /** As it is, without translation. */
  async query(sql: string): Promise<Record<string, unknown>[]> {
    try {
      const reader = await this.#connection.runAndReadAll(sql);
      return reader.getRowObjects();
    } catch (error) {
      throw new Error(`${sql.slice(0, 3000)}: ${String(error)}`, { cause: error });
    }
  }

  /** Loads a landed file of an object as COPY does: by the names of its header. `landedAt`: default as it is. */
  async load(table: string, data: string, key: string, landedAt?: string): Promise<void> {
    const path = join(data, key);
    const { mtimeMs } = await stat(path);
    const landed = landedAt ?? new Date(mtimeMs).toISOString().replace("T", " ").replace("Z", "");
    await this.query(
      `INSERT INTO ${table} BY NAME SELECT *, 'prefix/${key}' AS _PARDOT_ETL_FILE, row_number() OVER () + 1 AS _PARDOT_ETL_ROW, TIMESTAMP '${landed}' AS _PARDOT_ETL_LANDED_AT, now() AS _PARDOT_ETL_LOADED_AT FROM read_csv('${path}', header = true, all_varchar = true, delim = ',', quote = '"', escape = '"', nullstr = '', allow_quoted_nulls = ${String(this.#blankIsNull.has(table))}, parallel = false, strict_mode = true)`,
    );
  }

  /** Loads the manifests that are not loaded yet. */
  async loadManifests(data: string): Promise<void> {
    const runs = await readdir(join(data, "_pardot_etl/runs"));
    for (const run of runs) {
      const path = join(data, "_pardot_etl/runs", run, "manifest.json");
      await this.query(
        `INSERT INTO PARDOT_ETL_MANIFESTS SELECT content::JSON, '${run}', now()::TIMESTAMP, now() FROM read_text('${path}') WHERE '${run}' NOT IN (SELECT _PARDOT_ETL_FILE FROM PARDOT_ETL_MANIFESTS)`,
      );
    }
  }

  close(): void {
    this.#close();
  }
}
