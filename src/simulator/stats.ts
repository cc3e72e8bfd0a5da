/** Requests and exports of the simulator so far, for tests and people. */

export interface RequestRecord {
  /** Simulated time, ISO. */
  readonly at: string;
  readonly method: string;
  /** Path without the query. */
  readonly path: string;
  /** From the query and a form body. */
  readonly parameters: Readonly<Record<string, string>>;
  /** `tag query`, `export download`; `token` for token requests. */
  readonly kind: string;
  /** Null until there is a response, and for requests that never get a status. */
  status: number | null;
}

export interface ExportRecord {
  readonly id: number;
  readonly object: string;
  readonly fields: readonly string[];
  readonly procedure: string;
  /** As received. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly state: string;
  readonly isExpired: boolean;
  /** Null until complete. */
  readonly rows: number | null;
  readonly files: number;
}

export interface SimulatorStats {
  /** All HTTP requests to the API host, including refused and failed ones, but not token requests. */
  readonly calls: number;
  readonly byKind: Readonly<Record<string, number>>;
  readonly tokenRequests: number;
  /** Most API requests in flight at a time. */
  readonly maxInFlight: number;
  /** Bytes of response bodies as sent, after compression. */
  readonly bytesSent: number;
  readonly quota: { readonly used: number; readonly max: number };
  readonly now: string;
  readonly days: number;
  readonly exports: readonly ExportRecord[];
  /** The last 10,000, oldest first. */
  readonly requests: readonly RequestRecord[];
}

const REQUESTS_MAX = 10_000;

export interface Counters {
  readonly byKind: Map<string, number>;
  tokenRequests: number;
  bytesSent: number;
  readonly requests: RequestRecord[];
}

export function countRequest(counters: Counters, record: RequestRecord): void {
  if (record.kind === "token") counters.tokenRequests += 1;
  else counters.byKind.set(record.kind, (counters.byKind.get(record.kind) ?? 0) + 1);
  counters.requests.push(record);
  if (counters.requests.length > REQUESTS_MAX * 1.2)
    counters.requests.splice(0, counters.requests.length - REQUESTS_MAX);
}

export function lastRequests(counters: Counters): readonly RequestRecord[] {
  return counters.requests.slice(-REQUESTS_MAX);
}
