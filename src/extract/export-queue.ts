import { createGate } from "../http/gate.ts";
import type { Gate } from "../http/gate.ts";
import { exportOf, objectState } from "../state/state.ts";
import type { ExportTime } from "../state/state.ts";
import { RemoteError } from "../errors.ts";
import { EXPORT_LIFE_MS } from "../pardot/pardot.ts";
import type { ExportStatus } from "../pardot/pardot.ts";
import type { Extraction } from "./context.ts";
import { PollTimer } from "./poll-timer.ts";
import { gaveUp, lostReason, usedTwice } from "./refusals.ts";

/** One export: a window, or one group of a window's fields. */
export interface ExportJob {
  /** The generation of the API that exports it. */
  readonly api: "v4" | "v5";
  readonly object: string;
  readonly windowId: string;
  /** The length of its window. */
  readonly spanMs: number;
  /** Other objects are read as soon as all exports of this one have landed. */
  readonly isAwaited: boolean;
  /** Index of its group of fields. */
  readonly group: number;
  /** Requests it; null when nothing is left to request. */
  readonly request: () => Promise<RequestedExport | null>;
  /**
   * Lands every file of a complete export; records the window as done when its last export is complete. `took`: what
   * Pardot took for it, to be recorded too; null if that is not known. Throws `ExportGone` when the files of another
   * export of the window are gone.
   */
  readonly land: (status: ExportStatus, took: ExportTime | null) => Promise<void>;
  /** Called once if the job cannot be finished in this run. */
  readonly fail: (error: unknown) => void;
  /** Whether the object has already failed, so that continuing is pointless. */
  readonly isAbandoned: () => boolean;
}

export interface RequestedExport {
  readonly status: ExportStatus;
  /** Fields of every export of the window. */
  readonly groups: readonly (readonly string[])[];
}

/** An export and its job. */
interface JobExport {
  readonly job: ExportJob;
  readonly exportId: string;
}

/** The files of a complete export are gone when another export of the same window is landed. */
export class ExportGone extends Error {
  override readonly name = "ExportGone";
  readonly export: JobExport;

  constructor(lost: JobExport, cause: unknown) {
    super(`the files of export ${lost.exportId} cannot be fetched`, { cause });
    this.export = lost;
  }
}

/** Pause before the first poll of an export while no duration is known, which is once for each destination. */
const FIRST_PAUSE_MS = 250;

/** Exports of one window in one run: the first, and new ones after Pardot failed or lost it. */
const ATTEMPTS_MAX = 3;

/** Complete exports that are landed at a time, two files of each: a request in flight is left for polls and queries. */
const landingMax = (inFlight: number): number => (inFlight > 4 ? 2 : 1);

interface Waiting extends JobExport {
  /** When this run started to wait for it, by the monotonic clock; the time-out counts from here. */
  readonly waitedFrom: number;
  /** When Pardot could begin it: when it was requested, or when the one before it was probably complete. */
  couldBeginAt: number;
  /** When it was last seen unfinished. */
  unfinishedAt: number;
  polls: number;
  /** An earlier run requested it. */
  readonly isAdopted: boolean;
  /** Its last state is not documented by the vendor: it may never be processed. */
  isUnknown: boolean;
}

interface Queue {
  readonly todo: ExportJob[];
  readonly waiting: Waiting[];
  readonly landing: Set<Promise<void>>;
  /** Lets a few of them land at a time. */
  readonly gate: Gate;
  /** Requests or adopts the next one while others are polled; null while enough of them wait. */
  filling: Promise<void> | null;
  /** Exports requested in this run, by window and group. */
  readonly attempts: Map<string, number>;
  readonly timer: PollTimer;
  /** Greatest id of an export that was seen complete: those requested before it have been processed or skipped. */
  completed: bigint;
}

/** Polls of an unfinished export after which the next one is polled, in case Pardot has skipped the first one. */
const POLLS_IN_A_ROW = 10;

/**
 * Takes every export of a run through Pardot's queue. At most `maxWaitingExports` of ours wait there, because Pardot
 * processes exports one at a time and others share the queue; only the oldest unfinished one is polled. Further ones are
 * requested, and complete ones are landed, while it is waited for. An export in an undocumented state neither counts nor
 * blocks those after it. Never rejects: each job is notified of its own failure.
 *
 *     todo ── adopt, create ──> waiting ── poll: complete ──> landing ──> done
 *      ^                           │                             │
 *      └───────── requeue ─────────┴──────── lost, gone ─────────┘
 */
export async function runExports(jobs: readonly ExportJob[], extraction: Extraction): Promise<void> {
  const longestMs = extraction.config.pardot.exportPollIntervalMs;
  const queue: Queue = {
    todo: [...jobs],
    waiting: [],
    landing: new Set(),
    gate: createGate(landingMax(extraction.config.pardot.maxConcurrency)),
    filling: null,
    attempts: new Map(),
    completed: 0n,
    timer: new PollTimer({
      firstMs: Math.min(FIRST_PAUSE_MS, longestMs),
      longestMs,
      last: (object) => objectState(extraction.journal.state, object).exportTime ?? null,
    }),
  };
  while (queue.todo.length + queue.waiting.length + queue.landing.size > 0 || queue.filling !== null) {
    refill(queue, extraction);
    const head = queue.waiting[0];
    // Nothing waits yet, or a landing may still find that its export is gone and requeue its job.
    if (head === undefined) await Promise.race([queue.filling, ...queue.landing].filter((work) => work !== null));
    else await advance(queue, head, extraction);
  }
}

/** Requests exports one after another, or adopts those that an earlier run requested, until enough of them wait. */
function refill(queue: Queue, extraction: Extraction): void {
  const waiting = queue.waiting.filter(({ isUnknown }) => !isUnknown).length;
  if (queue.filling !== null || waiting >= extraction.config.pardot.maxWaitingExports) return;
  const job = queue.todo.shift();
  if (job === undefined) return;
  queue.filling = begin(queue, job, extraction).finally(() => {
    queue.filling = null;
    refill(queue, extraction);
  });
}

async function begin(queue: Queue, job: ExportJob, extraction: Extraction): Promise<void> {
  if (job.isAbandoned()) return;
  try {
    extraction.drain.throwIfAborted();
    const entry = (await adopt(job, extraction)) ?? (await create(queue, job, extraction));
    if (entry !== null) queue.waiting.push(entry);
  } catch (error) {
    job.fail(error);
  }
}

/** The export that an earlier run requested, null when there is none or Pardot has dropped it by now. */
async function adopt(job: ExportJob, extraction: Extraction): Promise<Waiting | null> {
  const adopted = exportOf(objectState(extraction.journal.state, job.object).windows, job);
  if (adopted === null) return null;
  const { exportId, askedAt } = adopted;
  const age = Math.max(0, extraction.pardotNow() - askedAt);
  if (age >= EXPORT_LIFE_MS) {
    await forget({ job, exportId }, "Pardot keeps exports for seven days", extraction);
    return null;
  }
  extraction.onEvent({ type: "export-adopted", object: job.object, window: job.windowId, exportId });
  // The time-out limits the wait of one run, so it starts again with this one.
  const now = extraction.clock.monotonic();
  return { ...NEW, job, exportId, waitedFrom: now, couldBeginAt: now - age, unfinishedAt: now, isAdopted: true };
}

const NEW = { polls: 0, isAdopted: false, isUnknown: false };

async function create(queue: Queue, job: ExportJob, extraction: Extraction): Promise<Waiting | null> {
  const { object, windowId: window, group } = job;
  const key = `${window}/${group}`;
  const attempt = (queue.attempts.get(key) ?? 0) + 1;
  if (attempt > ATTEMPTS_MAX) throw gaveUp(job, attempt - 1);
  queue.attempts.set(key, attempt);
  const requested = await job.request();
  if (requested === null) return null;
  const { id: exportId } = requested.status;
  if (isRecorded(exportId, extraction)) throw usedTwice(job, exportId);
  await extraction.journal.record([
    { type: "export-created", object, window, group, exportId, at: extraction.pardotNow(), groups: requested.groups },
  ]);
  extraction.onEvent({ type: "export-created", object, exportId, window });
  const at = extraction.clock.monotonic();
  return { ...NEW, job, exportId, waitedFrom: at, couldBeginAt: at, unfinishedAt: at };
}

/** Whether an export with this id was requested before, for any object and window. */
function isRecorded(exportId: string, { journal }: Extraction): boolean {
  return Object.values(journal.state.objects).some(
    ({ windows, exportIds = [] }) =>
      exportIds.includes(exportId) ||
      windows.some(({ exports }) => exports.some((known) => known.exportId === exportId)),
  );
}

/** Polls the oldest export once, at the right moment, and updates the queue with the result. */
async function advance(queue: Queue, head: Waiting, extraction: Extraction): Promise<void> {
  let lost: string | null;
  try {
    const status = await poll(queue, head, extraction);
    if (status.state === "Complete" && !status.isExpired) {
      startLanding(queue, head, status, extraction);
      return;
    }
    lost = lostState(queue, head, status);
    if (lost === null) {
      await waitOn(queue, head, status, extraction);
      return;
    }
  } catch (error) {
    lost = lostReason(error, head.isAdopted);
    if (lost === null) {
      remove(queue, head);
      head.job.fail(error);
      return;
    }
  }
  remove(queue, head);
  await requeue(queue, head, lost, extraction);
}

/** Why the state of an export means that it never completes; null when it may. */
function lostState({ completed }: Queue, head: Waiting, status: ExportStatus): string | null {
  if (status.isExpired) return "it has expired";
  if (status.state === "Failed") return "Pardot reports it as failed";
  const isPassedOver = status.state === "Unknown" && BigInt(head.exportId) < completed;
  return isPassedOver ? `its state is "${status.stateText}", and a later export is complete` : null;
}

/** Leaves an unfinished export in the queue. After the time-out it throws, and the export is left to the next run. */
async function waitOn(queue: Queue, head: Waiting, status: ExportStatus, extraction: Extraction): Promise<void> {
  const { clock, config } = extraction;
  head.unfinishedAt = clock.monotonic();
  head.isUnknown = status.state === "Unknown";
  if (clock.monotonic() - head.waitedFrom > config.pardot.exportTimeoutMs) {
    if (head.isUnknown) await forget(head, `its state is "${status.stateText}"`, extraction);
    throw tooLong(head, status, clock.monotonic());
  }
  if (!head.isUnknown && head.polls % POLLS_IN_A_ROW > 0) return;
  remove(queue, head);
  queue.waiting.push(head);
}

function remove(queue: Queue, entry: Waiting): void {
  queue.waiting.splice(queue.waiting.indexOf(entry), 1);
}

async function poll(queue: Queue, head: Waiting, extraction: Extraction): Promise<ExportStatus> {
  const { clock, drain, abort, pardot, onEvent } = extraction;
  const next = queue.waiting[1]?.job ?? queue.todo[0];
  const isLast = next === undefined && queue.filling === null;
  const isAwaited = isLast || (head.job.isAwaited && next?.object !== head.job.object);
  const elapsedMs = clock.monotonic() - head.couldBeginAt;
  const pauseMs = queue.timer.delay(head.job, { polls: head.polls, elapsedMs, isAwaited });
  if (pauseMs > 0) await clock.sleep(pauseMs, drain);
  drain.throwIfAborted();
  const { object, windowId: window } = head.job;
  const request = { api: head.job.api, id: head.exportId, about: { object, window } };
  let status = await pardot.readExport(request, abort);
  // An empty response proves nothing, as with pages: an export without a result file is polled twice.
  if (status.state === "Complete" && status.resultRefs.length === 0) {
    status = await pardot.readExport(request, abort);
  }
  head.polls += 1;
  const { stateText: state } = status;
  const files = status.isExpired ? 0 : status.resultRefs.length;
  onEvent({ type: "export-polled", object, window, exportId: head.exportId, state, pauseMs, files });
  return status;
}

/** Lands a complete export while the queue continues. */
function startLanding(queue: Queue, head: Waiting, status: ExportStatus, extraction: Extraction): void {
  remove(queue, head);
  const id = BigInt(head.exportId);
  if (id > queue.completed) queue.completed = id;
  const now = extraction.clock.monotonic();
  // An earlier run's export may have been complete long before this run polled it.
  const began = Math.max(head.couldBeginAt, head.waitedFrom);
  const unfinishedMs = Math.max(0, head.unfinishedAt - began);
  const ms = queue.timer.record(head.job, now - began, head.polls, unfinishedMs);
  const took = head.isAdopted ? null : { ms: Math.round(ms), spanMs: head.job.spanMs };
  const next = queue.waiting[0];
  if (next !== undefined) next.couldBeginAt = Math.max(next.couldBeginAt, Math.min(now, began + ms));
  const done = land(queue, head, status, took, extraction).finally(() => queue.landing.delete(done));
  queue.landing.add(done);
}

async function land(
  queue: Queue,
  entry: Waiting,
  status: ExportStatus,
  took: ExportTime | null,
  extraction: Extraction,
): Promise<void> {
  try {
    const release = await queue.gate.enter(extraction.drain);
    try {
      await entry.job.land(status, took);
    } finally {
      release();
    }
  } catch (error) {
    const isAnother = error instanceof ExportGone;
    const cause = isAnother ? error.cause : error;
    const lost = lostReason(cause, entry.isAdopted);
    if (lost === null) entry.job.fail(cause);
    else await requeue(queue, isAnother ? error.export : entry, lost, extraction);
  }
}

/** Forgets a lost export and queues its job again. */
async function requeue(queue: Queue, entry: JobExport, reason: string, extraction: Extraction): Promise<void> {
  try {
    await forget(entry, reason, extraction);
  } catch (error) {
    entry.job.fail(error);
    return;
  }
  queue.todo.unshift(entry.job);
}

async function forget({ job, exportId }: JobExport, reason: string, extraction: Extraction): Promise<void> {
  const { object, windowId: window } = job;
  await extraction.journal.record([{ type: "export-lost", object, window, exportId, reason }]);
  const message = `export ${exportId} is lost (${reason}): its window is requested again`;
  extraction.onEvent({ type: "warning", code: "export.recreated", object, message });
}

function tooLong(entry: Waiting, status: ExportStatus, now: number): RemoteError {
  const hours = Math.round((now - entry.waitedFrom) / 360_000) / 10;
  return new RemoteError(
    `export ${entry.job.object}: export ${entry.exportId} is still "${status.stateText}" after ${hours} h`,
    {
      code: "export.timed-out",
      hint: "The export stays in Pardot's queue and the next run adopts it. PARDOT_EXPORT_TIMEOUT sets how long one run waits.",
      context: { exportId: entry.exportId },
    },
  );
}
