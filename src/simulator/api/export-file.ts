/** One result file of an export, made while it is sent: no row is kept. */
import type { Account } from "../account/account.ts";
import { ApiError } from "./api-error.ts";
import { csvWriter } from "./csv.ts";
import type { CsvColumn } from "./csv.ts";
import { exportColumns } from "./export-order.ts";
import { scattered } from "./export-queue.ts";
import type { ExportFile, ExportJob, ExportQueue } from "./export-queue.ts";
import { FILE_FAULTS, SENTINEL } from "../file-faults.ts";
import type { FileFault } from "../file-faults.ts";
import type { Knobs } from "../knobs.ts";
import type { Value } from "../account/model.ts";

const CHUNK_CHARACTERS = 64 * 1024;

/** Throws ApiError 178 for an export that is unfinished or expired, unknownIdCode for one or a file there is not. */
export function findExportFile(
  queue: ExportQueue,
  exportId: number,
  fileId: number,
  knobs: Knobs,
): { readonly job: ExportJob; readonly file: ExportFile } {
  const job = queue.find(exportId);
  if (job === null) throw new ApiError(knobs.unknownIdCode);
  if (job.state !== "Complete" || queue.isExpired(job)) throw new ApiError(178);
  const file = job.files.find((candidate) => candidate.id === fileId);
  if (file === undefined) throw new ApiError(knobs.unknownIdCode);
  return { job, file };
}

/** The file's CSV in pieces of about 64 KiB. Rows come in no order (vendor docs, export). A fault makes it one piece. */
export function* exportFileText(
  account: Account,
  job: ExportJob,
  file: ExportFile,
  knobs: Knobs,
  fault: { readonly file?: FileFault; readonly cells?: Readonly<Record<string, string>> } = {},
): Generator<string | Uint8Array> {
  const wrong = fault.file === undefined ? undefined : FILE_FAULTS[fault.file];
  const watermark = job.model.hasUpdated ? "updated_at" : "created_at";
  const left = wrong?.without === "watermark" ? watermark : wrong?.without === "key" ? "id" : null;
  const fields = job.fields.filter((field) => field !== left);
  const cells = { ...fault.cells, ...(wrong?.sentinel === true ? sentinelIn(job) : {}) };
  const pieces = piecesOf(account, { ...job, fields }, file, knobs, cells);
  if (wrong === undefined) yield* pieces;
  else yield wrong.make([...pieces].join(""), endOf(knobs));
}

function* piecesOf(
  account: Account,
  job: ExportJob,
  file: ExportFile,
  knobs: Knobs,
  cells: Readonly<Record<string, string>>,
): Generator<string> {
  const table = account.table(job.model.name);
  const exportable = exportColumns(account, job.model);
  const columns = job.fields.flatMap((field) => exportable.find(({ column }) => column.name === field) ?? []);
  const csv = csvWriter(columns, account.zone, knobs);
  let text = csv.header;
  const frozen = job.frozen ?? undefined;
  for (let step = file.from; step < file.to; step += 1) {
    const at = scattered(step, job.rows.length);
    const index = job.rows[at] ?? 0;
    const values = account.values(table, index, frozen, at);
    text += csv.record(step === file.from ? withCells(values, columns, cells) : values);
    if (text.length >= CHUNK_CHARACTERS) {
      yield text;
      text = "";
    }
  }
  if (knobs.csvBlankLastLine) text += endOf(knobs);
  if (text !== "") yield text;
}

function endOf({ csvNewline }: Knobs): string {
  return csvNewline === "lf" ? "\n" : "\r\n";
}

function withCells(
  values: readonly Value[],
  columns: readonly CsvColumn[],
  cells: Readonly<Record<string, string>>,
): readonly Value[] {
  const changed = [...values];
  for (const { column, place } of columns) changed[place] = cells[column.name] ?? values[place] ?? null;
  return changed;
}

function sentinelIn({ model, fields }: ExportJob): Readonly<Record<string, string>> {
  const text = model.columns.find(({ name, kind }) => kind === "string" && fields.includes(name));
  return text === undefined ? {} : { [text.name]: `caf${SENTINEL}` };
}
