import { Journal, loadState } from "../../../src/state/journal.ts";
import { windowId } from "../../../src/state/state.ts";
import type { PlannedWindow } from "../../../src/state/state.ts";
import type { Config } from "../../../src/config/config.ts";
import type { RunEvent } from "../../../src/events.ts";
import type { Extraction } from "../../../src/extract/context.ts";
import type { ExportJob } from "../../../src/extract/export-queue.ts";
import type { ExportRead, ExportRequest, ExportStatus, Pardot } from "../../../src/pardot/pardot.ts";
import { Lanes } from "../../../src/platform/lanes.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { fakeClock } from "./clock.ts";
import { openMemoryStorage } from "./memory-storage.ts";

export const never: AbortSignal = new AbortController().signal;
type FakeClock = ReturnType<typeof fakeClock>;

interface ExportingServer {
  readonly pardot: Pardot;
  readonly created: { id: string; readyAt: number }[];
  /** Ids in the order in which they were read. */
  readonly reads: string[];
  /** What a read of an export returns or throws instead. */
  readonly overrides: Map<string, Partial<ExportStatus> | Error>;
  /** Most exports of ours that waited at a time. */
  readonly waitingMax: () => number;
}

export interface ExportScene {
  readonly clock: FakeClock;
  readonly server: ExportingServer;
  readonly journal: Journal;
  readonly events: RunEvent[];
  /** Ids of the exports that have landed. */
  readonly landed: string[];
  readonly failures: unknown[];
  readonly landing: { now: number; most: number };
  readonly extraction: Extraction;
  jobs: ExportJob[];
}

export const request: ExportRequest = { api: "v4", object: "Thing", fields: ["id"], procedure: "p", arguments: {} };
export const planned = (n: number): PlannedWindow => ({ field: "updated_at", from: n, to: n + 1, askFrom: n });

/** A Pardot that works exports off one after another, each in `workMs`, by the fake clock. */
function exporting(clock: FakeClock, workMs: number): ExportingServer {
  const created: { id: string; readyAt: number }[] = [];
  const reads: string[] = [];
  const overrides = new Map<string, Partial<ExportStatus> | Error>();
  let waitingMax = 0;
  const done = new Set<string>();
  const status = (id: string): ExportStatus => {
    const entry = created.find((candidate) => candidate.id === id);
    const state = entry !== undefined && entry.readyAt <= clock.now() ? "Complete" : "Processing";
    if (state === "Complete") done.add(id);
    return { id, state, stateText: state, isExpired: false, createdAt: null, resultRefs: [] };
  };
  const pardot = {
    createExport: async () => {
      const free = Math.max(clock.now(), created.at(-1)?.readyAt ?? 0);
      const id = String(created.length + 1);
      created.push({ id, readyAt: free + workMs });
      waitingMax = Math.max(waitingMax, created.length - done.size);
      return { ...status(id), state: "Waiting" as const };
    },
    readExport: async ({ id }: ExportRead) => {
      reads.push(id);
      const override = overrides.get(id);
      if (override instanceof Error) throw override;
      return { ...status(id), ...override };
    },
  } as unknown as Pardot;
  return { pardot, created, reads, overrides, waitingMax: () => waitingMax };
}

/** A run with planned windows of one object, and a Pardot that takes `workMs` for each export. */
export async function exportScene(windows: number, workMs = 10_000): Promise<ExportScene> {
  const clock = fakeClock();
  const server = exporting(clock, workMs);
  const storage = openMemoryStorage();
  const journal = new Journal({ storage, clock, runId: "r", loaded: await loadState(storage, never), signal: never });
  const plan = Array.from({ length: windows }, (_, n) => planned(n));
  await journal.record([{ type: "planned", object: "Thing", runId: "r", zone: "UTC", windows: plan }]);
  const events: RunEvent[] = [];
  const landed: string[] = [];
  const failures: unknown[] = [];
  const landing: { now: number; most: number } = { now: 0, most: 0 };
  const job = (n: number): ExportJob => ({
    api: "v4",
    object: "Thing",
    windowId: windowId("Thing", planned(n)),
    spanMs: 1,
    isAwaited: false,
    group: 0,
    request: async () => ({ status: await server.pardot.createExport(request, never), groups: [["id"]] }),
    land: async (status) => {
      landing.now += 1;
      landing.most = Math.max(landing.most, landing.now);
      // Long enough for others to begin.
      for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
      landed.push(status.id);
      landing.now -= 1;
    },
    fail: (error) => failures.push(error),
    isAbandoned: () => failures.length > 0,
  });
  const extraction = {
    pardot: server.pardot,
    journal,
    clock,
    pardotNow: () => clock.now(),
    random: systemRandom,
    storage,
    converter: null,
    onEvent: (event: RunEvent) => events.push(event),
    drain: never,
    lanes: new Lanes(4),
    abort: never,
    config: {
      pardot: { maxConcurrency: 5, maxWaitingExports: 4, exportPollIntervalMs: 60_000, exportTimeoutMs: 6 * 3_600_000 },
    } as Config,
  } satisfies Extraction;
  return { clock, server, journal, events, landed, failures, landing, extraction, jobs: plan.map((_, n) => job(n)) };
}

/** Puts an export on the books that an earlier run requested at `at`. */
export async function requested(t: ExportScene, at: number): Promise<void> {
  const { id: exportId } = await t.server.pardot.createExport(request, never);
  const window = windowId("Thing", planned(0));
  await t.journal.record([{ type: "export-created", object: "Thing", window, exportId, at }]);
}
