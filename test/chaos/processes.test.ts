import { expect, it } from "vitest";
import { systemRandom } from "../../src/platform/random.ts";
import { playProcesses } from "./process-runs.ts";

// Holds G1, G2, G4, G5 and G8 over kills of the real command line; buckets are for `npm run chaos -- --processes`.

const RUNS = 20;

// Kills fall where the machine's speed lets them fall, so a seed does not replay to the letter: on request only, until
// enough of them have been seen to pass (docs/spec.md, known gaps).
const isAsked = process.env["PARDOT_ETL_CHAOS_PROCESSES"] === "1";

it.skipIf(!isAsked)(
  "G1 G2 G4 G5 G8 hold after real kills (PARDOT_ETL_CHAOS_PROCESSES=1)",
  { timeout: 900_000 },
  async () => {
    const seed = Number.parseInt(systemRandom.hex(4), 16);
    console.log(`npm run chaos -- --processes --runs ${RUNS} --seed ${seed}`);
    const { failed, hits } = await playProcesses({
      seed,
      runs: RUNS,
      jobs: 2,
      withS3: false,
      onFailure: () => undefined,
    });
    expect(
      failed.map((outcome) => ({ ...outcome, replay: `npm run chaos -- --processes --runs 1 --seed ${outcome.seed}` })),
    ).toEqual([]);
    expect(Object.keys(hits).length).toBeGreaterThan(1);
  },
);
