import type { HttpRequest } from "../http/transport.ts";
import type { ResponseHead } from "./failure.ts";
import type {
  ExportRequest,
  ExportStatus,
  Page,
  PageRequest,
  Probe,
  ReadRequest,
  Version,
  WireRecord,
} from "./pardot.ts";

/** One call: its request, and how its response is read. */
export interface Exchange<T> {
  /** `<object> <operation>`, as calls are counted. */
  readonly kind: string;
  /** The request without token. */
  readonly request: (version: Version) => HttpRequest;
  /** Throws `DataError` `pardot.unexpected-shape`. */
  readonly read: (root: WireRecord, head: ResponseHead) => T;
  /** Whether a record without the mark of success is accepted. Default false. */
  readonly isBare?: boolean;
  /**
   * Whether numbers in a response are numbers, as in v5. Default false: v3/v4 turns texts into numbers, so each number
   * stays the text in the response.
   */
  readonly isTyped?: boolean;
}

/**
 * Translates for one generation of the API: the client's calls into requests, and responses into records. Pure: no I/O,
 * no retries. Failures contain the meaning of its error codes (`known`).
 */
export interface Dialect {
  probe(): Exchange<Probe>;
  page(request: PageRequest): Exchange<Page>;
  readById(request: ReadRequest): Exchange<WireRecord>;
  createExport(request: ExportRequest): Exchange<ExportStatus>;
  readExport(id: string): Exchange<ExportStatus>;
}
