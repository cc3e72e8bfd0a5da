import { describe, expect, it } from "vitest";
import { EFFORT } from "./effort.ts";
import { enumerateStates } from "./states.ts";

// Holds G1, G2 and G3 for the crash states of a run; `npm run chaos -- --states` tests all of them.

describe.each(["full", "incremental"] as const)("G1 G2 G3 the crash states of the %s load", (course) => {
  it(`are recovered from, one in ${EFFORT.stride}`, { timeout: 600_000 }, async () => {
    const { states, findings } = await enumerateStates({ course, stride: EFFORT.stride });
    expect(states).toBeGreaterThan(120 / EFFORT.stride);
    expect(findings).toEqual([]);
  });
});
