import { sign } from "node:crypto";
import type { Secret } from "../../secrets/secret.ts";

/**
 * How far ahead an assertion expires, in milliseconds: the middle of the three minutes Salesforce allows (Salesforce
 * help, remoteaccess_oauth_jwt_flow), so that a clock may be off by half of them in either direction.
 */
const LIFE_MS = 90_000;

const PRODUCTION = "https://login.salesforce.com";
const SANDBOX = "https://test.salesforce.com";

export interface Claims {
  /** The app's consumer key. */
  readonly issuer: string;
  /** The user's name. */
  readonly subject: string;
  readonly audience: string;
  /** Milliseconds since 1970 by Salesforce's clock. */
  readonly now: number;
}

/** A signed assertion (RFC 7523, RS256): a credential for as long as it lives. */
export function signAssertion(claims: Claims, privateKey: Secret): string {
  const { issuer, subject, audience, now } = claims;
  const expiresAt = Math.floor((now + LIFE_MS) / 1000);
  const content = [{ alg: "RS256" }, { iss: issuer, sub: subject, aud: audience, exp: expiresAt }]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${content}.${sign("sha256", Buffer.from(content), privateKey.reveal()).toString("base64url")}`;
}

/**
 * Whom an assertion is for. It is one of the two shared hosts even when it is sent to a My Domain host
 * (restforce/restforce issues 674 and 886): the sandboxes' one for `acme--uat.sandbox.my.salesforce.com`, for older
 * names such as `acme--uat.my.salesforce.com` and for scratch orgs, the other for everything else.
 */
export function audienceOf(loginUrl: URL): string {
  const host = loginUrl.hostname;
  const isSandbox =
    host === "test.salesforce.com" || /(--[^.]+|\.(sandbox|scratch))(\.[^.]+)?\.my\.salesforce\.com$/.test(host);
  return isSandbox ? SANDBOX : PRODUCTION;
}
