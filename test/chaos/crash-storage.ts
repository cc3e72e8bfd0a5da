import { createHash } from "node:crypto";
import { StorageError } from "../../src/errors.ts";
import type { MemoryStorage } from "../kit/fakes/memory-storage.ts";
import type { Storage } from "../../src/storage/storage.ts";
import type { Dice } from "./dice.ts";
import type { Turns } from "./turns.ts";

/** All contents ever written under each name, by all processes of a schedule. */
export class Chronicle {
  /** Names in the order of their first write, with the hash of their bytes. */
  readonly written: Map<string, string> = new Map();
  /** Names that got different contents. */
  readonly rewritten: string[] = [];
  /** All journal entries ever written, in order. */
  readonly entries: string[] = [];

  note(key: string, bytes: Uint8Array): void {
    const hash = createHash("sha256").update(bytes).digest("hex");
    const known = this.written.get(key);
    if (known !== undefined && known !== hash) this.rewritten.push(key);
    if (known === undefined && /^_pardot_etl\/state\/\d+\.json$/.test(key)) {
      this.entries.push(Buffer.from(bytes).toString("utf8"));
    }
    this.written.set(key, hash);
  }
}

export interface CrashStorageOptions {
  readonly disk: MemoryStorage;
  readonly turns: Turns;
  readonly chronicle: Chronicle;
  readonly dice: Dice;
  /** Share of the writes that the destination refuses, half of them after performing them. */
  readonly failures: number;
  /** Turns, from … to, in which it refuses all writes. */
  readonly down?: readonly [number, number] | null;
  /** Keys of data whose write was confirmed to the process; grows. */
  readonly landed?: string[];
}

const NEVER = new AbortController().signal;

/**
 * The destination as one process sees it: every durable effect waits for its turn, and after the process is killed nothing
 * works any more. Writes in flight at that moment may or may not take effect.
 */
export function crashStorage(options: CrashStorageOptions): Storage {
  const { disk, turns, chronicle, dice, failures, down = null, landed = [] } = options;
  const isDown = (): boolean => down !== null && turns.count >= down[0] && turns.count < down[1];
  const durable = <T>(label: string, key: string, effect: () => Promise<T>): Promise<T> => {
    const fails = dice.chance(failures);
    const isLate = dice.chance(0.5);
    return turns.take(label, async () => {
      if (isDown() || (fails && !isLate)) throw refused(label);
      const result = await effect();
      const bytes = disk.files.get(key);
      if (bytes !== undefined) chronicle.note(key, bytes);
      if (fails) throw refused(label);
      if (!key.startsWith("_pardot_etl/") && !turns.isKilled) landed.push(key);
      return result;
    });
  };
  return {
    location: disk.location,
    async publish(key, file, signal) {
      turns.assertAlive();
      signal.throwIfAborted();
      return durable(`publish ${key}`, key, () => disk.publish(key, file, NEVER));
    },
    async create(key, bytes, signal) {
      turns.assertAlive();
      signal.throwIfAborted();
      return durable(`create ${key}`, key, () => disk.create(key, bytes, NEVER));
    },
    async remove(keys, signal) {
      turns.assertAlive();
      signal.throwIfAborted();
      // A store promises no order, and a kill may leave any of them.
      await Promise.all(keys.map((key) => durable(`remove ${key}`, key, () => disk.remove([key], NEVER))));
    },
    async read(key, signal) {
      turns.assertAlive();
      return disk.read(key, signal);
    },
    async *open(key, signal) {
      turns.assertAlive();
      yield* disk.open(key, signal);
    },
    async stat(key, signal) {
      turns.assertAlive();
      return disk.stat(key, signal);
    },
    async *list(prefix, signal, after) {
      for await (const file of disk.list(prefix, signal, after)) {
        turns.assertAlive();
        yield file;
      }
    },
    tidy: async () => ({ removed: 0, kept: 0 }),
  };
}

function refused(label: string): StorageError {
  return new StorageError(`${label}: refused by the harness`, { code: "storage.unavailable", hint: "run again later" });
}
