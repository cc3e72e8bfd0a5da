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

export interface LoadedState {
  readonly state: State;
  /** Number of the last entry, 0 if there is none. */
  readonly sequence: number;
  readonly base: number;
  /** Numbers of the existing entries, ascending. */
  readonly sequences: readonly number[];
}

/** Reads the state. No entry: the empty state. Throws DataError (exit 6) when an entry is damaged or missing. */
export async function loadState(storage: Storage, signal: AbortSignal): Promise<LoadedState> {
  for (let sequences = await listEntries(storage, signal); ;) {
    try {
      return await loadEntries(storage, sequences, signal);
    } catch (error) {
      // A run in progress may have replaced the listed entries by a snapshot.
      const again = await listEntries(storage, signal);
      if (again.at(-1) === sequences.at(-1)) throw error;
      sequences = again;
    }
  }
}

async function listEntries(storage: Storage, signal: AbortSignal): Promise<number[]> {
  const sequences: number[] = [];
  for await (const file of storage.list(STATE_PREFIX, signal)) {
    const match = /^(\d{10})\.json$/.exec(file.key.slice(STATE_PREFIX.length));
    if (match !== null) sequences.push(Number(match[1]));
  }
  return sequences;
}

async function loadEntries(storage: Storage, sequences: readonly number[], signal: AbortSignal): Promise<LoadedState> {
  const last = sequences.at(-1);
  if (last === undefined) return { state: EMPTY_STATE, sequence: 0, base: 0, sequences };
  const newest = await readEntry(storage, last, signal);
  let state = EMPTY_STATE;
  for (let sequence = newest.base; sequence <= last; sequence += 1) {
    const entry = sequence === last ? newest : await readEntry(storage, sequence, signal);
    try {
      state = applyEntry(state, entry);
    } catch (error) {
      throw unusable(storage, entryKey(sequence), error);
    }
  }
  return { state, sequence: last, base: newest.base, sequences };
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
  readonly #sequences: number[];
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
    this.assertWritable();
    this.#state = changes.reduce(applyChange, this.#state);
    this.#pending.push(...changes);
    this.#turn ??= this.#schedule();
    await this.#turn;
  }

  /**
   * Writes a snapshot and removes the entries before the snapshot that it replaces, except the first ones of the runs
   * in the state: their numbers stay taken for a process that was suspended when those runs started.
   */
  async compact(): Promise<void> {
    const replaced = this.#base;
    this.#snapshotNext = true;
    await this.record([]);
    const kept = new Set(this.#state.runs.map(({ firstEntry }) => firstEntry));
    for (const sequence of this.#sequences.filter((number) => number < replaced && !kept.has(number))) {
      await this.#options.storage.remove(entryKey(sequence), this.#options.signal);
      this.#sequences.splice(this.#sequences.indexOf(sequence), 1);
    }
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
    try {
      let bytes = encodeEntry({ ...head, base, ...(base === sequence ? { snapshot } : { changes }) });
      if (bytes.length > this.#bytesMax && base === sequence && !isRequested) {
        // The changes alone can be read back: the run continues, and the snapshot at its end reports the problem.
        this.#isTooLarge = true;
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
