/**
 * The exports of the account: one is processed at a time, the oldest first (vendor docs, export). States are computed from
 * the clock on each access, so nothing runs in the background.
 */
import type { Account } from "../account/account.ts";
import type { SimClock } from "../simulated-time.ts";
import { mix } from "../account/random.ts";
import type { Knobs } from "../knobs.ts";
import type { ModelColumn, RowKey, RowModel, Value } from "../account/model.ts";
import { isHidden } from "../account/oddities.ts";
import type { Selection } from "./selection.ts";
import { selectRows } from "./selection.ts";
import type { RowState } from "../account/table.ts";

/** The columns of a result file, and their values in a row. */
export interface ExportRecords {
  readonly columns: readonly ModelColumn[];
  readonly read: (row: RowKey) => readonly Value[];
}

export interface ExportOrder {
  readonly model: RowModel;
  /** Called for each download, with the fields that the file has: the account's custom fields may have changed. */
  readonly recordsOf: (fields: readonly string[]) => ExportRecords;
  /** Names of the key and of the time of a change, for faults of files. */
  readonly watermark: string;
  /** Without rows there is a file with the header as its only record. */
  readonly echoesHeader: boolean;
  readonly fields: readonly string[];
  readonly procedure: string;
  /** As received. */
  readonly arguments: Readonly<Record<string, unknown>>;
  readonly selection: Selection;
  /** The final state; only Complete has files. */
  readonly endsAs: string;
}

export interface SimExport extends ExportOrder {
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
  /** Indexes of the selected rows, if complete. */
  rows: Uint32Array;
  /** State of those rows when the export completed; kept from the account's first change after that. */
  frozen: RowState | null;
  files: readonly ResultFile[];
}

export interface ResultFile {
  readonly id: number;
  /** The file's share of the rows, in the order of `scattered`. */
  readonly from: number;
  readonly to: number;
}

const DAY_MS = 86_400_000;
/** An export that takes longer is cancelled (vendor blog, January 2020). */
const CANCEL_MS = 7 * DAY_MS;

export class ExportWorker {
  #jobs: SimExport[] = [];
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

  create(order: ExportOrder): SimExport {
    const job: SimExport = {
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

  find(id: number): SimExport | null {
    this.#advance();
    return this.#jobs.find((job) => job.id === id) ?? null;
  }

  /** A read by a client. Counts for the knob exportPolls, for the export that is being processed. */
  read(id: number): SimExport | null {
    this.#advance();
    const head = this.#jobs.find((job) => job.finishedElapsed === null);
    if (head !== undefined) head.reads += 1;
    return this.find(id);
  }

  all(): readonly SimExport[] {
    this.#advance();
    return this.#jobs;
  }

  isExpired(job: SimExport): boolean {
    if (job.finishedElapsed === null) return false;
    return this.#clock.elapsed() - job.finishedElapsed > this.#knobs.exportExpiryDays * DAY_MS;
  }

  /** Call before the account changes, so that the files of finished exports do not. */
  freeze(): void {
    this.#advance();
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
        gone: Uint8Array.from(job.rows, (index) => table.gone[index] ?? 0),
      };
    }
  }

  #advance(): void {
    const now = this.#clock.elapsed();
    let free = Number.NEGATIVE_INFINITY;
    for (const job of this.#jobs) {
      if (job.finishedElapsed === null && !this.#process(job, free, now)) break;
      free = job.finishedElapsed ?? now;
    }
  }

  /** Returns true if the export has ended, so that the next one can start. */
  #process(job: SimExport, free: number, now: number): boolean {
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
    if (job.rows.length === 0 && job.echoesHeader) job.files = [{ id: 20_011 + job.id * 100, from: 0, to: 0 }];
    return this.#finish(job, "Complete", due);
  }

  #move(job: SimExport, state: string): void {
    if (job.state === state) return;
    job.state = state;
    job.updatedAt = this.#clock.now();
  }

  #finish(job: SimExport, state: string, at: number): true {
    this.#move(job, state);
    job.finishedElapsed = at;
    return true;
  }
}

/** Several files of varying size, with unordered ids. */
function splitFiles(job: SimExport, wanted: number, seed: number): readonly ResultFile[] {
  const rows = job.rows.length;
  if (rows === 0) return [];
  const random = mix(seed, job.id);
  const automatic = rows < 300 ? 1 : 1 + Math.ceil(rows / 100_000) + (random % 3);
  const count = Math.min(rows, wanted === 0 ? automatic : wanted);
  const weights = Array.from({ length: count }, (_, n) => 2 + (mix(random, n) % 5));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let from = 0;
  let weighed = 0;
  const files = weights.map((weight, n): ResultFile => {
    weighed += weight;
    // Each file gets at least one row, the last one the rest.
    const to =
      n === count - 1
        ? rows
        : Math.min(Math.max(from + 1, Math.floor((rows * weighed) / total)), rows - (count - 1 - n));
    const file = { id: 20_011 + job.id * 100 + n * 7 + (mix(random, 50 + n) % 6), from, to };
    from = to;
    return file;
  });
  return files.toSorted((a, b) => mix(random, a.id) - mix(random, b.id));
}

/** The n-th number of a fixed permutation of 0 … length - 1 that looks unordered. */
export function scattered(n: number, length: number): number {
  // A prime above an object's maximum number of rows shares no factor with the length, so n * prime is a permutation. The
  // product stays below 2 ** 53.
  return (n * 67_108_879 + 7) % length;
}
