import type { CatalogObject } from "../catalog/catalog.ts";
import type { Problem } from "../errors.ts";
import { resolveAuth } from "./auth.ts";
import type { CommittedConfig, Config, DestinationConfig, EtlConfig } from "./config.ts";
import { formatDuration } from "./duration.ts";
import type { Values } from "./given.ts";
import { required } from "./given.ts";
import { resolveNotify } from "./notify.ts";
import { resolveSnowflake } from "./snowflake.ts";

/**
 * Fits the values together; reads the file of a private key. What is missing or does not fit goes into `problems`; null
 * when there is any such thing.
 */
export async function resolveConfig(
  values: Values,
  catalog: readonly CatalogObject[],
  problems: Problem[],
): Promise<Config | null> {
  const destination = resolveDestination(values, catalog, problems);
  const businessUnitId = required(
    values,
    "PARDOT_BUSINESS_UNIT_ID",
    "18 letters and digits that start with 0Uv",
    problems,
  );
  const auth = await resolveAuth(values, problems);
  const warehouse = await resolveWarehouse(values, problems);
  const notify = resolveNotify(values, problems);
  checkExportTimes(values, problems);
  checkPaths(values, problems);
  if (destination === null || businessUnitId === null || auth === null || notify === null) return null;
  const given = {
    apiUrl: values.get("PARDOT_API_URL"),
    loginUrl: values.get("PARDOT_LOGIN_URL"),
    apiVersion: values.get("PARDOT_API_VERSION"),
    maxConcurrency: values.get("PARDOT_MAX_CONCURRENCY"),
    maxWaitingExports: values.get("PARDOT_MAX_WAITING_EXPORTS"),
    exportPollIntervalMs: values.get("PARDOT_EXPORT_POLL_INTERVAL"),
    exportTimeoutMs: values.get("PARDOT_EXPORT_TIMEOUT"),
    requestTimeoutMs: values.get("PARDOT_REQUEST_TIMEOUT"),
  };
  const etl = {
    objects: values.get("PARDOT_ETL_OBJECTS"),
    configuredObjects: values.configuredObjects,
    compression: values.get("PARDOT_ETL_COMPRESSION"),
    rowsPerFile: values.get("PARDOT_ETL_ROWS_PER_FILE"),
    bytesPerFile: values.get("PARDOT_ETL_BYTES_PER_FILE"),
    maxRejects: values.get("PARDOT_ETL_MAX_REJECTS"),
    warehouse,
    leaseTtlMs: values.get("PARDOT_ETL_LEASE_TTL"),
    stopGraceMs: values.get("PARDOT_ETL_STOP_GRACE"),
  };
  if (!isComplete(given) || !isComplete(etl)) return null;
  const v4Format = values.get("PARDOT_V4_FORMAT");
  return {
    pardot: { ...destination.pardot, ...given, businessUnitId, auth, v4Format },
    etl: { ...destination.etl, ...etl },
    notify,
    catalog,
    references: values.followed,
  };
}

/** The part of a configuration that reading again all that was committed needs; else as `resolveConfig`. */
export async function resolveCommitted(
  values: Values,
  catalog: readonly CatalogObject[],
  problems: Problem[],
): Promise<CommittedConfig | null> {
  const destination = resolveDestination(values, catalog, problems);
  const warehouse = await resolveWarehouse(values, problems);
  checkPaths(values, problems);
  const objects = values.get("PARDOT_ETL_OBJECTS");
  if (destination === null || warehouse === null || objects === null) return null;
  return { etl: { ...destination.etl, objects, warehouse }, catalog };
}

async function resolveWarehouse(values: Values, problems: Problem[]): Promise<EtlConfig["warehouse"] | null> {
  const warehouse = values.get("PARDOT_ETL_WAREHOUSE");
  return warehouse?.kind === "snowflake" ? resolveSnowflake(values, problems) : warehouse;
}

/** The part of a configuration that a look at the destination needs; else as `resolveConfig`. */
export function resolveDestination(
  values: Values,
  catalog: readonly CatalogObject[],
  problems: Problem[],
): DestinationConfig | null {
  const destination = required(values, "PARDOT_ETL_DESTINATION", "s3://bucket/prefix or a folder", problems);
  const timeZone = values.get("PARDOT_TIMEZONE");
  const overlapMs = values.get("PARDOT_ETL_OVERLAP");
  const quotaShare = values.get("PARDOT_QUOTA_SHARE");
  if (destination === null || timeZone === null || overlapMs === null || quotaShare === null) return null;
  const accountTimeZone = values.get("PARDOT_ACCOUNT_TIMEZONE") ?? timeZone;
  const dailyCallBudget = values.get("PARDOT_DAILY_CALL_BUDGET");
  const s3PathStyle = values.get("PARDOT_ETL_S3_PATH_STYLE");
  return {
    pardot: { timeZone, accountTimeZone, dailyCallBudget, quotaShare },
    etl: {
      destination,
      s3PathStyle,
      overlapMs,
      retentionMs: values.get("PARDOT_ETL_RETENTION"),
      tmpDir: values.get("PARDOT_ETL_TMPDIR") ?? values.tmpDirDefault,
    },
    catalog,
  };
}

function checkExportTimes(values: Values, problems: Problem[]): void {
  const interval = values.get("PARDOT_EXPORT_POLL_INTERVAL");
  const timeout = values.get("PARDOT_EXPORT_TIMEOUT");
  if (interval === null || timeout === null || interval <= timeout) return;
  const expected = `at most the export time-out, ${formatDuration(timeout)} (${values.pathOf("PARDOT_EXPORT_TIMEOUT")})`;
  problems.push({ path: values.pathOf("PARDOT_EXPORT_POLL_INTERVAL"), value: formatDuration(interval), expected });
}

function checkPaths(values: Values, problems: Problem[]): void {
  const destination = values.get("PARDOT_ETL_DESTINATION");
  const warehouse = values.get("PARDOT_ETL_WAREHOUSE");
  if (destination?.kind !== "folder" || warehouse?.kind !== "duckdb" || destination.path !== warehouse.path) return;
  const expected = "the path of a file; the destination is the folder of that name";
  problems.push({ path: values.pathOf("PARDOT_ETL_WAREHOUSE"), value: `duckdb:${warehouse.path}`, expected });
}

type Complete<Given> = { readonly [Key in keyof Given]: NonNullable<Given[Key]> };

/** A setting that has a default is null only when a bad value was given. */
function isComplete<Given extends object>(given: Given): given is Given & Complete<Given> {
  return Object.values(given).every((value) => value !== null);
}
