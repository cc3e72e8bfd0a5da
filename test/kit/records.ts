import { parse } from "csv-parse/sync";

/** A record as text, by column. */
export type Cells = Readonly<Record<string, string | null>>;

export interface Records {
  readonly header: readonly string[];
  readonly records: readonly Cells[];
}

/** Texts whose records are kept: simulated accounts are much the same, so most files of a test were read before. */
const KEPT_MAX = 64;
const kept = new Map<string, Records>();

/**
 * Records of a CSV text by a strict third-party reader: every record has every column, nothing is trimmed; an unquoted
 * empty field is null, a quoted one the empty string. Throws on anything else.
 */
export function readStrictly(text: string): Records {
  const known = kept.get(text);
  if (known !== undefined) return known;
  const [header = [], ...rows] = parse(text, {
    relax_column_count: false,
    relax_quotes: false,
    skip_empty_lines: false,
    cast: (value, context) => (value === "" && !context.quoting ? null : value),
  }) as (string | null)[][];
  const names = header.map(String);
  const records = rows.map((row) => Object.fromEntries(names.map((name, i) => [name, row[i] ?? null])));
  const read = { header: names, records };
  kept.set(text, read);
  const [oldest] = kept.keys();
  if (kept.size > KEPT_MAX && oldest !== undefined) kept.delete(oldest);
  return read;
}

/** The newest version of each record, by id; the later one if two have the same time. */
export function newest(records: readonly Cells[]): Map<string, Cells> {
  const versions = new Map<string, Cells>();
  for (const record of records) {
    const id = String(record["id"]);
    const known = versions.get(id);
    if (known === undefined || (known["updated_at"] ?? "") <= (record["updated_at"] ?? "")) versions.set(id, record);
  }
  return versions;
}
