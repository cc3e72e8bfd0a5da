import { valid } from "../errors.ts";
import type { Parsed } from "../errors.ts";
import { certificateOf, readCertificate } from "../secrets/certificate.ts";
import type { Certificate } from "../secrets/certificate.ts";
import { decryptKey, isEncrypted, readPemText, readPrivateKey } from "../secrets/private-key.ts";
import type { Secret } from "../secrets/secret.ts";
import { readTokenFile, writeProblem } from "../secrets/token-file.ts";
import type { AuthConfig, AuthFlow, SnowflakeAuth } from "./config.ts";
import type { SettingsReader } from "./settings-reader.ts";
import type { SettingName } from "./settings.ts";

/** How to log in to Salesforce and to Snowflake: the way that the given credentials allow, and these credentials. */

const HIDDEN = "***";

/** The hosts every org shares; vendor docs: the client credentials flow works on a My Domain host only. */
const SHARED_LOGIN_HOSTS: ReadonlySet<string> = new Set(["login.salesforce.com", "test.salesforce.com"]);

/** A way to log in, and the settings that select it: one of them is enough. */
type Way<Name> = readonly [way: Name, ...shownBy: SettingName[]];

const PARDOT_WAYS: readonly Way<AuthFlow>[] = [
  ["jwt", "PARDOT_PRIVATE_KEY", "PARDOT_PRIVATE_KEY_FILE"],
  ["refresh_token", "PARDOT_REFRESH_TOKEN"],
  ["password", "PARDOT_PASSWORD"],
];
const SNOWFLAKE_WAYS: readonly Way<"SNOWFLAKE_JWT" | "SNOWFLAKE" | "a token">[] = [
  ["SNOWFLAKE_JWT", "SNOWFLAKE_PRIVATE_KEY", "SNOWFLAKE_PRIVATE_KEY_FILE"],
  ["SNOWFLAKE", "SNOWFLAKE_PASSWORD"],
  ["a token", "SNOWFLAKE_TOKEN"],
];

function waysGiven<Name>(ways: readonly Way<Name>[], settings: SettingsReader): readonly Name[] {
  return ways.filter(([, ...shownBy]) => shownBy.some((name) => settings.isGiven(name))).map(([way]) => way);
}

/** The settings of a private key as text; the one of a file has the same beginning. */
type KeyText = "PARDOT_PRIVATE_KEY" | "SNOWFLAKE_PRIVATE_KEY";

/** Whether the key or certificate is given both as text and as file, which is a problem. */
function isGivenTwice(text: KeyText | "PARDOT_CERTIFICATE", settings: SettingsReader): boolean {
  const file = `${text}_FILE` as const;
  const path = settings.get(file);
  if (settings.get(text) === null || path === null) return false;
  const what = text === "PARDOT_CERTIFICATE" ? "certificate" : "key";
  settings.refuse(file, path, `one of the two: the ${what} itself is given as ${settings.pathOf(text)}`);
  return true;
}

/** The key as PKCS#8 without passphrase; the decrypted one never touches the disk. */
async function resolvePrivateKey(name: KeyText, settings: SettingsReader): Promise<Secret | null> {
  const file = `${name}_FILE` as const;
  // An encrypted key for Pardot is refused.
  const passphrase = name === "SNOWFLAKE_PRIVATE_KEY" ? (`${name}_PASSPHRASE` as const) : null;
  const path = settings.get(file);
  const given = settings.get(name);
  if (path === null && given === null) {
    if (settings.isUnknown(file)) return null;
    return settings.require(name, `the RSA private key in PEM form, or ${file}`);
  }
  if (passphrase !== null && settings.isUnknown(passphrase)) return null;
  const text = path === null ? valid(given?.reveal() ?? "") : await readPemText(path, "private key");
  const take = (parsed: Parsed<Secret>): Secret | null =>
    parsed.ok ? parsed.value : settings.refuse(path === null ? name : file, path ?? HIDDEN, parsed.expected);
  if (!text.ok) return take(text);
  if (passphrase === null || !isEncrypted(text.value)) return take(readPrivateKey(text.value));
  const phrase = settings.get(passphrase);
  if (phrase === null) {
    return settings.refuse(passphrase, null, "the passphrase of the private key, which is encrypted");
  }
  const key = decryptKey(text.value, phrase);
  return key === null
    ? settings.refuse(passphrase, HIDDEN, "the passphrase that decrypts the private key; the key itself is undamaged")
    : take(key);
}

/** The certificate of the key, if it is given; the login does not need it. Null too after a reported problem. */
async function resolveCertificate(privateKey: Secret | null, settings: SettingsReader): Promise<Certificate | null> {
  const path = settings.get("PARDOT_CERTIFICATE_FILE");
  const given = settings.get("PARDOT_CERTIFICATE");
  if (isGivenTwice("PARDOT_CERTIFICATE", settings) || (path === null && given === null)) return null;
  const text = path === null ? valid(given?.reveal() ?? "") : await readPemText(path, "certificate");
  const parsed = text.ok ? readCertificate(text.value) : text;
  if (!parsed.ok) {
    const name = path === null ? "PARDOT_CERTIFICATE" : "PARDOT_CERTIFICATE_FILE";
    return settings.refuse(name, path ?? HIDDEN, parsed.expected);
  }
  return privateKey === null ? null : certificateOf(parsed.value, privateKey);
}

/**
 * The flow and its credentials. `PARDOT_AUTH_FLOW` decides; without it the one flow whose own credential is given: a
 * private key, a refresh token or a password; with none of them a token file, and finally, on a host that is not
 * shared, the client secret alone. Reads the files of the key and of the refresh token.
 */
export async function resolveAuth(settings: SettingsReader): Promise<AuthConfig | null> {
  const clientId = settings.require("PARDOT_CLIENT_ID", "the consumer key of the app");
  if (settings.isUnknown("PARDOT_AUTH_FLOW") || settings.get("PARDOT_LOGIN_URL") === null) return null;
  const flow = settings.get("PARDOT_AUTH_FLOW") ?? chooseFlow(settings);
  if (flow === null) return null;
  // Also without a client id, so that every problem is reported at once.
  const auth = await FLOWS[flow](settings, clientId ?? "");
  return clientId === null ? null : auth;
}

function chooseFlow(settings: SettingsReader): AuthFlow | null {
  const given = waysGiven(PARDOT_WAYS, settings);
  if (given.length > 1) {
    const expected = `one of ${given.join(", ")}: the given credentials fit each of them`;
    return settings.refuse("PARDOT_AUTH_FLOW", null, expected);
  }
  const [only] = given;
  if (only !== undefined) return only;
  if (settings.isGiven("PARDOT_TOKEN_FILE")) return "refresh_token";
  const isAppAlone = settings.isGiven("PARDOT_CLIENT_SECRET") && !settings.isGiven("PARDOT_USERNAME");
  return isAppAlone && !isShared(settings)
    ? "client_credentials"
    : settings.refuse("PARDOT_AUTH_FLOW", null, EVERY_FLOW);
}

const EVERY_FLOW = `the credentials of a flow: ${[
  "PARDOT_PRIVATE_KEY or PARDOT_PRIVATE_KEY_FILE with PARDOT_USERNAME (jwt)",
  "PARDOT_CLIENT_SECRET with PARDOT_REFRESH_TOKEN (refresh_token)",
  "or with the My Domain host as PARDOT_LOGIN_URL (client_credentials)",
  "or with PARDOT_USERNAME and PARDOT_PASSWORD (password)",
].join(", ")}`;

function isShared(settings: SettingsReader): boolean {
  return SHARED_LOGIN_HOSTS.has(settings.get("PARDOT_LOGIN_URL")?.hostname ?? "");
}

const FLOWS: {
  readonly [Flow in AuthFlow]: (settings: SettingsReader, clientId: string) => Promise<AuthConfig | null>;
} = {
  refresh_token: async (settings, clientId) => {
    const clientSecret = requireClientSecret(settings);
    const tokenFile = settings.get("PARDOT_TOKEN_FILE");
    const isKept = tokenFile !== null && (await checkTokenFile(tokenFile, settings));
    const refreshToken = settings.get("PARDOT_REFRESH_TOKEN");
    const more = tokenFile === null ? "" : "; PARDOT_TOKEN_FILE holds none yet";
    if (!isKept) settings.require("PARDOT_REFRESH_TOKEN", `the API user's refresh token${more}`);
    if (clientSecret === null || (refreshToken === null && !isKept)) return null;
    const reference = settings.referenceTo("PARDOT_REFRESH_TOKEN");
    return { flow: "refresh_token", clientId, clientSecret, refreshToken, reference, tokenFile };
  },
  jwt: async (settings, clientId) => {
    const username = requireUsername(settings);
    const privateKey = isGivenTwice("PARDOT_PRIVATE_KEY", settings)
      ? null
      : await resolvePrivateKey("PARDOT_PRIVATE_KEY", settings);
    const certificate = await resolveCertificate(privateKey, settings);
    if (username === null || privateKey === null) return null;
    return { flow: "jwt", clientId, username, privateKey, certificate };
  },
  client_credentials: async (settings, clientId) => {
    const clientSecret = requireClientSecret(settings);
    if (isShared(settings)) {
      const expected =
        "the My Domain host, such as https://acme.my.salesforce.com: client credentials work on no other";
      settings.refuse("PARDOT_LOGIN_URL", settings.get("PARDOT_LOGIN_URL")?.origin ?? null, expected);
    }
    return clientSecret === null ? null : { flow: "client_credentials", clientId, clientSecret };
  },
  password: async (settings, clientId) => {
    const clientSecret = requireClientSecret(settings);
    const username = requireUsername(settings);
    const password = settings.require("PARDOT_PASSWORD", "the user's password with the security token at its end");
    if (clientSecret === null || username === null || password === null) return null;
    return { flow: "password", clientId, clientSecret, username, password };
  },
};

function requireClientSecret(settings: SettingsReader): Secret | null {
  return settings.require("PARDOT_CLIENT_SECRET", "the consumer secret of the app");
}

function requireUsername(settings: SettingsReader): string | null {
  return settings.require("PARDOT_USERNAME", "the Salesforce user name of the API user");
}

/** Whether the file holds a refresh token; also true when a problem hides that. */
async function checkTokenFile(path: string, settings: SettingsReader): Promise<boolean> {
  const file = await readTokenFile(path);
  const problem = file.ok ? await writeProblem(path) : file.expected;
  if (problem !== null) settings.refuse("PARDOT_TOKEN_FILE", path, problem);
  return !file.ok || file.value.token !== null;
}

/** `SNOWFLAKE_AUTHENTICATOR` decides; without it the one way whose credentials are given. Reads the file of the key. */
export async function resolveSnowflakeAuth(settings: SettingsReader): Promise<SnowflakeAuth | null> {
  // Reported for every authenticator.
  isGivenTwice("SNOWFLAKE_PRIVATE_KEY", settings);
  const hasKey = waysGiven(SNOWFLAKE_WAYS, settings).includes("SNOWFLAKE_JWT");
  if (settings.get("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE") !== null && !hasKey) {
    const expected = "a private key next to it: SNOWFLAKE_PRIVATE_KEY or SNOWFLAKE_PRIVATE_KEY_FILE";
    settings.refuse("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE", HIDDEN, expected);
  }
  const authenticator = settings.get("SNOWFLAKE_AUTHENTICATOR") ?? chooseAuthenticator(settings);
  if (authenticator === null) return null;
  if (authenticator === "OAUTH" || authenticator === "PROGRAMMATIC_ACCESS_TOKEN") {
    // As in the driver: a programmatic access token may be given as the password.
    const isPassword = authenticator === "PROGRAMMATIC_ACCESS_TOKEN" && !settings.isGiven("SNOWFLAKE_TOKEN");
    if (isPassword && settings.isUnknown("SNOWFLAKE_PASSWORD")) return null;
    const token =
      (isPassword ? settings.get("SNOWFLAKE_PASSWORD") : null) ??
      settings.require("SNOWFLAKE_TOKEN", `the token for ${authenticator}`);
    return token === null ? null : { authenticator, user: settings.get("SNOWFLAKE_USER"), token };
  }
  const user = settings.require("SNOWFLAKE_USER", "the login name of the user");
  if (authenticator === "SNOWFLAKE") {
    const password = settings.require("SNOWFLAKE_PASSWORD", "the user's password");
    return user === null || password === null ? null : { authenticator, user, password };
  }
  const privateKey = await resolvePrivateKey("SNOWFLAKE_PRIVATE_KEY", settings);
  return user === null || privateKey === null ? null : { authenticator, user, privateKey };
}

function chooseAuthenticator(settings: SettingsReader): SnowflakeAuth["authenticator"] | null {
  if (settings.isUnknown("SNOWFLAKE_AUTHENTICATOR")) return null;
  const given = waysGiven(SNOWFLAKE_WAYS, settings);
  const [only] = given;
  if (only === undefined) {
    const expected =
      "a way to log in: SNOWFLAKE_PRIVATE_KEY or SNOWFLAKE_PRIVATE_KEY_FILE (best), SNOWFLAKE_TOKEN, or SNOWFLAKE_PASSWORD";
    return settings.refuse("SNOWFLAKE_PRIVATE_KEY", null, expected);
  }
  if (given.length === 1 && only !== "a token") return only;
  const expected =
    given.length === 1
      ? "OAUTH or PROGRAMMATIC_ACCESS_TOKEN, the kind of SNOWFLAKE_TOKEN"
      : "SNOWFLAKE_JWT, SNOWFLAKE, OAUTH or PROGRAMMATIC_ACCESS_TOKEN, to choose among the credentials given; or one of them alone";
  return settings.refuse("SNOWFLAKE_AUTHENTICATOR", null, expected);
}
