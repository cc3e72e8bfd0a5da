import { NOTIFY_SETTINGS } from "./notify-settings.ts";
import { SNOWFLAKE_SETTINGS } from "./snowflake-settings.ts";

/**
 * The one table of settings. It feeds loading, error messages and the reference page (docs/configuration.md); the key
 * in the file follows from the variable's name, so it cannot differ.
 */

/** How a setting's text is read; the readers are in values.ts. */
export type SettingKind =
  | "api-host"
  | "boolean"
  | "business-unit"
  | "choice"
  | "destination"
  | "duration"
  | "integer"
  | "login-host"
  | "objects"
  | "path"
  | "percent"
  | "secret"
  | "size"
  | "snowflake-account"
  | "snowflake-host"
  | "sns-topic"
  | "text"
  | "warehouse"
  | "zone";

export interface Setting {
  /** The environment variable. */
  readonly env: string;
  readonly kind: SettingKind;
  /** As text, the way an operator would write it; null: there is none. */
  readonly default: string | null;
  /** For people; says what stands in when there is no default. */
  readonly meaning: string;
  /** What a choice may be. */
  readonly choices?: readonly string[];
  /** Whether a choice may be written in other capitals. */
  readonly anyCase?: true;
  /** The kind of warehouse without which nobody looks at the setting: its variables serve other programs too. */
  readonly onlyFor?: "snowflake";
  /** Bounds, both allowed: numbers for integers, texts for durations, sizes and percentages. */
  readonly min?: number | string;
  readonly max?: number | string;
}

const OWN_SETTINGS = [
  {
    env: "PARDOT_BUSINESS_UNIT_ID",
    kind: "business-unit",
    default: null,
    meaning: "The business unit: Setup > Business Unit Setup in Salesforce shows it.",
  },
  {
    env: "PARDOT_API_URL",
    kind: "api-host",
    default: "https://pi.pardot.com",
    meaning: "The API host; `https://pi.demo.pardot.com` for sandboxes and developer orgs.",
  },
  {
    env: "PARDOT_LOGIN_URL",
    kind: "login-host",
    default: "https://login.salesforce.com",
    meaning: "The token host; `https://test.salesforce.com` for sandboxes, or the My Domain host.",
  },
  {
    env: "PARDOT_API_VERSION",
    kind: "choice",
    choices: ["auto", "3", "4"],
    default: "auto",
    meaning: "API version; `auto` starts with 4 and goes to 3 when the account demands it (codes 88 and 89).",
  },
  {
    env: "PARDOT_V4_FORMAT",
    kind: "choice",
    choices: ["xml", "json"],
    default: null,
    meaning: "Answer format of every v3/v4 query and read; without it the catalogue says it per object.",
  },
  {
    env: "PARDOT_TIMEZONE",
    kind: "zone",
    default: "UTC",
    meaning: "Zone of the API user, in which v3/v4 timestamps are.",
  },
  {
    env: "PARDOT_ACCOUNT_TIMEZONE",
    kind: "zone",
    default: null,
    meaning: "Zone of the account, in which the quota day turns; without it `PARDOT_TIMEZONE`.",
  },
  {
    env: "PARDOT_AUTH_FLOW",
    kind: "choice",
    choices: ["refresh_token", "jwt", "client_credentials", "password"],
    default: null,
    meaning: "OAuth flow; without it the one whose credentials are given (docs/authentication.md).",
  },
  {
    env: "PARDOT_CLIENT_ID",
    kind: "text",
    default: null,
    meaning: "Consumer key of the connected app or external client app.",
  },
  {
    env: "PARDOT_CLIENT_SECRET",
    kind: "secret",
    default: null,
    meaning: "Consumer secret of the app, for every flow but `jwt`.",
  },
  {
    env: "PARDOT_REFRESH_TOKEN",
    kind: "secret",
    default: null,
    meaning: "Refresh token of the API user, for the flow `refresh_token`.",
  },
  {
    env: "PARDOT_TOKEN_FILE",
    kind: "path",
    default: null,
    meaning: "File that keeps a rotated refresh token; what it holds wins over `PARDOT_REFRESH_TOKEN`.",
  },
  {
    env: "PARDOT_USERNAME",
    kind: "text",
    default: null,
    meaning: "Salesforce user name of the API user, for the flows `jwt` and `password`.",
  },
  {
    env: "PARDOT_PRIVATE_KEY",
    kind: "secret",
    default: null,
    meaning: "RSA private key in PEM form, for the flow `jwt`; line ends may be written as `\\n`.",
  },
  {
    env: "PARDOT_PRIVATE_KEY_FILE",
    kind: "path",
    default: null,
    meaning: "File with that key, instead of the key itself.",
  },
  {
    env: "PARDOT_PASSWORD",
    kind: "secret",
    default: null,
    meaning: "Password with the security token at its end, for the flow `password`, which Salesforce is retiring.",
  },
  {
    env: "PARDOT_MAX_CONCURRENCY",
    kind: "integer",
    min: 1,
    max: 5,
    default: "4",
    meaning: "Requests in flight; Pardot allows 5 for all integrations together.",
  },
  {
    env: "PARDOT_MAX_WAITING_EXPORTS",
    kind: "integer",
    min: 1,
    max: 100,
    default: "4",
    meaning: "Exports of ours that wait at Pardot at a time; it works them off one after another.",
  },
  {
    env: "PARDOT_DAILY_CALL_BUDGET",
    kind: "integer",
    min: 1,
    max: 10_000_000,
    default: null,
    meaning: "Calls this tool may make in an account day; without it there is no limit of its own.",
  },
  {
    env: "PARDOT_QUOTA_SHARE",
    kind: "percent",
    min: "1%",
    max: "100%",
    default: "80%",
    meaning:
      "Share of the account's own daily limit, others' calls included, at which a run stops; the API tells both.",
  },
  {
    env: "PARDOT_EXPORT_POLL_INTERVAL",
    kind: "duration",
    min: "1s",
    max: "1h",
    default: "60s",
    meaning: "Longest pause between two looks at an export.",
  },
  {
    env: "PARDOT_EXPORT_TIMEOUT",
    kind: "duration",
    min: "1s",
    max: "7d",
    default: "6h",
    meaning: "After this the object fails for this run; the next run adopts the export.",
  },
  {
    env: "PARDOT_REQUEST_TIMEOUT",
    kind: "duration",
    min: "1s",
    max: "1h",
    default: "60s",
    meaning: "Longest wait for the next byte of an answer.",
  },
  {
    env: "PARDOT_ETL_OBJECTS",
    kind: "objects",
    default: "core",
    meaning: "Comma list of objects, `core` or `all`.",
  },
  {
    env: "PARDOT_ETL_DESTINATION",
    kind: "destination",
    default: null,
    meaning: "Where files land: `s3://bucket/prefix` or a folder such as `./data`.",
  },
  {
    env: "PARDOT_ETL_FORMAT",
    kind: "choice",
    choices: ["csv"],
    default: "csv",
    meaning: "Format of landed files.",
  },
  {
    env: "PARDOT_ETL_COMPRESSION",
    kind: "choice",
    choices: ["none", "gzip", "zstd"],
    default: "none",
    meaning: "Compression of landed files.",
  },
  {
    env: "PARDOT_ETL_ROWS_PER_FILE",
    kind: "integer",
    min: 1,
    max: 1_000_000,
    default: "1000",
    meaning: "Records after which a file of a segmented object is closed.",
  },
  {
    env: "PARDOT_ETL_BYTES_PER_FILE",
    kind: "size",
    min: "1kB",
    max: "5GB",
    default: "16MB",
    meaning: "Bytes (before compression) after which a file of a segmented object is closed.",
  },
  {
    env: "PARDOT_ETL_MAX_REJECTS",
    kind: "integer",
    min: 0,
    max: 10_000,
    default: "100",
    meaning: "Records of one object that one run may set aside before the object fails.",
  },
  {
    env: "PARDOT_ETL_WAREHOUSE",
    kind: "warehouse",
    default: "none",
    meaning:
      "Warehouse whose tables give the start of the next range: `duckdb:PATH`, `snowflake` or `none` (the tool's own record).",
  },
  {
    env: "PARDOT_ETL_OVERLAP",
    kind: "duration",
    min: "1s",
    max: "364d",
    default: "1d",
    meaning: "How far before the newest known record the next range starts.",
  },
  {
    env: "PARDOT_ETL_RETENTION",
    kind: "duration",
    min: "1d",
    max: "36500d",
    default: null,
    meaning:
      "How long a rule of yours (an S3 lifecycle rule) keeps landed files; what is gone after that counts as expired in `verify` and `status`. Without it a committed file that is gone is a problem.",
  },
  {
    env: "PARDOT_ETL_LEASE_TTL",
    kind: "duration",
    min: "1s",
    max: "1h",
    default: "60s",
    meaning: "A run that gives no sign of life for so long is taken for dead, and the next one takes over.",
  },
  {
    env: "PARDOT_ETL_STOP_GRACE",
    kind: "duration",
    min: "0s",
    max: "1h",
    default: "25s",
    meaning: "Time in which a stopped run may still commit what it can finish.",
  },
  {
    env: "PARDOT_ETL_TMPDIR",
    kind: "path",
    default: null,
    meaning: "Folder for files that are not checked yet; without it the system's.",
  },
  {
    env: "PARDOT_ETL_S3_PATH_STYLE",
    kind: "boolean",
    default: null,
    meaning: "Path-style S3 addresses; without it only for an endpoint that is an IP address or localhost.",
  },
] as const;

/** Every setting: this tool's own, then those that have the meanings of Snowflake's driver. */
export const SETTINGS: readonly [...typeof OWN_SETTINGS, ...typeof NOTIFY_SETTINGS, ...typeof SNOWFLAKE_SETTINGS] = [
  ...OWN_SETTINGS,
  ...NOTIFY_SETTINGS,
  ...SNOWFLAKE_SETTINGS,
];

export type SettingName = (typeof SETTINGS)[number]["env"];
/** The row of the table that has this name. */
export type SettingRow<Name extends SettingName> = Extract<(typeof SETTINGS)[number], { readonly env: Name }>;

/** The table by name, in its own order. */
export const SETTING_BY_NAME: ReadonlyMap<SettingName, Setting> = new Map<SettingName, Setting>(
  SETTINGS.map((setting) => [setting.env, setting]),
);

/** The sections of the file that hold settings. */
export const SECTIONS = ["pardot", "etl", "snowflake"] as const;
export type Section = (typeof SECTIONS)[number];

/** The longer prefix comes first. */
const PREFIXES: readonly (readonly [prefix: string, section: Section])[] = [
  ["PARDOT_ETL_", "etl"],
  ["PARDOT_", "pardot"],
  ["SNOWFLAKE_", "snowflake"],
];

/** `PARDOT_ETL_ROWS_PER_FILE` stands as `rows_per_file` in section `etl`, `SNOWFLAKE_ROLE` as `role` in `snowflake`. */
export function fileKey(env: string): { readonly section: Section; readonly key: string } {
  const [prefix, section] = PREFIXES.find(([start]) => env.startsWith(start)) ?? (["", "etl"] as const);
  return { section, key: env.slice(prefix.length).toLowerCase() };
}

/** `etl.rows_per_file`. */
export function filePath(env: string): string {
  const { section, key } = fileKey(env);
  return `${section}.${key}`;
}
