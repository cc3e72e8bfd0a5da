import { describe, expect, it } from "vitest";
import { manifestObject, manifestOf, namedFile, writeManifest } from "../../../test/kit/manifests.ts";
import { manifestKey } from "../../manifest/manifest.ts";
import { EMPTY_STATE } from "../../state/state.ts";
import type { RunRecord, State } from "../../state/state.ts";
import { openMemoryStorage } from "../../../test/kit/fakes/memory-storage.ts";
import type { Run } from "./context.ts";
import { endDeadRuns, recover } from "./recover.ts";

// Holds G5: a run that slept while another took over commits nothing when it wakes up.

const { signal } = new AbortController();
const NOW = Date.parse("2026-03-20T09:30:00Z");

function record(runId: string, status: RunRecord["status"]): RunRecord {
  return { runId, startedAt: "2026-03-20T08:00:00.000Z", finishedAt: null, status, rows: 0, files: 0, calls: 0 };
}

function input(...runs: RunRecord[]): Run & { readonly storage: ReturnType<typeof openMemoryStorage> } {
  const config = { pardot: { businessUnitId: "0UvSIM0000000001AB", timeZone: "UTC" } };
  const state: State = { ...EMPTY_STATE, runs };
  const run = { config, found: { state }, storage: openMemoryStorage(), startedAt: NOW, drain: signal };
  return run as unknown as Run & { readonly storage: typeof run.storage };
}

function read(storage: ReturnType<typeof openMemoryStorage>, runId: string): unknown {
  return JSON.parse(Buffer.from(storage.files.get(manifestKey(runId)) ?? []).toString("utf8"));
}

describe("G5 taking over", () => {
  it("takes the manifest's name from a run that never reported its end", async () => {
    const given = input(record("a", "complete"), record("b", "running"));
    const changes = await endDeadRuns(given);
    expect(changes).toEqual([
      {
        type: "run-finished",
        ...record("b", "died"),
        finishedAt: "2026-03-20T09:30:00.000Z",
        takenOver: true,
        error: {
          code: "run.died",
          message: expect.stringContaining("before it could commit") as string,
          hint: expect.stringContaining("the next run takes over") as string,
        },
      },
    ]);
    expect([...given.storage.files.keys()]).toEqual([manifestKey("b")]);
    expect(read(given.storage, "b")).toMatchObject({ run_id: "b", status: "failed", objects: [] });
    expect(await given.storage.create(manifestKey("b"), Buffer.from("late"), signal)).toBe("exists");
  });

  it("keeps the manifest of a run that died after writing it, and records its numbers", async () => {
    const given = input(record("b", "running"));
    const files = [namedFile("Tag/1.csv", { rows: 7 }), namedFile("Tag/2.csv", { rows: 5 })];
    const objects = [manifestObject("Tag", { files })];
    const own = manifestOf("b", { status: "partial", api_calls: { total: 9, by_kind: {} }, objects });
    await writeManifest(given.storage, own);
    const [change] = await endDeadRuns(given);
    expect(change).toMatchObject({ status: "died", rows: 12, files: 2, calls: 9 });
    expect(change).toMatchObject({ finishedAt: "2026-03-20T08:10:00.000Z" });
    expect(change).toMatchObject({ error: { message: expect.stringContaining("after it had committed") as string } });
    expect(change).not.toHaveProperty("takenOver");
    expect(read(given.storage, "b")).toEqual(own);
  });

  it("still expects a run to wake up if the run that took over died before recording it", async () => {
    const given = input(record("b", "running"));
    await endDeadRuns(given);
    expect(await endDeadRuns(given)).toMatchObject([{ runId: "b", status: "died", takenOver: true }]);
  });

  it("takes over from a run whose manifest is damaged, or is another run's", async () => {
    for (const text of ["{", "null", '{"objects":[]}', JSON.stringify(manifestOf("c"))]) {
      const given = input(record("b", "running"));
      await given.storage.create(manifestKey("b"), Buffer.from(text), signal);
      expect(await endDeadRuns(given)).toMatchObject([{ runId: "b", status: "died", files: 0 }]);
    }
  });

  it("announces a run that died, which could not notify its people, and no other", async () => {
    const events: unknown[] = [];
    const journal = { record: async () => {} };
    const budget = { prepare: async () => {} };
    const given = { ...input(record("a", "complete"), record("b", "running")), journal, budget, id: "c" };
    await recover({ ...given, onEvent: (event: unknown) => events.push(event) } as unknown as Run);
    const message = expect.stringContaining("killed, or ran out of memory") as string;
    expect(events).toEqual([{ type: "run-died", died: "b", startedAt: "2026-03-20T08:00:00.000Z", message }]);
  });

  it("does nothing if every run has ended", async () => {
    const given = input(record("a", "complete"), record("b", "failed"));
    expect(await endDeadRuns(given)).toEqual([]);
    expect(given.storage.effects).toEqual([]);
  });
});
