import type { Instant } from "./time/instant.ts";

/**
 * The closed union of everything a run can announce. Progress, log and notification are made from these alone; nothing
 * in the core prints. `object` is the name in the catalog.
 */
export type RunEvent =
  | {
      readonly type: "run-started";
      readonly runId: string;
      readonly businessUnit: string;
      readonly objects: readonly string[];
    }
  /** Another run may be alive: this one waits for a sign of life. `holder`: its id; null if it cannot be read. */
  | { readonly type: "lease-waiting"; readonly holder: string | null; readonly waitMs: number }
  /**
   * What the destination knows of earlier runs. `readTo`: by object, the time up to which it was read without a gap.
   * `usualRows`: by object, what it brings in a day; `lastTookMs`: the time that the last complete run took.
   * Empty and null for a run of other objects or another range.
   */
  | {
      readonly type: "history-known";
      readonly unitName: string | null;
      readonly lastSuccessAt: string | null;
      readonly readTo: Readonly<Record<string, string>>;
      readonly usualRows: Readonly<Record<string, number>>;
      readonly lastTookMs: number | null;
    }
  /** The business unit's name; null if it has none, or if its column is dropped or hashed. */
  | { readonly type: "unit-known"; readonly unitName: string | null }
  /** An earlier run that ended without a report; the run that has started takes over. */
  | { readonly type: "run-died"; readonly died: string; readonly startedAt: string; readonly message: string }
  | { readonly type: "run-resumed"; readonly windows: number; readonly files: number }
  | { readonly type: "connected"; readonly version: number; readonly now: Instant; readonly clock: "pardot" | "own" }
  | {
      readonly type: "object-planned";
      readonly object: string;
      readonly process: "bulk" | "segmented" | "read" | "email";
      readonly windows: number;
      readonly from: Instant;
      readonly to: Instant;
      readonly reason: string;
    }
  | { readonly type: "object-started"; readonly object: string }
  | { readonly type: "export-created"; readonly object: string; readonly exportId: string; readonly window: string }
  | { readonly type: "export-adopted"; readonly object: string; readonly exportId: string; readonly window: string }
  | {
      readonly type: "export-polled";
      readonly object: string;
      readonly window: string;
      readonly exportId: string;
      readonly state: string;
      readonly pauseMs: number;
      /** Result files that it lists; none before it is complete. */
      readonly files?: number;
    }
  /** How many records a window has, as soon as that is known. */
  | { readonly type: "records-counted"; readonly object: string; readonly window: string; readonly records: number }
  | ({ readonly type: "page-read"; readonly records: number } & AnsweredCall)
  | ({ readonly type: "called"; readonly attempt: number } & AnsweredCall)
  | {
      readonly type: "file-landed";
      readonly object: string;
      readonly window: string;
      readonly key: string;
      readonly rows: number;
      readonly bytes: number;
      readonly outcome: "written" | "already-there";
    }
  | { readonly type: "file-verified"; readonly object: string; readonly files: number; readonly done: number }
  | { readonly type: "table-comparing"; readonly object: string; readonly table: string }
  /** `failure`: why the table could not be compared; null if it was. */
  | {
      readonly type: "table-compared";
      readonly object: string;
      readonly table: string;
      readonly failure: string | null;
    }
  | { readonly type: "window-finished"; readonly object: string; readonly window: string; readonly rows: number }
  | { readonly type: "object-finished"; readonly object: string; readonly rows: number; readonly files: number }
  | { readonly type: "object-failed"; readonly object: string; readonly code: string; readonly message: string }
  /** A limit, a stop request or another object keeps it for the next run; `postponed` reports them all together. */
  | {
      readonly type: "object-postponed";
      readonly object: string;
      readonly status: "postponed" | "waiting";
      readonly code: string;
    }
  | {
      readonly type: "postponed";
      readonly objects: readonly string[];
      readonly code: string;
      readonly message: string;
      readonly hint: string | null;
    }
  | { readonly type: "committed"; readonly manifest: string; readonly files: number; readonly rows: number }
  /** Files are loaded into the embedded warehouse now; `loaded` follows unless that fails. */
  | { readonly type: "loading"; readonly object: string; readonly table: string; readonly files: number }
  | { readonly type: "loaded"; readonly object: string; readonly table: string; readonly rows: number }
  | {
      readonly type: "retrying";
      readonly kind: string;
      /** The request that failed, null for one that is not a call. */
      readonly call: number | null;
      readonly object: string | null;
      readonly window: string | null;
      readonly attempt: number;
      readonly pauseMs: number;
      readonly reason: string;
    }
  | { readonly type: "token-refreshed" }
  /** Files of dead processes in a temporary folder that this user may not remove. */
  | { readonly type: "leftovers-kept"; readonly folder: string; readonly files: number }
  /** The limits of calls, once Pardot has reported the account's. */
  | ({ readonly type: "limits-known" } & Pick<DayCalls, "callsBudget" | "quotaUsed" | "quotaMax">)
  | ({ readonly type: "calls-counted"; readonly calls: number } & DayCalls)
  | { readonly type: "warning"; readonly code: string; readonly message: string; readonly object: string | null };

/** The object and window of a call. */
export interface About {
  readonly object: string;
  readonly window: string | null;
}

/** One request to the API and its result. */
interface AnsweredCall {
  /** Its number in the run, as the manifest counts calls. */
  readonly call: number;
  /** `tag query`, `export read`. */
  readonly kind: string;
  readonly object: string | null;
  readonly window: string | null;
  /** HTTP status, null without a response. */
  readonly status: number | null;
  /** The failure as a word or a Pardot code; null if there was none. */
  readonly failure: string | null;
  readonly durationMs: number;
}

/** The numbers of the account's day at the end of a run. */
export interface DayCalls {
  /** Calls of this tool, all its runs together. */
  readonly callsToday: number;
  /** `PARDOT_DAILY_CALL_BUDGET`, null without one. */
  readonly callsBudget: number | null;
  /** The calls of all integrations and the account's limit, null if the API does not report them. */
  readonly quotaUsed: number | null;
  readonly quotaMax: number | null;
  /** The used share of what this tool may use, 0 to 1; at 1 it stops. Null without a known limit. */
  readonly quotaShare: number | null;
}

export type OnEvent = (event: RunEvent) => void;

/** Announces a warning. `object`: the object it is about, null for the whole run. */
export function warn(onEvent: OnEvent, code: string, message: string, object: string | null = null): void {
  onEvent({ type: "warning", code, object, message });
}
