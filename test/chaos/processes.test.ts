import { expect, it } from "vitest";
import { systemRandom } from "../../src/platform/random.ts";
import { s3Server } from "../kit/servers/s3.ts";
import { EFFORT } from "./effort.ts";
import { playProcesses } from "./process-runs.ts";

// Holds G1, G2, G4, G5 and G8 over kills of the real command line; docs/reliability.md lists the checks.

/** Kills fall where the machine's speed lets them fall, so a seed repeats what is done and not to the letter when. */
const KILLS = EFFORT.kills;

it(
  `G1 G2 G4 G5 G8 hold after ${KILLS} real kills, sleeps, full disks and lost connections`,
  { timeout: 1_200_000 },
  async () => {
    const s3 = process.env["PARDOT_ETL_REQUIRE_S3"] === "1" ? await s3Server() : null;
    const seed = Number.parseInt(systemRandom.hex(4), 16);
    console.log(`npm run chaos -- --processes --kills ${KILLS} --seed ${seed}`);
    const { failed, kills } = await playProcesses({
      seed,
      runs: 0,
      kills: KILLS,
      jobs: EFFORT.lanes,
      s3,
      onFailure: () => undefined,
    });
    expect(
      failed.map((outcome) => ({ ...outcome, replay: `npm run chaos -- --processes --runs 1 --seed ${outcome.seed}` })),
    ).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(KILLS);
  },
);
