/** Checks the body of `export create` and makes an order for the worker (vendor docs, export v3/v4). */
import type { Account } from "../account/account.ts";
import { ApiError } from "./api-error.ts";
import type { ExportOrder, ExportRecords, ExportWorker } from "./export-worker.ts";
import { dateReader } from "./filter-date.ts";
import type { DateReader } from "./filter-date.ts";
import type { Knobs } from "../knobs.ts";
import type { ExportProcedureModel, ModelColumn, ObjectModel, Value } from "../account/model.ts";
import { OBJECTS } from "../objects/objects.ts";
import { spanOf } from "./parameters.ts";
import type { Span } from "./parameters.ts";
import { selectRows } from "./selection.ts";
import type { Selection } from "./selection.ts";

const FIELDS_MAX = 150;

export interface ExportContext {
  readonly account: Account;
  readonly worker: ExportWorker;
  readonly knobs: Knobs;
  /** Simulated milliseconds since 1970. */
  readonly now: number;
  /** Where the request came in: `http://127.0.0.1:1234`. */
  readonly origin: string;
}

/** Checks the body of `create`. Throws ApiError 150 to 154, 174 to 177, 130/180. */
export function readExportOrder(
  contentType: string | undefined,
  body: string,
  endsAs: string,
  context: ExportContext,
): ExportOrder {
  const request = parseExportBody(contentType, body);
  const model = modelOf(request["object"]);
  const fields = fieldsOf(request["fields"], model, context);
  const { procedure, given } = procedureOf(request["procedure"], model, context.knobs);
  const readDate = dateReader(context.account.zone, context.knobs, Math.floor(context.now / 1000));
  return {
    model,
    recordsOf: (names) => exportRecords(context.account, model, names),
    watermark: model.hasUpdated ? "updated_at" : "created_at",
    echoesHeader: false,
    fields,
    procedure: procedure.name,
    arguments: given,
    selection: selectionOf(model, procedure, given, readDate, context),
    endsAs,
  };
}

/** Values in the order of the fields. */
export function exportRecords(account: Account, model: ObjectModel, fields: readonly string[]): ExportRecords {
  const exportable = exportColumns(account, model);
  const chosen = fields.flatMap((field) => exportable.find(({ column }) => column.name === field) ?? []);
  return {
    columns: chosen.map(({ column }) => column),
    read: (row) => {
      const values = account.make(model, row);
      return chosen.map(({ index }) => values[index] ?? null);
    },
  };
}

/** Throws ApiError 150 to 153. */
export function parseExportBody(contentType: string | undefined, body: string): Readonly<Record<string, unknown>> {
  if (contentType === undefined || !/^application\/json\b/i.test(contentType)) throw new ApiError(151);
  if (body.trim() === "") throw new ApiError(152);
  let request: unknown;
  try {
    request = JSON.parse(body);
  } catch {
    throw new ApiError(150);
  }
  if (typeof request !== "object" || request === null || Array.isArray(request)) throw new ApiError(150);
  const record = request as Readonly<Record<string, unknown>>;
  if (record["object"] === undefined || record["procedure"] === undefined) throw new ApiError(153);
  return record;
}

/** Upper and lower case do not matter: clients send VisitorActivity, visitorActivity and prospectaccount. */
function modelOf(given: unknown): ObjectModel {
  if (typeof given !== "string") throw new ApiError(154);
  const model = OBJECTS.find((candidate) => candidate.name.toLowerCase() === given.toLowerCase());
  if (model?.procedures === undefined) throw new ApiError(154);
  return model;
}

function fieldsOf(given: unknown, model: ObjectModel, { account, knobs }: ExportContext): readonly string[] {
  const names = exportColumns(account, model).map(({ column }) => column.name);
  if (given === undefined) return names;
  const fields = readNames(given, knobs);
  const refused = new Set(knobs.refusedFields.split(","));
  const isBad = (field: string): boolean => !names.includes(field) || refused.has(`${model.name}.${field}`);
  if (fields.length === 0 || fields.some(isBad)) throw new ApiError(knobs.exportBadFieldCode);
  return fields;
}

/** Throws ApiError 154 for anything but names, and the knob's for too many. */
export function readNames(given: unknown, knobs: Knobs): readonly string[] {
  if (!Array.isArray(given) || given.some((name) => typeof name !== "string")) throw new ApiError(154);
  if (given.length > FIELDS_MAX) throw new ApiError(knobs.exportTooManyFieldsCode);
  return given as readonly string[];
}

/** The procedure that `find` knows by the received name, and its arguments. Throws ApiError 153, 154, 174. */
export function readProcedure<T>(
  given: unknown,
  find: (name: unknown) => T | undefined,
): { readonly found: T; readonly values: Readonly<Record<string, unknown>> } {
  if (typeof given !== "object" || given === null) throw new ApiError(154);
  const { name, arguments: passed = {} } = given as { name?: unknown; arguments?: unknown };
  if (name === undefined) throw new ApiError(153);
  const found = find(name);
  if (found === undefined) throw new ApiError(174);
  if (typeof passed !== "object" || passed === null) throw new ApiError(154);
  return { found, values: passed as Readonly<Record<string, unknown>> };
}

/** An exportable column, with its index in a row's values. */
interface ExportColumn {
  readonly column: ModelColumn;
  readonly index: number;
}

function exportColumns(account: Account, model: ObjectModel): readonly ExportColumn[] {
  const hidden = model.hiddenColumns?.(account.world);
  return account
    .columns(model)
    .map((column, index) => ({ column, index }))
    .filter(({ column }) => column.notExported !== true && hidden?.has(column.name) !== true);
}

function procedureOf(
  given: unknown,
  model: ObjectModel,
  knobs: Knobs,
): { readonly procedure: ExportProcedureModel; readonly given: Readonly<Record<string, unknown>> } {
  const refused = knobs.refusedProcedures.split(",");
  const { found: procedure, values } = readProcedure(given, (wanted) => {
    if (typeof wanted !== "string") throw new ApiError(154);
    return model.procedures?.find(({ name }) => name === wanted && !refused.includes(`${model.name}.${name}`));
  });
  const known = new Set([procedure.after, procedure.before, ...Object.keys(procedure.options)]);
  if (Object.keys(values).some((argument) => !known.has(argument))) throw new ApiError(175);
  if (values[procedure.after] === undefined) throw new ApiError(176);
  return { procedure, given: values };
}

function selectionOf(
  model: ObjectModel,
  procedure: ExportProcedureModel,
  given: Readonly<Record<string, unknown>>,
  readDate: DateReader,
  context: ExportContext,
): ExportOrder["selection"] {
  const { account, knobs } = context;
  const span = exportSpan(given[procedure.after], given[procedure.before], readDate, context);
  let deleted: "live" | "deleted" | "all" = DELETED[knobs.exportDeletedDefault];
  const tests: ((values: readonly Value[]) => boolean)[] = [];
  for (const [argument, kind] of Object.entries(procedure.options)) {
    const value = given[argument];
    if (value === undefined) continue;
    if (kind === "deleted" || kind === "deleted-all-only") deleted = deletedOf(value, kind);
    else tests.push(kind === "types" ? typesTest(model, value) : flagTest(model, value));
  }
  if (model.deletes !== true) deleted = "live";
  if (procedure.via !== undefined && span !== null) {
    return { spans: {}, deleted, test: viaTest(procedure.via, { [procedure.field]: span }, account) };
  }
  const test = tests.length === 0 ? null : (values: readonly Value[]): boolean => tests.every((one) => one(values));
  return { spans: span === null ? {} : { [procedure.field]: span }, deleted, test };
}

/** Selects rows that other selected rows point to; those are looked up once, when the export is processed. */
function viaTest(
  via: { readonly object: string; readonly column: string },
  spans: Selection["spans"],
  account: Account,
): (values: readonly Value[]) => boolean {
  const table = account.table(via.object);
  const column = table.model.columns.findIndex(({ name }) => name === via.column);
  let wanted: ReadonlySet<Value> | null = null;
  return (values) => {
    wanted ??= new Set(
      Array.from(
        selectRows(account, table, { spans, deleted: "live", test: null }),
        (index) => account.values(table, index)[column] ?? null,
      ),
    );
    return wanted.has(values[0] ?? null);
  };
}

export const DELETED: Readonly<Record<string, "live" | "deleted" | "all">> & {
  readonly [K in "true" | "false" | "all"]: "live" | "deleted" | "all";
} = { true: "deleted", false: "live", all: "all" };

/** The text `true`, `false` or `all`; prospects accept only `all` (vendor docs, export). JSON booleans work too. */
function deletedOf(value: unknown, kind: "deleted" | "deleted-all-only"): "live" | "deleted" | "all" {
  const text = String(value);
  const chosen = DELETED[text];
  if (chosen === undefined || (kind === "deleted-all-only" && text !== "all")) throw new ApiError(177);
  return chosen;
}

function typesTest(model: ObjectModel, value: unknown): (values: readonly Value[]) => boolean {
  const types = (Array.isArray(value) ? (value as readonly unknown[]) : [value]).map(Number);
  if (types.some((type) => !Number.isInteger(type))) throw new ApiError(177);
  const column = model.columns.findIndex(({ name }) => name === "type");
  return (values) => types.includes(values[column] as number);
}

function flagTest(model: ObjectModel, value: unknown): (values: readonly Value[]) => boolean {
  if (value !== true && value !== false && value !== "true" && value !== "false") throw new ApiError(177);
  const column = model.columns.findIndex(({ name }) => name === "prospect_id");
  return String(value) === "true" ? (values) => values[column] !== null : () => true;
}

/** Bounds as spans of rows. Without an end it is the creation (vendor docs, export). Throws ApiError 177. */
export function exportSpan(
  after: unknown,
  before: unknown,
  readDate: DateReader,
  { account, knobs, now }: ExportContext,
): Span | null {
  const end = before === undefined ? account.zone.text(Math.floor(now / 1000)) : before;
  if (typeof after !== "string" || typeof end !== "string") throw new ApiError(177);
  try {
    const from = account.zone.toLocal(readDate(after));
    if (account.zone.toLocal(readDate(end)) > oneYearAfter(from)) throw new ApiError(177);
    return spanOf(after, end, knobs, readDate);
  } catch (error) {
    // A bad date or range is an argument here.
    if (error instanceof ApiError) throw new ApiError(177);
    throw error;
  }
}

/** The latest end of a range: it spans at most a calendar year (vendor docs, export). Local seconds. */
function oneYearAfter(localSecond: number): number {
  const date = new Date(localSecond * 1000);
  return date.setUTCFullYear(date.getUTCFullYear() + 1) / 1000;
}
