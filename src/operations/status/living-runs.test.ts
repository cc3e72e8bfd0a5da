import { describe, expect, it } from "vitest";
import { fakeClock } from "../../../test/kit/fakes/clock.ts";
import { Journal, loadState } from "../../state/journal.ts";
import { takeLease } from "../../state/lease.ts";
import type { Lease } from "../../state/lease.ts";
import type { Config } from "../../config/config.ts";
import type { State } from "../../state/state.ts";
import type { ProcessIdentity } from "../../platform/process-identity.ts";
import { openMemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import { endDeadRuns } from "../run/recover.ts";
import { livingRuns } from "./living-runs.ts";

// Holds G2: a run that died is never called running.

// Holds S1: status calls a run that gives no sign of life died, never running.

const { signal } = new AbortController();
const NOW = Date.parse("2026-03-20T09:30:00Z");
const TTL = 60_000;
const SELF: ProcessIdentity = { host: "a", boot: "b", pid: 1, started: "c" };

interface Run {
  readonly storage: MemoryStorage;
  readonly state: State;
  readonly lease: Lease;
  /** Gives signs of life for so long. */
  live(ms: number): Promise<void>;
}

/** A run that has begun and records no end. */
async function begun(storage: MemoryStorage = openMemoryStorage(), runId = "r1"): Promise<Run> {
  const clock = fakeClock(NOW);
  let beat: () => void = () => undefined;
  const ticker = { start: (_ms: number, tick: () => void) => ((beat = tick), () => undefined) };
  const lease = await takeLease({
    storage,
    clock,
    ticker,
    processes: { self: SELF, isDead: () => true },
    runId,
    seen: (await loadState(storage, signal)).others,
    list: async () => (await loadState(storage, signal)).others,
    ttlMs: TTL,
    onLost: () => undefined,
    onEvent: () => undefined,
    waitSignal: signal,
    signal,
  });
  const loaded = await loadState(storage, signal);
  const journal = new Journal({ storage, clock, runId, loaded, signal });
  await journal.record([{ type: "run-started", businessUnit: "0Uv", runId, at: new Date(NOW).toISOString() }]);
  const live = async (ms: number): Promise<void> => {
    for (let lived = 0; lived < ms; lived += TTL / 4) {
      await clock.sleep(TTL / 4);
      beat();
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  return { storage, state: journal.state, lease, live };
}

async function statusOf({ storage, state }: Pick<Run, "storage" | "state">, now: number, isDead = false) {
  const runtime = { clock: fakeClock(now), processes: { self: SELF, isDead: () => isDead }, signal };
  const { runs } = await livingRuns(state, storage, runtime);
  return runs.map(({ runId, status }) => [runId, status]);
}

describe("a run that has recorded no end", () => {
  it.each([
    ["running", "has just begun", 0, 1000],
    ["running", "gave a sign of life not long ago", 10 * TTL, 10 * TTL + 2 * TTL],
    ["died", "gave no sign of life for two lease lives", 10 * TTL, 10 * TTL + 2 * TTL + 1],
    ["died", "has never given a sign of life after its begin", 0, 2 * TTL + 1],
  ] as const)("is %s when it %s", async (status, _what, lived, later) => {
    const run = await begun();
    await run.live(lived);
    expect(await statusOf(run, NOW + later)).toEqual([["r1", status]]);
  });

  it("is running when the clock of its machine is ahead of ours", async () => {
    const run = await begun();
    expect(await statusOf(run, NOW - 3_600_000)).toEqual([["r1", "running"]]);
  });

  it("has died if its process on this machine is known to be gone, however recently", async () => {
    expect(await statusOf(await begun(), NOW + 1, true)).toEqual([["r1", "died"]]);
  });

  it("has died if it released the lease without a record of its end", async () => {
    const run = await begun();
    await run.lease.release();
    expect(await statusOf(run, NOW)).toEqual([["r1", "died"]]);
  });

  it("has died if another run holds the lease", async () => {
    const first = await begun();
    const second = await begun(first.storage, "r2");
    expect(await statusOf(second, NOW)).toEqual([
      ["r1", "died"],
      ["r2", "running"],
    ]);
  });

  it("is not reported as dead if it records its end between two reads", async () => {
    const run = await begun();
    const loaded = await loadState(run.storage, signal);
    const journal = new Journal({ storage: run.storage, clock: fakeClock(NOW), runId: "r1", loaded, signal });
    const at = new Date(NOW).toISOString();
    const counts = { rows: 0, files: 0, calls: 0 };
    await journal.record([
      { type: "run-finished", runId: "r1", startedAt: at, finishedAt: at, status: "complete", ...counts },
    ]);
    await run.lease.release();
    expect(await statusOf(run, NOW)).toEqual([["r1", "complete"]]);
  });
});

it("the record of a dead run is read back from the destination", async () => {
  const { storage } = await begun();
  const loaded = await loadState(storage, signal);
  const journal = new Journal({ storage, clock: fakeClock(NOW), runId: "r2", loaded, signal });
  const config = { pardot: { businessUnitId: "0Uv", timeZone: "UTC" } } as Config;
  await journal.record(await endDeadRuns({ config, found: loaded, storage, startedAt: NOW, drain: signal }));
  await journal.compact();
  const { state } = await loadState(storage, signal);
  expect(await statusOf({ state, storage }, NOW)).toEqual([["r1", "died"]]);
});
