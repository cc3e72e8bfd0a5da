import { createHash, verify } from "node:crypto";
import type { KeyObject } from "node:crypto";

/**
 * Who may log in to the stand-in, and how Snowflake judges it. Fields of the request and codes of the answers: the
 * official driver's sources (snowflakedb/snowflake-connector-nodejs, services/sf, authentication/*), vendor docs on
 * key-pair authentication.
 */
export interface SnowflakeUser {
  readonly name: string;
  readonly password?: string;
  readonly publicKey?: KeyObject;
  readonly oauthToken?: string;
  readonly accessToken?: string;
  /** Passwords alone are refused, as by an authentication policy. */
  readonly needsSecondFactor?: boolean;
}

export interface LoginData {
  readonly ACCOUNT_NAME?: string;
  readonly LOGIN_NAME?: string;
  readonly PASSWORD?: string;
  readonly AUTHENTICATOR?: string;
  readonly TOKEN?: string;
  readonly CLIENT_ENVIRONMENT?: Readonly<Record<string, unknown>>;
  readonly SESSION_PARAMETERS?: Readonly<Record<string, unknown>>;
}

export interface Refusal {
  readonly code: string;
  readonly message: string;
  readonly sqlState?: string;
}

const BAD_PASSWORD: Refusal = { code: "390100", message: "Incorrect username or password was specified." };
const BAD_KEY: Refusal = { code: "390144", message: "JWT token is invalid. [0ce9eb56-821d-4ca9-a774-04ae89a0cf5a]" };
const BAD_OAUTH: Refusal = { code: "390303", message: "Invalid OAuth access token. [1a2b]" };
const BAD_ACCESS_TOKEN: Refusal = { code: "394400", message: "Programmatic access token is invalid." };
const NO_SECOND_FACTOR: Refusal = {
  code: "390197",
  message: "Multi-factor authentication is required for this account. Log in to Snowsight to enroll.",
};

/** The user, or why there is none. */
export function judgeLogin(data: LoginData, account: string, users: readonly SnowflakeUser[]): SnowflakeUser | Refusal {
  const named = users.find((user) => user.name === data.LOGIN_NAME?.toUpperCase());
  switch (data.AUTHENTICATOR) {
    case "SNOWFLAKE":
      if (named?.password === undefined || named.password !== data.PASSWORD) return BAD_PASSWORD;
      return named.needsSecondFactor === true ? NO_SECOND_FACTOR : named;
    case "SNOWFLAKE_JWT":
      return named?.publicKey !== undefined && isSigned(data.TOKEN ?? "", named.name, named.publicKey, account)
        ? named
        : BAD_KEY;
    case "OAUTH":
      return users.find((user) => user.oauthToken !== undefined && user.oauthToken === data.TOKEN) ?? BAD_OAUTH;
    case "PROGRAMMATIC_ACCESS_TOKEN":
      return (
        users.find((user) => user.accessToken !== undefined && user.accessToken === data.TOKEN) ?? BAD_ACCESS_TOKEN
      );
    default:
      return BAD_PASSWORD;
  }
}

interface Claims {
  readonly iss: string;
  readonly sub: string;
  readonly iat: number;
  readonly exp: number;
}

/** RS256 by the registered key; the issuer names account, user and the key's fingerprint; an hour at most. */
function isSigned(token: string, user: string, publicKey: KeyObject, account: string): boolean {
  const [head = "", body = "", signature = ""] = token.split(".");
  if (!verify("sha256", Buffer.from(`${head}.${body}`), publicKey, Buffer.from(signature, "base64url"))) return false;
  const { iss, sub, iat, exp } = JSON.parse(Buffer.from(body, "base64url").toString()) as Claims;
  const der = publicKey.export({ type: "spki", format: "der" });
  const fingerprint = `SHA256:${createHash("sha256").update(der).digest("base64")}`;
  const subject = `${account.toUpperCase()}.${user}`;
  // The driver counts in milliseconds where the standard counts in seconds; Snowflake takes both.
  const seconds = (time: number): number => (time > 1e11 ? time / 1000 : time);
  const now = Date.now() / 1000;
  const isTimely = Math.abs(now - seconds(iat)) < 60 && seconds(exp) > now && seconds(exp) - seconds(iat) <= 3600;
  return iss === `${subject}.${fingerprint}` && sub === subject && isTimely;
}
