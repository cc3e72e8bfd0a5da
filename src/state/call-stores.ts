import { NEVER } from "../platform/clock.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Storage } from "../storage/storage.ts";
import { compactInstant, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import type { CallStore } from "./call-budget.ts";
import { loadState, STATE_PREFIX } from "./journal.ts";
import type { Journal, LoadedState } from "./journal.ts";
import { reservedOn } from "./ledger.ts";
import { documentBytes } from "./shape.ts";

/**
 * Commands that do not hold the lease (`plan`, `check`, `probe`, `objects --live`) must not write to the journal, which
 * belongs to a run. Each notes its calls in its own files: `_pardot_etl/state/calls/<account
 * day>/<instant>-<random>-<calls>.json`. The name holds everything, so counting is one listing.
 */
const NOTES_PREFIX = `${STATE_PREFIX}calls/`;

const NAME = /^(\d{4}-\d{2}-\d{2})\/\d{8}T\d{6}Z-[0-9a-f]+-(\d+)\.json$/;

/** Reserves calls in the journal: for the run that holds the lease. */
export class JournalCalls implements CallStore {
  readonly block = 20;
  readonly #journal: Journal;
  readonly #storage: Storage;

  constructor(journal: Journal, storage: Storage) {
    this.#journal = journal;
    this.#storage = storage;
  }

  knownOn(day: string): number {
    return reservedOn(this.#journal.state.ledger, day);
  }

  async readOn(day: string): Promise<number> {
    return notedOn(day, this.#storage, NEVER);
  }

  async reserve(day: string, calls: number): Promise<void> {
    await this.#journal.record([{ type: "calls-reserved", day, calls }]);
  }

  async settle(day: string, unused: number): Promise<void> {
    // The next entry is soon enough: until then a kill loses no more of the day's budget than while the calls were held.
    if (unused > 0) this.#journal.note([{ type: "calls-returned", day, calls: unused }]);
  }

  assertWritable(): void {
    this.#journal.assertWritable();
  }
}

export interface NotedCallsOptions {
  /** Recorded in the note for people who inspect it. */
  readonly command: string;
  readonly storage: Storage;
  /** With a budget each block is noted before it is used. Without one, a single note at the end has all calls. */
  readonly hasBudget: boolean;
  readonly now: () => Instant;
  readonly clock: Clock;
  readonly random: Random;
}

/** Reserves calls in notes: for a command without the lease. A kill without a budget loses only the count. */
export class NotedCalls implements CallStore {
  readonly block: number;
  readonly #options: NotedCallsOptions;
  #note: { readonly key: string; readonly calls: number } | null = null;
  #loaded: LoadedState | null = null;
  readonly #unwritten = new Map<string, number>();

  constructor(options: NotedCallsOptions) {
    this.#options = options;
    this.block = options.hasBudget ? 10 : 1;
  }

  knownOn(day: string): number {
    return this.#unwritten.get(day) ?? 0;
  }

  async readOn(day: string): Promise<number> {
    this.#loaded = await loadState(this.#options.storage, NEVER, this.#loaded);
    return reservedOn(this.#loaded.state.ledger, day) + callsNoted(this.#loaded.others, day);
  }

  async reserve(day: string, calls: number): Promise<void> {
    if (this.#options.hasBudget) this.#note = { key: await this.#write(day, calls), calls };
    else this.#unwritten.set(day, this.knownOn(day) + calls);
  }

  async settle(day: string, unused: number): Promise<void> {
    if (unused > 0 && this.#note !== null) {
      const { key, calls } = this.#note;
      this.#note = null;
      // The order matters: the calls that were made are on record at every moment.
      if (calls > unused) await this.#write(day, calls - unused);
      await this.#options.storage.remove([key], NEVER);
    }
    if (this.#unwritten.has(day)) this.#unwritten.set(day, this.knownOn(day) - unused);
    for (const [made, calls] of this.#unwritten) {
      this.#unwritten.delete(made);
      if (calls > 0) await this.#write(made, calls);
    }
  }

  assertWritable(): void {
    // A note that cannot be written fails its own reservation.
  }

  async #write(day: string, calls: number): Promise<string> {
    const { storage, clock, random, command, now } = this.#options;
    const at = clock.now();
    const key = `${NOTES_PREFIX}${day}/${compactInstant(at)}-${random.hex(4)}-${calls}.json`;
    const note = { format_version: 1, command, calls, written_at: isoInstant(at), pardot_now: isoInstant(now()) };
    await storage.create(key, documentBytes(note), NEVER);
    return key;
  }
}

/** Calls noted on an account day, read from the destination. */
export async function notedOn(day: string, storage: Storage, signal: AbortSignal): Promise<number> {
  const keys: string[] = [];
  for await (const { key } of storage.list(`${NOTES_PREFIX}${day}/`, signal)) keys.push(key);
  return callsNoted(keys, day);
}

/** Calls noted on an account day, by the keys in the state's folder. */
export function callsNoted(keys: readonly string[], day: string): number {
  const noted = keys.map((key) => (key.startsWith(NOTES_PREFIX) ? NAME.exec(key.slice(NOTES_PREFIX.length)) : null));
  return noted.reduce((sum, match) => (match?.[1] === day ? sum + Number(match[2]) : sum), 0);
}

/**
 * When the last note was written, by the clock of its machine, and how far Pardot's was ahead of it; null without any.
 */
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
  const { written_at: at, pardot_now: now } = timesIn(body);
  // Notes of earlier versions do not hold Pardot's time.
  if (at === undefined || now === undefined) return null;
  return { at: Date.parse(at), aheadMs: Date.parse(now) - Date.parse(at) };
}

/** A damaged note has no clock: the calls are in its name, and the clock only improves an estimate. */
function timesIn(note: Uint8Array): Readonly<Partial<Record<"written_at" | "pardot_now", string>>> {
  try {
    return (JSON.parse(new TextDecoder().decode(note)) ?? {}) as ReturnType<typeof timesIn>;
  } catch {
    return {};
  }
}

/** The notes among these keys of days before `day`, which no command reads anymore. */
export function notesBefore(day: string, keys: readonly string[]): string[] {
  return keys.filter((key) => {
    const noted = key.startsWith(NOTES_PREFIX) ? NAME.exec(key.slice(NOTES_PREFIX.length))?.[1] : undefined;
    return noted !== undefined && noted < day;
  });
}
