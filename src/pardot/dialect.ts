import type { HttpRequest } from "../http/transport.ts";
import type { ResponseHead } from "./failure.ts";
import type { Page, PageRequest, Probe, ReadRequest, Version, WireRecord } from "./pardot.ts";

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
  /** Whether numbers are numbers, as in v5. Default false: v3/v4 makes numbers of texts, so each stays as it is written. */
  readonly isTyped?: boolean;
}

/**
 * How one generation of the API is spoken: the client's calls as requests, and its responses as records. Pure: no I/O, no
 * retries. Its codes for failures come with the failures (`known`).
 */
export interface Dialect {
  probe(): Exchange<Probe>;
  page(request: PageRequest): Exchange<Page>;
  readById(request: ReadRequest): Exchange<WireRecord>;
}
