import { isIP } from "node:net";
import { S3Client } from "@aws-sdk/client-s3";
import { clientOptions } from "../../aws/client-options.ts";

/** No connection within this time: the endpoint is not there. */
const CONNECTION_TIMEOUT_MS = 10_000;

export interface S3ClientOptions {
  /** Null: what AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the AWS profile say, else Amazon's. */
  readonly endpoint: string | null;
  /** Null: path-style by itself for an endpoint that is an IP address or localhost. */
  readonly pathStyle: boolean | null;
  /** Longest silence of a connection. */
  readonly idleTimeoutMs: number;
}

/**
 * The SDK's client with everything that matters said explicitly, because its defaults change. It never repeats a
 * request by itself: src/aws/retry.ts does, as the one layer that retries, since only it can read a file again.
 */
export function openS3Client(options: S3ClientOptions): S3Client {
  const client = new S3Client({
    ...(options.endpoint === null ? {} : { endpoint: options.endpoint }),
    ...(options.pathStyle === null ? {} : { forcePathStyle: options.pathStyle }),
    ...clientOptions({ connectionTimeoutMs: CONNECTION_TIMEOUT_MS, idleTimeoutMs: options.idleTimeoutMs }),
    // We send and compare SHA-256 ourselves; the default would wrap bodies in CRC32 trailers that other stores refuse.
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  if (options.pathStyle === null) {
    // Decided where the SDK has resolved the endpoint, so that one from the environment or a profile counts too.
    const resolve = client.config.endpointProvider;
    client.config.endpointProvider = (parameters, context) =>
      resolve(isLocal(parameters.Endpoint) ? { ...parameters, ForcePathStyle: true } : parameters, context);
  }
  return client;
}

/** Buckets as host names do not exist below an IP address or localhost. */
function isLocal(endpoint: string | undefined): boolean {
  if (endpoint === undefined || !URL.canParse(endpoint)) return false;
  const host = new URL(endpoint).hostname.replaceAll(/^\[|\]$/g, "");
  return isIP(host) !== 0 || host === "localhost" || host.endsWith(".localhost");
}
