import type { PerEmailV4, PerEmailV5, QueryV4, QueryV5, RangeField, SingleV5 } from "../catalog/catalog.ts";
import type { About } from "../events.ts";
import type { Turn } from "../http/gate.ts";
import { DAY_MS } from "../time/instant.ts";
import type { Instant, LocalText } from "../time/instant.ts";

/**
 * Pardot as extraction sees it. The client behind it handles token, version switch, retries, concurrency, call counting
 * and reading of responses. Every call may throw `AuthError`, `LimitError`, `RemoteError`, `TransportError`,
 * `DataError` (a malformed response) or the signal's reason.
 */
export interface Pardot {
  /** One read of the account: proves credentials, business unit, host and version. */
  probe(signal: AbortSignal): Promise<Probe>;

  /** One page of a query. */
  queryPage(request: PageRequest, signal: AbortSignal): Promise<Page>;

  /** How many records a query selects in all (`total_results`), and the first of them; one call. */
  countRecords(request: PageRequest, signal: AbortSignal): Promise<Counted>;

  /** One record by its id, or the only one of its kind. Throws RemoteError with Pardot's code when there is none. */
  readById(request: ReadRequest, signal: AbortSignal): Promise<WireRecord>;

  /** The fields of an object in this account, standard and custom, in no order, at least one; one call. */
  describe(urlName: string, signal: AbortSignal): Promise<readonly DescribedField[]>;

  createExport(request: ExportRequest, signal: AbortSignal): Promise<ExportStatus>;
  readExport(request: ExportRead, signal: AbortSignal): Promise<ExportStatus>;

  /**
   * One result file as a stream, decompressed. The body is checked against its length: a short one throws
   * `TransportError` while it is read. Breaking out of the loop closes the connection. A response that is not a file is
   * requested again, then throws `DataError` `data.file-not-delivered`.
   */
  downloadResult(reference: string, signal: AbortSignal, about?: About): Promise<ResultBody>;

  /** Every HTTP request made to the API host so far, retries and refusals included. */
  readonly calls: CallCounts;
  /** The account's calls of today by the last `x-api-usage` header; null before the first one. */
  readonly usage: { readonly used: number; readonly max: number } | null;
  /** The version in use: 4 until the account requires the other one (codes 88/89). */
  readonly version: Version;
}

/** The version of the API in addresses. */
export type Version = 3 | 4;

export interface Probe {
  /** The account itself, as XML, so that no text turns into a number. */
  readonly record: WireRecord;
  /** The instant of the Date header; null without one. */
  readonly now: Instant | null;
}

/** The bytes of a result file, to be iterated once. */
export interface ResultBody extends AsyncIterable<Uint8Array> {
  /** True when a cut would go unnoticed, so that the file must arrive twice identically; as in `HttpResponse`. */
  readonly endsByClose: boolean;
}

/**
 * A record as in the response: text, numbers, booleans, null, nested records and lists of records. XML yields only
 * text.
 */
export interface WireRecord {
  readonly [field: string]: WireValue;
}
export type WireValue = string | number | boolean | null | WireRecord | readonly WireValue[];

/** A query: of v3/v4, or of a collection of API v5. */
export type QueryWay =
  | { readonly api: "v4"; readonly urlName: string; readonly dataKey: string; readonly query: QueryV4 }
  | { readonly api: "v5"; readonly urlName: string; readonly query: QueryV5 };

export interface PageRequest {
  readonly way: QueryWay;
  /**
   * Names in responses of all requested fields. Null: the fields that a v3/v4 query returns by default; v5 requires
   * names.
   */
  readonly fields: readonly string[] | null;
  readonly bounds?: PageBounds | null;
  /** Default: by ascending id. Null: no order is requested. */
  readonly sort?: { readonly field: "id" | RangeField; readonly isDescending?: boolean } | null;
  /** Only records with a greater id. */
  readonly afterId?: string | null;
  /** Records at most. Default: the object's page. */
  readonly limit?: number;
  /** Token from the page before: continues in its order, with its bounds and limit. */
  readonly token?: string | null;
  /** Further filters: names and values of parameters. */
  readonly filters?: Readonly<Record<string, string>>;
  /** Named by events; a page of a window has both. */
  readonly about?: About;
  /** Whether it only brings more fields of records that events have counted. Default false. */
  readonly isRest?: boolean;
  /**
   * Begins when the page turns out to be large, and lets no other large page into memory until its reader ends it or
   * requests another page with it. Until then the reader must not wait for any call: a call in flight may wait for the turn.
   * Default: ends when the page has been parsed.
   */
  readonly turn?: Turn;
}

/** Half-open `[from, to)`; null: no bound. */
export interface PageBounds {
  readonly field: RangeField;
  readonly from: Instant | null;
  readonly to: Instant | null;
}

export interface Page {
  readonly records: WireRecord[];
  /** `total_results`; null where the response has none, as with `output=bulk` and in v5. */
  readonly total: number | null;
  /** Whether further pages follow. `unknown`: v3/v4 do not report it. */
  readonly end: "more" | "end" | "unknown";
  /** Of the next page; null without one. */
  readonly token: string | null;
  /** Whether the sequence of page tokens ends here although there are more records. */
  readonly isCapped: boolean;
  /** Whether access rules hide records or values from this user. */
  readonly hidesValues: boolean;
}

export interface Counted {
  readonly total: number;
  /** In the requested order; null when there is none. */
  readonly first: WireRecord | null;
}

export interface ReadRequest {
  readonly way: PerEmailV4 | PerEmailV5 | SingleV5;
  /** Empty for the only record of its kind. */
  readonly id: string;
  /** Names in responses; v3/v4 return all. */
  readonly fields: readonly string[];
  /** Named by events. */
  readonly about?: About;
}

export interface DescribedField {
  /** The field's name in responses and exports. */
  readonly name: string;
  readonly isCustom: boolean;
}

export interface ExportRequest {
  /** The generation of the API that creates it; the two know nothing of each other's exports. */
  readonly api: "v4" | "v5";
  readonly object: string;
  readonly fields: readonly string[];
  readonly procedure: string;
  readonly arguments: Readonly<Record<string, string | boolean>>;
  /** Named by events. */
  readonly about?: About;
}

export interface ExportRead {
  /** The generation of the API that created it. */
  readonly api: "v4" | "v5";
  readonly id: string;
  /** Named by events. */
  readonly about?: About;
}

/** How long Pardot keeps an export and its files (vendor docs, export-v4). */
export const EXPORT_LIFE_MS: number = 7 * DAY_MS;

/** The states that Pardot documents; anything else is `Unknown`. */
export const EXPORT_STATES = ["Waiting", "Processing", "Complete", "Failed", "Unknown"] as const;
export type ExportState = (typeof EXPORT_STATES)[number];

export interface ExportStatus {
  readonly id: string;
  readonly state: ExportState;
  /** The word Pardot used. */
  readonly stateText: string;
  readonly isExpired: boolean;
  /** In the API user's zone; null where it is not read, as in v5. */
  readonly createdAt: LocalText | null;
  /** Addresses of the result files in no order; empty when there are no rows or the export is not complete. */
  readonly resultRefs: readonly string[];
}

/** Requests by kind: `account read`, `tag query`, `export create`, `export read`, `export download`. */
export interface CallCounts {
  readonly total: number;
  readonly byKind: Readonly<Record<string, number>>;
}

/** Charged before each request to the API host; throws `LimitError` when no call is left. */
export interface CallBudget {
  take(kind: string, signal: AbortSignal): Promise<void>;
}
