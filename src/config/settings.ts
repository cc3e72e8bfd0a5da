import type { Secret } from "../secrets/secret.ts";
import type { AuthFlow, Destination, EtlConfig, PardotConfig, SnowflakeAuth, SnsTopic } from "./config.ts";
import { boolean, choice, duration, identifier, integer, path, percent, secret, size, text } from "./parsers.ts";
import type { Parser } from "./parsers.ts";
import { objects } from "./selection.ts";
import {
  apiHost,
  businessUnit,
  destination,
  loginHost,
  snowflakeAccount,
  snowflakeHost,
  snsTopic,
  warehouse,
  zone,
} from "./special-parsers.ts";
import type { WarehouseChoice } from "./special-parsers.ts";

interface Row<Value> {
  readonly parser: Parser<Value>;
  /** Meaning, for people; includes the behavior if it is not set and has no default. */
  readonly meaning: string;
  /** As an operator would write it; null: none. */
  readonly default: string | null;
}

function row<Value>(parser: Parser<Value>, meaning: string, byDefault: string | null = null): Row<Value> {
  return { parser, meaning, default: byDefault };
}

/**
 * The table of settings. Loading, error messages, docs/configuration.md and the template of `init` follow it, in its
 * order. It is a class, so that the type of a value is next to its parser. The settings of Snowflake have the names and
 * meanings of the official driver (vendor docs, Node.js driver options).
 */
class Table {
  PARDOT_BUSINESS_UNIT_ID: Row<string> = row(
    businessUnit,
    "Id of the business unit; find it in Salesforce under Setup > Business Unit Setup.",
  );
  PARDOT_API_URL: Row<URL> = row(
    apiHost,
    "API host; `https://pi.demo.pardot.com` for sandboxes and developer orgs.",
    "https://pi.pardot.com",
  );
  PARDOT_LOGIN_URL: Row<URL> = row(
    loginHost,
    "Host of the token endpoint; `https://test.salesforce.com` for sandboxes, or the My Domain host.",
    "https://login.salesforce.com",
  );
  PARDOT_API_VERSION: Row<PardotConfig["apiVersion"]> = row(
    choice(["auto", "3", "4", "5"]),
    "API version. `auto` reads the core objects through v4 (v3 if the account requires it: codes 88 and 89) and all others through v5; `5` reads everything through v5 except EmailClick, which v5 lacks; `3` and `4` never call v5.",
    "auto",
  );
  PARDOT_V4_FORMAT: Row<"xml" | "json"> = row(
    choice(["xml", "json"]),
    "Response format of every v3/v4 query and read; if not set, the catalog's for each object.",
  );
  PARDOT_TIMEZONE: Row<string> = row(zone, "Time zone of the API user, which v3/v4 timestamps are in.", "UTC");
  PARDOT_ACCOUNT_TIMEZONE: Row<string> = row(
    zone,
    "Time zone of the account, in which the quota day starts; if not set, `PARDOT_TIMEZONE`.",
  );
  PARDOT_AUTH_FLOW: Row<AuthFlow> = row(
    choice(["refresh_token", "jwt", "client_credentials", "password"]),
    "OAuth flow; if not set, inferred from the credentials (see `pardot-etl help authentication`).",
  );
  PARDOT_CLIENT_ID: Row<string> = row(text, "Consumer key of the connected app or external client app.");
  PARDOT_CLIENT_SECRET: Row<Secret> = row(secret, "Consumer secret of the app, for every flow but `jwt`.");
  PARDOT_REFRESH_TOKEN: Row<Secret> = row(secret, "Refresh token of the API user, for the flow `refresh_token`.");
  PARDOT_TOKEN_FILE: Row<string> = row(
    path,
    "File that stores a rotated refresh token; a token in it takes precedence over `PARDOT_REFRESH_TOKEN`.",
  );
  PARDOT_USERNAME: Row<string> = row(text, "Salesforce user name of the API user, for the flows `jwt` and `password`.");
  PARDOT_PRIVATE_KEY: Row<Secret> = row(
    secret,
    "RSA private key in PEM form, for the flow `jwt`; line ends may be written as `\\n`.",
  );
  PARDOT_PRIVATE_KEY_FILE: Row<string> = row(path, "File with that key, instead of the key itself.");
  PARDOT_CERTIFICATE: Row<Secret> = row(
    secret,
    "Certificate of that key in PEM form, as uploaded to the app; `check` and every run warn from 30 days before it ends. The login does not need it. It is public, but treated like a secret in case it is the key by mistake.",
  );
  PARDOT_CERTIFICATE_FILE: Row<string> = row(path, "File with that certificate, instead of the certificate itself.");
  PARDOT_PASSWORD: Row<Secret> = row(
    secret,
    "Password followed by the security token, for the flow `password`, which Salesforce is retiring.",
  );
  PARDOT_MAX_CONCURRENCY: Row<number> = row(
    integer(1, 5),
    "Requests in flight; Pardot allows 5 for all integrations together.",
    "4",
  );
  PARDOT_MAX_WAITING_EXPORTS: Row<number> = row(
    integer(1, 100),
    "Exports of this tool that may wait at Pardot at the same time; Pardot processes them one at a time.",
    "4",
  );
  PARDOT_DAILY_CALL_BUDGET: Row<number> = row(
    integer(1, 10_000_000),
    "Calls this tool may make per account day; if not set, this tool sets no limit.",
  );
  PARDOT_QUOTA_SHARE: Row<number> = row(
    percent("1%", "100%"),
    "Share of the account's own daily limit at which a run stops, including the calls of other integrations; the API reports both.",
    "80%",
  );
  PARDOT_EXPORT_POLL_INTERVAL: Row<number> = row(
    duration("1s", "1h"),
    "Longest pause between two polls of an export.",
    "60s",
  );
  PARDOT_EXPORT_TIMEOUT: Row<number> = row(
    duration("1s", "7d"),
    "Longest wait for an export; after that the object fails in this run, and the next run resumes the export.",
    "6h",
  );
  PARDOT_REQUEST_TIMEOUT: Row<number> = row(
    duration("1s", "1h"),
    "Longest wait for the next byte of a response.",
    "60s",
  );
  PARDOT_ETL_OBJECTS: Row<string> = row(
    objects,
    "Comma-separated objects in any case, groups (`core`, `deletes`, `all`), patterns (`Visitor*`) and exclusions (`core,-EmailClick`); `pardot-etl objects` lists all.",
    "core",
  );
  PARDOT_ETL_DESTINATION: Row<Destination> = row(
    destination,
    "Where files land: `s3://bucket/prefix` or a folder such as `./data`.",
  );
  PARDOT_ETL_FORMAT: Row<EtlConfig["format"]> = row(
    choice(["csv", "jsonl", "parquet"]),
    "Format of landed files: CSV, JSON Lines or Parquet. It may change between runs: the files of earlier ones stay valid.",
    "csv",
  );
  PARDOT_ETL_COMPRESSION: Row<EtlConfig["compression"]> = row(
    choice(["none", "gzip", "zstd"]),
    "Compression of landed files; `none` for Parquet, which is compressed inside.",
    "none",
  );
  PARDOT_ETL_ROWS_PER_FILE: Row<number> = row(
    integer(1, 1_000_000),
    "Rows after which a file of a segmented object is closed; if not set, 1,000 for the core objects and 100,000 for all others.",
  );
  PARDOT_ETL_BYTES_PER_FILE: Row<number> = row(
    size("1kB", "5GB"),
    "Bytes (before compression) after which a file of a segmented object is closed; if not set, 16MB for the core objects and 64MB for all others.",
  );
  PARDOT_ETL_MAX_REJECTS: Row<number> = row(
    integer(0, 10_000),
    "Records of one object that one run may set aside before the object fails.",
    "100",
  );
  PARDOT_ETL_HASH_KEY: Row<Secret> = row(
    secret,
    "Key of the hashes of columns (`columns` in the file); any long random text, such as the output of `openssl rand -hex 32`. Another key gives other hashes.",
  );
  PARDOT_ETL_WAREHOUSE: Row<WarehouseChoice> = row(
    warehouse,
    "Warehouse whose tables determine the start of the next range: `duckdb:PATH`, `snowflake` or `none` (the tool's own record).",
    "none",
  );
  PARDOT_ETL_OVERLAP: Row<number> = row(
    duration("1s", "364d"),
    "How far before the newest known record the next range starts.",
    "1d",
  );
  PARDOT_ETL_V5_LAG: Row<number> = row(
    duration("1m", "1d"),
    "How long before now a range of API v5 ends, because its responses may be a minute old.",
    "5m",
  );
  PARDOT_ETL_RETENTION: Row<number> = row(
    duration("1d", "36500d"),
    "How long your own rule (an S3 lifecycle rule) keeps landed files; `verify` and `status` count a file that is missing after that as expired. If not set, a missing committed file is a problem.",
  );
  PARDOT_ETL_LEASE_TTL: Row<number> = row(
    duration("1s", "1h"),
    "Time without a sign of life after which a run is considered dead and the next one takes over.",
    "60s",
  );
  PARDOT_ETL_STOP_GRACE: Row<number> = row(
    duration("0s", "1h"),
    "Time that a stopped run has to finish and commit work.",
    "25s",
  );
  PARDOT_ETL_TMPDIR: Row<string> = row(
    path,
    "Folder for files that are not checked yet; if not set, the system's temporary folder.",
  );
  PARDOT_ETL_S3_PATH_STYLE: Row<boolean> = row(
    boolean,
    "Path-style S3 addresses; if not set, only for an endpoint that is an IP address or localhost.",
  );
  PARDOT_ETL_REPORT: Row<boolean> = row(
    boolean,
    "Whether each run writes the page about itself, as `report` makes it, to `_pardot_etl/runs/<run id>/report.html`. A page that cannot be written is a warning and does not change the exit code.",
    "false",
  );
  PARDOT_ETL_SNS_TOPIC_ARN: Row<SnsTopic> = row(
    snsTopic,
    "SNS topic that receives the result of every run (see `pardot-etl help notifications`), in the region of the ARN.",
  );
  PARDOT_ETL_WEBHOOK_URL: Row<Secret> = row(
    secret,
    "URL that receives the result of every run as a JSON POST in Slack's format: https, or http to loopback.",
  );
  PARDOT_ETL_NOTIFY: Row<"all" | "trouble"> = row(
    choice(["all", "trouble"]),
    "Which runs the topic and the webhook are notified of: `all`, or `trouble` (those that are not complete, and one that takes over from a run that died).",
    "all",
  );
  SNOWFLAKE_ACCOUNT: Row<string> = row(
    snowflakeAccount,
    "Account identifier, such as `acme-prod` (organization and account) or `xy12345.eu-central-1`.",
  );
  SNOWFLAKE_USER: Row<string> = row(text, "Login name; not needed with a token.");
  SNOWFLAKE_PASSWORD: Row<Secret> = row(
    secret,
    "Password; works with a warning, because Snowflake is ending logins by password alone.",
  );
  SNOWFLAKE_PRIVATE_KEY: Row<Secret> = row(
    secret,
    "RSA private key in PEM form for key-pair login; line ends may be written as `\\n`.",
  );
  SNOWFLAKE_PRIVATE_KEY_FILE: Row<string> = row(path, "File with that key, instead of the key itself.");
  SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: Row<Secret> = row(secret, "Passphrase of an encrypted private key.");
  SNOWFLAKE_TOKEN: Row<Secret> = row(
    secret,
    "OAuth access token or programmatic access token; `SNOWFLAKE_AUTHENTICATOR` names the kind.",
  );
  SNOWFLAKE_AUTHENTICATOR: Row<SnowflakeAuth["authenticator"]> = row(
    choice(["SNOWFLAKE", "SNOWFLAKE_JWT", "OAUTH", "PROGRAMMATIC_ACCESS_TOKEN"], { anyCase: true }),
    "How to log in; if not set, by private key or password, whichever is given.",
  );
  SNOWFLAKE_ROLE: Row<string> = row(identifier, "Role; if not set, the user's default role.");
  SNOWFLAKE_WAREHOUSE: Row<string> = row(
    identifier,
    "Virtual warehouse that runs the queries; if not set, the user's default warehouse.",
  );
  SNOWFLAKE_DATABASE: Row<string> = row(identifier, "Database of the tables.");
  SNOWFLAKE_SCHEMA: Row<string> = row(identifier, "Schema of the tables.");
  SNOWFLAKE_ACCESS_URL: Row<URL> = row(
    snowflakeHost,
    "Address to connect to, for example for private links; if not set, derived from the account.",
  );
}

/** The value of each setting: durations in milliseconds, sizes in bytes, paths absolute. */
export type SettingValues = {
  readonly [Name in keyof Table]: Table[Name] extends Row<infer Value> ? Value : never;
};
export type SettingName = keyof SettingValues;

export interface Setting extends Row<unknown> {
  /** The environment variable. */
  readonly env: SettingName;
}

const TABLE: { readonly [Name in SettingName]: Row<unknown> } = new Table();
export const SETTINGS: readonly Setting[] = Object.entries(TABLE).map(([env, setting]) => ({
  env: env as SettingName,
  ...setting,
}));

export const SETTING_BY_NAME: ReadonlyMap<string, Setting> = new Map(SETTINGS.map((setting) => [setting.env, setting]));

/** The sections of the file that hold settings. */
export const SECTIONS = ["pardot", "etl", "snowflake"] as const;
export type Section = (typeof SECTIONS)[number];

/** The longer prefix comes first. */
const PREFIXES: readonly (readonly [prefix: string, section: Section])[] = [
  ["PARDOT_ETL_", "etl"],
  ["PARDOT_", "pardot"],
  ["SNOWFLAKE_", "snowflake"],
];

/** `PARDOT_ETL_ROWS_PER_FILE` is `rows_per_file` in section `etl`, `SNOWFLAKE_ROLE` is `role` in `snowflake`. */
export function fileKey(env: string): { readonly section: Section; readonly key: string } {
  const [prefix, section] = PREFIXES.find(([start]) => env.startsWith(start)) ?? (["", "etl"] as const);
  return { section, key: env.slice(prefix.length).toLowerCase() };
}

/** `etl.rows_per_file`. */
export function filePath(env: string): string {
  const { section, key } = fileKey(env);
  return `${section}.${key}`;
}
