import type { QueryV4 } from "../../catalog/catalog.ts";
import type { PardotConfig } from "../../config/config.ts";
import { assert, DataError } from "../../errors.ts";
import { parseHttpDate } from "../../http/backoff.ts";
import type { HttpRequest } from "../../http/transport.ts";
import { boundAfter, boundBefore } from "../../time/zone.ts";
import type { Dialect, Exchange } from "../dialect.ts";
import type { ResponseHead } from "../failure.ts";
import { EXPORT_STATES } from "../pardot.ts";
import type {
  Counted,
  DescribedField,
  ExportRequest,
  ExportState,
  ExportStatus,
  Page,
  PageBounds,
  PageRequest,
  Probe,
  QueryWay,
  ReadRequest,
  Version,
  WireRecord,
  WireValue,
} from "../pardot.ts";
import { FORM_TYPE, JSON_TYPE } from "../protocol.ts";
import { ATTRIBUTES, asRecord } from "../read-body.ts";

const EXPORT = "export";
const TOTAL = "total_results";

type QueryParameters = Readonly<Record<string, string>>;

/** API v3/v4 (vendor docs, version-3-4-overview and export-v4 pages). */
export class DialectV4 implements Dialect {
  readonly #apiUrl: URL;
  /** Replaces the format of every object. */
  readonly #format: PardotConfig["v4Format"];

  /** The API user's, in which bounds are. */
  readonly #timeZone: string;

  constructor({ apiUrl, v4Format, timeZone }: Pick<PardotConfig, "apiUrl" | "v4Format" | "timeZone">) {
    this.#apiUrl = apiUrl;
    this.#timeZone = timeZone;
    this.#format = v4Format;
  }

  probe(): Exchange<Probe> {
    return this.#exchange("account", "read", { format: this.#format ?? "xml" }, (root, kind, { headers }) => ({
      record: recordOf(root, "account", kind),
      now: parseHttpDate(headers["date"]),
    }));
  }

  page(request: PageRequest): Exchange<Page> {
    const { dataKey } = queryV4(request.way);
    return this.#query(request, {}, (root, kind) => ({
      records: recordsOf(root, dataKey, kind),
      total: totalIn(root, kind),
      end: "unknown",
      token: null,
      isCapped: false,
      hidesValues: false,
    }));
  }

  /** Only the full output carries the total, whatever the page size. */
  count(request: PageRequest): Exchange<Counted> {
    const { dataKey } = queryV4(request.way);
    return this.#query(request, { output: "full", limit: "1" }, (root, kind) => ({
      total: totalOf(root, kind),
      first: recordsOf(root, dataKey, kind)[0] ?? null,
    }));
  }

  readById({ way, id }: ReadRequest): Exchange<WireRecord> {
    assert(way.api === "v4", "a way of v3/v4");
    const parameters = { format: this.#format ?? way.readFormat };
    const read = (root: WireRecord, kind: string): WireRecord => recordOf(root, way.dataKey, kind);
    return this.#exchange(way.urlName, way.email.operation, parameters, read, id);
  }

  describe(urlName: string): Exchange<readonly DescribedField[]> {
    return this.#exchange(urlName, "describe", { format: this.#format ?? "xml" }, describedFields);
  }

  createExport(request: ExportRequest): Exchange<ExportStatus> {
    const kind = `${EXPORT} create`;
    return {
      kind,
      request: (version) => ({
        method: "POST",
        url: new URL(`${path(EXPORT, version, "create")}?format=json`, this.#apiUrl),
        headers: { "content-type": JSON_TYPE },
        body: createBody(request),
      }),
      read: (root) => exportStatus(root, kind),
      isBare: true,
    };
  }

  readExport(id: string): Exchange<ExportStatus> {
    const read = (root: WireRecord, kind: string): ExportStatus => statusOf(id, exportStatus(root, kind), kind);
    return { ...this.#exchange(EXPORT, "read", { format: "json" }, read, id), isBare: true };
  }

  #query<T>(request: PageRequest, fixed: QueryParameters, read: (root: WireRecord, kind: string) => T): Exchange<T> {
    const { urlName, query } = queryV4(request.way);
    const { fields, bounds, sort = { field: "id" }, afterId, limit = query.limit, filters = {}, token } = request;
    assert(token == null, "v3/v4 has no page tokens");
    const parameters = {
      format: this.#format ?? query.format,
      output: query.output,
      ...query.parameters,
      ...(fields === null ? {} : { fields: fields.join(",") }),
      ...(sort === null ? {} : { sort_by: sort.field, sort_order: sort.isDescending ? "descending" : "ascending" }),
      limit: String(limit),
      ...(bounds == null ? {} : this.#bounds(bounds, query)),
      ...(afterId == null ? {} : { id_greater_than: afterId }),
      ...filters,
      ...fixed,
    };
    return this.#exchange(urlName, "query", parameters, read);
  }

  /** Both bounds are exclusive, in the API user's local time. */
  #bounds({ field, from, to }: PageBounds, { filters }: QueryV4): QueryParameters {
    const filter = filters[field];
    assert(filter !== undefined, `Pardot filters by ${field}`);
    return {
      ...(from === null ? {} : { [filter.after]: boundAfter(from, this.#timeZone) }),
      ...(to === null ? {} : { [filter.before]: boundBefore(to, this.#timeZone) }),
    };
  }

  #exchange<T>(
    urlName: string,
    operation: string,
    parameters: QueryParameters,
    read: (root: WireRecord, kind: string, head: ResponseHead) => T,
    id?: string,
  ): Exchange<T> {
    const kind = `${urlName} ${operation}`;
    return {
      kind,
      request: (version) => buildRequest(new URL(path(urlName, version, operation, id), this.#apiUrl), parameters),
      read: (root, head) => read(root, kind, head),
    };
  }
}

function queryV4(way: QueryWay): Extract<QueryWay, { readonly api: "v4" }> {
  assert(way.api === "v4", "a query of v3/v4");
  return way;
}

/** `/api/tag/version/4/do/query`, `/api/export/version/4/do/read/id/12` */
function path(urlName: string, version: Version, operation: string, id?: string): string {
  const bare = `/api/${encodeURIComponent(urlName)}/version/${version}/do/${operation}`;
  return id === undefined ? bare : `${bare}/id/${encodeURIComponent(id)}`;
}

/**
 * The longest address of a GET. v3/v4 take GET and POST alike (vendor docs; tap-pardot posts all queries). GET shows
 * every proxy and log in between that the request may be repeated, and shows its parameters, which are never secret.
 * Beyond this length, which only a list of ids reaches, the parameters go as a form, because servers commonly stop at 8
 * KB of request line and some proxies at 2.
 */
const ADDRESS_MAX = 2000;

function buildRequest(address: URL, parameters: QueryParameters): HttpRequest {
  const query = new URLSearchParams(parameters).toString();
  const url = new URL(`?${query}`, address);
  if (url.href.length <= ADDRESS_MAX) return { method: "GET", url, headers: {}, body: null };
  return { method: "POST", url: address, headers: { "content-type": FORM_TYPE }, body: query };
}

/** The body that creates an export (vendor docs, export-v4). */
export function createBody(request: ExportRequest): string {
  return JSON.stringify({
    object: request.object,
    fields: request.fields,
    procedure: { name: request.procedure, arguments: request.arguments },
  });
}

/**
 * An export's state. The record is wrapped in `export`, as clients in production read it, or bare, as in the vendor's
 * sample. `resultRefs` is absent without rows, a string for one file, a list for several; the vendor's sample of 2019
 * spells it `resultsRef` (pardot-v4 5.3). Throws `DataError` `pardot.unexpected-shape`.
 */
export function exportStatus(root: WireRecord, kind: string): ExportStatus {
  const record = asRecord(root["export"] ?? null) ?? root;
  const id = record["id"];
  // The id becomes part of addresses and file names.
  if (typeof id !== "string" || !/^\d{1,20}$/.test(id)) throw shapeError(kind, "it has no export id");
  const stateText = record["state"];
  if (typeof stateText !== "string") throw shapeError(kind, `export ${id} has no state`);
  const createdAt = record["createdAt"] ?? record["created_at"] ?? null;
  return {
    id,
    state: stateOf(stateText),
    stateText,
    isExpired: record["isExpired"] === true || record["isExpired"] === "true",
    createdAt: typeof createdAt === "string" ? createdAt : null,
    resultRefs: references(record["resultRefs"] ?? record["resultsRef"] ?? null, id, kind),
  };
}

/** The status of the requested export. Throws `DataError` `pardot.unexpected-shape` for that of another one. */
export function statusOf(id: string, status: ExportStatus, kind: string): ExportStatus {
  // The files of another export would land as this one's.
  if (status.id !== id) throw shapeError(kind, `it is about export ${status.id} instead of ${id}`);
  return status;
}

function stateOf(text: string): ExportState {
  const word = text.trim().toLowerCase();
  return EXPORT_STATES.find((state) => state.toLowerCase() === word) ?? "Unknown";
}

function references(value: WireValue, id: string, kind: string): readonly string[] {
  const list = Array.isArray(value) ? (value as readonly WireValue[]) : [value];
  const found = list.filter((one) => one !== null && one !== "");
  if (found.every((one) => typeof one === "string")) return found;
  throw shapeError(kind, `a result address of export ${id} is not a string`);
}

/**
 * The fields that `describe` lists: `result.field`, one or many, each with its facts as attributes (vendor docs,
 * prospect-accounts-v4). Throws `DataError` `pardot.unexpected-shape` for none, or one without an id: read as an
 * account without fields, it would empty every column.
 */
export function describedFields(root: WireRecord, kind: string): readonly DescribedField[] {
  const records = recordsOf(root, "field", kind);
  if (records.length === 0) throw shapeError(kind, "it lists no field");
  return records.map((record) => {
    const facts = asRecord(record[ATTRIBUTES] ?? null) ?? record;
    const name = facts["id"];
    if (typeof name !== "string" || name === "") throw shapeError(kind, "a field has no id");
    return { name, isCustom: isTrue(facts["custom"] ?? null) };
  });
}

function isTrue(value: WireValue): boolean {
  return value === true || (typeof value === "string" && /^(?:true|1|yes)$/i.test(value.trim()));
}

/**
 * The records in the response to a query. One row comes as a record, several as a list, none as an absent key, or as a
 * `result` that is null, empty text, an empty list, an empty record or missing (api-docs issue 187, tap-pardot; the
 * last one is a knob of the simulator). Throws `DataError` `pardot.unexpected-shape` for anything else, so that rows
 * under another name never count as no rows.
 */
export function recordsOf(root: WireRecord, dataKey: string, kind: string): WireRecord[] {
  const result = resultOf(root, kind);
  if (result === null) return [];
  const rows = Object.hasOwn(result, dataKey) ? result[dataKey] : undefined;
  if (rows === undefined) {
    const others = Object.keys(result).filter((key) => key !== TOTAL && key !== ATTRIBUTES);
    if (others.length === 0) return [];
    throw shapeError(kind, `its rows should be under ${dataKey}, found ${others.slice(0, 5).join(", ")}`);
  }
  if (isNothing(rows)) return [];
  const list = Array.isArray(rows) ? (rows as readonly WireValue[]) : [rows];
  return list.map((row) => {
    const record = asRecord(row);
    if (record === null) throw shapeError(kind, `a row under ${dataKey} is not a record`);
    return record;
  });
}

/**
 * How many rows the filter selects in all. Throws `DataError` for a response without it (`output=bulk` never has it).
 */
export function totalOf(root: WireRecord, kind: string): number {
  const total = totalIn(root, kind);
  if (total === null) throw shapeError(kind, `it has no ${TOTAL}`);
  return total;
}

/** The same; null for a response without it. */
export function totalIn(root: WireRecord, kind: string): number | null {
  const total = resultOf(root, kind)?.[TOTAL];
  return typeof total === "string" && /^\d{1,15}$/.test(total) ? Number(total) : null;
}

/** The record of a single read. */
export function recordOf(root: WireRecord, dataKey: string, kind: string): WireRecord {
  const record = asRecord(root[dataKey] ?? null);
  if (record === null) throw shapeError(kind, `it has no record under ${dataKey}`);
  return record;
}

function resultOf(root: WireRecord, kind: string): WireRecord | null {
  const { result } = root;
  if (result === undefined) {
    if (Object.keys(root).every((key) => key === ATTRIBUTES)) return null;
    throw shapeError(kind, "it has no result");
  }
  if (isNothing(result)) return null;
  const record = asRecord(result);
  if (record === null) throw shapeError(kind, "its result is not a record");
  return record;
}

function isNothing(value: WireValue): boolean {
  if (typeof value === "string") return value.trim() === "";
  return value === null || (Array.isArray(value) && value.length === 0);
}

export function shapeError(kind: string, why: string): DataError {
  return new DataError(`${kind}: the response cannot be understood: ${why}`, {
    code: "pardot.unexpected-shape",
    hint: "Pardot's response has an unknown form; please report it with this message.",
  });
}
