/** Responses to `export create`, `read` and `query` (vendor docs, export v3/v4). Files are made in result-file.ts. */
import { ApiError } from "./api-error.ts";
import type { ExportContext } from "./export-order.ts";
import type { SimExport } from "./export-worker.ts";
import type { FaultRule } from "../faults.ts";
import { dateReader } from "./filter-date.ts";
import type { Body, BodyValue } from "../account/model.ts";
import { spanOf } from "./parameters.ts";
import type { Parameters } from "./parameters.ts";

interface ExportFault {
  readonly anotherExport?: FaultRule["anotherExport"];
  readonly exportState?: string | null;
}

/** The response to create and read. */
export function exportBody(requested: SimExport, context: ExportContext, fault: ExportFault | null): Body {
  const other = fault?.anotherExport === undefined ? requested : otherThan(requested, context);
  const job = fault?.anotherExport === "identity" ? other : requested;
  const record = exportRecord(job, context);
  record["state"] = fault?.exportState ?? job.state;
  if (record["state"] === "Complete" && !context.worker.isExpired(job) && other.files.length > 0) {
    record["resultRefs"] = resultRefs(other, context);
  }
  return context.knobs.exportWrapper === "export" ? { export: record } : record;
}

/** Another export with files, or a nonexistent one with the same files. */
function otherThan(job: SimExport, { worker }: ExportContext): SimExport {
  const others = worker.all().filter(({ id, files }) => id !== job.id && files.length > 0);
  return others.find(({ id }) => id > job.id) ?? others.at(-1) ?? { ...job, id: job.id + 1 };
}

function exportRecord(job: SimExport, { account, worker }: ExportContext): Body {
  return {
    id: job.id,
    state: job.state,
    isExpired: worker.isExpired(job),
    createdAt: account.zone.text(Math.floor(job.createdAt / 1000)),
    updatedAt: account.zone.text(Math.floor(job.updatedAt / 1000)),
  };
}

/** The order has no meaning (vendor docs, export): each read starts with a different file. */
function resultRefs(job: SimExport, { knobs, origin }: ExportContext): readonly string[] {
  const host = knobs.resultRefsHost === "request" ? origin : knobs.resultRefsHost;
  const shift = job.reads % job.files.length;
  return [...job.files.slice(shift), ...job.files.slice(0, shift)].map(
    (file) => `${host}/api/export/version/${knobs.versionAllowed}/do/downloadResults/id/${job.id}/file/${file.id}`,
  );
}

const STATES = new Set(["Complete", "Failed", "Processing", "Waiting"]);

/** The list of exports, without result addresses (vendor docs, export). */
export function exportQueryBody(parameters: Parameters, context: ExportContext): Body {
  const { account, knobs, now } = context;
  if (!knobs.exportsVisible) throw new ApiError(46);
  const readDate = dateReader(account.zone, knobs, Math.floor(now / 1000));
  const created = spanOf(parameters.get("created_after"), parameters.get("created_before"), knobs, readDate);
  const updated = spanOf(parameters.get("updated_after"), parameters.get("updated_before"), knobs, readDate);
  const status = parameters.get("status");
  if (status !== undefined && !STATES.has(status)) throw new ApiError(51);
  const sortBy = parameters.get("sort_by") ?? "id";
  const order = parameters.get("sort_order") ?? "descending";
  if (!["id", "created_at", "updated_at"].includes(sortBy)) throw new ApiError(19);
  if (order !== "ascending" && order !== "descending") throw new ApiError(20);
  const object = parameters.get("object")?.toLowerCase();
  const inSpan = (at: number, span: typeof created): boolean =>
    span === null || (Math.floor(at / 1000) >= span.from && Math.floor(at / 1000) <= span.to);
  const rank = (job: SimExport): number => (sortBy === "updated_at" ? job.updatedAt : job.id);
  const jobs = context.worker
    .all()
    .filter((job) => inSpan(job.createdAt, created) && inSpan(job.updatedAt, updated))
    .filter((job) => status === undefined || job.state === status)
    .filter((job) => object === undefined || job.model.name.toLowerCase() === object)
    .toSorted((a, b) => (order === "ascending" ? rank(a) - rank(b) : rank(b) - rank(a)));
  const records: readonly BodyValue[] = jobs.slice(0, 200).map((job) => exportRecord(job, context));
  return { result: records.length === 0 ? { total_results: 0 } : { total_results: jobs.length, export: records } };
}
