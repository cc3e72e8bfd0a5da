/** What an attempt against AWS, or a store that speaks its S3 protocol, came to, read from whatever the SDK threw. */
export interface AwsFailure {
  /** The service's own code (`NoSuchBucket`), the SDK's error name or the errno. */
  readonly name: string;
  /** HTTP status, null when no answer came. */
  readonly status: number | null;
  readonly message: string;
  readonly requestId: string | null;
  readonly region: string | null;
}

/** Reads an error of the SDK; bodies of HEAD answers are empty, so there often is only a status. */
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
  // 409: another conditional write was under way (AWS docs, "Conditional writes"); the repeat gets the 412 or the place.
  "ConditionalRequestConflict",
  "OperationAborted",
  "RequestTimeout",
  "SlowDown",
  "Throttling",
  // The words of services with a JSON protocol, which come with status 400.
  "ThrottlingException",
  "TooManyRequestsException",
  "RequestLimitExceeded",
  "TooManyUpdates",
  // The SDK corrects its clock from the answer, so the repeat is signed right.
  "RequestTimeTooSkewed",
  // Bytes changed on the way; we know ours to be right (see spooled-bytes.ts).
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

/** True when the same request may succeed if it is sent again. */
export function isTransient(failure: AwsFailure): boolean {
  if (failure.status !== null && TRANSIENT_STATUS.has(failure.status)) return true;
  return TRANSIENT_NAME.has(failure.name);
}

/** True when a write may have taken place although it was not acknowledged: no answer, or the server's own failure. */
export function isAmbiguous(failure: AwsFailure): boolean {
  return isTransient(failure) && (failure.status === null || failure.status >= 500);
}
