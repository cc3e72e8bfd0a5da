import { createHook } from "node:async_hooks";
import { CancelledError } from "../../src/errors.ts";
import type { Clock, Ticker } from "../../src/platform/clock.ts";
import type { Dice } from "./dice.ts";

/** The error of every operation of a killed process. */
export class Crash extends Error {
  override readonly name = "Crash";
  constructor() {
    super("the process was killed");
  }
}

export interface TurnsOptions {
  readonly dice: Dice;
  /** Number of the turn instead of which the process is killed; null: never. */
  readonly killAt: number | null;
  /**
   * Indexes of the operations in flight at the kill that are performed anyway, in the order of their start; null: the dice
   * decide.
   */
  readonly survivors?: (label: string, place: number) => boolean;
  /** Number of the turn instead of which the process is stopped (SIGSTOP) until `wake`; null: never. */
  readonly stopAt: number | null;
  /** Number of the turn before which the process gets a stop request; null or missing: never. */
  readonly cancelAt?: number | null;
  /** The clock when the process starts, in milliseconds since 1970. */
  readonly startAt: number;
  /** Average number of turns between ticks of the tickers. */
  readonly beatEvery: number;
}

/** Average number of turns between changes of the wall clock. */
const STEP_EVERY = 400;

interface Waiting {
  readonly label: string;
  readonly perform: () => Promise<void>;
  readonly fail: (error: Error) => void;
}

interface Sleeper extends Pick<Waiting, "fail"> {
  readonly until: number;
  readonly wake: () => void;
}

/**
 * All external operations of one simulated process, one at a time. An operation waits until the process is idle, then the
 * dice choose the next of the waiting ones. So only the seed decides the order, independent of the machine's scheduling, and
 * every order is possible. Disk operations are not turns, and two lanes may have some at once; with one disk thread
 * (`UV_THREADPOOL_SIZE=1`) they end in the order of their start. Pauses take no time: the clock jumps when nothing else
 * waits, and sometimes earlier.
 */
export class Turns {
  readonly trace: string[] = [];
  readonly clock: Clock;
  readonly ticker: Ticker;
  readonly #options: TurnsOptions;
  readonly #clockDice: Dice;
  readonly #waiting: Waiting[] = [];
  readonly #sleepers = new Set<Sleeper>();
  readonly #ticks = new Set<() => void>();
  #now: number;
  #stepped = 0;
  #turns = 0;
  #isKilled = false;
  #isStopped = false;
  readonly #cancelling = new AbortController();
  #tellStopped: () => void = () => undefined;
  readonly #stopped: Promise<void> = new Promise((resolve) => {
    this.#tellStopped = resolve;
  });
  #work: Promise<void> | null = null;

  constructor(options: TurnsOptions) {
    if (process.env["UV_THREADPOOL_SIZE"] !== "1")
      throw new Error("with more than one disk thread the order depends on the machine: set UV_THREADPOOL_SIZE=1");
    this.#options = options;
    this.#clockDice = options.dice.apart("clock");
    this.#now = options.startAt;
    this.clock = {
      now: () => this.#now + this.#stepped,
      monotonic: () => this.#now - options.startAt,
      sleep: (ms, signal) => this.#sleep(ms, signal),
    };
    this.ticker = {
      start: (_everyMs, tick) => {
        this.#ticks.add(tick);
        return () => this.#ticks.delete(tick);
      },
    };
  }

  get isKilled(): boolean {
    return this.#isKilled;
  }

  /** Turns so far: a kill at this number or later would not happen. */
  get count(): number {
    return this.#turns;
  }

  /** Aborted on a stop request, as the command line does on SIGTERM. */
  get cancelled(): AbortSignal {
    return this.#cancelling.signal;
  }

  assertAlive(): void {
    if (this.#isKilled) throw new Crash();
  }

  /** Performs an operation at its turn. */
  take<T>(label: string, operation: () => Promise<T>): Promise<T> {
    return new Promise((resolve, reject) => {
      if (this.#isKilled) {
        reject(new Crash());
        return;
      }
      const perform = async (): Promise<void> => {
        try {
          const result = await operation();
          // A killed process does not get the result.
          if (this.#isKilled) reject(new Crash());
          else resolve(result);
        } catch (error) {
          reject(error instanceof Error ? error : new Error(String(error)));
        }
      };
      this.#waiting.push({ label, perform, fail: reject });
      this.#start();
    });
  }

  /** Resolves when the process is stopped; never if that does not happen. */
  get stopped(): Promise<void> {
    return this.#stopped;
  }

  /** Continues a stopped process; its clock has moved in the meantime. */
  wake(sleptMs: number): void {
    this.#now += sleptMs;
    this.#isStopped = false;
    this.#start();
  }

  /** Resolves when nothing waits any more. */
  async idle(): Promise<void> {
    while (this.#work !== null) await this.#work;
  }

  #start(): void {
    if (this.#isStopped || this.#work !== null) return;
    this.#work = this.#run().finally(() => {
      this.#work = null;
      // An operation may have been added while the last turn ended.
      if (this.#hasWork() && !this.#isKilled) this.#start();
    });
  }

  #hasWork(): boolean {
    return this.#waiting.length + this.#sleepers.size > 0;
  }

  async #run(): Promise<void> {
    const { dice, killAt, stopAt, cancelAt, beatEvery } = this.#options;
    while (this.#hasWork() && !this.#isStopped) {
      await standstill();
      if (!this.#hasWork() || this.#isStopped) return;
      if (this.#turns === killAt) {
        await this.#kill();
        return;
      }
      this.#turns += 1;
      if (this.#turns - 1 === cancelAt) {
        this.trace.push("cancel");
        this.#cancelling.abort(new CancelledError("stopped by SIGTERM", { code: "run.cancelled" }));
        continue;
      }
      if (this.#turns - 1 === stopAt) {
        this.trace.push("stop");
        this.#isStopped = true;
        this.#tellStopped();
        return;
      }
      if (this.#clockDice.below(STEP_EVERY) === 0) this.#step();
      if (this.#ticks.size > 0 && dice.below(beatEvery) === 0) for (const tick of this.#ticks) tick();
      const isImpatient = this.#sleepers.size > 0 && dice.chance(0.1);
      if (this.#waiting.length === 0 || isImpatient) {
        this.#wakeFirst();
        continue;
      }
      const [chosen] = this.#waiting.splice(dice.below(this.#waiting.length), 1);
      if (chosen === undefined) continue;
      this.trace.push(chosen.label);
      await chosen.perform();
    }
  }

  /** Sets the wall clock forward or back by hours; code that uses the monotonic clock must not notice. */
  #step(): void {
    const ms = (this.#clockDice.below(17) - 8) * 3_600_000;
    this.trace.push(`step ${ms}`);
    this.#stepped += ms;
  }

  #wakeFirst(): void {
    const first = [...this.#sleepers].toSorted((a, b) => a.until - b.until)[0];
    if (first === undefined) return;
    this.#sleepers.delete(first);
    this.#now = Math.max(this.#now, first.until);
    this.trace.push(`wake ${this.#now}`);
    first.wake();
  }

  #sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#isKilled || signal?.aborted === true) {
        reject(this.#isKilled ? new Crash() : (signal?.reason as Error));
        return;
      }
      const sleeper: Sleeper = { until: this.#now + ms, wake: resolve, fail: reject };
      this.#sleepers.add(sleeper);
      signal?.addEventListener("abort", () => {
        if (this.#sleepers.delete(sleeper)) reject(signal.reason as Error);
      });
      this.#start();
    });
  }

  async #kill(): Promise<void> {
    const { dice, survivors } = this.#options;
    this.#isKilled = true;
    this.trace.push("kill");
    const waiting = this.#waiting.splice(0);
    for (const [place, { label, perform }] of waiting.entries()) {
      if (survivors === undefined ? !dice.chance(0.5) : !survivors(label, place)) continue;
      this.trace.push(`${label} (carried out all the same)`);
      await perform();
    }
    for (const { fail } of [...waiting, ...this.#sleepers]) fail(new Crash());
    this.#sleepers.clear();
  }
}

/**
 * File system operations in flight in this process: they end on their own and the process continues.
 * `process.getActiveResourcesInfo` would include finished ones until they are garbage collected.
 */
const atDisk = new Set<number>();
const DISK = new Set(["FSREQPROMISE", "FSREQCALLBACK", "FILEHANDLECLOSEREQ"]);
/** Called when one of them has ended. */
let onDiskEnd: (() => void) | null = null;
createHook({
  init: (id, type) => {
    if (DISK.has(type)) atDisk.add(id);
  },
  after: (id) => {
    if (atDisk.delete(id)) onDiskEnd?.();
  },
  // Most resources are promises, and none of those is a file system operation.
  trackPromises: false,
}).enable();

/** Resolves when the process waits only for operations that `Turns` holds back. */
async function standstill(): Promise<void> {
  for (let quiet = 0; quiet < 2; quiet += 1) {
    if (atDisk.size > 0) {
      await new Promise<void>((resolve) => (onDiskEnd = resolve));
      onDiskEnd = null;
      quiet = 0;
    }
    await new Promise((resolve) => setImmediate(resolve));
    if (atDisk.size > 0) quiet = -1;
  }
}
