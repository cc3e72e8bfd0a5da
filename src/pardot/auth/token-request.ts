import type { AuthConfig } from "../../config/config.ts";
import type { Secret } from "../../secrets/secret.ts";
import { AuthError } from "../../errors.ts";
import { audienceOf, signAssertion } from "./assertion.ts";
import { operation } from "./token-answer.ts";

/** What the parameters of a token request are made of. */
export interface Asking {
  readonly auth: AuthConfig;
  readonly loginUrl: URL;
  /** The refresh token in force; only the flow of that name has one. */
  readonly refreshToken: Secret | null;
  /** Milliseconds since 1970 by Salesforce's clock, as far as it is known. */
  readonly now: number;
}

/** The parameters of a token request (Salesforce help, remoteaccess_oauth_*_flow): most of them are secret. */
export function tokenParameters(asking: Asking): Readonly<Record<string, string>> {
  const { auth } = asking;
  if (auth.flow === "jwt") {
    const { clientId: issuer, username: subject } = auth;
    const audience = audienceOf(asking.loginUrl);
    return {
      grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer",
      assertion: signAssertion({ issuer, subject, audience, now: asking.now }, auth.privateKey),
    };
  }
  const app = { grant_type: auth.flow, client_id: auth.clientId, client_secret: auth.clientSecret.reveal() };
  if (auth.flow === "client_credentials") return app;
  if (auth.flow === "password") return { ...app, username: auth.username, password: auth.password.reveal() };
  if (asking.refreshToken !== null) return { ...app, refresh_token: asking.refreshToken.reveal() };
  throw new AuthError(`${operation({ flow: auth.flow, loginHost: asking.loginUrl.host })}: there is no refresh token`, {
    code: "auth.no-refresh-token",
    hint: "Set PARDOT_REFRESH_TOKEN; the file that PARDOT_TOKEN_FILE names has been emptied or removed.",
  });
}

/** The secrets of a configuration, as they may stand in a text. */
export function secretsOf(auth: AuthConfig): readonly string[] {
  if (auth.flow === "jwt") return [auth.privateKey.reveal()];
  const own = auth.flow === "password" ? auth.password : auth.flow === "refresh_token" ? auth.refreshToken : null;
  return [auth.clientSecret, own].filter((secret) => secret !== null).map((secret) => secret.reveal());
}
