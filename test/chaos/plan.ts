import type { SimulatorOptions } from "../../src/simulator/index.ts";
import type { Dice } from "./dice.ts";
import { PIPES } from "./piped-warehouse.ts";
import type { Pipe } from "./piped-warehouse.ts";
import { withV5 } from "./plan-v5.ts";
import type { PlanV5 } from "./plan-v5.ts";

/** The meaning of a seed: an account, a configuration, and disturbances of the runs. Everything else follows from dice. */
export interface Plan {
  readonly seed: number;
  readonly account: SimulatorOptions;
  readonly objects: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  readonly lanes: number;
  readonly budget: number | null;
  /**
   * How tables are filled: a pipe loads everything that lands, or the run loads what it has committed, into a stand-in or
   * into the real DuckDB; null: there are no tables, and the run relies on its own record.
   */
  readonly warehouse: Pipe | "loading" | "duckdb" | null;
  /** Only stops, limits and a few faults disturb the runs: landed data must not be landed again. */
  readonly isGentle: boolean;
  /** Simulated days after the first. */
  readonly phases: readonly Phase[];
  /** How far this machine's clock is off, in milliseconds. */
  readonly clockOffMs: number;
  /** Missing: no object is read through API v5. */
  readonly v5?: PlanV5;
  /** An object with so many small pages that it is read in ranges. Missing: there is none. */
  readonly inRanges?: { readonly object: string; readonly pageLimit: number };
}

/** One day: disturbed runs, then one undisturbed run or none. */
export interface Phase {
  readonly attempts: readonly Attempt[];
  readonly endsQuietly: boolean;
}

export interface Attempt {
  /** Turn instead of which the process is killed; null: never. */
  readonly killAt: number | null;
  /** Turn at which the process is stopped and another run starts; it continues when that has ended. */
  readonly stopAt: number | null;
  /** Turn at which the run is asked to stop, as by SIGTERM. */
  readonly cancelAt: number | null;
  /** Turn after which Pardot responds to every call with code 122. */
  readonly limitAt: number | null;
  /** Share of requests, and of writes, that fail. */
  readonly faults: number;
  readonly storageFailures: number;
  /** Share of requests that get a successful but wrong response. */
  readonly wrong: number;
  /** Share of the pages of API v5 that fail in its own ways. Default 0. */
  readonly v5?: number;
  /** Files of every other export are refused, so that its window stays open while newer ones are committed. */
  readonly isStuck: boolean;
  /** Turns, from … to, in which the destination refuses all writes. */
  readonly down: readonly [number, number] | null;
  /** Whether the next run can see that this process is dead, or has to wait out its lease. */
  readonly isSeenDead: boolean;
}

const BASE = ["VisitorActivity", "Tag", "Account"] as const;
const MORE = [
  "ListMembership",
  "Visitor",
  "Prospect",
  "ProspectAccount",
  "Campaign",
  "Form",
  "List",
  "Opportunity",
  "TagObject",
  "EmailClick",
] as const;

/** Maximum calls of an object's incremental window, at 80 % of the limit: creation, polls, files, one more attempt. */
const CALLS_PER_DAY = 11;

/** Rows that keep a schedule short but fill several pages and files. */
function rowsOf(object: string, dice: Dice): number {
  if (object === "Account") return 1;
  return object === "VisitorActivity" ? 60 + dice.below(240) : dice.pick([0, 1, 199, 200, 201, 30, 90, 150, 410]);
}

/** `hasV5`: whether objects may be read through API v5. */
export function planOf(seed: number, dice: Dice, hasV5 = true): Plan {
  const plan = withRanges(planOfV4(seed, dice), dice.apart("ranges"));
  const v5 = dice.apart("v5");
  return hasV5 && v5.chance(0.5) ? withV5(plan, v5) : plan;
}

/** Seeds below keep their meaning: some of them once failed. */
const FIRST_SEED_IN_RANGES = 1_700_000;

/**
 * Not where a day's calls would not suffice for the pages, and not where all records of such a small page may be hidden:
 * no request by id passes that, so the window would stay open.
 */
function withRanges(plan: Plan, dice: Dice): Plan {
  const { knobs, rows, dailyLimit } = plan.account;
  const isScarce = plan.budget !== null || dailyLimit !== undefined || knobs?.slowPageRows !== undefined;
  const isPageHidden = knobs?.hiddenEvery === 3;
  if (plan.seed < FIRST_SEED_IN_RANGES || !dice.chance(0.25) || isScarce || isPageHidden) return plan;
  const object = dice.pick(
    plan.objects.filter((name) => name === "Tag" || name === "EmailClick" || name === "Opportunity"),
  );
  const count = 250 + dice.below(350);
  return {
    ...plan,
    inRanges: { object, pageLimit: 3 },
    account: { ...plan.account, rows: { ...rows, [object]: count } },
  };
}

function planOfV4(seed: number, dice: Dice): Plan {
  const objects = [...BASE, ...MORE.filter(() => dice.chance(0.15))];
  const rows = Object.fromEntries(objects.map((object) => [object, rowsOf(object, dice)]));
  const lanes = 1 + dice.below(5);
  const budget = dice.chance(0.15) ? 8 + dice.below(30) : null;
  const isGentle = dice.apart("gentle").chance(0.25);
  const odd = oddKnobs(dice.apart("odd"));
  const isSlowReading = Object.keys(odd).some((knob) => knob === "pageCap" || knob === "slowPageRows");
  return {
    seed,
    objects,
    lanes,
    budget: isGentle && dice.apart("budget").chance(0.4) ? 12 + dice.apart("budget").below(12) : budget,
    warehouse: dice.apart("warehouse").pick([null, null, "loading", "loading", "loading", ...PIPES]),
    isGentle,
    account: {
      seed: 1 + dice.below(1_000_000),
      scale: "tiny",
      rows,
      ties: dice.pick([0, 5, 60, 230]),
      timezone: dice.pick(["UTC", "UTC", "America/New_York", "Australia/Lord_Howe", "Europe/Berlin"]),
      now: dice.pick(["2026-03-20T09:30:00Z", "2026-03-08T06:10:00Z", "2026-10-25T01:20:00Z", "2026-12-31T22:00:00Z"]),
      // Enough for one day's work of each object, or no number of days would suffice.
      ...(dice.chance(0.1) && !isSlowReading
        ? { dailyLimit: Math.max(25 + dice.below(40), objects.length * CALLS_PER_DAY) }
        : {}),
      knobs: {
        clock: "frozen",
        filesPerExport: dice.below(4),
        exportPolls: dice.below(3),
        gzip: dice.chance(0.3),
        downloadLength: dice.pick(["chunked", "content-length"]),
        usageHeader: dice.chance(0.8),
        csvNewline: dice.pick(["lf", "crlf"]),
        ...odd,
      },
    },
    env: {
      PARDOT_MAX_CONCURRENCY: String(lanes),
      PARDOT_MAX_WAITING_EXPORTS: String(1 + dice.below(4)),
      PARDOT_ETL_ROWS_PER_FILE: dice.pick(["1000", "200", "70"]),
      PARDOT_ETL_OBJECTS: objects.join(","),
      PARDOT_ETL_STOP_GRACE: dice.apart("grace").pick(["0s", "5s", "25s"]),
    },
    phases:
      !isGentle && dice.apart("stuck").chance(0.12)
        ? stuckPhases(dice.apart("stuck days"))
        : Array.from({ length: 1 + dice.below(4) }, (_, day) => phaseOf(dice, dice.apart(`day ${day}`), isGentle)),
    clockOffMs: dice.pick([0, 0, -7 * 3_600_000, 9 * 3_600_000]),
  };
}

/**
 * Permanent oddities of an account, which must cost nothing: capped and hidden rows, pages that time out, difficult dates
 * and characters. Not impossible dates: they are rejected, and a run with rejects is not complete.
 */
function oddKnobs(dice: Dice): NonNullable<SimulatorOptions["knobs"]> {
  return {
    ...(dice.chance(0.06) ? { pageCap: dice.pick([60, 100, 199]) } : {}),
    ...(dice.chance(0.06) ? { hiddenEvery: dice.pick([3, 40, 150]) } : {}),
    ...(dice.chance(0.06)
      ? { slowPageRows: dice.pick([25, 50, 100]), slowPageAnswer: dice.pick(["214", "504"] as const) }
      : {}),
    ...(dice.chance(0.1) ? { zeroDateEvery: dice.pick([1, 3, 50]) } : {}),
    ...(dice.chance(0.1) ? { controlTextEvery: dice.pick([1, 20]) } : {}),
    ...(dice.chance(0.1) ? { backslashTextEvery: dice.pick([1, 20]), csvQuotes: "php" as const } : {}),
    ...(dice.chance(0.05) ? { csvBlankLastLine: true } : {}),
  };
}

function phaseOf(dice: Dice, more: Dice, isGentle: boolean): Phase {
  return {
    attempts: Array.from({ length: dice.below(4) }, () => (isGentle ? gentleAttempt(more) : attemptOf(dice, more))),
    endsQuietly: dice.chance(0.6),
  };
}

/** Days on which some exports can never be downloaded, without other disturbances. */
function stuckPhases(dice: Dice): Phase[] {
  const attempt: Attempt = { ...UNTOUCHED, isStuck: true, faults: dice.pick([0, 0.03]) };
  return Array.from({ length: 2 + dice.below(3) }, () => ({ attempts: [attempt], endsQuietly: false }));
}

function attemptOf(dice: Dice, more: Dice): Attempt {
  const fate = dice.below(10);
  const down = more.chance(0.1) ? more.below(100) : null;
  return {
    // Most runs of such an account take 40 to 120 turns; early ones are as important as late ones.
    killAt: fate < 7 ? dice.below(dice.pick([20, 60, 110])) : null,
    stopAt: fate === 7 ? dice.below(dice.pick([30, 90])) : null,
    faults: dice.pick([0, 0, 0.03, 0.1, 0.35]),
    storageFailures: dice.pick([0, 0, 0, 0.02, 0.15]),
    isSeenDead: dice.chance(0.6),
    cancelAt: more.chance(0.25) ? more.below(110) : null,
    limitAt: more.chance(0.1) ? more.below(110) : null,
    wrong: more.pick([0, 0, 0.03, 0.1, 0.25]),
    isStuck: false,
    down: down === null ? null : [down, down + 1 + more.below(25)],
  };
}

function gentleAttempt(dice: Dice): Attempt {
  const fate = dice.below(3);
  return {
    ...UNTOUCHED,
    cancelAt: fate === 0 ? dice.below(dice.pick([40, 110])) : null,
    limitAt: fate === 1 ? dice.below(dice.pick([40, 110])) : null,
    faults: dice.pick([0, 0, 0.03]),
  };
}

/** An undisturbed run. */
export const UNTOUCHED: Attempt = {
  killAt: null,
  stopAt: null,
  cancelAt: null,
  limitAt: null,
  faults: 0,
  storageFailures: 0,
  wrong: 0,
  isStuck: false,
  down: null,
  isSeenDead: true,
};
