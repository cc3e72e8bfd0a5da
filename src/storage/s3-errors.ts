import { DataError, PardotEtlError, StorageError } from "../errors.ts";

/** What an attempt against the object store came to, read from whatever the SDK threw. */
export interface S3Failure {
  /** The store's own code (`NoSuchBucket`), the SDK's error name or the errno. */
  readonly name: string;
  /** HTTP status, null when no answer came. */
  readonly status: number | null;
  readonly message: string;
  readonly requestId: string | null;
  readonly region: string | null;
}

/** Reads an error of the SDK; bodies of HEAD answers are empty, so there often is only a status. */
export function readFailure(error: unknown): S3Failure {
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
export function isTransient(failure: S3Failure): boolean {
  if (failure.status !== null && TRANSIENT_STATUS.has(failure.status)) return true;
  return TRANSIENT_NAME.has(failure.name);
}

/** True when a write may have taken place although it was not acknowledged: no answer, or the server's own failure. */
export function isAmbiguous(failure: S3Failure): boolean {
  return isTransient(failure) && (failure.status === null || failure.status >= 500);
}

interface Reading {
  readonly code: string;
  readonly hint: string;
}

const CREDENTIALS = (problem: string): string =>
  `${problem}; set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones), AWS_PROFILE, or give the task or instance a role`;
const INVALID_CREDENTIALS: Reading = {
  code: "storage.credentials-invalid",
  hint: CREDENTIALS("the store does not accept the AWS credentials"),
};
const WRONG_REGION: Reading = {
  code: "storage.wrong-region",
  hint: "the bucket is in another region than the one that was asked",
};

const BY_NAME: Readonly<Record<string, Reading>> = {
  NoSuchBucket: {
    code: "storage.bucket-missing",
    hint: "create the bucket, or correct its name in PARDOT_ETL_DESTINATION",
  },
  InvalidBucketName: {
    code: "storage.bucket-invalid",
    hint: "correct the bucket's name in PARDOT_ETL_DESTINATION",
  },
  InvalidAccessKeyId: INVALID_CREDENTIALS,
  SignatureDoesNotMatch: INVALID_CREDENTIALS,
  ExpiredToken: INVALID_CREDENTIALS,
  ExpiredTokenException: INVALID_CREDENTIALS,
  InvalidToken: INVALID_CREDENTIALS,
  CredentialsProviderError: {
    code: "storage.no-credentials",
    hint: CREDENTIALS("no AWS credentials were found"),
  },
  TokenProviderError: { code: "storage.no-credentials", hint: CREDENTIALS("the AWS sign-in has ended; sign in again") },
  PermanentRedirect: WRONG_REGION,
  TemporaryRedirect: WRONG_REGION,
  AuthorizationHeaderMalformed: WRONG_REGION,
  IllegalLocationConstraintException: WRONG_REGION,
  RequestTimeTooSkewed: {
    code: "storage.clock-skew",
    hint: "this machine's clock is more than 15 minutes off; set it right (NTP)",
  },
  EntityTooLarge: {
    code: "storage.too-large",
    hint: "choose PARDOT_ETL_COMPRESSION=gzip or zstd so that the file gets smaller",
  },
  QuotaExceeded: { code: "storage.full", hint: "raise the quota of the bucket or free space in it" },
};

const BY_STATUS: Readonly<Record<number, Reading>> = {
  301: WRONG_REGION,
  307: WRONG_REGION,
  401: INVALID_CREDENTIALS,
  403: {
    code: "storage.no-permission",
    hint: "allow this identity s3:ListBucket on the bucket and s3:GetObject, s3:PutObject and s3:DeleteObject below the prefix (and the use of its KMS key, if it has one)",
  },
  404: { code: "storage.missing", hint: "see whether the bucket and the endpoint (AWS_ENDPOINT_URL_S3) are right" },
  507: { code: "storage.full", hint: "the store has no space left; free some or enlarge it" },
};

const UNREACHABLE: Reading = {
  code: "storage.unreachable",
  hint: "see whether the network reaches the endpoint, and whether AWS_ENDPOINT_URL_S3 and AWS_REGION are right",
};
const UNAVAILABLE: Reading = {
  code: "storage.unavailable",
  hint: "the store is failing or throttling; nothing is lost, run again later",
};
const REFUSED: Reading = {
  code: "storage.refused",
  hint: "see whether the endpoint (AWS_ENDPOINT_URL_S3) speaks S3, and what the store's own log says of this request",
};

function readingOf(failure: S3Failure): Reading {
  const named = BY_NAME[failure.name];
  if (named !== undefined) return named;
  if (failure.status === null) {
    if (/region is missing/i.test(failure.message)) {
      return { code: "storage.no-region", hint: "set AWS_REGION to the region of the bucket" };
    }
    return isTransient(failure) || /cert|ssl|tls/i.test(failure.name) ? UNREACHABLE : REFUSED;
  }
  return BY_STATUS[failure.status] ?? (isTransient(failure) ? UNAVAILABLE : REFUSED);
}

/**
 * What the SDK threw as one of ours, with a code per thing that a person can mend. `attempts` is how often it was
 * tried. Errors that are ours already, and the reason of an aborted signal, pass as they are.
 */
export function s3Error(operation: string, error: unknown, attempts: number, signal?: AbortSignal): unknown {
  if (error instanceof PardotEtlError || (signal?.aborted === true && error === signal.reason)) return error;
  const failure = readFailure(error);
  const times = attempts > 1 ? ` after ${attempts} attempts` : "";
  const status = failure.status === null ? "" : `${failure.status} `;
  const cause = failure.message === "" || failure.message === failure.name ? "" : ` (${failure.message})`;
  const message = `${operation}: ${status}${failure.name}${times}${cause}`;
  const context = { name: failure.name, status: failure.status, requestId: failure.requestId, attempts };
  if (failure.name === "BadDigest" || failure.name === "XAmzContentSHA256Mismatch") {
    return new DataError(message, {
      code: "storage.digest-refused",
      hint: "the store received other bytes than were sent, each time; look for a proxy that changes bodies",
      context,
      cause: error,
    });
  }
  const reading = readingOf(failure);
  const region = failure.region === null ? "" : `: set AWS_REGION=${failure.region}`;
  const hint =
    reading === WRONG_REGION
      ? `${reading.hint}${region === "" ? ": set AWS_REGION to the bucket's" : region}`
      : reading.hint;
  return new StorageError(message, {
    code: reading.code,
    hint,
    context,
    cause: error,
    retryable: isTransient(failure),
  });
}
