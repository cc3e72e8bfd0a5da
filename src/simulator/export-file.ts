/** One result file of an export, made while it is sent: no row is kept. */
import type { Account } from "./account.ts";
import { ApiError } from "./api-error.ts";
import { csvWriter } from "./csv.ts";
import { exportColumns } from "./export-order.ts";
import { scattered } from "./export-queue.ts";
import type { ExportFile, ExportJob, ExportQueue } from "./export-queue.ts";
import type { Knobs } from "./knobs.ts";

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

/** The file's CSV in pieces of about 64 KiB. Rows come in no order (vendor docs, export). */
export function* exportFileText(account: Account, job: ExportJob, file: ExportFile, knobs: Knobs): Generator<string> {
  const table = account.table(job.model.name);
  const exportable = exportColumns(account, job.model);
  const columns = job.fields.flatMap((field) => exportable.find(({ column }) => column.name === field) ?? []);
  const csv = csvWriter(columns, account.zone, knobs);
  let text = csv.header;
  const frozen = job.frozen ?? undefined;
  for (let step = file.from; step < file.to; step += 1) {
    const at = scattered(step, job.rows.length);
    const index = job.rows[at] ?? 0;
    text += csv.record(account.values(table, index, frozen, at));
    if (text.length >= CHUNK_CHARACTERS) {
      yield text;
      text = "";
    }
  }
  if (text !== "") yield text;
}
