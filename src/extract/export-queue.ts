import { exportOf, objectState } from "../commit/state.ts";
import { RemoteError } from "../errors.ts";
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
  /** Since when this run waits for it, by our clock: the time-out counts from here. */
  readonly waitedFrom: number;
  /** When Pardot could begin with it: when it was asked for, or when the one before it was seen complete. */
  couldBeginAt: number;
  /** When it was last seen unfinished. */
  unfinishedAt: number;
  polls: number;
}

interface Queue {
  readonly todo: ExportJob[];
  readonly waiting: Waiting[];
  readonly landing: Set<Promise<void>>;
  /** Exports asked for in this run, by window and group. */
  readonly attempts: Map<string, number>;
  readonly pace: PollPace;
}

/**
 * Takes every export of a run through Pardot's queue. At most `maxWaitingExports` of ours wait there, because it works
 * them off one after another and others share the queue; only the oldest unfinished one is read. What is complete is
 * landed while the next one is waited for. Never rejects: one job's failure is told to that job alone.
 */
export async function runExports(jobs: readonly ExportJob[], extraction: Extraction): Promise<void> {
  const longestMs = extraction.config.pardot.exportPollIntervalMs;
  const queue: Queue = {
    todo: [...jobs],
    waiting: [],
    landing: new Set(),
    attempts: new Map(),
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
  while (queue.waiting.length < extraction.config.pardot.maxWaitingExports) {
    const job = queue.todo.shift();
    if (job === undefined) return;
    if (job.isAbandoned()) continue;
    try {
      extraction.stop.throwIfAborted();
      const entry = adopt(job, extraction) ?? (await create(queue, job, extraction));
      if (entry !== null) queue.waiting.push(entry);
    } catch (error) {
      job.fail(error);
    }
  }
}

/** The export that an earlier run asked for, null when there is none. */
function adopt(job: ExportJob, extraction: Extraction): Waiting | null {
  const open = objectState(extraction.journal.state, job.object).windows.find((window) => window.id === job.windowId);
  const adopted = open === undefined ? null : exportOf(open, job.group);
  if (adopted === null) return null;
  const { exportId, askedAt } = adopted;
  extraction.onEvent({ type: "export-adopted", object: job.object, window: job.windowId, exportId });
  // The time-out is what one run waits, so it starts anew with this one.
  const now = extraction.clock.now();
  const age = Math.max(0, extraction.pardotNow() - askedAt);
  return { job, exportId, waitedFrom: now, couldBeginAt: now - age, unfinishedAt: now, polls: 0 };
}

async function create(queue: Queue, job: ExportJob, extraction: Extraction): Promise<Waiting | null> {
  const { object, windowId: window, group } = job;
  const key = `${window}/${group}`;
  const attempt = (queue.attempts.get(key) ?? 0) + 1;
  if (attempt > ATTEMPTS_MAX) throw gaveUp(job, attempt - 1);
  queue.attempts.set(key, attempt);
  const asked = await job.ask();
  if (asked === null) return null;
  const { id: exportId } = asked.status;
  await extraction.journal.record([
    { type: "export-created", object, window, group, exportId, at: extraction.pardotNow(), groups: asked.groups },
  ]);
  extraction.onEvent({ type: "export-created", object, exportId, window });
  const at = extraction.clock.now();
  return { job, exportId, waitedFrom: at, couldBeginAt: at, unfinishedAt: at, polls: 0 };
}

/** Looks at the oldest export once, at the right moment, and moves the queue on by what it finds. */
async function advance(queue: Queue, head: Waiting, extraction: Extraction): Promise<void> {
  const { clock, config } = extraction;
  let lost: string | null;
  try {
    const status = await look(head, queue.pace, extraction);
    if (status.state === "Complete" && !status.isExpired) {
      await takeOff(queue, head, status, extraction);
      return;
    }
    if (!status.isExpired && status.state !== "Failed") {
      head.unfinishedAt = clock.now();
      if (clock.now() - head.waitedFrom > config.pardot.exportTimeoutMs) throw tooLong(head, status, clock.now());
      return;
    }
    lost = status.isExpired ? "it has expired" : "Pardot reports it as failed";
  } catch (error) {
    lost = goneReason(error);
    if (lost === null) {
      queue.waiting.shift();
      head.job.fail(error);
      return;
    }
  }
  queue.waiting.shift();
  await putBack(queue, head, lost, extraction);
}

async function look(head: Waiting, pace: PollPace, extraction: Extraction): Promise<ExportStatus> {
  const { clock, stop, signal, pardot, onEvent } = extraction;
  const pauseMs = pace.pause(head.polls, clock.now() - head.couldBeginAt);
  if (pauseMs > 0) await clock.sleep(pauseMs, stop);
  stop.throwIfAborted();
  const { object, windowId: window } = head.job;
  const status = await pardot.readExport(head.exportId, signal, { object, window });
  head.polls += 1;
  const { stateText: state } = status;
  const files = status.isExpired ? 0 : status.resultRefs.length;
  onEvent({ type: "export-polled", object, window, exportId: head.exportId, state, pauseMs, files });
  return status;
}

/** Lands a complete export beside the queue. */
async function takeOff(queue: Queue, head: Waiting, status: ExportStatus, extraction: Extraction): Promise<void> {
  queue.waiting.shift();
  const now = extraction.clock.now();
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
    const lost = goneReason(cause);
    if (lost === null) entry.job.fail(cause);
    else await putBack(queue, isAnother ? error.export : entry, lost, extraction);
  }
}

/** Forgets an export that came to nothing and puts its window back, to be asked for again. */
async function putBack(queue: Queue, entry: JobExport, reason: string, extraction: Extraction): Promise<void> {
  const { job, exportId } = entry;
  try {
    await extraction.journal.record([
      { type: "export-lost", object: job.object, window: job.windowId, exportId, reason },
    ]);
  } catch (error) {
    job.fail(error);
    return;
  }
  const message = `export ${exportId} came to nothing (${reason}) and is asked for again`;
  extraction.onEvent({ type: "warning", code: "export.recreated", object: job.object, message });
  queue.todo.unshift(job);
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

function goneReason(error: unknown): string | null {
  if (!(error instanceof RemoteError) || error.pardotCode === null) return null;
  return GONE[error.pardotCode] ?? null;
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
