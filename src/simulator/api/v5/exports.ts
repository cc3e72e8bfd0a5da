/**
 * Exports of v5. Their procedures, arguments and objects are those of the AWS Glue connector manual, which cites the vendor's
 * page; the rest is v4's contract, and a knob where it may differ. The address of result files is unconfirmed.
 */
import type { ApiCall } from "../api-call.ts";
import { ApiError } from "../api-error.ts";
import { DELETED, exportSpan, parseExportBody, readNames, readProcedure } from "../export-order.ts";
import type { ExportContext } from "../export-order.ts";
import type { ExportOrder, ExportRecords, ExportWorker, SimExport } from "../export-worker.ts";
import { dateReader } from "../filter-date.ts";
import type { DateReader } from "../filter-date.ts";
import { jsonReply } from "../reply.ts";
import type { Reply } from "../reply.ts";
import { findResultFile, resultFileText } from "../result-file.ts";
import type { Account } from "../../account/account.ts";
import type { ModelColumn, RangeName, Value } from "../../account/model.ts";
import type { Knobs } from "../../knobs.ts";
import type { V5Object } from "../../objects/v5/notation.ts";
import { V5_OBJECTS } from "../../objects/v5/objects-v5.ts";
import type { Simulation } from "../../simulation.ts";
import { instantText, parseInstant } from "./datetime.ts";
import { readFields } from "./fields.ts";
import type { Picked } from "./fields.ts";
import { recordMaker, valueReader } from "./record.ts";
import type { JsonObject } from "./record.ts";
import type { V5Route } from "./route.ts";

/** Bounds of the option for the size of files (codes 231 and 232). The option's name is unconfirmed. */
const [FILE_BYTES_MIN, FILE_BYTES_MAX] = [10_000_000, 200_000_000];
const KNOWN = new Set(["object", "fields", "procedure", "maxFileSizeBytes", "includeByteOrderMark"]);

export function respondToExports(route: V5Route, call: ApiCall, state: Simulation): Reply {
  const { account, worker, clock, options } = state;
  const { knobs } = options;
  const context: ExportContext = { account, worker, knobs, now: clock.now(), origin: call.origin };
  if (!knobs.v5Exports) throw new ApiError(46);
  if (route.id === null && call.method === "POST") {
    const { fault } = call;
    const endsAs = fault?.failExport === true ? "Failed" : (fault?.exportState ?? "Complete");
    const job = worker.create(readOrder(call, endsAs, context));
    return jsonReply(exportRecord(job, context, null), knobs.v5ExportCreatedStatus);
  }
  if (call.method !== "GET") throw new ApiError(60);
  if (route.id === null) {
    if (!knobs.exportsVisible) throw new ApiError(46);
    const values = worker.all().map((job) => picked(exportRecord(job, context, null, false), call));
    return jsonReply({ nextPageToken: null, nextPageUrl: null, values });
  }
  const file = /^results\/(\d+)$/.exec(route.rest ?? "")?.[1];
  if (route.rest !== null && file === undefined) throw new ApiError(198);
  const id = Number(route.id);
  if (!Number.isInteger(id)) throw new ApiError(16);
  if (file === undefined) {
    const job = worker.read(id);
    if (job === null) throw new ApiError(knobs.unknownIdCode);
    return jsonReply(picked(exportRecord(job, context, call.fault?.exportState ?? null), call));
  }
  const found = findResultFile(worker, id, Number(file), knobs);
  const body = resultFileText(account, found.job, found.file, knobs, call.fault ?? {});
  return { status: 200, contentType: knobs.csvContentType, body };
}

/** `fields` chooses, if it is there; whether it is required here is unconfirmed. */
function picked(record: JsonObject, { parameters }: ApiCall): JsonObject {
  const names = parameters.get("fields")?.split(",");
  return names === undefined
    ? record
    : Object.fromEntries(Object.entries(record).filter(([name]) => names.includes(name)));
}

/** As in v4, with instants as in all of v5, and result addresses always in a list. */
function exportRecord(job: SimExport, context: ExportContext, shown: string | null, withFiles = true): JsonObject {
  const { account, worker, knobs, origin } = context;
  const record = exportFacts(job, worker, knobs, (second) => instantText(second, account.zone));
  if (shown !== null) record[knobs.v5ExportState] = shown;
  if (withFiles && job.state === "Complete" && !worker.isExpired(job)) {
    const host = knobs.resultRefsHost === "request" ? origin : knobs.resultRefsHost;
    record["resultRefs"] = job.files.map((file) => `${host}/api/v5/exports/${job.id}/results/${file.id}`);
  }
  return record;
}

/** What every list of exports shows of one, with its times by `text`. */
export function exportFacts(
  job: SimExport,
  worker: ExportWorker,
  knobs: Knobs,
  text: (second: number) => string,
): JsonObject {
  return {
    id: job.id,
    object: job.model.name,
    [knobs.v5ExportState]: job.state,
    isExpired: worker.isExpired(job),
    createdAt: text(Math.floor(job.createdAt / 1000)),
    updatedAt: text(Math.floor(job.updatedAt / 1000)),
  };
}

/** Throws ApiError 150 to 154, 174 to 177, 180, 231, 232. */
function readOrder({ headers, body }: ApiCall, endsAs: string, context: ExportContext): ExportOrder {
  const { account } = context;
  const request = parseExportBody(headers["content-type"], body);
  if (Object.keys(request).some((name) => !KNOWN.has(name))) throw new ApiError(154);
  const object = exportedObject(request["object"]);
  const fields = exportedFields(request["fields"], object, account);
  checkFileSize(request["maxFileSizeBytes"]);
  return {
    model: account.table(object.name).model,
    recordsOf: (names) => exportRecords(names, object, account),
    watermark: object.fields.has("updatedAt") ? "updatedAt" : "createdAt",
    // The vendor's bug of exports of one column (AWS Glue manual).
    echoesHeader: fields.length === 1,
    fields,
    endsAs,
    ...readSelection(request["procedure"], object, context),
  };
}

/** Upper and lower case do not matter, as in v4. */
function exportedObject(given: unknown): V5Object {
  if (typeof given !== "string") throw new ApiError(154);
  const object = V5_OBJECTS.find(({ name }) => name.toLowerCase() === given.toLowerCase());
  if (object?.exports == null) throw new ApiError(154);
  return object;
}

function exportedFields(given: unknown, object: V5Object, account: Account): readonly string[] {
  if (given === undefined) {
    const own = [...object.fields.values()].filter(
      ({ access, type }) => access === "all" && type !== "list" && type !== "record",
    );
    const missing = account.world.knobs.v5MissingFields.split(",");
    return own.map(({ name }) => name).filter((name) => !missing.includes(`${object.name}.${name}`));
  }
  const fields = readNames(given, account.world.knobs);
  try {
    picksOf(fields, object, account);
  } catch (error) {
    // Exports do not name the field that they refuse.
    if (error instanceof ApiError) throw new ApiError(account.world.knobs.exportBadFieldCode);
    throw error;
  }
  return fields;
}

function picksOf(fields: readonly string[], object: V5Object, account: Account): readonly Picked[] {
  const { knobs } = account.world;
  return fields.flatMap((name) => readFields(name, object, { account, knobs, operation: "export" }));
}

function checkFileSize(bytes: unknown): void {
  if (bytes === undefined) return;
  if (typeof bytes !== "number") throw new ApiError(154);
  if (bytes < FILE_BYTES_MIN) throw new ApiError(231);
  if (bytes > FILE_BYTES_MAX) throw new ApiError(232);
}

function readSelection(
  given: unknown,
  object: V5Object,
  context: ExportContext,
): Pick<ExportOrder, "procedure" | "arguments" | "selection"> {
  const ranges = object.exports?.ranges ?? [];
  const { found: range, values } = readProcedure(given, (wanted) =>
    ranges.find((candidate) => procedureName(candidate, context.knobs) === wanted),
  );
  const known = new Set([`${range}After`, `${range}Before`, ...(object.exports?.deleted === true ? ["deleted"] : [])]);
  if (Object.keys(values).some((argument) => !known.has(argument))) throw new ApiError(175);
  const after = values[`${range}After`];
  if (after === undefined) throw new ApiError(176);
  const span = exportSpan(after, values[`${range}Before`], readerOf(context), context);
  const asked = values["deleted"] ?? "false";
  const deleted = typeof asked === "string" || typeof asked === "boolean" ? DELETED[String(asked)] : undefined;
  if (deleted === undefined) throw new ApiError(177);
  const spans = span === null ? {} : { [range]: span };
  return {
    procedure: procedureName(range, context.knobs),
    arguments: values,
    selection: { spans, deleted, test: null },
  };
}

function procedureName(range: RangeName, { v5Procedures }: Knobs): string {
  if (v5Procedures === "snake") return `filter_by_${range}_at`;
  return range === "created" ? "filterByCreatedAt" : "filterByUpdatedAt";
}

/** Instants with an offset, or local texts as in v4: which of them is right is unconfirmed. */
function readerOf({ account, knobs, now }: ExportContext): DateReader {
  const local = dateReader(account.zone, knobs, Math.floor(now / 1000));
  return (text) => parseInstant(text) ?? local(text);
}

/** One column per requested name; those of related records have dots (AWS Glue manual). */
function exportRecords(fields: readonly string[], object: V5Object, account: Account): ExportRecords {
  const withOffset = account.world.knobs.v5CsvDates === "offset";
  const read = valueReader(object, account);
  const columns = fields.map((name): ModelColumn & { readonly of: (row: Parameters<typeof read>[0]) => Value } => {
    const [pick] = picksOf([name], object, account);
    if (pick === undefined) return { name, kind: "string", of: () => null };
    const isTime = pick.kind === "field" && pick.field.type === "datetime";
    if (pick.kind === "field" && (!isTime || !withOffset)) {
      return { name, kind: isTime ? "datetime" : "string", of: (row) => read(row, pick.field) };
    }
    const make = recordMaker(object, [pick], { account, asOf: Number.MAX_SAFE_INTEGER, operation: "export", live: {} });
    return { name, kind: "string", of: (row) => leafOf(make(row), name) };
  });
  return { columns, read: (row) => columns.map(({ of }) => of(row)) };
}

function leafOf(record: JsonObject, path: string): Value {
  let value: unknown = record;
  for (const name of path.split(".")) {
    value = typeof value === "object" && value !== null ? (value as Readonly<Record<string, unknown>>)[name] : null;
  }
  return (value ?? null) as Value;
}
