import { readFile } from "node:fs/promises";
import { expect, it } from "vitest";
import { playControl } from "./control.ts";
import { catchDefect } from "./defects/catch.ts";
import { DEFECTS } from "./defects/defects.ts";

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

it("a copy of the sources with a seeded defect is caught", { timeout: 300_000 }, async () => {
  const defect = DEFECTS.find(({ name }) => name === "uncounted retry call");
  const caught = defect === undefined ? null : await catchDefect(defect, 1, 3);
  expect(caught?.finding).toMatch(/calls made on/);
});

it.each(DEFECTS)("the seeded defect fits the sources: $name", async ({ edits }) => {
  for (const { file, find } of edits) {
    const text = await readFile(new URL(`../../${file}`, import.meta.url), "utf8");
    expect(text.split(find), `${file}: ${find}`).toHaveLength(2);
  }
});
