import { expect, it } from "vitest";
import { systemRandom } from "../../src/platform/random.ts";
import { missingS3Programs } from "../servers/s3-programs.ts";
import { playProcesses } from "./process-runs.ts";

// Holds G1, G2, G4, G5 and G8 over kills of the real command line; docs/reliability.md lists the checks.

/** The moment of a kill depends on the machine's speed, so a seed repeats what happens, but not exactly when. */
const KILLS = process.env["CI"] === undefined ? 6 : 30;

it(
  `G1 G2 G4 G5 G8 hold after ${KILLS} real kills, sleeps, full disks and lost connections`,
  { timeout: 1_200_000 },
  async () => {
    const isS3Required = process.env["PARDOT_ETL_REQUIRE_S3"] === "1";
    if (isS3Required) expect(missingS3Programs()).toEqual([]);
    const seed = Number.parseInt(systemRandom.hex(4), 16);
    console.log(`npm run chaos -- --processes --kills ${KILLS} --seed ${seed}`);
    const { failed, kills } = await playProcesses({
      seed,
      runs: 0,
      kills: KILLS,
      jobs: 4,
      withS3: isS3Required,
      onFailure: () => undefined,
    });
    expect(
      failed.map((outcome) => ({ ...outcome, replay: `npm run chaos -- --processes --runs 1 --seed ${outcome.seed}` })),
    ).toEqual([]);
    expect(kills).toBeGreaterThanOrEqual(KILLS);
  },
);
