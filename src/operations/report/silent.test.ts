import { describe, expect, it } from "vitest";
import type { ObjectStatus } from "../../manifest/manifest.ts";
import type { PastRun } from "./api.ts";
import { silentObjects } from "./silent.ts";

function run(rows: number, status: ObjectStatus = "complete"): PastRun {
  const objects = new Map([["Tag", { status, rows }]]);
  const at = "2026-03-20T06:00:00Z";
  return {
    runId: "r",
    startedAt: at,
    finishedAt: at,
    status: "complete",
    calls: 0,
    rows,
    objects,
    warnings: new Set(),
  };
}

describe("an object is silent", () => {
  it.each<readonly [string, readonly PastRun[], number | null]>([
    [
      "if it brought rows in every earlier run and none in the last",
      [...[50, 60, 70, 40, 30].map((n) => run(n)), run(0)],
      50,
    ],
    ["if one of ten earlier runs was without rows", [...Array.from({ length: 9 }, () => run(80)), run(0), run(0)], 80],
    ["not after fewer than five runs", [...[50, 60, 70, 40].map((n) => run(n)), run(0)], null],
    ["not if it was often without rows", [...[50, 60, 70, 0, 40, 0].map((n) => run(n)), run(0)], null],
    ["not if it is always quiet", [...[9, 9, 9, 9, 9, 9].map((n) => run(n)), run(0)], null],
    ["not if it brought a row", [...[50, 60, 70, 40, 30].map((n) => run(n)), run(1)], null],
    ["not if it was not read", [...[50, 60, 70, 40, 30].map((n) => run(n)), run(0, "failed")], null],
    [
      "whatever failed runs brought",
      [...[50, 60, 70, 40, 30].map((n) => run(n)), run(0, "failed"), run(0, "postponed"), run(0)],
      50,
    ],
    ["never without a run", [], null],
  ])("%s", (_what, history, usual) => {
    expect(silentObjects(history)).toEqual(usual === null ? [] : [{ object: "Tag", usual }]);
  });
});
