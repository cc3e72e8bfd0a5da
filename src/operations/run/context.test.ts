import { expect, it } from "vitest";
import { openMorning, runtimeOf } from "../../../test/kit/mornings.ts";
import { loadState } from "../../state/journal.ts";
import { historyOf } from "./context.ts";

it("knows from the state alone what a usual day brings and how long a complete run takes, for a plain run only", async () => {
  const { storage, runId } = await openMorning("well");
  const { signal } = runtimeOf({ storage, now: 0 });
  const { state } = await loadState(storage, signal);
  const names = ["Prospect", "Tag", "Visit"];
  const known = historyOf(state, names, true);
  expect(state.runs.at(-1)?.runId).toBe(runId);
  expect(known).toMatchObject({ unitName: "Acme Tools EMEA", lastTookMs: 660_000 });
  expect(Object.keys(known.usualRows)).toEqual(["Prospect"]);
  expect(known.usualRows["Prospect"]).toBeGreaterThan(500);
  expect(known.readTo).toEqual({ Prospect: "2026-03-20T06:00:00Z", Tag: "2026-03-20T06:00:00Z" });
  const other = historyOf(state, names, false);
  expect([other.usualRows, other.lastTookMs, other.readTo]).toEqual([{}, null, known.readTo]);
});
