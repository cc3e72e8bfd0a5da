import type { CallBudget } from "../pardot/pardot.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Storage } from "../storage/storage.ts";
import { compactInstant, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { localDay } from "../time/zone.ts";
import { loadState, STATE_PREFIX } from "./journal.ts";
import { budgetSpent } from "./limits.ts";
import { reservedOn } from "./state.ts";

/**
 * Calls of the commands that do not hold the lease (`plan`, `check`, `objects --live`). They must not write to the
 * journal, which belongs to the run that may be under way, so each notes its calls in files of its own:
 * `_pardot_etl/state/calls/<account day>/<instant>-<dice>-<calls>.json`. The name says it all, so that counting is one
 * listing.
 */
const NOTES_PREFIX = `${STATE_PREFIX}calls/`;

/** Calls noted at a time. */
const BLOCK = 10;

const NAME = /^(\d{4}-\d{2}-\d{2})\/\d{8}T\d{6}Z-[0-9a-f]+-(\d+)\.json$/;

/** Calls noted on an account day. */
export async function notedOn(day: string, storage: Storage, signal: AbortSignal): Promise<number> {
  let calls = 0;
  for await (const { key } of storage.list(`${NOTES_PREFIX}${day}/`, signal)) {
    calls += Number(NAME.exec(key.slice(NOTES_PREFIX.length))?.[2] ?? 0);
  }
  return calls;
}

/** When the last note was written, by the clock of its machine, and how far Pardot's was ahead of it; null without any. */
export async function lastNote(
  storage: Storage,
  signal: AbortSignal,
): Promise<{ readonly at: Instant; readonly aheadMs: number } | null> {
  let last: { readonly key: string; readonly name: string } | null = null;
  for await (const { key } of storage.list(NOTES_PREFIX, signal)) {
    const name = key.slice(key.lastIndexOf("/") + 1);
    if (NAME.test(key.slice(NOTES_PREFIX.length)) && (last === null || name > last.name)) last = { key, name };
  }
  const body = last === null ? null : await storage.read(last.key, signal);
  if (body === null) return null;
  const { written_at: at, pardot_now: now } = JSON.parse(new TextDecoder().decode(body)) as Readonly<
    Record<"written_at" | "pardot_now", string | undefined>
  >;
  // Notes of earlier versions do not say what time it was at Pardot.
  if (at === undefined || now === undefined) return null;
  return { at: Date.parse(at), aheadMs: Date.parse(now) - Date.parse(at) };
}

/** Removes the notes of days before `day`: nobody asks for them any more. */
export async function forgetNotesBefore(day: string, storage: Storage, signal: AbortSignal): Promise<void> {
  for await (const { key } of storage.list(NOTES_PREFIX, signal)) {
    const noted = NAME.exec(key.slice(NOTES_PREFIX.length))?.[1];
    if (noted !== undefined && noted < day) await storage.remove(key, signal);
  }
}

export interface NotedCallsOptions {
  /** Goes into the note, for who looks at it. */
  readonly command: string;
  readonly storage: Storage;
  /** Calls the tool may make in an account day; null: no limit of its own, and calls are noted once, at the end. */
  readonly budget: number | null;
  readonly zone: string;
  readonly now: () => Instant;
  readonly clock: Clock;
  readonly random: Random;
  readonly signal: AbortSignal;
}

/**
 * Counts the calls of a command that does not hold the lease. With a budget each call is noted before it is made, in
 * blocks. Without one there is nothing to run over: one note at the end has them all, and a kill loses only the count.
 */
export class NotedCalls implements CallBudget {
  readonly #options: NotedCallsOptions;
  #left = 0;
  #taken = 0;
  #note: { readonly key: string; readonly day: string } | null = null;
  #noting: Promise<void> | null = null;

  constructor(options: NotedCallsOptions) {
    this.#options = options;
  }

  /** Takes one call. Throws LimitError (exit 4) when the day's budget is used up. */
  async take(): Promise<void> {
    const { budget } = this.#options;
    if (budget === null) this.#taken += 1;
    else await this.#takeReserved(budget);
  }

  /** Notes what was made in place of what was reserved. */
  async settle(): Promise<void> {
    const reserved = this.#note;
    const taken = this.#taken;
    if (reserved !== null && this.#left === 0) return;
    this.#left = 0;
    this.#taken = 0;
    this.#note = null;
    if (taken > 0) await this.#write(reserved?.day ?? this.#today(), taken);
    if (reserved !== null) await this.#options.storage.remove(reserved.key, this.#options.signal);
  }

  /** This tool's calls of the account's day so far: those of runs, of other commands, and of this one. */
  async callsToday(): Promise<number> {
    const day = this.#today();
    const own = this.#note === null ? this.#taken : -this.#left;
    return (await this.#usedOn(day)) + own;
  }

  async #takeReserved(budget: number): Promise<void> {
    while (this.#left === 0) {
      this.#noting ??= this.#reserve(budget).finally(() => {
        this.#noting = null;
      });
      await this.#noting;
    }
    this.#left -= 1;
    this.#taken += 1;
  }

  async #reserve(budget: number): Promise<void> {
    const { storage, signal, zone, now } = this.#options;
    const day = this.#today();
    const others = await this.#usedOn(day);
    const calls = Math.min(BLOCK, budget - others);
    if (calls <= 0) throw budgetSpent(others, budget, { now: now(), zone });
    const key = await this.#write(day, calls);
    // Another process may have reserved at the same moment: both see both, so never do two spend the same call.
    const used = await this.#usedOn(day);
    if (used > budget) {
      await storage.remove(key, signal);
      throw budgetSpent(used - calls, budget, { now: now(), zone });
    }
    this.#note = { key, day };
    this.#taken = 0;
    this.#left = calls;
  }

  #today(): string {
    return localDay(this.#options.now(), this.#options.zone);
  }

  async #usedOn(day: string): Promise<number> {
    const { storage, signal } = this.#options;
    const { state } = await loadState(storage, signal);
    return reservedOn(state.ledger, day) + (await notedOn(day, storage, signal));
  }

  async #write(day: string, calls: number): Promise<string> {
    const { storage, signal, clock, random, command, now } = this.#options;
    const at = clock.now();
    const key = `${NOTES_PREFIX}${day}/${compactInstant(at)}-${random.hex(4)}-${calls}.json`;
    const note = { format_version: 1, command, calls, written_at: isoInstant(at), pardot_now: isoInstant(now()) };
    await storage.create(key, new TextEncoder().encode(`${JSON.stringify(note)}\n`), signal);
    return key;
  }
}
