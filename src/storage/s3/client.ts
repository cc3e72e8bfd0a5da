import { isIP } from "node:net";
import { S3Client } from "@aws-sdk/client-s3";
import { clientOptions } from "../../aws/client-options.ts";

/** An endpoint that does not connect within this time does not exist. */
const CONNECTION_TIMEOUT_MS = 10_000;
const IDLE_TIMEOUT_MS = 60_000;

export interface S3ClientOptions {
  /** Null: AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the AWS profile, else Amazon's. */
  readonly endpoint: string | null;
  /** Null: path-style for an endpoint that is an IP address or localhost. */
  readonly pathStyle: boolean | null;
  /** Longest silence of a connection in milliseconds before a request counts as lost. Default 60,000. */
  readonly idleTimeoutMs?: number;
}

/**
 * The SDK's client with all important options set explicitly, because its defaults change. It never repeats a request:
 * src/aws/retry.ts is the only layer that retries, since only it can read a file again.
 */
export function openS3Client({ endpoint, pathStyle, idleTimeoutMs = IDLE_TIMEOUT_MS }: S3ClientOptions): S3Client {
  const client = new S3Client({
    ...(endpoint === null ? {} : { endpoint }),
    ...(pathStyle === null ? {} : { forcePathStyle: pathStyle }),
    ...clientOptions(CONNECTION_TIMEOUT_MS, idleTimeoutMs),
    // We send and compare SHA-256 ourselves; the default would wrap bodies in CRC32 trailers that other stores refuse.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  if (pathStyle === null) {
    // Decided after the SDK has resolved the endpoint, so that one from the environment or a profile counts, too.
    const resolve = client.config.endpointProvider;
    client.config.endpointProvider = (parameters, context) =>
      resolve(isLocal(parameters.Endpoint) ? { ...parameters, ForcePathStyle: true } : parameters, context);
  }
  return client;
}

/** An IP address or localhost has no buckets as host names. */
function isLocal(endpoint: string | undefined): boolean {
  if (endpoint === undefined || !URL.canParse(endpoint)) return false;
  const host = new URL(endpoint).hostname.replaceAll(/^\[|\]$/g, "");
  return isIP(host) !== 0 || host === "localhost" || host.endsWith(".localhost");
}

type Middleware = <Step extends { readonly request: unknown }, Response>(
  next: (step: Step) => Promise<Response>,
) => (step: Step) => Promise<Response>;

/**
 * Middleware that signs a request with the SHA-256 of its body, to add to a command's stack. The SDK would sign a stream
 * as UNSIGNED-PAYLOAD; with the hash every S3 store checks the bytes.
 */
export function signPayload(
  sha256: string,
): readonly [Middleware, { readonly step: "build"; readonly name: "signPayload" }] {
  const middleware: Middleware = (next) => async (step) => {
    const { headers } = step.request as { readonly headers: Record<string, string> };
    headers["x-amz-content-sha256"] = sha256;
    return next(step);
  };
  // In this step the request exists and is not signed yet.
  return [middleware, { step: "build", name: "signPayload" }];
}
