import { AttemptsFailed } from "../aws/retry.ts";
import { readFailure } from "../aws/failure.ts";
import type { AwsFailure } from "../aws/failure.ts";
import { shortened } from "../text.ts";

/** What to fix so that a secret can be read: the configuration, the AWS credentials, or the network. */
export type FailureKind = "configuration" | "credentials" | "network";

/** Why a secret cannot be read or written, as an expectation. Contains nothing of the secret. */
export class SecretFailure extends Error {
  readonly kind: FailureKind;
  /** The requirement, and the finding. */
  readonly expected: string;
  constructor(kind: FailureKind, expected: string, cause?: unknown) {
    super(expected, cause === undefined ? undefined : { cause });
    this.kind = kind;
    this.expected = expected;
  }
}

const NOT_FOUND: ReadonlySet<string> = new Set(["ResourceNotFoundException", "ParameterNotFound"]);
const UNFIT: ReadonlySet<string> = new Set(
  (
    "InvalidRequestException InvalidParameterException ValidationException ParameterVersionNotFound " +
    "ParameterPatternMismatchException HierarchyTypeMismatchException"
  ).split(" "),
);
const DENIED: ReadonlySet<string> = new Set(["AccessDeniedException", "AccessDenied", "UnauthorizedOperation"]);
/** The key that encrypts it cannot be used. */
const KEY_DENIED: ReadonlySet<string> = new Set(
  (
    "DecryptionFailure EncryptionFailure InvalidKeyId KMSAccessDeniedException KMSDisabledException " +
    "KMSInvalidStateException"
  ).split(" "),
);
const NO_CREDENTIALS: ReadonlySet<string> = new Set(
  "CredentialsProviderError TokenProviderError ProviderError".split(" "),
);
/** AWS does not know these credentials, or no longer does. */
const BAD_CREDENTIALS: ReadonlySet<string> = new Set(
  (
    "UnrecognizedClientException InvalidClientTokenId InvalidSignatureException SignatureDoesNotMatch " +
    "IncompleteSignatureException MissingAuthenticationTokenException ExpiredTokenException ExpiredToken " +
    "RequestExpired OptInRequired NotAuthorized"
  ).split(" "),
);

const GIVE_CREDENTIALS =
  "give the task or instance a role, set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY";

/**
 * Converts the SDK's error into the reason why a request failed; returns anything but failed attempts unchanged.
 * `action`: as in a policy, `secretsmanager:GetSecretValue`; `region`: null if it is not configured.
 */
export function secretFailure(thrown: unknown, action: string, region: string | null): unknown {
  if (!(thrown instanceof AttemptsFailed)) return thrown;
  const { attempts, cause: error } = thrown;
  if (error instanceof SecretFailure) return error;
  const failure = readFailure(error);
  const { name, status, message } = failure;
  const isParameter = action.startsWith("ssm:");
  const noun = isParameter ? "parameter" : "secret";
  const store = isParameter ? "the AWS parameter store" : "AWS Secrets Manager";
  const where = `${store}${region === null ? "" : ` of ${region}`}`;
  const carriesSecret = action.includes(":Put");
  const said = messageOf(failure, carriesSecret);
  const fail = (kind: FailureKind, expected: string): SecretFailure => new SecretFailure(kind, expected, error);
  if (NOT_FOUND.has(name)) return fail("configuration", `a ${noun} that exists; ${where} has none of this name`);
  if (UNFIT.has(name)) return fail("configuration", `a ${noun} that can be used (${said})`);
  if (KEY_DENIED.has(name) || (DENIED.has(name) && /\bkms\b|ciphertext|master key/i.test(message))) {
    const actions = carriesSecret ? "kms:GenerateDataKey, kms:Encrypt and kms:Decrypt" : "kms:Decrypt";
    return fail("credentials", `a ${noun} whose key this program may use; grant ${actions} on it (${said})`);
  }
  if (DENIED.has(name)) {
    return fail("credentials", `a ${noun} that this program may use; grant ${action} on it (${said})`);
  }
  if (NO_CREDENTIALS.has(name)) return fail("credentials", `AWS credentials; none were found: ${GIVE_CREDENTIALS}`);
  if (BAD_CREDENTIALS.has(name)) {
    return fail("credentials", `AWS credentials that AWS accepts (${name}); ${GIVE_CREDENTIALS}`);
  }
  if (status === null && /region is missing/i.test(message)) {
    return fail("configuration", `the region of the ${noun}: set AWS_REGION, or give its ARN`);
  }
  // Neither a response nor a network code: a bug of ours or of the SDK.
  if (status === null && error instanceof TypeError && !("code" in error)) return error;
  const tries = attempts === 1 ? "" : ` after ${attempts} attempts`;
  return fail("network", `a response from ${where} (${said}${tries})`);
}

/** The service's own message, on one line. */
function messageOf({ name, status, message }: AwsFailure, carriesSecret: boolean): string {
  const head = status === null ? name : `${status} ${name}`;
  // A refusal may quote the refused request.
  if (carriesSecret || message === "" || message === name) return head;
  return `${head}: ${shortened(message, 300)}`;
}
