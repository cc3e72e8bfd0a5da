import type { Failure, PardotEtlError } from "../errors.ts";
import type { Manifest, ManifestObject, ManifestWindow } from "../manifest/manifest.ts";
import type { RangeOptions } from "../plan/wish.ts";
import type { TableProblem } from "../warehouse/warehouse.ts";
import type { RunRecord, RunWarning } from "../state/run-record.ts";

/** Options of `run` and `plan`: the range to read instead of a plain run's. */
export type RunOptions = RangeOptions;

/** The result of a run that has committed. */
export interface RunResult {
  readonly manifest: Manifest;
  /** Key of the manifest in the destination. */
  readonly manifestKey: string;
  /** The tables of the embedded warehouse into which files were loaded; empty without one. */
  readonly loaded: readonly LoadedTable[];
  /** Objects with committed files that could not be loaded into the embedded warehouse; empty without one. */
  readonly notLoaded: readonly { readonly object: string; readonly error: Error }[];
  /** The first failed object's error in plan order, or the reason the run stopped; null if all is done. */
  readonly error: PardotEtlError | Error | null;
  /** 0, or the exit code of `error`. */
  readonly exitCode: number;
  /** The notifications sent afterwards; missing for a run without them. */
  readonly notified?: readonly Notified[];
}

/** A table of the embedded warehouse after loading. */
export interface LoadedTable {
  readonly object: string;
  readonly table: string;
  /** Of the whole table. */
  readonly rows: number;
  /** Loaded rows with a new key; missing if the warehouse cannot tell. */
  readonly added?: number;
  /** Loaded rows that are another version of a row; missing if the warehouse cannot tell. */
  readonly changed?: number;
}

/** The result of one notification. */
export interface Notified {
  /** `webhook at hooks.slack.com`. */
  readonly channel: string;
  /** What went wrong and what to do, null if it was accepted. */
  readonly failure: string | null;
}

/** The result of `plan`. */
export interface PlanResult {
  readonly now: string;
  readonly timeZone: string;
  readonly objects: readonly PlannedObject[];
  /** Calls the run is expected to make, without those of `unknownCalls`. */
  readonly expectedCalls: number;
  /** By the calls and the duration of the last complete run; null before the first, or if no call is expected. */
  readonly expectedDurationMs: number | null;
  /** Earlier exports that the number of files per export is estimated from; with none it is a guess. */
  readonly exportsSeen: number;
  /** Calls that the plan itself has made. */
  readonly callsSpent: number;
  /** The account's quota; null if the API does not report it. */
  readonly quota: { readonly used: number; readonly max: number } | null;
  /** Calls of this tool in the account's current day so far, including this plan's. */
  readonly ownCallsToday: number;
  /** `PARDOT_DAILY_CALL_BUDGET`, null without one. */
  readonly callBudget: number | null;
}

export interface PlannedObject extends Pick<ManifestObject, "object" | "table" | "process"> {
  /** Reason for the start of the range. */
  readonly reason: string;
  /** Windows left by earlier runs first, then the new ones. */
  readonly windows: readonly (ManifestWindow & { readonly state: "new" | "open" | "landed" })[];
  /** Records in the range now, null if they cannot be counted. */
  readonly records: number | null;
  readonly expectedCalls: number;
  /** Further calls that cannot be counted in advance, in words; null if there are none. */
  readonly unknownCalls: string | null;
  /** Why this object cannot run, null if it can. */
  readonly error: (Failure & { readonly exitCode: number }) | null;
}

/** One line of `check`. */
export interface CheckLine {
  readonly name:
    | "configuration"
    | "secrets"
    | "credentials"
    | "business unit"
    | "quota"
    | "clock"
    | "time zone"
    | "destination"
    | "warehouse";
  readonly status: "ok" | "warning" | "failed" | "skipped";
  /** The finding. */
  readonly message: string;
  /** What to do, null if there is nothing to do. */
  readonly hint: string | null;
  readonly exitCode: number;
}

export interface CheckResult {
  readonly lines: readonly CheckLine[];
  /** 0, or the exit code of the first line that failed. */
  readonly exitCode: number;
}

export interface StatusOptions {
  /** Longest age of the last success, `status --max-age`; null: any. */
  readonly maxAgeMs: number | null;
}

export interface StatusResult {
  readonly destination: string;
  readonly businessUnit: string | null;
  /** The name of its account at Pardot; null before the first run, and if it has none. */
  readonly businessUnitName: string | null;
  /** Pardot's time, which ranges follow: this machine's, and the difference that the last run found. */
  readonly pardotNow: string;
  /** Whether `problems` is empty. */
  readonly healthy: boolean;
  /** One sentence each. */
  readonly problems: readonly string[];
  /** The newest run in which every configured object was complete. */
  readonly lastSuccess: { readonly runId: string; readonly at: string; readonly ageSeconds: number } | null;
  /** Oldest first. */
  readonly runs: readonly StatusRun[];
  readonly objects: readonly StatusObject[];
  readonly gaps: readonly (IsoSpan & { readonly object: string })[];
  /** Warnings of the newest ended run, by code; `objects` is empty for a warning about the whole run. */
  readonly warnings: readonly RunWarning[];
  /** Exports requested from Pardot, of windows that are still open. */
  readonly exports: readonly StatusExport[];
  /** This tool's calls of the account's day, by all its runs and commands. */
  readonly callsToday: number;
  readonly quota: {
    /** `YYYY-MM-DD` in the account's zone. */
    readonly day: string;
    readonly timeZone: string;
    readonly calls: number;
    /** `PARDOT_DAILY_CALL_BUDGET`, null without one. */
    readonly budget: number | null;
    /** `PARDOT_QUOTA_SHARE`, 0 to 1. */
    readonly share: number;
    /** The account's calls, all integrations together, and its limit, as the last run saw them that day. */
    readonly used: number | null;
    readonly max: number | null;
  };
  /** 0, or 9 when the last success is older than `maxAgeMs`. */
  readonly exitCode: number;
}

/** A run on record. Its status is `died` when it shows no sign of life, or a later run took over. */
export interface StatusRun extends Pick<
  RunRecord,
  "runId" | "startedAt" | "finishedAt" | "status" | "rows" | "files" | "calls"
> {
  /** Null while it runs, if it died, and in records of earlier versions. */
  readonly exitCode: number | null;
  /** Code, message and hint of the error it ended with; null when it is complete. */
  readonly code: string | null;
  readonly reason: string | null;
  readonly hint: string | null;
}

/** ISO instants. */
interface IsoSpan {
  readonly from: string;
  readonly to: string;
}

export interface StatusExport extends IsoSpan {
  readonly object: string;
  readonly exportId: string;
  readonly requestedAt: string;
  readonly ageSeconds: number;
  /** expired: Pardot has dropped it by now, and the next run requests another. */
  readonly state: "in progress" | "expired";
}

export interface StatusObject {
  readonly object: string;
  /** Local time of `zone`. */
  readonly watermark: string | null;
  readonly zone: string | null;
  readonly files: number;
  readonly rows: number;
  /** Committed stretches. */
  readonly coverage: readonly IsoSpan[];
  /** Stretches between the first and the last committed instant that are not covered. */
  readonly gaps: readonly IsoSpan[];
  readonly openWindows: readonly (ManifestWindow & {
    readonly exportId: string | null;
    /** Whether Pardot has dropped it by now: the next run requests another. */
    readonly exportExpired: boolean;
    readonly filesLanded: number;
  })[];
  readonly notLoaded: number;
  /** Committed files so old that a rule of the destination removes them (PARDOT_ETL_RETENTION). */
  readonly expired: number;
}

/** What `verify` reads; everything by default. */
export interface VerifyOptions {
  /** Names of objects; null: all. */
  readonly objects: readonly string[] | null;
  readonly filesOnly: boolean;
  readonly warehouseOnly: boolean;
  /** How long the warehouse may take to load missing files. */
  readonly waitMs: number;
  /** Key of a file that is written off. */
  readonly accept: string | null;
}

/** The result of `verify`. */
export interface VerifyResult {
  readonly destination: string;
  /** Manifests read. */
  readonly runs: number;
  /** Distinct files that are as committed, with their rows and bytes. */
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** Further files that were removed because of their age (PARDOT_ETL_RETENTION). */
  readonly expired: number;
  /** Further files that no longer count: `--full` has read their ranges again, or they were written off. */
  readonly superseded: number;
  readonly accepted: number;
  /** False with `warehouseOnly`. */
  readonly filesRead: boolean;
  /** The warehouse and what was compared in it, a clause for each table; null if none was compared. */
  readonly warehouse: {
    readonly name: string;
    readonly compared: readonly string[];
    readonly tables: readonly VerifiedTable[];
  } | null;
  /** By object, in the catalog's order; those of which nothing was committed are left out. */
  readonly objects: readonly VerifiedObject[];
  readonly problems: readonly VerifyProblem[];
  /** 0; 6 when there is a problem; 7 when the only ones are tables that could not be compared. */
  readonly exitCode: number;
  /** Why the first of these tables could not be compared; missing unless the exit code is 7. */
  readonly error?: Failure;
}

/** The files of an object that count. */
export interface VerifiedObject {
  readonly object: string;
  /** As committed, with their rows and bytes. */
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** Files that are not. */
  readonly problems: number;
}

/** How the files that count are loaded into a table. */
export interface VerifiedTable {
  readonly object: string;
  readonly table: string;
  /** What was compared, as in `compared`. */
  readonly compared: string;
  /** Null where the loading of each file cannot be looked up, or the table as a whole is at fault. */
  readonly loadedOnce: number | null;
  readonly missing: number;
  readonly loadedAgain: number;
  readonly differs: number;
  /** Files of the table that no manifest names, and faults of the table as a whole. */
  readonly others: number;
}

export interface VerifyProblem {
  /** The file's key, or the table. */
  readonly key: string;
  /** How a file is loaded into its table of the warehouse; missing for other problems. */
  readonly state?: TableProblem["state"];
  readonly problem: string;
  /** What to do. */
  readonly hint: string;
}
