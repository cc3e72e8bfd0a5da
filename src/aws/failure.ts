/** A failed attempt against AWS, or a store with its S3 protocol, read from the SDK's error. */
export interface AwsFailure {
  /** The service's own code (`NoSuchBucket`), the SDK's error name or the errno. */
  readonly name: string;
  /** HTTP status; null without a response. */
  readonly status: number | null;
  readonly message: string;
  readonly requestId: string | null;
  readonly region: string | null;
}

/** Reads an error of the SDK. HEAD responses have no body, so often there is only a status. */
export function readFailure(error: unknown): AwsFailure {
  const thrown = (typeof error === "object" && error !== null ? error : {}) as {
    readonly name?: string;
    readonly code?: string;
    readonly Code?: string;
    readonly message?: string;
    readonly $metadata?: { readonly httpStatusCode?: number; readonly requestId?: string };
    readonly $response?: { readonly statusCode?: number; readonly headers?: Readonly<Record<string, string>> };
  };
  const status = thrown.$metadata?.httpStatusCode ?? thrown.$response?.statusCode ?? null;
  const name = status === null ? (thrown.code ?? thrown.name) : (thrown.Code ?? thrown.name);
  return {
    name: name ?? "unknown",
    status,
    message: thrown.message ?? String(error),
    requestId: thrown.$metadata?.requestId ?? null,
    region: thrown.$response?.headers?.["x-amz-bucket-region"] ?? null,
  };
}

const TRANSIENT_STATUS: ReadonlySet<number> = new Set([429, 500, 502, 503, 504]);
const TRANSIENT_NAME: ReadonlySet<string> = new Set([
  // 409: another conditional write was in flight (AWS docs, "Conditional writes"); the repeat gets the 412 or succeeds.
  "ConditionalRequestConflict",
  "OperationAborted",
  "RequestTimeout",
  "SlowDown",
  "Throttling",
  // Names of services with a JSON protocol, which have status 400.
  "ThrottlingException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "TooManyUpdates",
  // The SDK corrects its clock by the response, so the repeat is signed correctly.
  "RequestTimeTooSkewed",
  // Bytes changed in transit; ours are known to be right (see spooled-bytes.ts).
  "BadDigest",
  "XAmzContentSHA256Mismatch",
  "IncompleteBody",
  "TimeoutError",
  "ECONNRESET",
  "ECONNREFUSED",
  "ECONNABORTED",
  "EPIPE",
  "ETIMEDOUT",
  "EHOSTUNREACH",
  "ENETUNREACH",
  "ENOTFOUND",
  "EAI_AGAIN",
  "ERR_STREAM_PREMATURE_CLOSE",
]);

/** True if the same request may succeed if it is sent again. */
export function isTransient(failure: AwsFailure): boolean {
  if (failure.status !== null && TRANSIENT_STATUS.has(failure.status)) return true;
  return TRANSIENT_NAME.has(failure.name);
}

/** True if a write may have happened without being acknowledged: no response, or the server's own failure. */
export function isAmbiguous(failure: AwsFailure): boolean {
  return isTransient(failure) && (failure.status === null || failure.status >= 500);
}
