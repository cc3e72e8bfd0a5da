/** Export files: a header of the requested fields, RFC 4180, null is nothing (vendor docs, export); the rest is knobs. */
import type { Knobs } from "../knobs.ts";
import type { ModelColumn, Value } from "../account/model.ts";
import type { Zone } from "../account/zone.ts";

/** An exported column with its place in a row's values. */
export interface CsvColumn {
  readonly column: ModelColumn;
  readonly place: number;
}

export interface CsvWriter {
  readonly header: string;
  /** One record with its end. */
  record(values: readonly Value[]): string;
}

export function csvWriter(columns: readonly CsvColumn[], zone: Zone, knobs: Knobs): CsvWriter {
  const end = knobs.csvNewline === "lf" ? "\n" : "\r\n";
  const quotesAll = knobs.csvQuoting === "all";
  const emptyText = knobs.csvEmptyText === "quoted" ? '""' : "";
  const [yes, no] = knobs.csvBoolean === "1/0" ? ["1", "0"] : ["true", "false"];
  const isPhp = knobs.csvQuotes === "php";
  const [mustQuote, doubled] = isPhp ? [PHP_MUST_QUOTE, phpDoubled] : [MUST_QUOTE, allDoubled];
  const plain = (text: string): string => (quotesAll ? `"${text}"` : text);
  const text = (value: string): string => {
    if (value === "") return emptyText;
    return quotesAll || mustQuote.test(value) ? `"${doubled(value)}"` : value;
  };
  const field = (value: Value, isTime: boolean): string => {
    if (value === null) return "";
    if (typeof value === "number") return plain(isTime ? zone.text(value) : String(value));
    if (typeof value === "string") return text(value);
    if (typeof value === "boolean") return plain(value ? yes : no);
    return text(JSON.stringify(value));
  };
  const places = columns.map(({ place }) => place);
  const times = columns.map(({ column }) => column.kind === "datetime");
  return {
    header: columns.map(({ column }) => text(column.name)).join(",") + end,
    record: (values) => {
      let line = "";
      for (let n = 0; n < places.length; n += 1) {
        if (n > 0) line += ",";
        line += field(values[places[n] ?? 0] ?? null, times[n] === true);
      }
      return line + end;
    },
  };
}

const MUST_QUOTE = /[",\r\n]/;
const PHP_MUST_QUOTE = /[",\\\r\n\t ]/;

function allDoubled(text: string): string {
  return text.replaceAll('"', '""');
}

/** As PHP's fputcsv does it: a quote right after a backslash is not doubled (php/php-src issue 11174). */
function phpDoubled(text: string): string {
  return text.replace(/(\\?)"/g, (quote, backslash: string) => (backslash === "" ? '""' : quote));
}
