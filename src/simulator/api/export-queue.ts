/**
 * The exports of the account: one is worked off at a time, the oldest first (vendor docs, export). States are computed
 * from the clock when somebody looks, so nothing runs in the background.
 */
import type { Account } from "../account/account.ts";
import type { SimClock } from "../clock.ts";
import { mix } from "../account/dice.ts";
import type { Knobs } from "../knobs.ts";
import type { ObjectModel } from "../account/model.ts";
import { isHidden } from "../account/oddities.ts";
import type { Selection } from "./selection.ts";
import { selectRows } from "./selection.ts";
import type { RowState } from "../account/table.ts";

export interface ExportOrder {
  readonly model: ObjectModel;
  readonly fields: readonly string[];
  readonly procedure: string;
  /** As received. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly selection: Selection;
  /** The state in which it ends; anything but Complete has no files. */
  readonly endsAs: string;
}

export interface ExportJob extends ExportOrder {
  readonly id: number;
  /** Simulated milliseconds since 1970. */
  readonly createdAt: number;
  /** Milliseconds of the clock's `elapsed`. */
  readonly createdElapsed: number;
  updatedAt: number;
  state: string;
  reads: number;
  startedElapsed: number | null;
  finishedElapsed: number | null;
  /** Places of the selected rows, once complete. */
  rows: Uint32Array;
  /** What those rows were when the export was made; kept from the first change of the account on. */
  frozen: RowState | null;
  files: readonly ExportFile[];
}

export interface ExportFile {
  readonly id: number;
  /** Steps of the file's share of the rows, in the scattered order of `scattered`. */
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;
/** Cancelled when not finished by then (vendor blog, January 2020). */
const CANCEL_MS = 7 * DAY_MS;

export class ExportQueue {
  #jobs: ExportJob[] = [];
  readonly #account: Account;
  readonly #clock: SimClock;
  readonly #knobs: Knobs;
  readonly #processingMs: number;

  constructor(account: Account, clock: SimClock, knobs: Knobs, processingMs: number) {
    this.#account = account;
    this.#clock = clock;
    this.#knobs = knobs;
    this.#processingMs = processingMs;
  }

  create(order: ExportOrder): ExportJob {
    const job: ExportJob = {
      ...order,
      id: 200_003 + this.#jobs.length * 7 + (mix(this.#account.world.seed, this.#jobs.length) % 5),
      createdAt: this.#clock.now(),
      createdElapsed: this.#clock.elapsed(),
      updatedAt: this.#clock.now(),
      state: "Waiting",
      reads: 0,
      startedElapsed: null,
      finishedElapsed: null,
      rows: new Uint32Array(0),
      frozen: null,
      files: [],
    };
    this.#jobs.push(job);
    return job;
  }

  find(id: number): ExportJob | null {
    this.#workOff();
    return this.#jobs.find((job) => job.id === id) ?? null;
  }

  /** A look by a client: counts for the knob exportPolls, for the export that is being worked off. */
  look(id: number): ExportJob | null {
    this.#workOff();
    const head = this.#jobs.find((job) => job.finishedElapsed === null);
    if (head !== undefined) head.reads += 1;
    return this.find(id);
  }

  all(): readonly ExportJob[] {
    this.#workOff();
    return this.#jobs;
  }

  isExpired(job: ExportJob): boolean {
    if (job.finishedElapsed === null) return false;
    return this.#clock.elapsed() - job.finishedElapsed > this.#knobs.exportExpiryDays * DAY_MS;
  }

  /** To be called before the account changes: files of finished exports stay as they are. */
  freeze(): void {
    this.#workOff();
    for (const job of this.#jobs) {
      if (job.state !== "Complete" || job.frozen !== null) continue;
      if (this.isExpired(job)) {
        job.rows = new Uint32Array(0);
        continue;
      }
      const table = this.#account.table(job.model.name);
      job.frozen = {
        updated: job.rows.map((index) => table.updated[index] ?? 0),
        revision: Uint8Array.from(job.rows, (index) => table.revision[index] ?? 0),
      };
    }
  }

  #workOff(): void {
    const now = this.#clock.elapsed();
    let free = Number.NEGATIVE_INFINITY;
    for (const job of this.#jobs) {
      if (job.finishedElapsed === null) {
        if (!this.#process(job, free, now)) break;
      }
      free = job.finishedElapsed ?? now;
    }
  }

  /** True when the job is done with, so that the next one may start. */
  #process(job: ExportJob, free: number, now: number): boolean {
    const half = Math.ceil(this.#knobs.exportPolls / 2);
    job.startedElapsed ??= job.reads >= half ? Math.max(job.createdElapsed, free) : null;
    if (job.startedElapsed !== null && now >= job.startedElapsed) this.#move(job, "Processing");
    const due = job.startedElapsed === null ? Number.POSITIVE_INFINITY : job.startedElapsed + this.#processingMs;
    if (due - job.createdElapsed > CANCEL_MS && now - job.createdElapsed > CANCEL_MS) {
      return this.#finish(job, this.#knobs.exportCancelledState, job.createdElapsed + CANCEL_MS);
    }
    const polled = this.#knobs.exportPolls === 0 || job.reads > this.#knobs.exportPolls;
    if (now < due || !polled) return false;
    if (job.endsAs !== "Complete") return this.#finish(job, job.endsAs, due);
    const selected = selectRows(this.#account, this.#account.table(job.model.name), job.selection);
    job.rows = selected.filter((index) => !isHidden(job.model, index, this.#knobs));
    job.files = splitFiles(job, this.#knobs.filesPerExport, this.#account.world.seed);
    return this.#finish(job, "Complete", due);
  }

  #move(job: ExportJob, state: string): void {
    if (job.state === state) return;
    job.state = state;
    job.updatedAt = this.#clock.now();
  }

  #finish(job: ExportJob, state: string, at: number): true {
    this.#move(job, state);
    job.finishedElapsed = at;
    return true;
  }
}

/** Several files of varying size, their ids in no order. */
function splitFiles(job: ExportJob, wanted: number, seed: number): readonly ExportFile[] {
  const rows = job.rows.length;
  if (rows === 0) return [];
  const dice = mix(seed, job.id);
  const automatic = rows < 300 ? 1 : 1 + Math.ceil(rows / 100_000) + (dice % 3);
  const count = Math.min(rows, wanted === 0 ? automatic : wanted);
  const weights = Array.from({ length: count }, (_, n) => 2 + (mix(dice, n) % 5));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let from = 0;
  let weighed = 0;
  const files = weights.map((weight, n): ExportFile => {
    weighed += weight;
    // Each file gets a row at least, the last one what is left.
    const to =
      n === count - 1
        ? rows
        : Math.min(Math.max(from + 1, Math.floor((rows * weighed) / total)), rows - (count - 1 - n));
    const file = { id: 20_011 + job.id * 100 + n * 7 + (mix(dice, 50 + n) % 6), from, to };
    from = to;
    return file;
  });
  return files.toSorted((a, b) => mix(dice, a.id) - mix(dice, b.id));
}

/** The place of the n-th of `length` things in a fixed scattered order, in which each comes once. */
export function scattered(n: number, length: number): number {
  // A prime above the most rows an object can have shares no factor with the length, so n * prime is a permutation;
  // the product stays below 2 ** 53.
  return (n * 67_108_879 + 7) % length;
}
