import { exportOf, objectState } from "../state/state.ts";
import { AuthError, DataError, RemoteError } from "../errors.ts";
import { EXPORT_LIFE_MS } from "../pardot/v4/export.ts";
import type { ExportStatus } from "../pardot/pardot.ts";
import type { Extraction } from "./extraction.ts";
import { PollPace } from "./pace.ts";

/** One export: a window, or one group of a window's fields. */
export interface ExportJob {
  readonly object: string;
  readonly windowId: string;
  /** Index of its group of fields. */
  readonly group: number;
  /** Asks Pardot for it; null when nothing is left to be asked for. */
  readonly ask: () => Promise<AskedExport | null>;
  /**
   * Lands every file of a complete export and records the window as done, once its last export is complete. Throws
   * `LostExport` when the files of another export of the window are gone.
   */
  readonly land: (status: ExportStatus) => Promise<void>;
  /** Told once when the job cannot be finished in this run. */
  readonly fail: (error: unknown) => void;
  /** Whether an earlier failure of the same object makes going on pointless. */
  readonly isAbandoned: () => boolean;
}

export interface AskedExport {
  readonly status: ExportStatus;
  /** Fields of every export of the window. */
  readonly groups: readonly (readonly string[])[];
}

/** An export and the job it was asked for. */
interface JobExport {
  readonly job: ExportJob;
  readonly exportId: string;
}

/** The failure of an export that was complete when another of the same window came to be landed. */
export class LostExport extends Error {
  override readonly name = "LostExport";
  readonly export: JobExport;

  constructor(lost: JobExport, cause: unknown) {
    super(`the files of export ${lost.exportId} cannot be fetched`, { cause });
    this.export = lost;
  }
}

/** First pause before an export is looked at, while no duration is known. */
const FIRST_PAUSE_MS = 3000;

/** Exports for one window in one run: the first, and new ones where Pardot failed or lost it. */
const ATTEMPTS_MAX = 3;

/** Complete exports whose files are being landed at a time; more would only wait for a connection. */
const LANDING_MAX = 2;

interface Waiting extends JobExport {
  /** Since when this run waits for it, by the monotonic clock: the time-out counts from here. */
  readonly waitedFrom: number;
  /** When Pardot could begin with it: when it was asked for, or when the one before it was seen complete. */
  couldBeginAt: number;
  /** When it was last seen unfinished. */
  unfinishedAt: number;
  polls: number;
  /** An earlier run requested it. */
  readonly isAdopted: boolean;
  /** Its last state is not one that the vendor documents: it may never be processed. */
  isUnknown: boolean;
}

interface Queue {
  readonly todo: ExportJob[];
  readonly waiting: Waiting[];
  readonly landing: Set<Promise<void>>;
  /** Exports asked for in this run, by window and group. */
  readonly attempts: Map<string, number>;
  readonly pace: PollPace;
  /** Greatest id of an export that was seen complete: those requested before it have been processed or passed over. */
  completed: bigint;
}

/** Looks at an unfinished export after which the next one is looked at, in case Pardot has passed it over. */
const LOOKS_IN_A_ROW = 10;

/**
 * Takes every export of a run through Pardot's queue. At most `maxWaitingExports` of ours wait there, because Pardot
 * processes exports one at a time and others share the queue; only the oldest unfinished one is read. What is complete is
 * landed while the next one is waited for. An export in a state that is not documented neither counts nor blocks those
 * after it. Never rejects: a failure is reported to its job alone.
 */
export async function runExports(jobs: readonly ExportJob[], extraction: Extraction): Promise<void> {
  const longestMs = extraction.config.pardot.exportPollIntervalMs;
  const queue: Queue = {
    todo: [...jobs],
    waiting: [],
    landing: new Set(),
    attempts: new Map(),
    completed: 0n,
    pace: new PollPace({ firstMs: Math.min(FIRST_PAUSE_MS, longestMs), longestMs }),
  };
  while (queue.todo.length + queue.waiting.length + queue.landing.size > 0) {
    await fill(queue, extraction);
    const head = queue.waiting[0];
    // Nothing waits, but a landing may still find that its export is gone and put its job back.
    if (head === undefined) await Promise.all(queue.landing);
    else await advance(queue, head, extraction);
  }
}

/** Asks for exports, or adopts those an earlier run asked for, until enough of them wait. */
async function fill(queue: Queue, extraction: Extraction): Promise<void> {
  while (queue.waiting.filter(({ isUnknown }) => !isUnknown).length < extraction.config.pardot.maxWaitingExports) {
    const job = queue.todo.shift();
    if (job === undefined) return;
    if (job.isAbandoned()) continue;
    try {
      extraction.stop.throwIfAborted();
      const entry = (await adopt(job, extraction)) ?? (await create(queue, job, extraction));
      if (entry !== null) queue.waiting.push(entry);
    } catch (error) {
      job.fail(error);
    }
  }
}

/** The export that an earlier run requested, null when there is none or Pardot has dropped it by now. */
async function adopt(job: ExportJob, extraction: Extraction): Promise<Waiting | null> {
  const open = objectState(extraction.journal.state, job.object).windows.find((window) => window.id === job.windowId);
  const adopted = open === undefined ? null : exportOf(open, job.group);
  if (adopted === null) return null;
  const { exportId, askedAt } = adopted;
  const age = Math.max(0, extraction.pardotNow() - askedAt);
  if (age >= EXPORT_LIFE_MS) {
    await forget({ job, exportId }, "Pardot keeps exports for seven days", extraction);
    return null;
  }
  extraction.onEvent({ type: "export-adopted", object: job.object, window: job.windowId, exportId });
  // The time-out is what one run waits, so it starts anew with this one.
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
  const asked = await job.ask();
  if (asked === null) return null;
  const { id: exportId } = asked.status;
  if (isOnTheBooks(exportId, extraction)) throw usedTwice(job, exportId);
  await extraction.journal.record([
    { type: "export-created", object, window, group, exportId, at: extraction.pardotNow(), groups: asked.groups },
  ]);
  extraction.onEvent({ type: "export-created", object, exportId, window });
  const at = extraction.clock.monotonic();
  return { ...NEW, job, exportId, waitedFrom: at, couldBeginAt: at, unfinishedAt: at };
}

/** Whether an export of this id was requested before, for whatever object and window. */
function isOnTheBooks(exportId: string, { journal }: Extraction): boolean {
  return Object.values(journal.state.objects).some(
    ({ windows, exportIds = [] }) =>
      exportIds.includes(exportId) ||
      windows.some(({ exports }) => exports.some((known) => known.exportId === exportId)),
  );
}

/** Looks at the oldest export once, at the right moment, and moves the queue on by the result. */
async function advance(queue: Queue, head: Waiting, extraction: Extraction): Promise<void> {
  let lost: string | null;
  try {
    const status = await look(head, queue.pace, extraction);
    if (status.state === "Complete" && !status.isExpired) {
      await takeOff(queue, head, status, extraction);
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
  await putBack(queue, head, lost, extraction);
}

/** Why the state of an export means that it never completes, null when it may. */
function lostState({ completed }: Queue, head: Waiting, status: ExportStatus): string | null {
  if (status.isExpired) return "it has expired";
  if (status.state === "Failed") return "Pardot reports it as failed";
  const isPassedOver = status.state === "Unknown" && BigInt(head.exportId) < completed;
  return isPassedOver ? `its state is "${status.stateText}", and a later export is complete` : null;
}

/** Leaves an unfinished export in the queue, or after the time-out for the next run. Throws when the time is over. */
async function waitOn(queue: Queue, head: Waiting, status: ExportStatus, extraction: Extraction): Promise<void> {
  const { clock, config } = extraction;
  head.unfinishedAt = clock.monotonic();
  head.isUnknown = status.state === "Unknown";
  if (clock.monotonic() - head.waitedFrom > config.pardot.exportTimeoutMs) {
    if (head.isUnknown) await forget(head, `its state is "${status.stateText}"`, extraction);
    throw tooLong(head, status, clock.monotonic());
  }
  if (!head.isUnknown && head.polls % LOOKS_IN_A_ROW > 0) return;
  remove(queue, head);
  queue.waiting.push(head);
}

function remove(queue: Queue, entry: Waiting): void {
  queue.waiting.splice(queue.waiting.indexOf(entry), 1);
}

async function look(head: Waiting, pace: PollPace, extraction: Extraction): Promise<ExportStatus> {
  const { clock, stop, signal, pardot, onEvent } = extraction;
  const pauseMs = pace.pause(head.polls, clock.monotonic() - head.couldBeginAt);
  if (pauseMs > 0) await clock.sleep(pauseMs, stop);
  stop.throwIfAborted();
  const { object, windowId: window } = head.job;
  let status = await pardot.readExport(head.exportId, signal, { object, window });
  // An empty answer proves nothing, as with pages: what has no result file is looked at twice.
  if (status.state === "Complete" && status.resultRefs.length === 0) {
    status = await pardot.readExport(head.exportId, signal, { object, window });
  }
  head.polls += 1;
  const { stateText: state } = status;
  const files = status.isExpired ? 0 : status.resultRefs.length;
  onEvent({ type: "export-polled", object, window, exportId: head.exportId, state, pauseMs, files });
  return status;
}

/** Lands a complete export beside the queue. */
async function takeOff(queue: Queue, head: Waiting, status: ExportStatus, extraction: Extraction): Promise<void> {
  remove(queue, head);
  const id = BigInt(head.exportId);
  if (id > queue.completed) queue.completed = id;
  const now = extraction.clock.monotonic();
  // An earlier run's export may have been complete long before this one came to look.
  const began = Math.max(head.couldBeginAt, head.waitedFrom);
  queue.pace.learn(now - began, head.polls, Math.max(0, head.unfinishedAt - began));
  const next = queue.waiting[0];
  if (next !== undefined) next.couldBeginAt = Math.max(next.couldBeginAt, now);
  while (queue.landing.size >= LANDING_MAX) await Promise.race(queue.landing);
  const done = land(queue, head, status, extraction).finally(() => queue.landing.delete(done));
  queue.landing.add(done);
}

async function land(queue: Queue, entry: Waiting, status: ExportStatus, extraction: Extraction): Promise<void> {
  try {
    await entry.job.land(status);
  } catch (error) {
    const isAnother = error instanceof LostExport;
    const cause = isAnother ? error.cause : error;
    const lost = lostReason(cause, entry.isAdopted);
    if (lost === null) entry.job.fail(cause);
    else await putBack(queue, isAnother ? error.export : entry, lost, extraction);
  }
}

/** Forgets a lost export and puts its window back, to be requested again. */
async function putBack(queue: Queue, entry: JobExport, reason: string, extraction: Extraction): Promise<void> {
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

function gaveUp(job: ExportJob, attempts: number): RemoteError {
  return new RemoteError(`export ${job.object}: ${attempts} exports of the same window came to nothing`, {
    code: "export.failed",
    hint: "What is finished is committed; the next run asks for this window again. If it keeps failing, look at Admin > Exports in Account Engagement.",
    context: { window: job.windowId },
  });
}

/** Codes by which Pardot says that an export, or its state, is not what we took it for. */
const GONE: Readonly<Record<number, string>> = {
  16: "Pardot does not know its id",
  109: "Pardot has no record of it",
  178: "its state does not allow a download",
  192: "Pardot has no such object",
};

/**
 * Why an error means that an export is lost, null when it does not. One that an earlier run requested is lost by any final
 * refusal (only the user who created an export may read it: vendor docs, export-v4, and users change), and by files that
 * are not its own or stay broken.
 */
function lostReason(error: unknown, isAdopted: boolean): string | null {
  // Nothing but another export mends an id that was noted for the wrong window, or files that stay broken.
  if (isAdopted && error instanceof DataError && error.code.startsWith("data.csv-")) return error.message;
  if (!(error instanceof RemoteError) && !(error instanceof AuthError)) return null;
  const code = error instanceof RemoteError ? error.pardotCode : null;
  if (code !== null && GONE[code] !== undefined) return GONE[code];
  return isAdopted && !error.retryable && error.code.startsWith("pardot.") ? error.message : null;
}

function usedTwice({ object }: ExportJob, exportId: string): DataError {
  return new DataError(`create an export of ${object}: Pardot returned the id ${exportId}, which another export has`, {
    code: "pardot.export-id-used",
    hint: "Nothing of it was landed. Run again; if it happens again, report it with this message.",
    context: { exportId },
  });
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
