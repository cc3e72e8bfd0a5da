import type { QueryV4 } from "../catalog/catalog.ts";
import type { About } from "../events.ts";
import type { Instant, LocalText } from "../time/instant.ts";

/**
 * Pardot as the processes see it. Behind it stand token, version switch, retries, concurrency gate, call counting and
 * the readers of its answers. Every call may throw `AuthError`, `LimitError`, `RemoteError`, `TransportError`,
 * `DataError` (an answer that is no answer) or the signal's reason.
 */
export interface Pardot {
  /**
   * One read of the account: proves credentials, business unit, host and version, and brings Pardot's clock.
   * `record` is the account itself (as XML, so that no text turns into a number); `now` the instant of the Date header, null when the
   * answer had none.
   */
  probe(signal: AbortSignal): Promise<{ readonly record: WireRecord; readonly now: Instant | null }>;

  /** One page of a query. */
  queryPage(request: PageRequest, signal: AbortSignal): Promise<Page>;

  /** How many records a query selects in all (`total_results`), and the first of them; one call. */
  countRecords(request: PageRequest, signal: AbortSignal): Promise<Counted>;

  /** One record by its id. Throws RemoteError with Pardot's code when there is none. */
  readById(request: ReadRequest, signal: AbortSignal): Promise<WireRecord>;

  /** The fields that an object has in this account, standard and custom, in no order and never none; one call. */
  describe(urlName: string, signal: AbortSignal): Promise<readonly DescribedField[]>;

  createExport(request: ExportRequest, signal: AbortSignal): Promise<ExportStatus>;
  readExport(id: string, signal: AbortSignal, about?: About): Promise<ExportStatus>;

  /**
   * One result file as a stream, decompressed. The body is checked against its length: a short one throws
   * `TransportError` while it is read. Breaking out of the loop closes the connection. A response that is not a file is
   * requested again, then throws `DataError` `data.file-not-delivered`.
   */
  downloadResult(reference: string, signal: AbortSignal, about?: About): Promise<ResultBody>;

  /** Every HTTP request made to the API host so far, retries and refusals included. */
  readonly calls: CallCounts;
  /** What the API last said of the day's quota (header `x-api-usage`), null while it said nothing. */
  readonly usage: { readonly used: number; readonly max: number } | null;
  /** The version in use: 4 until the account says otherwise (codes 88/89). */
  readonly version: 3 | 4;
}

/** The bytes of a result file, to be iterated once. */
export interface ResultBody extends AsyncIterable<Uint8Array> {
  /** True when a cut would go unnoticed, so that the file has to come twice alike; as in `HttpResponse`. */
  readonly endsByClose: boolean;
}

/** A record as it came: text, numbers, booleans, null, nested records and lists of records. XML yields text only. */
export interface WireRecord {
  readonly [field: string]: WireValue;
}
export type WireValue = string | number | boolean | null | WireRecord | readonly WireValue[];

export interface PageRequest {
  readonly urlName: string;
  readonly dataKey: string;
  readonly query: QueryV4;
  /** Further parameters: range bounds, `id_greater_than`, `sort_by`, `sort_order`, `limit`. */
  readonly parameters: Readonly<Record<string, string>>;
  /** What events about it name; a page of a window has both. */
  readonly about?: About;
}

export interface Page {
  readonly records: readonly WireRecord[];
  /** `total_results`; null where the response has none, as with `output=bulk`. */
  readonly total: number | null;
}

export interface Counted {
  readonly total: number;
  /** In the order asked for; null when there is none. */
  readonly first: WireRecord | null;
}

export interface ReadRequest {
  readonly urlName: string;
  readonly dataKey: string;
  readonly operation: "read" | "stats";
  readonly id: string;
  readonly format: "xml" | "json";
  /** What events about it name. */
  readonly about?: About;
}

export interface DescribedField {
  /** The field's name in answers and exports. */
  readonly name: string;
  readonly isCustom: boolean;
}

export interface ExportRequest {
  readonly object: string;
  readonly fields: readonly string[];
  readonly procedure: string;
  readonly arguments: Readonly<Record<string, string | boolean>>;
  /** What events about it name. */
  readonly about?: About;
}

/** Pardot's words are kept as data: `Waiting`, `Processing`, `Complete`, `Failed`; anything else is `Unknown`. */
export const EXPORT_STATES = ["Waiting", "Processing", "Complete", "Failed", "Unknown"] as const;
export type ExportState = (typeof EXPORT_STATES)[number];

export interface ExportStatus {
  readonly id: string;
  readonly state: ExportState;
  /** The word Pardot used. */
  readonly stateText: string;
  readonly isExpired: boolean;
  /** In the zone of the user who asks. */
  readonly createdAt: LocalText | null;
  /** Addresses of the result files in no order; empty when there are no rows or the export is not complete. */
  readonly resultRefs: readonly string[];
}

/** Requests by kind: `account read`, `tag query`, `export create`, `export read`, `export download`. */
export interface CallCounts {
  readonly total: number;
  readonly byKind: Readonly<Record<string, number>>;
}

/** Asked before each request to the API host; throws `LimitError` when no call is left. */
export interface CallBudget {
  take(kind: string, signal: AbortSignal): Promise<void>;
}
