import { expect, it } from "vitest";
import { systemRandom } from "../../src/platform/random.ts";
import { playProcesses } from "./process-runs.ts";

// Holds G1, G2, G4, G5 and G8 over kills of the real command line; buckets are for `npm run chaos -- --processes`.

const RUNS = 20;

it("G1 G2 G4 G5 G8 hold after real kills, sleeps, full disks and cut connections", { timeout: 900_000 }, async () => {
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
});
