import { describe, expect, it } from "vitest";
import { fakeClock } from "../../../test/kit/fakes/clock.ts";
import { MORNINGS, openMorning } from "../../../test/kit/mornings.ts";
import type { MorningName } from "../../../test/kit/mornings.ts";
import { systemRandom } from "../../platform/random.ts";
import type { StatusResult } from "../api.ts";
import type { Runtime } from "../runtime.ts";
import { status } from "./status.ts";

const { signal } = new AbortController();

async function statusOf(name: MorningName): Promise<StatusResult> {
  const { storage, config, now } = await openMorning(name);
  const processes = { self: { host: "", boot: "", pid: 1, started: "" }, isDead: () => false };
  const openStorage = async () => storage;
  const runtime = { signal, onEvent: () => undefined, clock: fakeClock(now), random: systemRandom, openStorage };
  return status(config, { ...runtime, processes } as unknown as Runtime);
}

describe("status on the morning after a run", () => {
  it.each<readonly [MorningName, readonly string[]]>([
    ["well", []],
    [
      "partial",
      [
        "the last run is only partly complete: export VisitorActivity: it was not complete after 6 h (PARDOT_EXPORT_TIMEOUT)",
        "windows are left for the next run: VisitorActivity, Opportunity, Email",
      ],
    ],
    ["drift", []],
    ["silent", []],
  ])("%s names its problems", async (name, problems) => {
    const { healthy, problems: found } = await statusOf(name);
    expect([healthy, found]).toEqual([problems.length === 0, problems]);
  });

  it.each(MORNINGS)("%s has the outcome of its last run on record", async (name) => {
    const { outcome, runId } = await openMorning(name);
    const run = (await statusOf(name)).runs.at(-1);
    expect([run?.runId, run?.status]).toEqual([runId, outcome?.status ?? "died"]);
    expect([run?.exitCode, run?.reason]).toEqual([outcome?.exitCode ?? null, outcome?.error?.message ?? run?.reason]);
  });
});
