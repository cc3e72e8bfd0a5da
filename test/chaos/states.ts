import type { Findings } from "./checks.ts";
import { createDice } from "./dice.ts";
import { World } from "./in-process.ts";
import type { Ended } from "./in-process.ts";
import { UNTOUCHED } from "./plan.ts";
import type { Plan } from "./plan.ts";

/**
 * The crash states of a run: it is killed before each of its turns, and every operation in flight then is completed in one
 * state and dropped in another. Then it runs again, and everything is checked.
 */
const ROWS_PER_FILE = 100;
const LANES = 2;

/** Three objects, one per process, with several windows, files and pages. */
const PLAN: Plan = {
  seed: 0,
  account: {
    seed: 7,
    scale: "tiny",
    rows: { VisitorActivity: 130, Tag: 430, Account: 1 },
    ties: 60,
    knobs: { clock: "frozen", filesPerExport: 2, exportPolls: 1 },
  },
  objects: ["VisitorActivity", "Tag", "Account"],
  env: {
    PARDOT_MAX_CONCURRENCY: String(LANES),
    PARDOT_ETL_ROWS_PER_FILE: String(ROWS_PER_FILE),
    PARDOT_ETL_OBJECTS: "VisitorActivity,Tag,Account",
  },
  lanes: LANES,
  budget: null,
  warehouse: null,
  isGentle: false,
  phases: [],
  clockOffMs: 0,
};

/**
 * Calls that a kill may repeat: for each lane the pages of one file with the one read ahead and the one in flight, the
 * interrupted creation, and the connection test.
 */
const REWORK = LANES * (Math.ceil(ROWS_PER_FILE / 200) + 2) + 2;

export type Course = "full" | "incremental";

export interface StatesOptions {
  readonly course: Course;
  /** Kills at every Nth turn. */
  readonly stride: number;
}

export interface States {
  /** Turns of the undisturbed run. */
  readonly turns: number;
  readonly states: number;
  readonly findings: readonly string[];
  /** Maximum calls of a killed run and the next one together, beyond those of an uninterrupted run. */
  readonly reworkMax: number;
}

export async function enumerateStates({ course, stride }: StatesOptions): Promise<States> {
  const whole = await uninterrupted(course);
  const findings: string[] = [];
  let states = 0;
  let reworkMax = 0;
  for (let killAt = 0; killAt < whole.turns; killAt += stride) {
    let parts = 0;
    for (let mask = 0; mask < 2 ** Math.min(parts, 5); mask += 1) {
      const played = await playState(course, killAt, mask);
      parts = played.underWay.length;
      const rework = played.calls - whole.calls;
      reworkMax = Math.max(reworkMax, rework);
      const found = [...played.findings];
      if (rework > REWORK) found.push(`G3 ${rework} calls more than without the kill, allowed are ${REWORK}`);
      const label = `${course}, killed at turn ${killAt} with ${binary(mask, parts)} of ${played.underWay.join(", ")}`;
      findings.push(...found.map((finding) => `${label}: ${finding}`));
      states += 1;
    }
  }
  return { turns: whole.turns, states, findings, reworkMax };
}

interface Played {
  readonly findings: Findings;
  readonly calls: number;
  readonly underWay: readonly string[];
}

async function playState(course: Course, killAt: number, mask: number): Promise<Played> {
  const world = await worldBefore(course);
  try {
    const underWay: string[] = [];
    const survivors = (label: string, place: number): boolean => {
      underWay.push(label);
      return ((mask >> place) & 1) === 1;
    };
    const before = world.simulator.stats().calls;
    const { ended } = await world.start({ ...UNTOUCHED, killAt }, createDice("run"), { survivors });
    const findings = await world.checkBooks(await ended, null);
    const again = await world.runQuietly(createDice("again"));
    findings.push(...(await world.checkBooks(again, null)), ...failureOf(again), ...(await world.checkEnd()));
    return { findings, calls: world.simulator.stats().calls - before, underWay };
  } finally {
    await world.close();
  }
}

/** Turns of the run, and calls of it and of one more, which requests the overlap like a rerun. */
async function uninterrupted(course: Course): Promise<{ turns: number; calls: number }> {
  const world = await worldBefore(course);
  try {
    const first = await world.runQuietly(createDice("run"));
    const again = await world.runQuietly(createDice("again"));
    const findings = [...failureOf(first), ...failureOf(again), ...(await world.checkEnd())];
    if (findings.length > 0) throw new Error(`undisturbed run: ${findings.join("; ")}`);
    return { turns: first.turns.count, calls: first.calls + again.calls };
  } finally {
    await world.close();
  }
}

async function worldBefore(course: Course): Promise<World> {
  const world = await World.open(PLAN);
  if (course === "incremental") {
    await world.runQuietly(createDice("first day"));
    world.advance();
  }
  return world;
}

function failureOf({ result, error }: Ended): Findings {
  const failure = error ?? result?.error ?? null;
  return failure === null ? [] : [`an undisturbed run failed: ${failure.message}`];
}

function binary(mask: number, digits: number): string {
  return digits === 0 ? "nothing" : mask.toString(2).padStart(digits, "0");
}
