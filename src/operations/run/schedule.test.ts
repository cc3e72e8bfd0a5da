import { expect, it } from "vitest";
import { prospect, visitor, visitorActivity } from "../../../test/kit/fakes/objects.ts";
import { page } from "../../../test/kit/fakes/scripted-pages.ts";
import type { Config } from "../../config/config.ts";
import { DataError } from "../../errors.ts";
import type { Pardot } from "../../pardot/pardot.ts";
import { Lanes } from "../../platform/lanes.ts";
import { EMPTY_STATE } from "../../state/state.ts";
import type { Change } from "../../state/state.ts";
import { nullWarehouse } from "../../warehouse/open.ts";
import type { Run } from "./context.ts";
import { schedule } from "./schedule.ts";

it("looks up what several objects need at the same time, and records the plan in their order without a failed one", async () => {
  const objects = [visitor, prospect, visitorActivity];
  const recorded: Change[] = [];
  const failed: string[] = [];
  const { signal } = new AbortController();
  let inFlight = 0;
  let most = 0;
  const queryPage: Pardot["queryPage"] = async ({ way }) => {
    inFlight += 1;
    most = Math.max(most, inFlight);
    // Of the look-ups that of the first object ends last, and after it that of the custom fields.
    const turns = objects.some((object) => object.way === way) ? 10 - inFlight : 30;
    for (let turn = 0; turn < turns; turn += 1) await new Promise((resolve) => setImmediate(resolve));
    inFlight -= 1;
    if (way === prospect.way) throw new DataError("no", { code: "data.no", hint: "" });
    return page([{ id: 1, created_at: "2024-05-01 00:00:00" }]);
  };
  const run = {
    id: "run",
    objects,
    lanes: new Lanes(4),
    pardot: { queryPage, calls: { total: 0, byKind: {} } },
    config: { pardot: { timeZone: "UTC" }, etl: { overlapMs: 0, warehouse: { kind: "none" } } } as unknown as Config,
    journal: { state: EMPTY_STATE, record: async (changes: readonly Change[]) => void recorded.push(...changes) },
    warehouse: nullWarehouse,
    failures: { fail: (name: string) => failed.push(name) },
    drain: signal,
    abort: signal,
    onEvent: () => undefined,
  } as unknown as Run;
  await schedule(run, Date.UTC(2026, 0, 1), { full: false, since: null, until: null, acceptGap: false });
  // The oldest records of the three, and the custom fields of prospects.
  expect(most).toBe(4);
  // Also what the failed object still read: a call after the end of a run would not be counted.
  expect(inFlight).toBe(0);
  expect(failed).toEqual(["Prospect"]);
  expect(recorded.map((change) => "object" in change && change.object)).toEqual(["Visitor", "VisitorActivity"]);
});
