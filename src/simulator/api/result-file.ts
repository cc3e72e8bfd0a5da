/**
 * A result file of an export, made while it is sent, so no row is kept: a header of the requested fields, RFC 4180, null is
 * empty (vendor docs, export). Everything else is a knob.
 */
import type { Account } from "../account/account.ts";
import { ApiError } from "./api-error.ts";
import { scattered } from "./export-worker.ts";
import type { ResultFile, SimExport, ExportWorker } from "./export-worker.ts";
import { FILE_FAULTS, SENTINEL } from "../file-faults.ts";
import type { FileFault } from "../faults.ts";
import type { Knobs } from "../knobs.ts";
import type { ModelColumn, Value } from "../account/model.ts";
import type { Timezone } from "../account/timezone.ts";

const CHUNK_CHARACTERS = 64 * 1024;

/** Throws ApiError 178 if the export is unfinished or expired, unknownIdCode if the export or the file does not exist. */
export function findResultFile(
  worker: ExportWorker,
  exportId: number,
  fileId: number,
  knobs: Knobs,
): { readonly job: SimExport; readonly file: ResultFile } {
  const job = worker.find(exportId);
  if (job === null) throw new ApiError(knobs.unknownIdCode);
  if (job.state !== "Complete" || worker.isExpired(job)) throw new ApiError(178);
  const file = job.files.find((candidate) => candidate.id === fileId);
  if (file === undefined) throw new ApiError(knobs.unknownIdCode);
  return { job, file };
}

/** The file's CSV in pieces of about 64 KiB, in one piece with a fault. Rows are unordered (vendor docs, export). */
export function* resultFileText(
  account: Account,
  job: SimExport,
  file: ResultFile,
  knobs: Knobs,
  fault: { readonly file?: FileFault; readonly cells?: Readonly<Record<string, string>> } = {},
): Generator<string | Uint8Array> {
  const wrong = fault.file === undefined ? undefined : FILE_FAULTS[fault.file];
  const left = wrong?.without === "watermark" ? job.watermark : wrong?.without === "key" ? "id" : null;
  const fields = job.fields.filter((field) => field !== left);
  const cells = { ...fault.cells, ...(wrong?.sentinel === true ? sentinelIn(job) : {}) };
  const pieces = piecesOf(account, { ...job, fields }, file, knobs, cells);
  if (wrong === undefined) yield* pieces;
  else yield wrong.make([...pieces].join(""), lineEnd(knobs));
}

function* piecesOf(
  account: Account,
  job: SimExport,
  file: ResultFile,
  knobs: Knobs,
  cells: Readonly<Record<string, string>>,
): Generator<string> {
  const table = account.table(job.model.name);
  const { columns, read } = job.recordsOf(job.fields);
  const csv = csvWriter(columns, account.zone, knobs);
  let text = job.rows.length === 0 && job.echoesHeader ? csv.header.repeat(2) : csv.header;
  const frozen = job.frozen ?? undefined;
  for (let step = file.from; step < file.to; step += 1) {
    const at = scattered(step, job.rows.length);
    const index = job.rows[at] ?? 0;
    const values = read(table.key(index, frozen, at));
    text += csv.record(step === file.from ? withCells(values, columns, cells) : values);
    if (text.length >= CHUNK_CHARACTERS) {
      yield text;
      text = "";
    }
  }
  if (knobs.csvBlankLastLine) text += lineEnd(knobs);
  if (text !== "") yield text;
}

function lineEnd({ csvNewline }: Knobs): string {
  return csvNewline === "lf" ? "\n" : "\r\n";
}

function withCells(
  values: readonly Value[],
  columns: readonly ModelColumn[],
  cells: Readonly<Record<string, string>>,
): readonly Value[] {
  return columns.map(({ name }, index) => cells[name] ?? values[index] ?? null);
}

function sentinelIn({ recordsOf, fields }: SimExport): Readonly<Record<string, string>> {
  const text = recordsOf(fields).columns.find(({ kind }) => kind === "string");
  return text === undefined ? {} : { [text.name]: `caf${SENTINEL}` };
}

interface CsvWriter {
  readonly header: string;
  /** One record with its line end. */
  record(values: readonly Value[]): string;
}

function csvWriter(columns: readonly ModelColumn[], zone: Timezone, knobs: Knobs): CsvWriter {
  const end = lineEnd(knobs);
  const quotesAll = knobs.csvQuoting === "all";
  const emptyText = knobs.csvEmptyText === "quoted" ? '""' : "";
  const [yes, no] = knobs.csvBoolean === "1/0" ? ["1", "0"] : ["true", "false"];
  const isPhp = knobs.csvQuotes === "php";
  const [mustQuote, doubled] = isPhp
    ? [PHP_MUST_QUOTE, phpDoubled]
    : [MUST_QUOTE, (plainText: string) => plainText.replaceAll('"', '""')];
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
  return {
    header: columns.map(({ name }) => text(name)).join(",") + end,
    record: (values) => {
      let line = "";
      let comma = "";
      for (const [index, { kind }] of columns.entries()) {
        line += comma + field(values[index] ?? null, kind === "datetime");
        comma = ",";
      }
      return line + end;
    },
  };
}

const MUST_QUOTE = /[",\r\n]/;
const PHP_MUST_QUOTE = /[",\\\r\n\t ]/;

/** Like PHP's fputcsv: a quote right after a backslash is not doubled (php/php-src issue 11174). */
function phpDoubled(text: string): string {
  return text.replace(/(\\?)"/g, (quote, backslash: string) => (backslash === "" ? '""' : quote));
}
