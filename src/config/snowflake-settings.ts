/**
 * Settings of the Snowflake warehouse; names and meanings are the official driver's (vendor docs, Node.js driver
 * options). They are looked at only with `PARDOT_ETL_WAREHOUSE=snowflake`, because other programs read them too.
 */
export const SNOWFLAKE_SETTINGS = [
  {
    env: "SNOWFLAKE_ACCOUNT",
    kind: "snowflake-account",
    onlyFor: "snowflake",
    default: null,
    meaning: "Account identifier, such as `acme-prod` (organization and account) or `xy12345.eu-central-1`.",
  },
  {
    env: "SNOWFLAKE_USER",
    kind: "text",
    onlyFor: "snowflake",
    default: null,
    meaning: "Login name; not needed with a token.",
  },
  {
    env: "SNOWFLAKE_PASSWORD",
    kind: "secret",
    onlyFor: "snowflake",
    default: null,
    meaning: "Password; works with a warning, because Snowflake is ending logins by password alone.",
  },
  {
    env: "SNOWFLAKE_PRIVATE_KEY",
    kind: "secret",
    onlyFor: "snowflake",
    default: null,
    meaning: "RSA private key in PEM form for key-pair login; line ends may be written as `\\n`.",
  },
  {
    env: "SNOWFLAKE_PRIVATE_KEY_FILE",
    kind: "path",
    onlyFor: "snowflake",
    default: null,
    meaning: "File with that key, instead of the key itself.",
  },
  {
    env: "SNOWFLAKE_PRIVATE_KEY_PASSPHRASE",
    kind: "secret",
    onlyFor: "snowflake",
    default: null,
    meaning: "Passphrase of an encrypted private key.",
  },
  {
    env: "SNOWFLAKE_TOKEN",
    kind: "secret",
    onlyFor: "snowflake",
    default: null,
    meaning: "OAuth access token or programmatic access token; `SNOWFLAKE_AUTHENTICATOR` says which.",
  },
  {
    env: "SNOWFLAKE_AUTHENTICATOR",
    kind: "choice",
    choices: ["SNOWFLAKE", "SNOWFLAKE_JWT", "OAUTH", "PROGRAMMATIC_ACCESS_TOKEN"],
    anyCase: true,
    onlyFor: "snowflake",
    default: null,
    meaning: "How to log in; without it by private key or password, whichever is given.",
  },
  {
    env: "SNOWFLAKE_ROLE",
    kind: "text",
    onlyFor: "snowflake",
    default: null,
    meaning: "Role; without it the user's default role.",
  },
  {
    env: "SNOWFLAKE_WAREHOUSE",
    kind: "text",
    onlyFor: "snowflake",
    default: null,
    meaning: "Virtual warehouse that runs the queries; without it the user's default warehouse.",
  },
  {
    env: "SNOWFLAKE_DATABASE",
    kind: "text",
    onlyFor: "snowflake",
    default: null,
    meaning: "Database of the tables.",
  },
  {
    env: "SNOWFLAKE_SCHEMA",
    kind: "text",
    onlyFor: "snowflake",
    default: null,
    meaning: "Schema of the tables.",
  },
  {
    env: "SNOWFLAKE_ACCESS_URL",
    kind: "snowflake-host",
    onlyFor: "snowflake",
    default: null,
    meaning: "Address to connect to, for private links and the like; without it the one that follows from the account.",
  },
] as const;

/** Settings that name something in Snowflake; double quotes around such a name are part of it. */
const IDENTIFIERS: ReadonlySet<string> = new Set([
  "SNOWFLAKE_ROLE",
  "SNOWFLAKE_WAREHOUSE",
  "SNOWFLAKE_DATABASE",
  "SNOWFLAKE_SCHEMA",
]);

export function isIdentifier(env: string): boolean {
  return IDENTIFIERS.has(env);
}
