/**
 * Checks an assertion of the JWT bearer flow. Errors are the recorded pairs
 * (omniphx/forrest 278 and 302, frankkessler/salesforce-laravel-oauth2-rest 68, simple-salesforce/simple-salesforce 491);
 * the order of Salesforce's checks is unconfirmed.
 */
import { createPublicKey, verify } from "node:crypto";

export interface ExpectedAssertion {
  /** PEM of the app's certificate or public key; null if none was uploaded. */
  readonly publicKey: string | null;
  readonly clientId: string;
  readonly username: string;
  /** Whether that user is pre-authorized. */
  readonly isApproved: boolean;
  readonly audience: string;
  /** Milliseconds since 1970 by the server's clock. */
  readonly now: number;
}

/** An assertion may expire at most this many seconds ahead (Salesforce help, remoteaccess_oauth_jwt_flow). */
const AHEAD_SECONDS_MAX = 180;

/** Returns OAuth's error and its description, or null if the assertion is valid. */
export function refusalOf(assertion: string, expected: ExpectedAssertion): readonly [string, string] | null {
  const [head = "", body = "", signature = ""] = assertion.split(".");
  const claims = readPart(body);
  if (readPart(head)?.["alg"] !== "RS256" || claims === null) return ["invalid_grant", "invalid assertion"];
  if (claims["iss"] !== expected.clientId) return ["invalid_client_id", "client identifier invalid"];
  if (claims["aud"] !== expected.audience) return ["invalid_grant", "audience is invalid"];
  const { publicKey } = expected;
  const isSigned =
    publicKey !== null &&
    verify("sha256", Buffer.from(`${head}.${body}`), createPublicKey(publicKey), Buffer.from(signature, "base64url"));
  const expiresAt = claims["exp"];
  if (!isSigned || !Number.isInteger(expiresAt)) return ["invalid_grant", "invalid assertion"];
  const ahead = (expiresAt as number) - expected.now / 1000;
  if (ahead <= 0) return ["invalid_grant", "expired authorization code"];
  if (ahead > AHEAD_SECONDS_MAX) return ["invalid_grant", "invalid assertion"];
  const isKnown = claims["sub"] === expected.username && expected.isApproved;
  return isKnown ? null : ["invalid_grant", "user hasn't approved this consumer"];
}

function readPart(part: string): Readonly<Record<string, unknown>> | null {
  try {
    const data: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof data === "object" && data !== null ? (data as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}
