import { tmpdir } from "node:os";
import type { CatalogEntry, CatalogObject } from "../catalog/catalog.ts";
import { selectWays } from "../catalog/versions.ts";
import { isLoopback } from "../platform/address.ts";
import type { Secret } from "../secrets/secret.ts";
import { hashesColumns, protectedCatalog } from "./columns.ts";
import type {
  CommittedConfig,
  Config,
  DestinationConfig,
  EtlConfig,
  NotifyConfig,
  ReportConfig,
  TablesConfig,
} from "./config.ts";
import { resolveAuth, resolveSnowflakeAuth } from "./login.ts";
import { formatDuration } from "./parsers.ts";
import { selectObjects } from "./selection.ts";
import { SettingsReader } from "./settings-reader.ts";
import type { GivenSetting } from "./settings-reader.ts";
import type { SettingName } from "./settings.ts";

/** A part of the configuration that a command needs. */
export interface ConfigPart<Result> {
  /** Whether a reference in this setting is followed. */
  readonly needsSecret: (setting: SettingName) => boolean;
  /**
   * Combines the settings; reads the files of private keys and of the refresh token. Reports what is missing or does
   * not fit; returns null if anything is wrong.
   */
  readonly resolve: (
    settings: SettingsReader,
    entries: readonly CatalogEntry[],
  ) => Promise<Result | null> | Result | null;
}

/** Everything that a run needs. */
export const EVERYTHING: ConfigPart<Config> = { needsSecret: () => true, resolve: resolveEverything };

/** Settings for rereading the committed files: none of Pardot's. */
export const COMMITTED: ConfigPart<CommittedConfig> = {
  needsSecret: (name) => name.startsWith("SNOWFLAKE_"),
  resolve: resolveCommitted,
};

/** Settings for reading the destination's records: no credentials, no business unit, no secret. */
export const DESTINATION: ConfigPart<DestinationConfig> = { needsSecret: () => false, resolve: resolveDestination };

/** What the page about a run needs: the destination's records, and the kind of warehouse. No secret. */
export const REPORT: ConfigPart<ReportConfig> = { needsSecret: () => false, resolve: resolveReport };

/** What printing SQL for the warehouse needs: no credentials, and no secret. */
export const TABLES: ConfigPart<TablesConfig> = { needsSecret: () => false, resolve: resolveTables };

async function resolveEverything(settings: SettingsReader, entries: readonly CatalogEntry[]): Promise<Config | null> {
  const destination = resolveDestination(settings, entries);
  const businessUnitId = settings.require("PARDOT_BUSINESS_UNIT_ID", "18 letters and digits that start with 0Uv");
  const auth = await resolveAuth(settings);
  const warehouse = await resolveWarehouse(settings);
  const notify = resolveNotify(settings);
  const objects = resolveObjects(settings, entries);
  const hashKey = resolveHashKey(settings);
  checkExportTimes(settings);
  checkCompression(settings);
  checkPaths(settings);
  if (destination === null || businessUnitId === null || auth === null || notify === null || objects === null) {
    return null;
  }
  const pardot = {
    apiUrl: settings.get("PARDOT_API_URL"),
    loginUrl: settings.get("PARDOT_LOGIN_URL"),
    apiVersion: settings.get("PARDOT_API_VERSION"),
    maxConcurrency: settings.get("PARDOT_MAX_CONCURRENCY"),
    maxWaitingExports: settings.get("PARDOT_MAX_WAITING_EXPORTS"),
    exportPollIntervalMs: settings.get("PARDOT_EXPORT_POLL_INTERVAL"),
    exportTimeoutMs: settings.get("PARDOT_EXPORT_TIMEOUT"),
    requestTimeoutMs: settings.get("PARDOT_REQUEST_TIMEOUT"),
  };
  const etl = {
    ...objects,
    format: settings.get("PARDOT_ETL_FORMAT"),
    compression: settings.get("PARDOT_ETL_COMPRESSION"),
    maxRejects: settings.get("PARDOT_ETL_MAX_REJECTS"),
    report: settings.get("PARDOT_ETL_REPORT"),
    warehouse,
    leaseTtlMs: settings.get("PARDOT_ETL_LEASE_TTL"),
    stopGraceMs: settings.get("PARDOT_ETL_STOP_GRACE"),
  };
  if (!isComplete(pardot) || !isComplete(etl)) return null;
  const v4Format = settings.get("PARDOT_V4_FORMAT");
  return {
    pardot: { ...destination.pardot, ...pardot, businessUnitId, auth, v4Format },
    etl: {
      ...destination.etl,
      ...etl,
      rowsPerFile: settings.get("PARDOT_ETL_ROWS_PER_FILE"),
      bytesPerFile: settings.get("PARDOT_ETL_BYTES_PER_FILE"),
      ...(hashKey === null ? {} : { hashKey }),
    },
    notify,
    catalog: destination.catalog,
    references: settings.read.followed,
  };
}

async function resolveCommitted(
  settings: SettingsReader,
  entries: readonly CatalogEntry[],
): Promise<CommittedConfig | null> {
  const destination = resolveDestination(settings, entries);
  const warehouse = await resolveWarehouse(settings);
  checkPaths(settings);
  const objects = resolveObjects(settings, entries)?.objects ?? null;
  if (destination === null || warehouse === null || objects === null) return null;
  return { etl: { ...destination.etl, objects, warehouse }, catalog: destination.catalog };
}

function resolveReport(settings: SettingsReader, entries: readonly CatalogEntry[]): ReportConfig | null {
  const destination = resolveDestination(settings, entries);
  const warehouse = settings.get("PARDOT_ETL_WAREHOUSE");
  checkPaths(settings);
  if (destination === null || warehouse === null) return null;
  return { ...destination, etl: { ...destination.etl, warehouse: { kind: warehouse.kind } } };
}

function resolveTables(settings: SettingsReader, entries: readonly CatalogEntry[]): TablesConfig | null {
  const destination = resolveDestination(settings, entries);
  const objects = resolveObjects(settings, entries);
  checkPaths(settings);
  const format = settings.get("PARDOT_ETL_FORMAT");
  if (destination === null || objects === null || format === null) return null;
  const [database, schema] = [settings.get("SNOWFLAKE_DATABASE"), settings.get("SNOWFLAKE_SCHEMA")];
  return {
    pardot: destination.pardot,
    etl: { ...destination.etl, ...objects, format },
    catalog: destination.catalog,
    snowflake: database === null || schema === null ? null : { database, schema },
  };
}

function resolveDestination(settings: SettingsReader, entries: readonly CatalogEntry[]): DestinationConfig | null {
  const catalog = resolveCatalog(settings, entries);
  const destination = settings.require("PARDOT_ETL_DESTINATION", "s3://bucket/prefix or a folder");
  const timeZone = settings.get("PARDOT_TIMEZONE");
  const overlapMs = settings.get("PARDOT_ETL_OVERLAP");
  const v5LagMs = settings.get("PARDOT_ETL_V5_LAG");
  const quotaShare = settings.get("PARDOT_QUOTA_SHARE");
  if (destination === null || timeZone === null || overlapMs === null || v5LagMs === null || quotaShare === null) {
    return null;
  }
  return {
    pardot: {
      timeZone,
      accountTimeZone: settings.get("PARDOT_ACCOUNT_TIMEZONE") ?? timeZone,
      dailyCallBudget: settings.get("PARDOT_DAILY_CALL_BUDGET"),
      quotaShare,
    },
    etl: {
      destination,
      s3PathStyle: settings.get("PARDOT_ETL_S3_PATH_STYLE"),
      overlapMs,
      v5LagMs,
      retentionMs: settings.get("PARDOT_ETL_RETENTION"),
      tmpDir: settings.get("PARDOT_ETL_TMPDIR") ?? tmpdir(),
    },
    catalog,
  };
}

/** The objects as this version of the API reads them, without the dropped columns and with the hashed ones as text. */
function resolveCatalog(settings: SettingsReader, entries: readonly CatalogEntry[]): readonly CatalogObject[] {
  const offered = selectWays(entries, settings.get("PARDOT_API_VERSION") ?? "auto");
  // Names that do not fit are reported elsewhere.
  const selected = resolveObjects(new SettingsReader(settings.read, []), entries);
  const chosen = [...(selected?.objects ?? []), ...(selected?.configuredObjects ?? [])];
  return protectedCatalog(offered, { entries, chosen, columns: settings.read.columns }, settings.problems);
}

/** Null without hashed columns; and with them, after a problem, without a key. */
function resolveHashKey(settings: SettingsReader): Secret | null {
  if (!hashesColumns(settings.read.columns.given)) return null;
  return settings.require("PARDOT_ETL_HASH_KEY", "the key of the hashes, because the file hashes columns");
}

/** The objects of this command, and those of the configuration without the names on the command line. */
export function resolveObjects(
  settings: SettingsReader,
  entries: readonly CatalogEntry[],
): Pick<EtlConfig, "objects" | "configuredObjects"> | null {
  const version = settings.get("PARDOT_API_VERSION");
  const given = settings.read.given.get("PARDOT_ETL_OBJECTS");
  const configured = settings.read.configuredObjects;
  if (version === null) return null;
  const objects = select(given);
  const configuredObjects = configured?.path === given?.path ? objects : select(configured);
  return objects === null || configuredObjects === null ? null : { objects, configuredObjects };

  function select(setting: GivenSetting | undefined): readonly string[] | null {
    if (typeof setting?.value !== "string" || version === null) return null;
    const selected = selectObjects(setting.value, entries, version);
    if (selected.ok) return selected.value;
    settings.problems.push({
      path: setting.path ?? "PARDOT_ETL_OBJECTS",
      value: setting.value,
      expected: selected.expected,
    });
    return null;
  }
}

async function resolveWarehouse(settings: SettingsReader): Promise<EtlConfig["warehouse"] | null> {
  const choice = settings.get("PARDOT_ETL_WAREHOUSE");
  if (choice?.kind !== "snowflake") return choice;
  const account = settings.require("SNOWFLAKE_ACCOUNT", "the account identifier, such as acme-prod");
  const auth = await resolveSnowflakeAuth(settings);
  const database = settings.require("SNOWFLAKE_DATABASE", "the database of the tables");
  const schema = settings.require("SNOWFLAKE_SCHEMA", "the schema of the tables");
  if (account === null || auth === null || database === null || schema === null) return null;
  return {
    kind: "snowflake",
    account,
    accessUrl: settings.get("SNOWFLAKE_ACCESS_URL"),
    auth,
    role: settings.get("SNOWFLAKE_ROLE"),
    warehouse: settings.get("SNOWFLAKE_WAREHOUSE"),
    database,
    schema,
  };
}

const WEBHOOK_EXPECTED =
  "an https:// address, plain http:// only for loopback, without user name and without #; the value is not shown";

/** Needs no other settings, so that a run that cannot start for another reason still notifies. */
function resolveNotify(settings: SettingsReader): NotifyConfig | null {
  const about = settings.get("PARDOT_ETL_NOTIFY");
  const snsTopic = settings.get("PARDOT_ETL_SNS_TOPIC_ARN");
  const webhookUrl = settings.get("PARDOT_ETL_WEBHOOK_URL");
  if (settings.isUnknown("PARDOT_ETL_SNS_TOPIC_ARN") || settings.isUnknown("PARDOT_ETL_WEBHOOK_URL")) return null;
  return webhookUrl !== null && readWebhookUrl(webhookUrl.reveal()) === null
    ? settings.refuse("PARDOT_ETL_WEBHOOK_URL", "***", WEBHOOK_EXPECTED)
    : about === null
      ? null
      : { about, snsTopic, webhookUrl };
}

/** The address; null if it is not valid for sending. Called again when sending. */
export function readWebhookUrl(text: string): URL | null {
  if (!URL.canParse(text)) return null;
  const url = new URL(text);
  const isSafe = url.protocol === "https:" || (url.protocol === "http:" && isLoopback(url));
  return isSafe && url.username === "" && url.password === "" && url.hash === "" ? url : null;
}

/** Parquet is compressed inside: a compressed file could not be read from its end, as all readers do. */
function checkCompression(settings: SettingsReader): void {
  const compression = settings.get("PARDOT_ETL_COMPRESSION");
  if (settings.get("PARDOT_ETL_FORMAT") !== "parquet" || compression === null || compression === "none") return;
  const expected = `none with ${settings.pathOf("PARDOT_ETL_FORMAT")}=parquet: Parquet is compressed inside (zstd)`;
  settings.refuse("PARDOT_ETL_COMPRESSION", compression, expected);
}

function checkExportTimes(settings: SettingsReader): void {
  const interval = settings.get("PARDOT_EXPORT_POLL_INTERVAL");
  const timeout = settings.get("PARDOT_EXPORT_TIMEOUT");
  if (interval === null || timeout === null || interval <= timeout) return;
  const most = `${formatDuration(timeout)} (${settings.pathOf("PARDOT_EXPORT_TIMEOUT")})`;
  settings.refuse("PARDOT_EXPORT_POLL_INTERVAL", formatDuration(interval), `at most the export time-out, ${most}`);
}

function checkPaths(settings: SettingsReader): void {
  const destination = settings.get("PARDOT_ETL_DESTINATION");
  const warehouse = settings.get("PARDOT_ETL_WAREHOUSE");
  if (destination?.kind !== "folder" || warehouse?.kind !== "duckdb" || destination.path !== warehouse.path) return;
  const expected = "the path of a file; the destination is the folder of that name";
  settings.refuse("PARDOT_ETL_WAREHOUSE", `duckdb:${warehouse.path}`, expected);
}

type Complete<Given> = { readonly [Key in keyof Given]: NonNullable<Given[Key]> };

/** A setting that has a default is null only when an invalid value was given. */
function isComplete<Given extends object>(given: Given): given is Given & Complete<Given> {
  return Object.values(given).every((value) => value !== null);
}
