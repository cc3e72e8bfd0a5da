import { LeaseError } from "../../src/errors.ts";
import { READ_OVER_RUNS } from "../../src/operations/run/schedule.ts";
import type { Findings } from "./checks.ts";
import { createDice } from "./dice.ts";
import type { Dice } from "./dice.ts";
import { World } from "./in-process.ts";
import type { Ended, Started } from "./in-process.ts";
import { planOf, UNTOUCHED } from "./plan.ts";
import type { Attempt, Plan } from "./plan.ts";

/** The result of one seed. */
export interface Outcome {
  readonly seed: number;
  readonly plan: Plan;
  readonly findings: Findings;
  /** All steps in order, process by process: the same for the same seed. */
  readonly trace: readonly string[];
  readonly runs: number;
  readonly kills: number;
  readonly sleeps: number;
  readonly calls: number;
  /** Faults by kind. */
  readonly faults: ReadonlyMap<string, number>;
  /** What was met of API v5, by name; see `SeenV5`. */
  readonly v5: ReadonlyMap<string, number>;
}

/** Name of a lease. */
const LEASE = /^_pardot_etl\/state\/lease\/\d+\.json$/;

/** Days after which an account with a small limit must be fully read. */
const DAYS_MAX = 40;

/**
 * Plays the schedule of one seed: days of runs with kills, stops, limits and wrong responses, then undisturbed ones, then the
 * checks. `changes` override parts of the seed's plan; `hasV5` as in `planOf`.
 */
export async function playSchedule(seed: number, changes: Partial<Plan> = {}, hasV5 = true): Promise<Outcome> {
  const dice = createDice(String(seed));
  const plan = { ...planOf(seed, dice.apart("plan"), hasV5), ...changes };
  const world = await World.open(plan);
  const played = new Schedule(world, dice);
  try {
    await played.play();
    return {
      seed,
      plan,
      findings: played.findings,
      trace: played.trace,
      runs: played.runs,
      kills: played.kills,
      sleeps: played.sleeps,
      calls: world.simulator.stats().calls,
      faults: world.wire.faults,
      v5: world.wire.v5.counts,
    };
  } finally {
    await world.close();
  }
}

class Schedule {
  readonly findings: Findings = [];
  readonly trace: string[] = [];
  runs = 0;
  kills = 0;
  sleeps = 0;
  readonly #world: World;
  readonly #dice: Dice;

  constructor(world: World, dice: Dice) {
    this.#world = world;
    this.#dice = dice;
  }

  async play(): Promise<void> {
    const world = this.#world;
    for (const [day, { attempts, endsQuietly }] of world.plan.phases.entries()) {
      if (day > 0) {
        world.advance();
        this.trace.push("a day passes");
      }
      for (const attempt of attempts) {
        await this.#attempt(attempt);
        if (this.findings.length > 0) return;
      }
      if (endsQuietly) await this.#quietly();
      if (this.findings.length > 0) return;
    }
    // A reached limit is not a failure: the rest follows on a later day.
    for (let day = 0; ; day += 1) {
      const ended = await this.#quietly();
      if (this.findings.length > 0) return;
      // A full reading resumed from an earlier run has data of both: the next run reads it again.
      const isOld = ended.result?.manifest.warnings.some(({ code }) => code === READ_OVER_RUNS) ?? false;
      if (ended.result?.exitCode === 0 && isOld) continue;
      if (ended.result?.exitCode === 0) break;
      const isLimit = (ended.error ?? ended.result?.error)?.constructor.name === "LimitError";
      if (!isLimit || day === DAYS_MAX) {
        this.findings.push(`an undisturbed run failed: ${String(ended.error ?? ended.result?.error)}`);
        return;
      }
      world.advance();
      this.trace.push("a day passes");
    }
    this.findings.push(...(await world.checkEnd()));
  }

  async #quietly(): Promise<Ended> {
    const ended = await this.#world.runQuietly(this.#nextDice());
    await this.#note(ended, null);
    return ended;
  }

  async #attempt(attempt: Attempt): Promise<void> {
    const before = this.#world.chronicle.written.size;
    const started = await this.#world.start(attempt, this.#nextDice());
    const isStopped = await Promise.race([started.turns.stopped.then(() => true), started.ended.then(() => false)]);
    // One that slept before it had a lease takes the next one when it wakes up, as any run does.
    const hasLease = [...this.#world.chronicle.written.keys()].slice(before).some((key) => LEASE.test(key));
    if (isStopped) await this.#succeed(started, hasLease);
    const ended = await started.ended;
    if (ended.turns.isKilled) this.kills += 1;
    await this.#note(ended, this.#world.plan.budget);
  }

  /** Another run takes over from a sleeping process, which must commit nothing when it wakes up if it had the lease. */
  async #succeed(sleeper: Started, hasLease: boolean): Promise<void> {
    this.sleeps += 1;
    const { chronicle, plan } = this.#world;
    const successor = await this.#world.start({ ...UNTOUCHED, faults: 0.02 }, this.#nextDice());
    const ended = await successor.ended;
    await this.#note(ended, plan.budget);
    const isTakenOver = !(ended.error instanceof LeaseError);
    const before = chronicle.written.size;
    sleeper.turns.wake(30 * 60_000);
    await sleeper.ended;
    if (!isTakenOver || !hasLease) return;
    const written = [...chronicle.written.keys()].slice(before);
    const committed = written.filter((key) => /manifest\.json$|^_pardot_etl\/state\/\d+\.json$/.test(key));
    for (const key of committed) this.findings.push(`G5 a run that slept while another took over has written ${key}`);
  }

  #nextDice(): Dice {
    this.runs += 1;
    return this.#dice.apart(`run ${this.runs}`);
  }

  async #note(ended: Ended, budget: number | null): Promise<void> {
    const { turns, result, error } = ended;
    this.#world.wire.v5.noteInterruptions(turns.trace);
    this.trace.push(...turns.trace, `ended: ${result === null ? String(error) : result.exitCode}`);
    this.findings.push(...(await this.#world.checkBooks(ended, budget)));
  }
}
