/**
 * How much of each soak a test plays: some of it by `npm test`, more by `.ci/run`, which sets CI, and as much as you
 * ask for by `npm run chaos`. Whatever is played little is played by every one of them.
 */
interface Effort {
  /** Schedules of seeds that were never played before. */
  readonly schedules: number;
  /** Kills of real processes, by seeds that were never played before. */
  readonly kills: number;
  /** Destinations side by side meanwhile. */
  readonly lanes: number;
  /** Schedules with a real DuckDB, of the same seeds each time. */
  readonly duckdbSchedules: number;
  /** Every how-manieth crash state. */
  readonly stride: number;
}

const LITTLE: Effort = { schedules: 12, kills: 3, lanes: 2, duckdbSchedules: 3, stride: 8 };
const MUCH: Effort = { schedules: 80, kills: 10, lanes: 3, duckdbSchedules: 6, stride: 4 };

export const EFFORT: Effort = process.env["CI"] === undefined ? LITTLE : MUCH;
