import type { Manifest, ManifestObject, RunStatus } from "../manifest/manifest.ts";
import { postponedOf, rejectedRows } from "../manifest/shortfalls.ts";
import type { PostponedObjects } from "../manifest/shortfalls.ts";
import type { Config } from "../config/config.ts";
import { CancelledError, exitCodeOf, PardotEtlError, problemText } from "../errors.ts";
import type { DayCalls, RunEvent } from "../events.ts";
import type { Clock } from "../platform/clock.ts";
import type { RunResult } from "../operations/api.ts";
import type { Instant } from "../time/instant.ts";
import { destinationText } from "./destination.ts";

/** How a run ended, also one that could not begin: what the log's last line and the notifications are made from. */
export interface RunEnding {
  /** Null for a run that ended before it had one. */
  readonly runId: string | null;
  readonly businessUnit: string | null;
  /** The manifest's, `partial` where what it names could not be loaded; `failed` without a manifest. */
  readonly status: RunStatus;
  readonly exitCode: number;
  readonly startedAt: Instant;
  readonly durationMs: number;
  /** What was committed. */
  readonly rows: number;
  readonly files: number;
  readonly bytes: number;
  readonly calls: number;
  /** Null for a run that ended before the account's day was known. */
  readonly day: DayCalls | null;
  readonly objects: number;
  readonly failed: readonly { readonly object: string; readonly message: string; readonly hint: string | null }[];
  /** What the next run reads because a limit, a stop request or another object kept it, by reason. */
  readonly postponed: readonly Omit<PostponedObjects, "code">[];
  /** Records that were set aside (`_pardot_etl/rejects/`). */
  readonly rejectedRows: number;
  /** Windows that stay on the books for the next run. */
  readonly openWindows: number;
  readonly warnings: readonly string[];
  /** The manifest's full location; null where there is none. */
  readonly manifest: string | null;
  readonly error: { readonly code: string; readonly message: string; readonly hint: string | null } | null;
}

/** Codes of errors that say that the account's day is used up, whatever the counts are. */
const DAY_IS_OVER: ReadonlySet<string> = new Set(["pardot.daily-limit", "limit.call-budget", "limit.call-budget"]);

/** Problems of a configuration, or of references to secrets, that are told one by one; more are counted. */
const PROBLEMS_TOLD = 3;

const EXIT_CANCELLED = 130;

/** Listens to a run from its beginning and says in the end how it ended. */
export class RunWatch {
  readonly #clock: Pick<Clock, "monotonic">;
  readonly #startedAt: Instant;
  readonly #since: number;
  #runId: string | null = null;
  #businessUnit: string | null = null;
  #objects = 0;
  #calls = 0;
  #day: DayCalls | null = null;
  #isDayOver = false;
  readonly #warnings: string[] = [];

  constructor(clock: Pick<Clock, "now" | "monotonic">) {
    this.#clock = clock;
    this.#startedAt = clock.now();
    this.#since = clock.monotonic();
  }

  /** Says whose run it is, before the run says it itself. */
  isOf(businessUnit: string | null): void {
    this.#businessUnit = businessUnit;
  }

  onEvent(event: RunEvent): void {
    switch (event.type) {
      case "run-started":
        this.#runId = event.runId;
        this.#businessUnit = event.businessUnit;
        this.#objects = event.objects.length;
        break;
      case "object-postponed":
        this.#isDayOver ||= DAY_IS_OVER.has(event.code);
        break;
      case "warning":
        this.#warnings.push(event.object === null ? event.message : `${event.object}: ${event.message}`);
        break;
      case "calls-counted": {
        const { type: _, calls, ...day } = event;
        this.#calls = calls;
        this.#day = day;
        break;
      }
      default:
        break;
    }
  }

  /** The ending of a run that has a manifest. */
  finished(result: RunResult, config: Pick<Config, "etl">): RunEnding {
    const { manifest, error, exitCode } = result;
    const files = manifest.objects.flatMap((object) => object.files);
    return {
      ...this.#ending(error, exitCode),
      runId: manifest.run_id,
      businessUnit: manifest.business_unit,
      status: statusOf(manifest, exitCode),
      rows: files.reduce((sum, file) => sum + file.rows, 0),
      files: files.length,
      bytes: files.reduce((sum, file) => sum + file.bytes, 0),
      calls: manifest.api_calls.total,
      objects: manifest.objects.length,
      failed: [
        ...manifest.objects.flatMap(failureOf),
        ...result.notLoaded.map(({ object, error: { message, ...more } }) => ({
          object,
          message,
          hint: "hint" in more && typeof more.hint === "string" ? more.hint : null,
        })),
      ],
      postponed: postponedOf(manifest.objects),
      rejectedRows: rejectedRows(manifest.objects),
      openWindows: manifest.objects.reduce((sum, object) => sum + object.open_windows.length, 0),
      manifest: `${destinationText(config.etl.destination)}/${result.manifestKey}`,
    };
  }

  /** The ending of a run that has thrown. */
  failed(error: unknown): RunEnding {
    return this.#ending(error, exitCodeOf(error));
  }

  /** The ending of a process that is about to end with a code, whatever the run was doing. */
  cut(exitCode: number): RunEnding {
    const error =
      exitCode === EXIT_CANCELLED
        ? new CancelledError("ended at once, in the middle of the run", { code: "run.cancelled" })
        : new Error("ended in the middle of the run");
    return this.#ending(error, exitCode);
  }

  #ending(error: unknown, exitCode: number): RunEnding {
    const isDayOver = this.#isDayOver || (error instanceof PardotEtlError && DAY_IS_OVER.has(error.code));
    return {
      runId: this.#runId,
      businessUnit: this.#businessUnit,
      status: "failed",
      exitCode,
      startedAt: this.#startedAt,
      durationMs: this.#clock.monotonic() - this.#since,
      rows: 0,
      files: 0,
      bytes: 0,
      calls: this.#calls,
      day: this.#day === null ? null : { ...this.#day, ...(isDayOver ? { quotaShare: 1 } : {}) },
      objects: this.#objects,
      failed: [],
      postponed: [],
      rejectedRows: 0,
      openWindows: 0,
      warnings: this.#warnings,
      manifest: null,
      error: error === null ? null : errorOf(error),
    };
  }
}

function statusOf(manifest: Manifest, exitCode: number): RunStatus {
  return exitCode !== 0 && manifest.status === "complete" ? "partial" : manifest.status;
}

function failureOf({ object, status, error }: ManifestObject): RunEnding["failed"] {
  return error === null || status !== "failed" ? [] : [{ object, message: error.message, hint: error.hint }];
}

function errorOf(error: unknown): RunEnding["error"] {
  const message = error instanceof Error ? error.message : String(error);
  if (!(error instanceof PardotEtlError)) return { code: "bug", message, hint: null };
  const { code, hint = null, problems } = error;
  const told = problems.slice(0, PROBLEMS_TOLD).map(problemText);
  const more = problems.length > PROBLEMS_TOLD ? [`and ${problems.length - PROBLEMS_TOLD} more`] : [];
  const all = [...told, ...more];
  return { code, message: all.length === 0 ? message : `${message}: ${all.join("; ")}`, hint };
}
