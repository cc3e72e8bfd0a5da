import type { Manifest, ManifestWindow } from "../manifest/manifest.ts";
import type { PardotEtlError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Transport } from "../http/transport.ts";
import type { Clock } from "../platform/clock.ts";
import type { WishText } from "../plan/wish.ts";
import type { Processes } from "../platform/process-identity.ts";
import type { Random } from "../platform/random.ts";
import type { Ticker } from "../platform/ticker.ts";
import type { openStorage } from "../storage/open.ts";
import type { openWarehouse } from "../warehouse/open.ts";

/** What every operation takes besides the configuration. The defaults are the real world's. */
export interface Surroundings {
  /** Aborted when somebody asks to stop: nothing new is begun, and after `etl.stopGraceMs` what is under way is cut. */
  readonly signal: AbortSignal;
  readonly onEvent: OnEvent;
  readonly clock: Clock;
  readonly random: Random;
  readonly transport: Transport;
  readonly ticker: Ticker;
  readonly processes: Processes;
  /** Opens the destination instead of what its configuration names: the harness brings one that crashes. */
  readonly openStorage?: typeof openStorage;
  /** Opens the warehouse instead of the one that the configuration names. */
  readonly openWarehouse?: typeof openWarehouse;
}

export type RunOptions = WishText;

/** How a run ended. A run that could not begin throws instead. */
export interface RunResult {
  readonly manifest: Manifest;
  /** Where the manifest stands, a key of the destination. */
  readonly manifestKey: string;
  /** Rows per table of the embedded warehouse after loading; empty without one. */
  readonly loaded: readonly { readonly object: string; readonly table: string; readonly rows: number }[];
  /** Objects of which files are committed that the embedded warehouse has not taken; empty without one. */
  readonly notLoaded: readonly { readonly object: string; readonly error: Error }[];
  /** The first failed object's error in plan order, or what stopped the run; null when all is done. */
  readonly error: PardotEtlError | Error | null;
  /** 0, or the exit code of `error`. */
  readonly exitCode: number;
  /** Who was told how it ended; nobody by a run alone. */
  readonly notified?: readonly Notified[];
}

/** How one of those who are to hear of a run took it. */
export interface Notified {
  /** `webhook at hooks.slack.com`. */
  readonly channel: string;
  /** What went wrong and what to do, null when it was taken. */
  readonly failure: string | null;
}

/** What a run would do. */
export interface PlanResult {
  readonly now: string;
  readonly timeZone: string;
  readonly objects: readonly PlannedObject[];
  /** Calls the run is expected to make, those of `unknownCalls` not among them. */
  readonly expectedCalls: number;
  /** Of them: looks at exports that are not complete yet, as many as in earlier runs. */
  readonly earlyReads: number;
  /** Earlier exports that tell in how many files one comes; with none it is a guess. */
  readonly exportsSeen: number;
  /** Calls that were spent to find this out. */
  readonly callsSpent: number;
  /** The account's quota where the API tells it. */
  readonly quota: { readonly used: number; readonly max: number } | null;
  /** Calls of this tool in the account's current day so far, those of this plan included. */
  readonly ownCallsToday: number;
  /** `PARDOT_DAILY_CALL_BUDGET`, null without one. */
  readonly callBudget: number | null;
}

export interface PlannedObject {
  readonly object: string;
  readonly table: string;
  readonly process: "bulk" | "segmented" | "read" | "email";
  /** Why the range starts where it starts. */
  readonly reason: string;
  /** Windows left by earlier runs first, then the new ones. */
  readonly windows: readonly (ManifestWindow & { readonly state: "new" | "open" | "landed" })[];
  /** Records the range holds now, null where counting is not possible. */
  readonly records: number | null;
  readonly expectedCalls: number;
  /** Which calls come on top that cannot be told beforehand, in words; null when there are none. */
  readonly unknownCalls: string | null;
  /** What keeps this object from running, null when nothing does. */
  readonly error: {
    readonly code: string;
    readonly message: string;
    readonly hint: string | null;
    readonly exitCode: number;
  } | null;
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
  /** What was found. */
  readonly message: string;
  /** What to do, null when there is nothing to do. */
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
  /** Whether `problems` is empty. */
  readonly healthy: boolean;
  /** What is not as it should be, one sentence each. */
  readonly problems: readonly string[];
  /** The newest run in which every configured object was complete. */
  readonly lastSuccess: { readonly runId: string; readonly at: string; readonly ageSeconds: number } | null;
  /** Oldest first. */
  readonly runs: readonly StatusRun[];
  readonly objects: readonly StatusObject[];
  readonly gaps: readonly { readonly object: string; readonly from: string; readonly to: string }[];
  /** What the newest ended run warned of, by code; its objects are empty where the whole run is meant. */
  readonly warnings: readonly {
    readonly code: string;
    readonly objects: readonly string[];
    readonly message: string;
    readonly count: number;
  }[];
  /** Exports that were requested from Pardot and whose windows are open. */
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

export interface StatusRun {
  readonly runId: string;
  readonly startedAt: string;
  readonly finishedAt: string | null;
  /** died: it gives no sign of life, or a later run took over. */
  readonly status: "complete" | "partial" | "failed" | "died" | "running";
  /** Null while it runs, when it died, and in records of earlier versions. */
  readonly exitCode: number | null;
  /** Code, message and hint of the error it ended with; null when it is complete. */
  readonly code: string | null;
  readonly reason: string | null;
  readonly hint: string | null;
  readonly rows: number;
  readonly files: number;
  readonly calls: number;
}

export interface StatusExport {
  readonly object: string;
  readonly exportId: string;
  readonly requestedAt: string;
  readonly ageSeconds: number;
  /** expired: Pardot has dropped it by now, and the next run requests another. */
  readonly state: "in progress" | "expired";
  readonly from: string;
  readonly to: string;
}

export interface StatusObject {
  readonly object: string;
  /** Local time of `zone`. */
  readonly watermark: string | null;
  readonly zone: string | null;
  readonly files: number;
  readonly rows: number;
  /** Committed stretches, ISO instants. */
  readonly coverage: readonly { readonly from: string; readonly to: string }[];
  /** Stretches between the first and the last committed instant that nothing covers. */
  readonly gaps: readonly { readonly from: string; readonly to: string }[];
  readonly openWindows: readonly (ManifestWindow & {
    readonly exportId: string | null;
    /** Whether Pardot has dropped it by now: the next run asks for another. */
    readonly exportExpired: boolean;
    readonly filesLanded: number;
  })[];
  readonly notLoaded: number;
  /** Committed files so old that a rule of the destination has removed them or is about to (PARDOT_ETL_RETENTION). */
  readonly expired: number;
}

/** What `verify` looks at; all of it when left out. */
export interface VerifyOptions {
  /** Names of objects; null: all. */
  readonly objects: readonly string[] | null;
  readonly filesOnly: boolean;
  readonly warehouseOnly: boolean;
  /** How long the warehouse may take to load what it lacks. */
  readonly waitMs: number;
  /** Key of a file that is written off. */
  readonly accept: string | null;
}

/** What reading everything again has shown. */
export interface VerifyResult {
  readonly destination: string;
  /** Manifests that were read. */
  readonly runs: number;
  /** Distinct files that are as committed, their rows and bytes. */
  readonly files: number;
  readonly rows: number;
  readonly bytes: number;
  /** Further files that are gone, and old enough for it (PARDOT_ETL_RETENTION). */
  readonly expired: number;
  /** Further files that count no longer: `--full` has read their ranges again, or they were written off. */
  readonly superseded: number;
  readonly accepted: number;
  /** False with `warehouseOnly`. */
  readonly filesRead: boolean;
  /** The warehouse and what was compared in it, a clause for each table; null when none was looked at. */
  readonly warehouse: { readonly name: string; readonly compared: readonly string[] } | null;
  readonly problems: readonly VerifyProblem[];
  /** 0, or 6 when there is a problem. */
  readonly exitCode: number;
}

export interface VerifyProblem {
  /** The file's key, or the table. */
  readonly key: string;
  readonly problem: string;
  /** What to do. */
  readonly hint: string;
}
