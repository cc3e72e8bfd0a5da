import { sign } from "node:crypto";
import type { AuthConfig } from "../../config/config.ts";
import { AuthError } from "../../errors.ts";
import type { Secret } from "../../secrets/secret.ts";
import { operation } from "./token-answer.ts";

export interface TokenRequest {
  readonly auth: AuthConfig;
  readonly loginUrl: URL;
  /** The refresh token in force, of the flow of that name. */
  readonly refreshToken: Secret | null;
  /** Milliseconds since 1970 by Salesforce's clock, as far as it is known. */
  readonly now: number;
}

/** The parameters of a token request (Salesforce help, remoteaccess_oauth_*_flow); most of them are secret. */
export function tokenParameters(request: TokenRequest): Readonly<Record<string, string>> {
  const { auth, loginUrl, refreshToken } = request;
  if (auth.flow === "jwt") {
    return { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: assertion(auth, request) };
  }
  const app = { grant_type: auth.flow, client_id: auth.clientId, client_secret: auth.clientSecret.reveal() };
  if (auth.flow === "client_credentials") return app;
  if (auth.flow === "password") return { ...app, username: auth.username, password: auth.password.reveal() };
  if (refreshToken !== null) return { ...app, refresh_token: refreshToken.reveal() };
  throw new AuthError(`${operation({ flow: auth.flow, loginHost: loginUrl.host })}: there is no refresh token`, {
    code: "auth.no-refresh-token",
    hint: "Set PARDOT_REFRESH_TOKEN; the file that PARDOT_TOKEN_FILE names has been emptied or removed.",
  });
}

/**
 * How far ahead an assertion expires, in milliseconds: the middle of the three minutes Salesforce allows (Salesforce
 * help, remoteaccess_oauth_jwt_flow), so that a clock may be off by half of them in either direction.
 */
const LIFE_MS = 90_000;

/** A signed assertion (RFC 7523, RS256): a credential until it expires. */
function assertion(auth: Extract<AuthConfig, { flow: "jwt" }>, { loginUrl, now }: TokenRequest): string {
  const expiresAt = Math.floor((now + LIFE_MS) / 1000);
  const claims = { iss: auth.clientId, sub: auth.username, aud: audienceOf(loginUrl), exp: expiresAt };
  const content = [{ alg: "RS256" }, claims]
    .map((part) => Buffer.from(JSON.stringify(part)).toString("base64url"))
    .join(".");
  return `${content}.${sign("sha256", Buffer.from(content), auth.privateKey.reveal()).toString("base64url")}`;
}

/**
 * The audience of an assertion. It is one of the two shared hosts even when it is sent to a My Domain host
 * (restforce/restforce issues 674 and 886): the sandboxes' one for `acme--uat.sandbox.my.salesforce.com`, for older
 * names such as `acme--uat.my.salesforce.com` and for scratch orgs, the other for everything else.
 */
export function audienceOf({ hostname }: URL): string {
  const isSandbox =
    hostname === "test.salesforce.com" ||
    /(--[^.]+|\.(sandbox|scratch))(\.[^.]+)?\.my\.salesforce\.com$/.test(hostname);
  return isSandbox ? "https://test.salesforce.com" : "https://login.salesforce.com";
}

/** The secrets of a configuration, which may appear in a text. */
export function secretsOf(auth: AuthConfig): readonly string[] {
  if (auth.flow === "jwt") return [auth.privateKey.reveal()];
  const own = auth.flow === "password" ? auth.password : auth.flow === "refresh_token" ? auth.refreshToken : null;
  return [auth.clientSecret, own].filter((secret) => secret !== null).map((secret) => secret.reveal());
}
