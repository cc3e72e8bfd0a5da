import { asError, DataError, LeaseError, StorageError } from "../errors.ts";
import type { Clock } from "../platform/clock.ts";
import { DOCUMENT_BYTES_MAX } from "../storage/storage.ts";
import type { Storage } from "../storage/storage.ts";
import { applyEntry, decodeEntry, encodeEntry, EntryProblem } from "./journal-entry.ts";
import type { Entry } from "./journal-entry.ts";
import { applyChange, EMPTY_STATE } from "./state.ts";
import type { Change, State } from "./state.ts";

/**
 * The durable record of the state: numbered entries under `_pardot_etl/state/`, each created exclusively, so
 * that two writers cannot both write number 43, and the later one notices. An entry holds either a snapshot or the
 * changes since the entry before it, and has the number of the last snapshot in `base`. Snapshots replace what came
 * before them; the entries before the last two snapshots are removed, except the first one of each run in the state.
 *
 * `ls` shows the history of a run, `cat` what happened.
 */
export const STATE_PREFIX = "_pardot_etl/state/";

/** Change entries after which a snapshot is written. */
const SNAPSHOT_EVERY = 200;

/** Entries that are read at a time. */
const LANES = 16;

export interface LoadedState {
  readonly state: State;
  /** Number of the last entry, 0 if there is none. */
  readonly sequence: number;
  readonly base: number;
  /** Numbers of the existing entries, ascending. */
  readonly sequences: readonly number[];
  /** The other keys in the state's folder, from the same list: leases and notes of calls. */
  readonly others: readonly string[];
}

type Listed = Pick<LoadedState, "sequences" | "others">;

/**
 * Reads the state. No entry: the empty state. Throws DataError (exit 6) when an entry is damaged or missing. `known`: an
 * earlier reading. Entries never change, so it is taken again if none has been added.
 */
export async function loadState(
  storage: Storage,
  signal: AbortSignal,
  known: LoadedState | null = null,
): Promise<LoadedState> {
  if (known !== null) {
    const { sequences, others } = await listState(storage, signal, entryKey(known.sequence));
    if (sequences.length === 0) return { ...known, others };
  }
  for (let listed = await listState(storage, signal); ;) {
    try {
      return await loadEntries(storage, listed, signal);
    } catch (error) {
      // A run in progress may have replaced the listed entries by a snapshot.
      const again = await listState(storage, signal);
      if (again.sequences.at(-1) === listed.sequences.at(-1)) throw error;
      listed = again;
    }
  }
}

async function listState(storage: Storage, signal: AbortSignal, after?: string): Promise<Listed> {
  const sequences: number[] = [];
  const others: string[] = [];
  for await (const { key } of storage.list(STATE_PREFIX, signal, after)) {
    const match = /^(\d{10})\.json$/.exec(key.slice(STATE_PREFIX.length));
    if (match === null) others.push(key);
    else sequences.push(Number(match[1]));
  }
  return { sequences, others };
}

async function loadEntries(storage: Storage, listed: Listed, signal: AbortSignal): Promise<LoadedState> {
  const last = listed.sequences.at(-1);
  if (last === undefined) return { state: EMPTY_STATE, sequence: 0, base: 0, ...listed };
  const newest = await readEntry(storage, last, signal);
  let state = EMPTY_STATE;
  for (let start = newest.base; start <= last; start += LANES) {
    const sequences = Array.from({ length: Math.min(LANES, last + 1 - start) }, (_, place) => start + place);
    const read = async (sequence: number): Promise<Entry> =>
      sequence === last ? newest : readEntry(storage, sequence, signal);
    for (const [place, entry] of (await Promise.all(sequences.map(read))).entries()) {
      try {
        state = applyEntry(state, entry);
      } catch (error) {
        throw unusable(storage, entryKey(start + place), error);
      }
    }
  }
  return { state, sequence: last, base: newest.base, ...listed };
}

async function readEntry(storage: Storage, sequence: number, signal: AbortSignal): Promise<Entry> {
  const key = entryKey(sequence);
  const bytes = await storage.read(key, signal);
  if (bytes === null) throw unusable(storage, key, null);
  try {
    return decodeEntry(bytes, sequence);
  } catch (error) {
    throw unusable(storage, key, error);
  }
}

/** `cause`: why the entry cannot be used, null if it is missing. */
function unusable({ location }: Storage, key: string, cause: unknown): unknown {
  if (cause !== null && !(cause instanceof EntryProblem)) return cause;
  const attempted = `read state entry ${key} in ${location}`;
  if (cause?.newerFormat != null) {
    return new DataError(`${attempted}: format ${cause.newerFormat} is newer than this version of pardot-etl knows`, {
      code: "state.newer-format",
      hint: "Run the version of pardot-etl that wrote it, or a later one.",
    });
  }
  return new DataError(`${attempted}: it is ${cause === null ? "missing" : `damaged (${cause.message})`}`, {
    code: "state.damaged",
    hint: "Nothing was changed. Restore the folder _pardot_etl/state from the bucket's versions or a backup; landed files and manifests are not affected.",
    cause: cause ?? undefined,
  });
}

export function entryKey(sequence: number): string {
  return `${STATE_PREFIX}${String(sequence).padStart(10, "0")}.json`;
}

export interface JournalOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly runId: string;
  readonly loaded: LoadedState;
  /** Stops all writing: the whole run's, never a lane's. */
  readonly signal: AbortSignal;
  /** Bytes of an entry that can be read back. Default: those of any document. */
  readonly bytesMax?: number;
}

/**
 * Writes changes in order. Changes that arrive while an entry is being written go into the next one together, so many
 * lanes cost one write at a time.
 */
export class Journal {
  readonly #options: JournalOptions;
  readonly #bytesMax: number;
  #sequences: number[];
  #state: State;
  #sequence: number;
  #base: number;
  #pending: Change[] = [];
  #snapshotNext = false;
  /** A snapshot would have more bytes than can be read back. */
  #isTooLarge = false;
  /** The write that is not started yet and takes everything pending. */
  #turn: Promise<void> | null = null;
  #tail: Promise<void> = Promise.resolve();
  #failure: Error | null = null;

  constructor(options: JournalOptions) {
    const { loaded, bytesMax = DOCUMENT_BYTES_MAX } = options;
    this.#options = options;
    this.#bytesMax = bytesMax;
    this.#state = loaded.state;
    this.#sequence = loaded.sequence;
    this.#base = loaded.base;
    this.#sequences = [...loaded.sequences];
  }

  /** The run that writes. */
  get runId(): string {
    return this.#options.runId;
  }

  /** The state with every change recorded so far, durable or about to be. */
  get state(): State {
    return this.#state;
  }

  /** Throws the failure of an earlier write: nothing more can be recorded, so nothing new should be started. */
  assertWritable(): void {
    if (this.#failure !== null) throw this.#failure;
  }

  /**
   * Resolves when the changes are durable. Throws LeaseError (exit 8) when another run has written in the meantime;
   * after any failure nothing more is written.
   */
  async record(changes: readonly Change[]): Promise<void> {
    this.note(changes);
    this.#turn ??= this.#schedule();
    await this.#turn;
  }

  /** Adds changes to the next entry. For those that a kill may lose; the state has them at once. */
  note(changes: readonly Change[]): void {
    this.assertWritable();
    this.#state = changes.reduce(applyChange, this.#state);
    this.#pending.push(...changes);
  }

  /**
   * Records the changes with a snapshot. Then removes `outdated` and the entries before the snapshot that it replaces,
   * except the first ones of the runs in the state: their numbers stay taken for a process that was suspended when those
   * runs started.
   */
  async compact(changes: readonly Change[] = [], outdated: readonly string[] = []): Promise<void> {
    const { storage, signal } = this.#options;
    const replaced = this.#base;
    this.#snapshotNext = true;
    await this.record(changes);
    const kept = new Set(this.#state.runs.map(({ firstEntry }) => firstEntry));
    const removed = this.#sequences.filter((number) => number < replaced && !kept.has(number));
    await storage.remove([...removed.map(entryKey), ...outdated], signal);
    this.#sequences = this.#sequences.filter((number) => number >= replaced || kept.has(number));
  }

  #schedule(): Promise<void> {
    const turn = this.#tail.then(async () => {
      this.#turn = null;
      await this.#write();
    });
    // The next write follows this one, however this one ends; its callers see its error.
    this.#tail = turn.catch(() => undefined);
    return turn;
  }

  async #write(): Promise<void> {
    this.assertWritable();
    const { storage, clock, runId, signal } = this.#options;
    const changes = this.#pending;
    const snapshot = this.#state;
    this.#pending = [];
    const sequence = this.#sequence + 1;
    const isRequested = this.#snapshotNext;
    const isDue = this.#sequence === 0 || (!this.#isTooLarge && sequence - this.#base >= SNAPSHOT_EVERY);
    this.#snapshotNext = false;
    const head = { sequence, run_id: runId, written_at: new Date(clock.now()).toISOString() };
    let base = isRequested || isDue ? sequence : this.#base;
    let snapshotBytes = 0;
    try {
      let bytes = encodeEntry({ ...head, base, ...(base === sequence ? { snapshot } : { changes }) });
      if (bytes.length > this.#bytesMax && base === sequence) {
        // The changes alone can be read back: the run continues, and the snapshot at its end reports the problem.
        this.#isTooLarge = true;
        snapshotBytes = bytes.length;
        base = this.#base;
        bytes = encodeEntry({ ...head, base, changes });
      }
      if (bytes.length > this.#bytesMax) throw tooLarge(storage.location, sequence, bytes.length, this.#bytesMax);
      const outcome = await storage.create(entryKey(sequence), bytes, signal);
      if (outcome === "exists") throw anotherRun(storage.location, sequence);
    } catch (error) {
      this.#failure = asError(error);
      throw this.#failure;
    }
    this.#sequence = sequence;
    this.#base = base;
    this.#sequences.push(sequence);
    if (isRequested && base !== sequence) {
      this.#failure = tooLarge(storage.location, sequence, snapshotBytes, this.#bytesMax);
      throw this.#failure;
    }
  }
}

function anotherRun(location: string, sequence: number): LeaseError {
  return new LeaseError(`write state entry ${sequence} in ${location}: another run wrote it first`, {
    code: "lease.state-taken",
    hint: "Two runs work on the same business unit and destination. This one stopped; the files it landed stay, and the next run continues from there. Start only one run at a time.",
  });
}

function tooLarge(location: string, sequence: number, bytes: number, limit: number): StorageError {
  return new StorageError(
    `write state entry ${sequence} in ${location}: its ${bytes} bytes are more than the ${limit} that can be read back`,
    {
      code: "state.too-large",
      hint: "Nothing is lost: everything recorded can be read, and all landed files stay. The state holds files that no warehouse has loaded, files of unfinished windows and list emails. Run again to finish what is open, or give some objects a separate destination.",
      context: { bytes, limit },
    },
  );
}
