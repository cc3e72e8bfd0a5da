import type { Column } from "../../catalog/catalog.ts";
import type { FormatName } from "../../encode/encoder.ts";

/** One SQL statement, or one file of another language (`sources`). */
export interface Statement {
  /** `file format`, `stage`, `table`, `column`, `pipe`, `view` and so on. */
  readonly kind: string;
  /** Name of the thing that it creates or changes. */
  readonly name: string;
  /** The object whose files it loads, for a pipe of one. */
  readonly object?: string;
  /** Without a semicolon at its end. */
  readonly sql: string;
  /** Printed above it as a comment. */
  readonly note?: string;
}

/** How deleted records of an object are known in its view. */
export type Deletes =
  /** By its column `is_deleted`. */
  | { readonly by: "column" }
  /** By the table of the object that holds the deleted records, with `updated_at`. */
  | { readonly by: "table"; readonly table: string; readonly key: string }
  /** Every reading is of the whole: a record that the newest one lacks is gone. */
  | { readonly by: "whole" };

/** What SQL for the table of one object needs. */
export interface DdlObject {
  /** The folder of its files. */
  readonly name: string;
  readonly table: string;
  readonly key: string;
  readonly watermark: string | null;
  /** The core columns, then the custom ones in the order in which they were first seen. */
  readonly columns: readonly Column[];
  /** How many of them are core columns. */
  readonly core: number;
  /** IANA name: the zone of its timestamps. */
  readonly zone: string;
  readonly api: "v4" | "v5";
  /** Whether exports read it, so that its CSV files are as Pardot writes them. */
  readonly isExported: boolean;
  /** Null: deletions are not seen. */
  readonly deletes: Deletes | null;
  /** Formats of its files in the destination; none while no run has committed a file. */
  readonly formats: readonly FormatName[];
}

/** A Snowflake name that needs no quotes. Its prefix keeps it from being a reserved word. */
const PLAIN = /^PARDOT_[A-Z0-9_]+$/;

/**
 * A name for Snowflake, in quotes, because custom fields may be called `ORDER` or `A-B`. In upper case, as names without
 * quotes are kept. Other letters than A to Z stay as they are, so that they equal those in a file's header.
 */
export function quoted(name: string): string {
  return `"${upper(name).replaceAll('"', '""')}"`;
}

/** A table's name for Snowflake: without quotes where it needs none. */
export function tableName(name: string): string {
  return PLAIN.test(upper(name)) ? upper(name) : quoted(name);
}

export function upper(name: string): string {
  return name.replaceAll(/[a-z]/g, (letter) => letter.toUpperCase());
}

/** A text for Snowflake, where a backslash begins an escape. */
export function text(value: string): string {
  return `'${value.replaceAll("\\", "\\\\").replaceAll("'", "''")}'`;
}

/** The script: each statement with its note, ended by a semicolon. Columns stand together below their table. */
export function script(head: readonly string[], statements: readonly Statement[]): string {
  const parts = statements.map(({ kind, sql, note }, at) => {
    const gap = kind === "column" && statements[at - 1]?.kind === "column" ? "" : "\n";
    return `${gap}${note === undefined ? "" : comment(note)}${sql};\n`;
  });
  return [...head.map(comment), ...parts].join("");
}

function comment(line: string): string {
  return line === "" ? "--\n" : `-- ${line.replaceAll(/\s+/g, " ")}\n`;
}
