import { isTransient, readFailure } from "../../aws/failure.ts";
import type { AwsFailure } from "../../aws/failure.ts";
import { DataError, PardotEtlError, StorageError } from "../../errors.ts";

interface Diagnosis {
  readonly code: string;
  readonly hint: string;
}

const CREDENTIALS = (problem: string): string =>
  `${problem}. Set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY (and AWS_SESSION_TOKEN for temporary ones), AWS_PROFILE, or give the task or instance a role.`;
const INVALID_CREDENTIALS: Diagnosis = {
  code: "storage.credentials-invalid",
  hint: CREDENTIALS("The store does not accept the AWS credentials"),
};
const WRONG_REGION: Diagnosis = {
  code: "storage.wrong-region",
  hint: "The bucket is in another region than the request",
};

const BY_NAME: Readonly<Record<string, Diagnosis>> = {
  NoSuchBucket: {
    code: "storage.bucket-missing",
    hint: "Create the bucket, or correct its name in PARDOT_ETL_DESTINATION.",
  },
  InvalidBucketName: {
    code: "storage.bucket-invalid",
    hint: "Correct the bucket's name in PARDOT_ETL_DESTINATION.",
  },
  InvalidAccessKeyId: INVALID_CREDENTIALS,
  SignatureDoesNotMatch: INVALID_CREDENTIALS,
  ExpiredToken: INVALID_CREDENTIALS,
  ExpiredTokenException: INVALID_CREDENTIALS,
  InvalidToken: INVALID_CREDENTIALS,
  CredentialsProviderError: {
    code: "storage.no-credentials",
    hint: CREDENTIALS("No AWS credentials were found"),
  },
  TokenProviderError: { code: "storage.no-credentials", hint: CREDENTIALS("The AWS sign-in has ended; sign in again") },
  PermanentRedirect: WRONG_REGION,
  TemporaryRedirect: WRONG_REGION,
  AuthorizationHeaderMalformed: WRONG_REGION,
  IllegalLocationConstraintException: WRONG_REGION,
  RequestTimeTooSkewed: {
    code: "storage.clock-skew",
    hint: "This machine's clock is more than 15 minutes off. Correct it (NTP).",
  },
  EntityTooLarge: {
    code: "storage.too-large",
    hint: "Choose PARDOT_ETL_COMPRESSION=gzip or zstd so that the file gets smaller.",
  },
  QuotaExceeded: { code: "storage.full", hint: "Raise the quota of the bucket or free space in it." },
};

const BY_STATUS: Readonly<Record<number, Diagnosis>> = {
  301: WRONG_REGION,
  307: WRONG_REGION,
  401: INVALID_CREDENTIALS,
  403: {
    code: "storage.no-permission",
    hint: "Allow this identity s3:ListBucket on the bucket and s3:GetObject, s3:PutObject and s3:DeleteObject below the prefix (and the use of its KMS key, if it has one).",
  },
  404: { code: "storage.missing", hint: "Check the bucket and the endpoint (AWS_ENDPOINT_URL_S3)." },
  507: { code: "storage.full", hint: "The store has no space left. Free some or enlarge it." },
};

const UNREACHABLE: Diagnosis = {
  code: "storage.unreachable",
  hint: "Check that the network reaches the endpoint, and that AWS_ENDPOINT_URL_S3 and AWS_REGION are right.",
};
const UNAVAILABLE: Diagnosis = {
  code: "storage.unavailable",
  hint: "The store is failing or throttling. Nothing is lost: run again later.",
};
const REFUSED: Diagnosis = {
  code: "storage.refused",
  hint: "Check that the endpoint (AWS_ENDPOINT_URL_S3) is an S3 API, and look for this request in the store's own log.",
};

function diagnose(failure: AwsFailure): Diagnosis {
  const named = BY_NAME[failure.name];
  if (named !== undefined) return named;
  if (failure.status === null) {
    if (/region is missing/i.test(failure.message)) {
      return { code: "storage.no-region", hint: "Set AWS_REGION to the region of the bucket." };
    }
    return isTransient(failure) || /cert|ssl|tls/i.test(failure.name) ? UNREACHABLE : REFUSED;
  }
  return BY_STATUS[failure.status] ?? (isTransient(failure) ? UNAVAILABLE : REFUSED);
}

/**
 * Turns an SDK error into one of ours, with a code for each thing that an operator can fix. `attempts`: number of
 * tries. Returns errors of ours, and the reason of an aborted signal, unchanged.
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
      hint: "The store received different bytes than were sent, each time. Look for a proxy that changes bodies.",
      context,
      cause: error,
    });
  }
  const diagnosis = diagnose(failure);
  const region = failure.region === null ? " to the bucket's" : `=${failure.region}`;
  const hint = diagnosis === WRONG_REGION ? `${diagnosis.hint}: set AWS_REGION${region}.` : diagnosis.hint;
  return new StorageError(message, {
    code: diagnosis.code,
    hint,
    context,
    cause: error,
    retryable: isTransient(failure),
  });
}

export function unordered(location: string, below: string): StorageError {
  return new StorageError(`list ${below} in ${location}: the store does not list its keys in order, page by page`, {
    code: "storage.unordered-list",
    hint: "Use a general purpose bucket: directory buckets (S3 Express) list in no order.",
    context: { below },
  });
}

export function endless(location: string, below: string, pages: number): StorageError {
  return new StorageError(
    `list ${below} in ${location}: ${pages} pages in a row without a key, and the store reports that there are more`,
    {
      code: "storage.endless-list",
      hint: "Check the store or the proxy in front of it: its lists do not end. On a bucket with versions, let a lifecycle rule remove expired delete markers.",
      context: { below },
    },
  );
}
