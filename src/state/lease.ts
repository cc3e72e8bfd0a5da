import { LeaseError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Clock, Ticker } from "../platform/clock.ts";
import type { ProcessIdentity, Processes } from "../platform/process-identity.ts";
import type { Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";
import { documentBytes } from "./shape.ts";

/**
 * One run at a time on a destination: numbered leases under `_pardot_etl/state/lease/`. Number 7 is taken by creating
 * `0000000007.json` exclusively, kept alive by creating `0000000007.beat-000001.json` and so on, and ended by
 * `0000000007.released.json`. Nothing is overwritten, so the same works on S3 and in a folder.
 *
 * Clocks are never compared: a holder is alive if another heartbeat appears while a process waits.
 */
export const LEASE_PREFIX = "_pardot_etl/state/lease/";

/** Heartbeats within the time after which a silent holder counts as gone. */
const BEATS_PER_TTL = 4;

/** Checks of a silent holder within that time. */
const CHECKS_PER_TTL = 6;

/** Leases that are kept for people to inspect. */
const LEASES_KEPT = 5;

export interface LeaseOptions {
  readonly storage: Storage;
  readonly clock: Clock;
  readonly ticker: Ticker;
  readonly processes: Processes;
  readonly runId: string;
  /** Keys in the state's folder, as listed by this process before. */
  readonly seen: readonly string[];
  /** Lists them again. */
  readonly list: () => Promise<readonly string[]>;
  /** Silence after which another run takes over, `PARDOT_ETL_LEASE_TTL`. */
  readonly ttlMs: number;
  /** Called once if the lease is lost: the run has to stop. */
  readonly onLost: (error: LeaseError) => void;
  /** Ends the waiting for a silent holder. */
  readonly waitSignal: AbortSignal;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

export interface Lease {
  readonly number: number;
  /** Throws LeaseError (exit 8) when a run with a higher number has begun: nothing may be committed anymore. */
  check(): Promise<void>;
  /** Ends the lease, so that the next run need not wait. Never rejects. */
  release(): Promise<void>;
}

interface Found {
  readonly number: number;
  readonly beats: number;
  readonly isReleased: boolean;
}

/**
 * Takes the lease, and lists the state's folder once it is taken. Throws LeaseError (exit 8) within `ttlMs` if the holder
 * is alive. Takes over from a holder that is known to be dead, or silent for `ttlMs` by this machine's monotonic clock.
 */
export async function takeLease(options: LeaseOptions): Promise<Lease> {
  const { storage, signal, runId, processes, clock, seen, list } = options;
  let last = newestOf(seen);
  // A holder may have ended since.
  if (last?.isReleased === false) last = newestOf(await list());
  if (last?.isReleased === false) await waitOut(last, options);
  const number = (last?.number ?? 0) + 1;
  const holder = {
    run_id: runId,
    taken_at: new Date(clock.now()).toISOString(),
    ttl_ms: options.ttlMs,
    ...processes.self,
  };
  const outcome = await storage.create(leaseKey(number), documentBytes(holder), signal);
  if (outcome === "exists") {
    // Another run may have come and gone since the keys were listed.
    const now = await list();
    const other = newestOf(now);
    if (other === null || other.number < number || !other.isReleased) throw await heldError(number, options);
    return takeLease({ ...options, seen: now });
  }
  const lease = keep(number, options);
  try {
    // A process suspended between the check and the create may reuse a number that others have since used and deleted.
    const now = newestOf(await list());
    if (now !== null && now.number > number) throw await heldError(now.number, options);
    return lease;
  } catch (error) {
    await lease.release();
    throw error;
  }
}

/**
 * Waits until the holder of a lease is dead or silent for long enough. Throws if it is alive, even if it ends in the
 * meantime: an outcome that depends on a race would be worse than a second start.
 */
async function waitOut(holder: Found, options: LeaseOptions): Promise<void> {
  const { storage, clock, processes, ttlMs, signal, waitSignal } = options;
  const identity = await holderOf(storage, holder.number, signal);
  const until = clock.monotonic() + ttlMs;
  const isDead = (): boolean => identity !== null && processes.isDead(identity);
  if (!isDead()) options.onEvent({ type: "lease-waiting", holder: identity?.run_id ?? null, waitMs: ttlMs });
  // Makes all checks, with their pauses, even if this process was suspended for longer than the time: a holder that was
  // suspended with it can beat again. And isDead at every check: a process that was just killed takes a moment to die.
  for (let checks = 0; !isDead() && (checks < CHECKS_PER_TTL || clock.monotonic() < until); checks += 1) {
    await clock.sleep(ttlMs / CHECKS_PER_TTL, waitSignal);
    const now = await newest(storage, signal, startOf(holder.number));
    if (now === null || now.number > holder.number) throw await heldError(now?.number ?? holder.number, options);
    if (now.isReleased || now.beats > holder.beats) throw await heldError(holder.number, options, now.isReleased);
  }
}

function keep(number: number, options: LeaseOptions): Lease {
  const { storage, clock, ticker, ttlMs, onLost, signal } = options;
  let beats = 0;
  let beating: Promise<void> = Promise.resolve();
  let isOver = false;
  const check = async (): Promise<void> => {
    const last = await newest(storage, signal, endOf(number));
    if (last !== null) throw lostError(number, last.number);
  };
  const beat = async (): Promise<void> => {
    if (isOver) return;
    try {
      await check();
      beats += 1;
      await storage.create(
        beatKey(number, beats),
        documentBytes({ beat: beats, at: new Date(clock.now()).toISOString() }),
        signal,
      );
      if (beats > 1) await storage.remove([beatKey(number, beats - 1)], signal);
    } catch (error) {
      // A heartbeat missed to a network failure is covered by the next one; a successor is fatal.
      if (!(error instanceof LeaseError) || isOver) return;
      isOver = true;
      onLost(error);
    }
  };
  const stop = ticker.start(ttlMs / BEATS_PER_TTL, () => {
    beating = beating.then(beat);
  });
  return {
    number,
    check,
    release: async () => {
      isOver = true;
      stop();
      await beating;
      try {
        await storage.create(releasedKey(number), documentBytes({ beats }), signal);
      } catch {
        // The lease then expires through silence, which the next run waits for.
      }
    },
  };
}

/**
 * The lease with the highest number; null if none was ever taken, or none has a key behind `after`. In a versioned bucket
 * every heartbeat leaves a marker that a list from the beginning reads again each time, so callers that know a number
 * begin there.
 */
async function newest(storage: Storage, signal: AbortSignal, after?: string): Promise<Found | null> {
  const keys: string[] = [];
  for await (const { key } of storage.list(LEASE_PREFIX, signal, after)) keys.push(key);
  return newestOf(keys);
}

function newestOf(keys: readonly string[]): Found | null {
  let found: Found | null = null;
  for (const key of keys) {
    if (!key.startsWith(LEASE_PREFIX)) continue;
    const match = /^(\d{10})\.(?:json|beat-(\d{6})\.json|released\.json)$/.exec(key.slice(LEASE_PREFIX.length));
    if (match === null) continue;
    const number = Number(match[1]);
    if (found === null || number > found.number) found = { number, beats: 0, isReleased: false };
    if (match[2] !== undefined) found = { ...found, beats: Math.max(found.beats, Number(match[2])) };
    if (key.endsWith(".released.json")) found = { ...found, isReleased: true };
  }
  return found;
}

/** The last holder, as a single check shows it. */
export interface LastHolder {
  readonly runId: string;
  readonly isReleased: boolean;
  readonly identity: ProcessIdentity;
  /** Its last sign of life, by its own clock; null if that cannot be read. */
  readonly seenAt: Instant | null;
  /** Silence after which another run takes over. */
  readonly ttlMs: number;
}

/**
 * Reads the last holder of the lease once; null if there was none. Never waits, so it proves nothing; for display only.
 */
export async function lastHolder(storage: Storage, signal: AbortSignal, tries = 3): Promise<LastHolder | null> {
  const last = await newest(storage, signal);
  const holder = last === null ? null : await holderOf(storage, last.number, signal);
  if (last === null || holder === null) return null;
  const beat = last.beats === 0 ? null : await storage.read(beatKey(last.number, last.beats), signal);
  // A heartbeat is removed when the next one exists: the holder has just shown a sign of life, and another try finds
  // it.
  if (last.beats > 0 && beat === null && tries > 1) return lastHolder(storage, signal, tries - 1);
  const at = last.beats === 0 ? holder.taken_at : (parsed(beat) as { readonly at?: string } | null)?.at;
  return {
    runId: holder.run_id,
    isReleased: last.isReleased,
    identity: holder,
    seenAt: at === undefined ? null : Date.parse(at),
    ttlMs: holder.ttl_ms,
  };
}

/** The keys among these of leases so long before lease `number` that people need not inspect them anymore. */
export function oldLeases(number: number, keys: readonly string[]): string[] {
  const kept = `${LEASE_PREFIX}${padded(Math.max(0, number - LEASES_KEPT) + 1)}`;
  return keys.filter((key) => key.startsWith(LEASE_PREFIX) && key < kept);
}

interface Holder extends ProcessIdentity {
  readonly run_id: string;
  readonly taken_at: string;
  readonly ttl_ms: number;
}

async function holderOf(storage: Storage, number: number, signal: AbortSignal): Promise<Holder | null> {
  return parsed(await storage.read(leaseKey(number), signal)) as Holder | null;
}

/** Null for a document that is gone or damaged. */
function parsed(bytes: Uint8Array | null): unknown {
  try {
    return bytes === null ? null : JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return null;
  }
}

async function heldError(number: number, options: LeaseOptions, hasEnded = false): Promise<LeaseError> {
  const { storage, signal } = options;
  const holder = await holderOf(storage, number, signal);
  const who = holder === null ? "another run" : `run ${holder.run_id} (process ${holder.pid} on ${holder.host})`;
  const state = hasEnded ? "was in progress when this run started, and has ended since" : "is in progress";
  return new LeaseError(`start a run on ${storage.location}: ${who} ${state}`, {
    code: "lease.held",
    hint: hasEnded
      ? "Run again. Nothing was changed and Pardot was not called."
      : "Wait for it, or stop it. Nothing was changed and Pardot was not called. If it was killed, the next run takes over after PARDOT_ETL_LEASE_TTL without a sign of life.",
  });
}

function lostError(mine: number, other: number): LeaseError {
  return new LeaseError(`hold lease ${mine}: a later run has taken lease ${other}`, {
    code: "lease.lost",
    hint: "This run was silent for so long that another run took over, so it commits nothing more. The files it landed stay; the other run accounts for them.",
  });
}

/** Before and after every key of a lease: they continue its number with a dot, which sorts before a slash. */
const startOf = (number: number): string => `${LEASE_PREFIX}${padded(number)}`;
const endOf = (number: number): string => `${LEASE_PREFIX}${padded(number)}/`;
const leaseKey = (number: number): string => `${LEASE_PREFIX}${padded(number)}.json`;
const beatKey = (number: number, beat: number): string =>
  `${LEASE_PREFIX}${padded(number)}.beat-${String(beat).padStart(6, "0")}.json`;
const releasedKey = (number: number): string => `${LEASE_PREFIX}${padded(number)}.released.json`;

function padded(number: number): string {
  return String(number).padStart(10, "0");
}
