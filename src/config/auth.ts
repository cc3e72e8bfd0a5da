import type { Problem } from "../errors.ts";
import type { AuthConfig, AuthFlow } from "./config.ts";
import type { Values } from "./given.ts";
import { required } from "./given.ts";
import { readPrivateKey, readPrivateKeyFile } from "../secrets/private-key.ts";
import type { Secret } from "../secrets/secret.ts";
import type { SettingName } from "./settings.ts";
import { readTokenFile } from "../secrets/token-file.ts";
import { whyNotWritable } from "../secrets/token-path.ts";
import type { Parsed } from "../errors.ts";

/** The hosts every org shares; vendor docs: the client credentials flow works on a My Domain host only. */
const SHARED_LOGIN_HOSTS: ReadonlySet<string> = new Set(["login.salesforce.com", "test.salesforce.com"]);

const HIDDEN = "***";

/**
 * The flow and its credentials. `PARDOT_AUTH_FLOW` decides; without it the one flow whose own credential is given: a
 * private key, a refresh token or a password; with none of them a token file, and at last, on a host that is not shared,
 * the client secret alone. Reads the files of the key and of the refresh token. Problems as in `resolveConfig`.
 */
export async function resolveAuth(values: Values, problems: Problem[]): Promise<AuthConfig | null> {
  const clientId = required(values, "PARDOT_CLIENT_ID", "the consumer key of the app", problems);
  if (values.isOpen("PARDOT_AUTH_FLOW") || values.get("PARDOT_LOGIN_URL") === null) return null;
  const flow = values.get("PARDOT_AUTH_FLOW") ?? chooseFlow(values, problems);
  if (flow === null) return null;
  // Also without a client id, so that every problem is told at once.
  const auth = await CREDENTIALS[flow](values, problems, clientId ?? "");
  return clientId === null ? null : auth;
}

function chooseFlow(values: Values, problems: Problem[]): AuthFlow | null {
  const has = (name: SettingName): boolean => values.get(name) !== null || values.isOpen(name);
  const marks = [
    { flow: "jwt", is: has("PARDOT_PRIVATE_KEY") || has("PARDOT_PRIVATE_KEY_FILE") },
    { flow: "refresh_token", is: has("PARDOT_REFRESH_TOKEN") },
    { flow: "password", is: has("PARDOT_PASSWORD") },
  ] as const;
  const fitting = marks.filter((mark) => mark.is).map((mark) => mark.flow);
  const [first, second] = fitting;
  if (second !== undefined) {
    const expected = `one of ${fitting.join(", ")}: what is given fits each of them`;
    problems.push({ path: "PARDOT_AUTH_FLOW", value: null, expected });
    return null;
  }
  if (first !== undefined) return first;
  if (has("PARDOT_TOKEN_FILE")) return "refresh_token";
  if (has("PARDOT_CLIENT_SECRET") && !has("PARDOT_USERNAME") && !isShared(values)) return "client_credentials";
  problems.push({ path: "PARDOT_AUTH_FLOW", value: null, expected: EVERY_WAY });
  return null;
}

const EVERY_WAY = `the credentials of a flow: ${[
  "PARDOT_PRIVATE_KEY or PARDOT_PRIVATE_KEY_FILE with PARDOT_USERNAME (jwt)",
  "PARDOT_CLIENT_SECRET with PARDOT_REFRESH_TOKEN (refresh_token)",
  "or with the My Domain host as PARDOT_LOGIN_URL (client_credentials)",
  "or with PARDOT_USERNAME and PARDOT_PASSWORD (password)",
].join(", ")}`;

type Reader = (values: Values, problems: Problem[], clientId: string) => Promise<AuthConfig | null>;

const CREDENTIALS: { readonly [Flow in AuthFlow]: Reader } = {
  refresh_token: async (values, problems, clientId) => {
    const clientSecret = secretOfApp(values, problems);
    const tokenFile = values.get("PARDOT_TOKEN_FILE");
    const isKept = tokenFile !== null && (await checkTokenFile(tokenFile, values, problems));
    const refreshToken = values.get("PARDOT_REFRESH_TOKEN");
    const more = tokenFile === null ? "" : "; PARDOT_TOKEN_FILE holds none yet";
    if (!isKept) required(values, "PARDOT_REFRESH_TOKEN", `the API user's refresh token${more}`, problems);
    if (clientSecret === null || (refreshToken === null && !isKept)) return null;
    const reference = values.referenceOf("PARDOT_REFRESH_TOKEN");
    return { flow: "refresh_token", clientId, clientSecret, refreshToken, reference, tokenFile };
  },
  jwt: async (values, problems, clientId) => {
    const username = nameOfUser(values, problems);
    const privateKey = await keyOf(values, problems);
    return username === null || privateKey === null ? null : { flow: "jwt", clientId, username, privateKey };
  },
  client_credentials: async (values, problems, clientId) => {
    const clientSecret = secretOfApp(values, problems);
    if (isShared(values)) {
      const expected =
        "the My Domain host, such as https://acme.my.salesforce.com: client credentials work on no other";
      const value = values.get("PARDOT_LOGIN_URL")?.origin ?? null;
      problems.push({ path: values.pathOf("PARDOT_LOGIN_URL"), value, expected });
    }
    return clientSecret === null ? null : { flow: "client_credentials", clientId, clientSecret };
  },
  password: async (values, problems, clientId) => {
    const clientSecret = secretOfApp(values, problems);
    const username = nameOfUser(values, problems);
    const meaning = "the user's password with the security token at its end";
    const password = required(values, "PARDOT_PASSWORD", meaning, problems);
    if (clientSecret === null || username === null || password === null) return null;
    return { flow: "password", clientId, clientSecret, username, password };
  },
};

function secretOfApp(values: Values, problems: Problem[]): Secret | null {
  return required(values, "PARDOT_CLIENT_SECRET", "the consumer secret of the app", problems);
}

function nameOfUser(values: Values, problems: Problem[]): string | null {
  return required(values, "PARDOT_USERNAME", "the Salesforce user name of the API user", problems);
}

function isShared(values: Values): boolean {
  return SHARED_LOGIN_HOSTS.has(values.get("PARDOT_LOGIN_URL")?.hostname ?? "");
}

async function keyOf(values: Values, problems: Problem[]): Promise<Secret | null> {
  const text = values.get("PARDOT_PRIVATE_KEY");
  const file = values.get("PARDOT_PRIVATE_KEY_FILE");
  const report = (name: SettingName, value: string | null, expected: string): null => {
    problems.push({ path: values.pathOf(name), value, expected });
    return null;
  };
  if (text !== null && file !== null) {
    const expected = `one of the two: the key itself is given as ${values.pathOf("PARDOT_PRIVATE_KEY")}`;
    return report("PARDOT_PRIVATE_KEY_FILE", file, expected);
  }
  const take = (name: SettingName, shown: string, reading: Parsed<Secret>): Secret | null =>
    reading.ok ? reading.value : report(name, shown, reading.expected);
  if (file !== null) return take("PARDOT_PRIVATE_KEY_FILE", file, await readPrivateKeyFile(file));
  if (text !== null) return take("PARDOT_PRIVATE_KEY", HIDDEN, readPrivateKey(text.reveal()));
  if (values.isOpen("PARDOT_PRIVATE_KEY_FILE")) return null;
  return required(
    values,
    "PARDOT_PRIVATE_KEY",
    "the RSA private key in PEM form, or PARDOT_PRIVATE_KEY_FILE",
    problems,
  );
}

/** Whether a refresh token stands in the file; also true when that is not known because of a problem. */
async function checkTokenFile(path: string, values: Values, problems: Problem[]): Promise<boolean> {
  const reading = await readTokenFile(path);
  const fault = reading.ok ? await whyNotWritable(path) : reading.expected;
  if (fault !== null) problems.push({ path: values.pathOf("PARDOT_TOKEN_FILE"), value: path, expected: fault });
  return !reading.ok || reading.value.token !== null;
}
