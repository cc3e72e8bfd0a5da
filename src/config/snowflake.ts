import type { Problem } from "../errors.ts";
import type { SnowflakeAuth, SnowflakeConfig } from "./config.ts";
import type { Values } from "./given.ts";
import { required } from "./given.ts";
import { isEncrypted, readEncryptedKey, readKeyText, readPrivateKey } from "../secrets/private-key.ts";
import type { Secret } from "../secrets/secret.ts";
import type { SettingName } from "./settings.ts";
import type { Parsed } from "../errors.ts";

const HIDDEN = "***";

/** The Snowflake settings as they fit together. Reads the file of the private key. Problems as in `resolveConfig`. */
export async function resolveSnowflake(values: Values, problems: Problem[]): Promise<SnowflakeConfig | null> {
  const account = required(values, "SNOWFLAKE_ACCOUNT", "the account identifier, such as acme-prod", problems);
  const auth = await resolveAuth(values, problems);
  const database = required(values, "SNOWFLAKE_DATABASE", "the database of the tables", problems);
  const schema = required(values, "SNOWFLAKE_SCHEMA", "the schema of the tables", problems);
  if (account === null || auth === null || database === null || schema === null) return null;
  const role = values.get("SNOWFLAKE_ROLE");
  const warehouse = values.get("SNOWFLAKE_WAREHOUSE");
  return {
    kind: "snowflake",
    account,
    accessUrl: values.get("SNOWFLAKE_ACCESS_URL"),
    auth,
    role,
    warehouse,
    database,
    schema,
  };
}

async function resolveAuth(values: Values, problems: Problem[]): Promise<SnowflakeAuth | null> {
  checkKeySettings(values, problems);
  const authenticator = values.get("SNOWFLAKE_AUTHENTICATOR") ?? chooseAuthenticator(values, problems);
  if (authenticator === null) return null;
  if (authenticator === "OAUTH" || authenticator === "PROGRAMMATIC_ACCESS_TOKEN") {
    // As the driver has it: a programmatic access token may stand in the place of the password.
    const isPassword = authenticator === "PROGRAMMATIC_ACCESS_TOKEN" && !isGiven(values, "SNOWFLAKE_TOKEN");
    if (isPassword && values.isOpen("SNOWFLAKE_PASSWORD")) return null;
    const given = values.get("SNOWFLAKE_TOKEN") ?? (isPassword ? values.get("SNOWFLAKE_PASSWORD") : null);
    const token = given ?? required(values, "SNOWFLAKE_TOKEN", `the token for ${authenticator}`, problems);
    return token === null ? null : { authenticator, user: values.get("SNOWFLAKE_USER"), token };
  }
  const user = required(values, "SNOWFLAKE_USER", "the login name of the user", problems);
  if (authenticator === "SNOWFLAKE") {
    const password = required(values, "SNOWFLAKE_PASSWORD", "the user's password", problems);
    return user === null || password === null ? null : { authenticator, user, password };
  }
  const privateKey = await resolvePrivateKey(values, problems);
  return user === null || privateKey === null ? null : { authenticator, user, privateKey };
}

/** Reports what cannot be together, whichever way of login is taken. */
function checkKeySettings(values: Values, problems: Problem[]): void {
  const hasKey = isGiven(values, "SNOWFLAKE_PRIVATE_KEY");
  const hasFile = isGiven(values, "SNOWFLAKE_PRIVATE_KEY_FILE");
  if (values.get("SNOWFLAKE_PRIVATE_KEY") !== null && values.get("SNOWFLAKE_PRIVATE_KEY_FILE") !== null) {
    const expected = `one of the two: the key itself is given as ${values.pathOf("SNOWFLAKE_PRIVATE_KEY")}`;
    const value = values.get("SNOWFLAKE_PRIVATE_KEY_FILE");
    problems.push({ path: values.pathOf("SNOWFLAKE_PRIVATE_KEY_FILE"), value, expected });
  }
  if (values.get("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE") !== null && !hasKey && !hasFile) {
    const expected = "a private key beside it: SNOWFLAKE_PRIVATE_KEY or SNOWFLAKE_PRIVATE_KEY_FILE";
    problems.push({ path: values.pathOf("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE"), value: HIDDEN, expected });
  }
}

/** The way of login that the given credentials allow; none or several are a problem. */
function chooseAuthenticator(values: Values, problems: Problem[]): SnowflakeAuth["authenticator"] | null {
  if (values.isOpen("SNOWFLAKE_AUTHENTICATOR")) return null;
  const hasKey = isGiven(values, "SNOWFLAKE_PRIVATE_KEY") || isGiven(values, "SNOWFLAKE_PRIVATE_KEY_FILE");
  const hasPassword = isGiven(values, "SNOWFLAKE_PASSWORD");
  const hasToken = isGiven(values, "SNOWFLAKE_TOKEN");
  const ways = [hasKey, hasPassword, hasToken].filter(Boolean).length;
  if (ways === 1 && hasKey) return "SNOWFLAKE_JWT";
  if (ways === 1 && hasPassword) return "SNOWFLAKE";
  if (ways === 0) {
    const expected =
      "a way to log in: SNOWFLAKE_PRIVATE_KEY or SNOWFLAKE_PRIVATE_KEY_FILE (best), SNOWFLAKE_TOKEN, or SNOWFLAKE_PASSWORD";
    problems.push({ path: "SNOWFLAKE_PRIVATE_KEY", value: null, expected });
  } else {
    const expected =
      ways === 1
        ? "OAUTH or PROGRAMMATIC_ACCESS_TOKEN, to say what SNOWFLAKE_TOKEN is"
        : "SNOWFLAKE_JWT, SNOWFLAKE, OAUTH or PROGRAMMATIC_ACCESS_TOKEN, to choose among the credentials given; or one of them alone";
    problems.push({ path: "SNOWFLAKE_AUTHENTICATOR", value: null, expected });
  }
  return null;
}

/** The key as the driver wants it: PKCS#8, without passphrase, never on disk. */
async function resolvePrivateKey(values: Values, problems: Problem[]): Promise<Secret | null> {
  const name = isGiven(values, "SNOWFLAKE_PRIVATE_KEY_FILE") ? "SNOWFLAKE_PRIVATE_KEY_FILE" : "SNOWFLAKE_PRIVATE_KEY";
  if (!isGiven(values, name)) {
    return required(
      values,
      "SNOWFLAKE_PRIVATE_KEY",
      "the RSA private key in PEM form, or SNOWFLAKE_PRIVATE_KEY_FILE",
      problems,
    );
  }
  const file = values.get("SNOWFLAKE_PRIVATE_KEY_FILE");
  const key = values.get("SNOWFLAKE_PRIVATE_KEY");
  if ((file === null && key === null) || values.isOpen("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE")) return null;
  const refuse = (path: SettingName, value: string | null, expected: string): null => {
    problems.push({ path: values.pathOf(path), value, expected });
    return null;
  };
  const text: Parsed<string> = file === null ? { ok: true, value: key?.reveal() ?? "" } : await readKeyText(file);
  if (!text.ok) return refuse(name, file, text.expected);
  const take = (reading: Parsed<Secret>): Secret | null =>
    reading.ok ? reading.value : refuse(name, file ?? HIDDEN, reading.expected);
  if (!isEncrypted(text.value)) return take(readPrivateKey(text.value));
  const passphrase = values.get("SNOWFLAKE_PRIVATE_KEY_PASSPHRASE")?.reveal();
  const setting = "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE";
  if (passphrase === undefined) return refuse(setting, null, "the passphrase of the private key, which is encrypted");
  const result = readEncryptedKey(text.value, passphrase);
  return result.isDecrypted
    ? take(result.reading)
    : refuse(setting, HIDDEN, "the passphrase that decrypts the private key, which is whole");
}

/** Whether something was given, or may have been: a bad value is reported elsewhere. */
function isGiven(values: Values, name: SettingName): boolean {
  return values.get(name) !== null || values.isOpen(name);
}
