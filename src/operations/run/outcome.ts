import { CancelledError, exitCodeOf, failureOf, PardotEtlError, problemText } from "../../errors.ts";
import type { Failure } from "../../errors.ts";
import type { Config, Destination } from "../../config/config.ts";
import type { DayCalls, OnEvent, RunEvent } from "../../events.ts";
import { totals, postponedOf, rejectedRows } from "../../manifest/manifest.ts";
import type { ManifestWarning, RunStatus, PostponedObjects } from "../../manifest/manifest.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Instant } from "../../time/instant.ts";
import type { Notified, RunResult } from "../api.ts";

/**
 * How a run ended, even one that could not start. The summary, the log's last line and the notifications are functions
 * of it.
 */
export interface RunOutcome {
  /** Null for a run that ended before it had an id. */
  readonly runId: string | null;
  readonly businessUnit: string | null;
  /** Its name at Pardot; null if it has none, or if the run ended before it was known. */
  readonly unitName: string | null;
  /** What the destination knew of earlier runs; null for a run that ended before it had read the state. */
  readonly history: Pick<HistoryKnown, "lastSuccessAt" | "readTo"> | null;
  /** Earlier runs that died, and from which this one has taken over. */
  readonly died: readonly Pick<RunDied, "died" | "startedAt">[];
  /** Whether every configured object is complete: with a selection of objects it is not. */
  readonly isWhole: boolean;
  /** The manifest's, `partial` if some of its files could not be loaded; `failed` without a manifest. */
  readonly status: RunStatus;
  readonly exitCode: number;
  readonly startedAt: Instant;
  readonly durationMs: number;
  /** Committed rows, files and bytes. */
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly calls: number;
  /** Null for a run that ended before the account's day was known. */
  readonly day: DayCalls | null;
  readonly objects: number;
  readonly failed: readonly (Omit<Failure, "code"> & { readonly object: string })[];
  /** Objects that a limit, a stop request or another object keeps for the next run, by reason. */
  readonly postponed: readonly Omit<PostponedObjects, "code">[];
  /** Records that were set aside (`_pardot_etl/rejects/`). */
  readonly rejectedRows: number;
  /** Windows left for the next run. */
  readonly openWindows: number;
  readonly warnings: readonly string[];
  /** The manifest's full location; null without one. */
  readonly manifest: string | null;
  readonly error: Failure | null;
  /** `error` as it was thrown. */
  readonly cause: unknown;
  /** The result of a run that committed; null for one that did not. */
  readonly result: RunResult | null;
}

/** The result of a run. Throws the error that kept it from committing. */
export function resultOf({ result, cause }: RunOutcome): RunResult {
  if (result === null) throw cause;
  return result;
}

/** Codes of errors that mean that the account's day is used up, whatever the counts are. */
const DAY_IS_OVER: ReadonlySet<string> = new Set(["pardot.daily-limit", "limit.call-budget"]);

/** Problems of a configuration, or of references to secrets, that are listed; more are counted. */
const PROBLEMS_LISTED = 3;

type HistoryKnown = Extract<RunEvent, { readonly type: "history-known" }>;
type RunDied = Extract<RunEvent, { readonly type: "run-died" }>;

/** What events tell of a run. */
type Seen = Pick<RunOutcome, "runId" | "businessUnit" | "unitName" | "history" | "died" | "objects" | "calls" | "day">;

const NOTHING_SEEN: Seen = {
  runId: null,
  businessUnit: null,
  unitName: null,
  history: null,
  died: [],
  objects: 0,
  calls: 0,
  day: null,
};

/** Listens to a run from the start of the command, and makes its outcome at the end. */
export class RunRecorder {
  /** The warnings so far; grows. */
  readonly warnings: ManifestWarning[] = [];
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #startedAt: Instant;
  readonly #since: number;
  #seen: Seen = NOTHING_SEEN;
  #isDayOver = false;

  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#since = clock.monotonic();
  }

  /** Sets the business unit before the run itself announces it. */
  setBusinessUnit(businessUnit: string | null): void {
    this.#seen = { ...this.#seen, businessUnit };
  }

  /** The same runtime, whose events are recorded and passed on. */
  listening<T extends { readonly onEvent: OnEvent }>(runtime: T): T {
    return {
      ...runtime,
      onEvent: (event: RunEvent) => {
        this.record(event);
        runtime.onEvent(event);
      },
    };
  }

  /** The outcome of a run that has a manifest. */
  finished(result: RunResult, config: Pick<Config, "etl">): RunOutcome {
    // Some warnings came after the manifest was written, while loading; the result has them too.
    const manifest = { ...result.manifest, warnings: [...this.warnings] };
    const { objects } = manifest;
    const { configuredObjects, objects: selected, destination } = config.etl;
    const hasAll = configuredObjects.every((name) => selected.includes(name));
    return {
      ...this.#outcome(result.error, result.exitCode),
      runId: manifest.run_id,
      businessUnit: manifest.business_unit,
      status: result.exitCode !== 0 && manifest.status === "complete" ? "partial" : manifest.status,
      ...totals(objects.flatMap((object) => object.files)),
      calls: manifest.api_calls.total,
      isWhole: hasAll && objects.every(({ status }) => status === "complete"),
      objects: objects.length,
      failed: [
        ...objects.flatMap(({ object, status, error }) =>
          error === null || status !== "failed" ? [] : [{ object, ...error }],
        ),
        ...result.notLoaded.map(({ object, error }) => ({ object, ...failureOf(error) })),
      ],
      postponed: postponedOf(objects),
      rejectedRows: rejectedRows(objects),
      openWindows: objects.reduce((sum, object) => sum + object.open_windows.length, 0),
      manifest: `${destinationText(destination)}/${result.manifestKey}`,
      result: { ...result, manifest },
    };
  }

  /** The outcome of a run that has thrown. */
  failed(error: unknown): RunOutcome {
    return this.#outcome(error, exitCodeOf(error));
  }

  /** The outcome of a process that is about to end with a code, whatever the run was doing. */
  cutShort(exitCode: number): RunOutcome {
    const cancelled = new CancelledError("ended at once, in the middle of the run", { code: "run.cancelled" });
    const other = new Error("ended in the middle of the run");
    return this.#outcome(exitCode === cancelled.exitCode ? cancelled : other, exitCode);
  }

  /** The same outcome after the notifications, whose failures are warnings. */
  notified(outcome: RunOutcome, notified: readonly Notified[]): RunOutcome {
    const { durationMs, warnings } = this.#outcome(null, 0);
    const { result } = outcome;
    return { ...outcome, durationMs, warnings, result: result === null ? null : { ...result, notified } };
  }

  record(event: RunEvent): void {
    switch (event.type) {
      case "run-started": {
        const { runId, businessUnit, objects } = event;
        this.#seen = { ...this.#seen, runId, businessUnit, objects: objects.length };
        break;
      }
      case "history-known": {
        const { unitName, lastSuccessAt, readTo } = event;
        this.#seen = { ...this.#seen, unitName: unitName ?? this.#seen.unitName, history: { lastSuccessAt, readTo } };
        break;
      }
      case "unit-known":
        this.#seen = { ...this.#seen, unitName: event.unitName };
        break;
      case "run-died": {
        const { died, startedAt } = event;
        this.#seen = { ...this.#seen, died: [...this.#seen.died, { died, startedAt }] };
        break;
      }
      case "object-postponed":
        this.#isDayOver ||= DAY_IS_OVER.has(event.code);
        break;
      case "warning": {
        const { code, object, message } = event;
        this.warnings.push({ code, object, message });
        break;
      }
      case "calls-counted": {
        const { type: _, calls, ...day } = event;
        this.#seen = { ...this.#seen, calls, day };
        break;
      }
      default:
        break;
    }
  }

  #outcome(cause: unknown, exitCode: number): RunOutcome {
    const isDayOver = this.#isDayOver || (cause instanceof PardotEtlError && DAY_IS_OVER.has(cause.code));
    const { day } = this.#seen;
    return {
      ...this.#seen,
      isWhole: false,
      status: "failed",
      exitCode,
      startedAt: this.#startedAt,
      durationMs: this.#clock.monotonic() - this.#since,
      rows: 0,
      files: 0,
      bytes: 0,
      day: day === null || !isDayOver ? day : { ...day, quotaShare: 1 },
      failed: [],
      postponed: [],
      rejectedRows: 0,
      openWindows: 0,
      warnings: this.warnings.map(({ object, message }) => (object === null ? message : `${object}: ${message}`)),
      manifest: null,
      error: cause === null ? null : errorOf(cause),
      cause,
      result: null,
    };
  }
}

/** `s3://bucket/prefix` or the folder: a key can be appended. */
export function destinationText(destination: Destination): string {
  if (destination.kind === "folder") return destination.path;
  return ["s3:/", destination.bucket, destination.prefix].filter((part) => part !== "").join("/");
}

function errorOf(error: unknown): Failure {
  const { code, message, hint } = failureOf(error);
  const problems = error instanceof PardotEtlError ? error.problems : [];
  if (problems.length === 0) return { code, message, hint };
  const more = problems.length - PROBLEMS_LISTED;
  const listed = [...problems.slice(0, PROBLEMS_LISTED).map(problemText), ...(more > 0 ? [`and ${more} more`] : [])];
  return { code, message: `${message}: ${listed.join("; ")}`, hint };
}
