import { expect, it } from "vitest";
import { playControl } from "./control.ts";

// Shows that the checks of G1, G2 and G6 can fail: they catch a process without the measures that ensure them.

it(
  "the checks catch each record that the naive process loses and each file that it overwrites",
  { timeout: 300_000 },
  async () => {
    let [lost, overwritten] = [0, 0];
    for (let seed = 1; seed <= 12; seed += 1) {
      const outcome = await playControl(seed);
      expect(outcome.findings, `npm run chaos -- --control --runs 1 --seed ${seed}`).not.toEqual([]);
      lost += outcome.lost;
      overwritten += outcome.overwritten;
    }
    expect(lost).toBeGreaterThan(100);
    expect(overwritten).toBeGreaterThan(10);
  },
);
