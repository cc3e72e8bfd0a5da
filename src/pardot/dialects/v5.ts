import { camelCase } from "../../catalog/versions.ts";
import type { PardotConfig } from "../../config/config.ts";
import { assert } from "../../errors.ts";
import { parseHttpDate } from "../../http/backoff.ts";
import type { Instant } from "../../time/instant.ts";
import type { Dialect, Exchange } from "../dialect.ts";
import type { ResponseHead } from "../failure.ts";
import type {
  ExportRequest,
  ExportStatus,
  Page,
  PageRequest,
  Probe,
  ReadRequest,
  WireRecord,
  WireValue,
} from "../pardot.ts";
import { JSON_TYPE } from "../protocol.ts";
import { asRecord } from "../read-body.ts";
import { createBody, exportStatus, shapeError, statusOf } from "./v4.ts";

/** Warnings of a response, `203;Record count for … has been exceeded. …` (vendor docs, version5overview). */
const WARNING = "pardot-warning";
/** Access rules hide records or values. */
const HIDDEN = 202;
/** A sequence of page tokens ends after 100,000 records. */
const CAPPED = 203;

/** Requested names of which a record has at least one. */
const NAMES_MIN = 4;

type Parameters = Readonly<Record<string, string>>;

/** API v5 (vendor docs, version5overview and the page of each object). */
export class DialectV5 implements Dialect {
  readonly #apiUrl: URL;

  constructor({ apiUrl }: Pick<PardotConfig, "apiUrl">) {
    this.#apiUrl = apiUrl;
  }

  probe(): Exchange<Probe> {
    return this.#get("account", "read", "objects/account", { fields: "id" }, (root, kind, { headers }) => ({
      record: singleOf(root, kind),
      now: parseHttpDate(headers["date"]),
    }));
  }

  page({ way, fields, bounds, sort = { field: "id" }, afterId, limit, token, filters }: PageRequest): Exchange<Page> {
    assert(way.api === "v5" && fields !== null, "a query of v5 names its fields");
    const { query, urlName } = way;
    const named = { fields: fields.join(",") };
    const place = {
      limit: String(limit ?? query.limit),
      ...(sort === null ? {} : { orderBy: `${camelCase(sort.field)}${sort.isDescending ? " DESC" : ""}` }),
      ...(query.deleted ? { deleted: "all" } : {}),
      ...(afterId == null ? {} : { idGreaterThan: afterId }),
      ...(bounds?.from == null ? {} : { [`${camelCase(bounds.field)}AfterOrEqualTo`]: isoOffset(bounds.from) }),
      ...(bounds?.to == null ? {} : { [`${camelCase(bounds.field)}Before`]: isoOffset(bounds.to) }),
      ...filters,
    };
    // With a token nothing but the fields is accepted: it holds order, limit and filters.
    const parameters = { ...named, ...(token == null ? place : { nextPageToken: token }) };
    return this.#get(urlName, "query", query.path, parameters, (root, kind, head) => {
      const page = pageOf(root, kind, head);
      for (const record of page.records) assertRequested(record, fields, kind);
      return page;
    });
  }

  /** The statistics of a list email take no fields (three clients send none). */
  readById({ way, id, fields }: ReadRequest): Exchange<WireRecord> {
    assert(way.api === "v5", "a way of v5");
    const operation = way.process === "read" ? "read" : way.email.operation;
    const parameters: Parameters = operation === "stats" ? {} : { fields: fields.join(",") };
    const path = way.path.replace("{id}", encodeURIComponent(id));
    return this.#get(way.urlName, operation, path, parameters, (root, kind) => {
      const record = singleOf(root, kind);
      // Which names the statistics have depends on the account: three of the rates come from one client.
      assertRequested(record, fields, kind, operation === "stats");
      return record;
    });
  }

  createExport(request: ExportRequest): Exchange<ExportStatus> {
    assert(request.fields.length > 1, "an export of v5 names more fields than one");
    const kind = "export create";
    const url = new URL("/api/v5/exports", this.#apiUrl);
    const body = createBody(request);
    return {
      kind,
      request: () => ({ method: "POST", url, headers: { "content-type": JSON_TYPE }, body }),
      read: (root) => statusV5(root, kind),
      isBare: true,
    };
  }

  readExport(id: string): Exchange<ExportStatus> {
    const kind = "export read";
    const url = new URL(`/api/v5/exports/${encodeURIComponent(id)}`, this.#apiUrl);
    return {
      kind,
      request: () => ({ method: "GET", url, headers: {}, body: null }),
      read: (root) => statusOf(id, statusV5(root, kind), kind),
      isBare: true,
    };
  }

  #get<T>(
    urlName: string,
    operation: string,
    path: string,
    parameters: Parameters,
    read: (root: WireRecord, kind: string, head: ResponseHead) => T,
  ): Exchange<T> {
    const kind = `${urlName} ${operation}`;
    const url = new URL(`/api/v5/${path}?${new URLSearchParams(parameters).toString()}`, this.#apiUrl);
    return {
      kind,
      request: () => ({ method: "GET", url, headers: {}, body: null }),
      read: (root, head) => read(root, kind, head),
      isBare: true,
      isTyped: true,
    };
  }
}

/** As in v4, but for the name of the state, which is not documented, and for dates with an offset, which are not read. */
function statusV5(root: WireRecord, kind: string): ExportStatus {
  const record = asRecord(root["export"] ?? null) ?? root;
  return { ...exportStatus({ ...record, state: record["state"] ?? record["status"] ?? null }, kind), createdAt: null };
}

/** `2026-01-02T03:04:05+00:00`: Pardot refuses `Z` (400, code 51; PostHog PR #102066). */
export function isoOffset(instant: Instant): string {
  return `${new Date(instant).toISOString().slice(0, 19)}+00:00`;
}

function pageOf(root: WireRecord, kind: string, head: ResponseHead): Page {
  const next = root["nextPageToken"] ?? null;
  if (next !== null && typeof next !== "string") throw shapeError(kind, "its nextPageToken is not text");
  const token = next === "" ? null : next;
  const warnings = warningsOf(head);
  const isCapped = warnings.has(CAPPED);
  return {
    records: valuesOf(root, kind),
    total: null,
    end: token !== null || isCapped ? "more" : "end",
    token,
    isCapped,
    hidesValues: warnings.has(HIDDEN),
  };
}

/**
 * Throws `DataError` for a record of another object, as a cache on the way may serve it. The names in a response are those
 * that were requested (vendor docs, version5overview). Only ids may be absent (vendor docs, visitor-activity-v5), so a record with other names that also lacks a
 * requested one is foreign; so is one with none of several names. `isOpen`: further names are understood.
 */
function assertRequested(record: WireRecord, fields: readonly string[], kind: string, isOpen = false): void {
  const requested = new Set(fields.map((field) => field.replace(/\..*$/, "")));
  const names = Object.keys(record);
  const isUnknown = !isOpen && names.some((name) => !requested.has(name));
  const lacks = [...requested].some((name) => !/^id$|Ids?$/.test(name) && !Object.hasOwn(record, name));
  const isNone = requested.size >= NAMES_MIN && !names.some((name) => name !== "id" && requested.has(name));
  if ((isUnknown && lacks) || isNone) throw shapeError(kind, "a record has not the requested fields");
}

/** Several warnings may share the header, joined by commas. */
function warningsOf({ headers }: ResponseHead): ReadonlySet<number> {
  return new Set(
    Array.from((headers[WARNING] ?? "").matchAll(/(?:^|,)\s*(\d{3})(?=[;,\s]|$)/g), ([, code]) => Number(code)),
  );
}

/** The records of a page. Throws `DataError` for anything else than a list of them: that is not an empty page. */
function valuesOf(root: WireRecord, kind: string): WireRecord[] {
  const values = root["values"];
  if (!Array.isArray(values)) throw shapeError(kind, "it has no list of values");
  return (values as readonly WireValue[]).map((value) => {
    const record = asRecord(value);
    if (record === null) throw shapeError(kind, "one of its values is not a record");
    return record;
  });
}

/** The record of a read: documented bare; the account has been seen in `values` (Airbyte source-pardot). */
function singleOf(root: WireRecord, kind: string): WireRecord {
  if (!Object.hasOwn(root, "values")) return root;
  const [record, ...others] = valuesOf(root, kind);
  if (record === undefined || others.length > 0) throw shapeError(kind, "it is not one record");
  return record;
}
