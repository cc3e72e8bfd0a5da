import { EventEmitter } from "node:events";
import type { Io, Output, StopSignal } from "../../../src/cli/io.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import { systemRandom } from "../../../src/platform/random.ts";

/** A clock that stands still until it is moved. */
export interface FakeClock extends Clock {
  /** Moves on, and wakes who has slept long enough, in order. */
  advance(ms: number): Promise<void>;
  /** How many are asleep. */
  sleepers(): number;
}

export function fakeClock(start: number = Date.UTC(2026, 0, 1)): FakeClock {
  let now = start;
  const asleep = new Set<{ readonly until: number; readonly wake: () => void }>();
  return {
    now: () => now,
    monotonic: () => now - start,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        const sleeper = { until: now + ms, wake: resolve };
        asleep.add(sleeper);
        signal?.addEventListener("abort", () => {
          asleep.delete(sleeper);
          reject(signal.reason as Error);
        });
      }),
    advance: async (ms) => {
      now += ms;
      for (const sleeper of [...asleep].filter((candidate) => candidate.until <= now)) {
        asleep.delete(sleeper);
        sleeper.wake();
      }
      // Lets those that woke do what they do until they sleep again.
      for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    },
    sleepers: () => asleep.size,
  };
}

export interface FakeOutput extends Output {
  /** All that was written. */
  text(): string;
}

export function fakeOutput(
  shape: {
    readonly isTerminal?: boolean;
    readonly hasColors?: boolean;
    readonly columns?: number;
    readonly rows?: number;
  } = {},
): FakeOutput {
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  return {
    write,
    draw: write,
    isTerminal: shape.isTerminal ?? false,
    hasColors: shape.hasColors ?? false,
    columns: shape.columns ?? 80,
    rows: shape.rows ?? 24,
    text: () => written.join(""),
  };
}

export interface FakeIo extends Io {
  readonly stdout: FakeOutput;
  readonly stderr: FakeOutput;
  readonly clock: FakeClock;
  /** Sends a signal to the command. */
  send(name: StopSignal): void;
  /** Codes the process was ended with at once. */
  readonly exits: readonly number[];
  /** How many listeners there are for signals. */
  listeners(): number;
}

export interface FakeWorld {
  readonly env?: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** A fake one unless given. */
  readonly clock?: Clock;
  /** What a person at a terminal types, line by line; without it, there is no terminal to type at. */
  readonly typed?: readonly string[];
}

export function fakeIo(world: FakeWorld = {}): FakeIo {
  const signals = new EventEmitter();
  const exits: number[] = [];
  const lines = [...(world.typed ?? [])];
  const stderr = fakeOutput({ isTerminal: world.typed !== undefined });
  let say: ((code: number) => void) | null = null;
  return {
    stdout: fakeOutput(),
    stderr,
    stdin: {
      isTerminal: world.typed !== undefined,
      ask: (prompt) => {
        stderr.write(`${prompt}${lines[0] ?? ""}\n`);
        return Promise.resolve(lines.shift() ?? null);
      },
      close: () => {},
    },
    env: world.env ?? {},
    cwd: world.cwd ?? "/nowhere",
    clock: { ...fakeClock(), ...world.clock },
    random: systemRandom,
    signals,
    secrets: new Set(),
    exitNow: (code) => {
      say?.(code);
      exits.push(code);
    },
    onEarlyExit: (words) => {
      say = words;
    },
    send: (name) => signals.emit(name, name),
    exits,
    listeners: () => signals.listenerCount("SIGINT") + signals.listenerCount("SIGTERM"),
  };
}
