import type { Manifest, ManifestFile, ManifestObject, ObjectStatus } from "../../manifest/manifest.ts";
import type { Instant } from "../../time/instant.ts";
import type { StatusResult, StatusRun } from "../api.ts";

/** What the tool keeps about a run, and about its destination at this moment. Bounded, however large the account is. */
export interface RunReport {
  /** By this machine's clock. */
  readonly createdAt: Instant;
  /** The same moment by Pardot's clock, as the last run found it: windows and exports are in its time. */
  readonly pardotNow: Instant;
  readonly run: StatusRun;
  /** The account's calls at its end, all integrations together, and its limit; null if not on record. */
  readonly quota: { readonly used: number; readonly max: number } | null;
  /** Runs that began after it. */
  readonly laterRuns: number;
  /** Null without a manifest, or if it is damaged. The lists of files are empty: see `objects`. */
  readonly manifest: Manifest | null;
  /** Why the manifest cannot be used, null if it can, or if there is none. */
  readonly manifestProblem: string | null;
  /** The objects of the manifest, in plan order. */
  readonly objects: readonly ReportedObject[];
  /** Files that an earlier run had landed and this one accounts for. */
  readonly leftFiles: number;
  /** Exports whose files the run committed, in the order of their requests. */
  readonly exports: readonly ReportedExport[];
  /** Exports that are not among them, because there are too many. */
  readonly moreExports: number;
  /** Runs up to this one, oldest first, the run itself included; those of the last two weeks, and a few more. */
  readonly history: readonly PastRun[];
  /** Whether there are more runs in these two weeks than are read. */
  readonly isHistoryCut: boolean;
  /** By object: the least watermark in the files of the first runs and of `history`. */
  readonly firstRecords: ReadonlyMap<string, string>;
  /** The state of the destination now. */
  readonly status: StatusResult;
  readonly warehouse: "none" | "duckdb" | "snowflake";
}

export interface ReportedObject {
  /** Without its files. */
  readonly entry: ManifestObject;
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
  /** The first of its files. */
  readonly listed: readonly ReportedFile[];
  /** Records set aside, by column; null for those that are refused as a whole. Without their values. */
  readonly rejects: readonly ReportedRejects[];
}

export interface ReportedFile extends ManifestFile {
  /** waiting: the embedded warehouse has not loaded it; recorded: it waits for nothing; unknown: nothing is recorded. */
  readonly load: "waiting" | "recorded" | "unknown" | "written off";
}

export interface ReportedRejects {
  readonly column: string | null;
  readonly count: number;
  /** Ids of the first of them. */
  readonly ids: readonly string[];
}

export interface ReportedExport {
  readonly object: string;
  readonly exportId: string;
  /** When Pardot created it, ISO; null if not known. */
  readonly requestedAt: string | null;
  readonly rows: number;
  readonly bytes: number;
  readonly files: number;
}

/** A run as its manifest describes it, without lists of files. */
export interface PastRun {
  readonly runId: string;
  readonly startedAt: string;
  readonly finishedAt: string;
  readonly status: Manifest["status"];
  readonly calls: number;
  readonly rows: number;
  readonly objects: ReadonlyMap<string, { readonly status: ObjectStatus; readonly rows: number }>;
  /** Codes of its warnings. */
  readonly warnings: ReadonlySet<string>;
}
