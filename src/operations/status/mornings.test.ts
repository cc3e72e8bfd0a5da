import { describe, expect, it } from "vitest";
import { MORNINGS, openMorning, runtimeOf } from "../../../test/kit/mornings.ts";
import type { MorningName } from "../../../test/kit/mornings.ts";
import type { StatusResult } from "../api.ts";
import { status } from "./status.ts";

async function statusOf(name: MorningName): Promise<StatusResult> {
  const morning = await openMorning(name);
  return status(morning.config, runtimeOf(morning));
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

  it("silent is healthy, and has the warning of the run in the words of the mail", async () => {
    const { outcome } = await openMorning("silent");
    const [warning, ...more] = (await statusOf("silent")).warnings;
    expect([warning?.code, warning?.objects, more]).toEqual(["object.silent", ["ListMembership"], []]);
    expect(outcome?.warnings).toEqual([`ListMembership: ${String(warning?.message)}`]);
  });

  it.each(MORNINGS)("%s has the outcome of its last run on record", async (name) => {
    const { outcome, runId } = await openMorning(name);
    const run = (await statusOf(name)).runs.at(-1);
    expect([run?.runId, run?.status]).toEqual([runId, outcome?.status ?? "died"]);
    expect([run?.exitCode, run?.reason]).toEqual([outcome?.exitCode ?? null, outcome?.error?.message ?? run?.reason]);
  });
});
