import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { catalog } from "../../src/catalog/index.ts";
import type { DestinationConfig } from "../../src/config/config.ts";
import { failureOf } from "../../src/errors.ts";
import { manifestKey, totals } from "../../src/manifest/manifest.ts";
import type { Manifest, ManifestWarning } from "../../src/manifest/manifest.ts";
import type { OnEvent, RunEvent } from "../../src/events.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { RunRecorder } from "../../src/operations/run/outcome.ts";
import { warnOfSilence } from "../../src/operations/run/silent.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import type { RunOutcome } from "../../src/operations/run/outcome.ts";
import { Journal, loadState } from "../../src/state/journal.ts";
import { historyOf } from "../../src/operations/run/context.ts";
import { warningsByCode } from "../../src/state/run-record.ts";
import { rejectsBytes, rejectsKey } from "../../src/state/rejects.ts";
import type { Change } from "../../src/state/state.ts";
import { DAY_MS, isoInstant } from "../../src/time/instant.ts";
import type { Instant } from "../../src/time/instant.ts";
import { fakeClock } from "./fakes/clock.ts";
import { openMemoryStorage } from "./fakes/memory-storage.ts";
import type { MemoryStorage } from "./fakes/memory-storage.ts";
import { writeManifest } from "./manifests.ts";
import {
  failedError,
  MORNING,
  OBJECTS_READ,
  objectChanges,
  objectEntry,
  plainDay,
  warningsOf,
} from "./morning-objects.ts";
import type { ObjectDay } from "./morning-objects.ts";

// What an operator may find in the morning: two weeks of good runs, and then one of seven. All who tell people about a
// run (report, status, notifications) are read on the same seven.

export const MORNINGS = ["well", "partial", "died", "quota", "drift", "rejects", "silent"] as const;
export type MorningName = (typeof MORNINGS)[number];

export interface Morning {
  readonly name: MorningName;
  /** The destination with state and manifests; no landed files. */
  readonly storage: MemoryStorage;
  /** Two hours after the last run began. */
  readonly now: Instant;
  /** The last run. */
  readonly runId: string;
  readonly config: DestinationConfig;
  /** How the last run ended, as its summary and notifications get it; null for a run that died. */
  readonly outcome: RunOutcome | null;
}

/** Runs before the morning's, one a day. */
const DAYS = 14;
const UNIT = "0UvSIM0000000001AB";
const UNIT_NAME = "Acme Tools EMEA";
const NEVER = new AbortController().signal;
const TOOK_MS = 11 * 60_000;
const QUOTA_MAX = 25_000;

const CONFIG: DestinationConfig = {
  pardot: { timeZone: "UTC", accountTimeZone: "UTC", dailyCallBudget: null, quotaShare: 0.8 },
  etl: {
    destination: { kind: "folder", path: "/data" },
    s3PathStyle: null,
    overlapMs: DAY_MS,
    v5LagMs: 300_000,
    retentionMs: null,
    tmpDir: "/tmp",
  },
  catalog,
};

/** What differs from a good run. */
interface Story {
  /** By object. */
  readonly changes: Readonly<Record<string, Partial<ObjectDay>>>;
  /** Calls of all integrations at its end. */
  readonly quotaUsed?: number;
  readonly isCutShort?: true;
}

const STORIES: Readonly<Record<MorningName, Story>> = {
  well: { changes: {} },
  partial: {
    changes: {
      VisitorActivity: { short: "export" },
      Opportunity: { short: "refused" },
      Email: { short: "waiting" },
    },
  },
  died: { changes: {}, isCutShort: true },
  quota: {
    changes: Object.fromEntries(OBJECTS_READ.slice(5).map((object) => [object, { short: "quota" as const }])),
    quotaUsed: 20_000,
  },
  drift: {
    changes: {
      Prospect: { drift: { appeared: ["Favorite_Color__c", "NPS_Score__c"], vanished: ["Old_Segment__c"] } },
      Opportunity: { refused: ["probability"] },
    },
  },
  rejects: {
    changes: {
      Prospect: { rejects: ["4711", "4712", "5013"].map((id) => ({ id, column: "score" })) },
      Tag: { rejects: [{ id: null, column: null }] },
    },
  },
  silent: { changes: { ListMembership: { rows: 0 } } },
};

let history: Promise<MemoryStorage> | null = null;

/** The two weeks before, made once. */
async function goodRuns(): Promise<MemoryStorage> {
  const storage = openMemoryStorage();
  for (let day = -DAYS; day < 0; day += 1) await addRun(storage, day, STORIES.well);
  return storage;
}

export async function openMorning(name: MorningName): Promise<Morning> {
  const storage = openMemoryStorage();
  history ??= goodRuns();
  for (const [key, bytes] of (await history).files) await storage.create(key, bytes, NEVER);
  const { runId, outcome } = await addRun(storage, 0, STORIES[name]);
  return { name, storage, now: MORNING + 2 * 3_600_000, runId, config: CONFIG, outcome };
}

/** What an operation gets on this morning: its destination and its time. */
export function runtimeOf({ storage, now }: Pick<Morning, "storage" | "now">, onEvent: OnEvent = () => {}): Runtime {
  const processes = { self: { host: "", boot: "", pid: 1, started: "" }, isDead: () => false };
  const openStorage = async (): Promise<MemoryStorage> => storage;
  const transport = async (): Promise<never> => {
    throw new Error("Pardot must not be called");
  };
  const ticker = { start: () => () => {} };
  const clock = fakeClock(now);
  return { signal: NEVER, onEvent, clock, random: systemRandom, processes, ticker, transport, openStorage };
}

/** Writes a morning's destination into a folder, for the command line. */
export async function layOutMorning({ storage }: Pick<Morning, "storage">, folder: string): Promise<void> {
  for (const [key, bytes] of storage.files) {
    const path = join(folder, key);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, bytes);
  }
}

/** Adds the run of a day, counted from the morning. */
async function addRun(
  storage: MemoryStorage,
  day: number,
  story: Story,
): Promise<{ readonly runId: string; readonly outcome: RunOutcome | null }> {
  const startedAt = MORNING + day * DAY_MS;
  const runId = `${isoInstant(startedAt).replaceAll(/[-:]/g, "")}-${(0xabc000 + day).toString(16)}`;
  const finishedAt = startedAt + TOOK_MS;
  const journal = new Journal({
    storage,
    clock: fakeClock(finishedAt),
    runId,
    loaded: await loadState(storage, NEVER),
    signal: NEVER,
  });
  const objects = OBJECTS_READ.map((object): ObjectDay => ({ ...plainDay(object, day), ...story.changes[object] }));
  const past = historyOf(journal.state, OBJECTS_READ, true);
  const started: Change = { type: "run-started", businessUnit: UNIT, runId, at: new Date(startedAt).toISOString() };
  await journal.record([started, ...objects.flatMap((object) => objectChanges(object, runId, story.isCutShort))]);
  if (story.isCutShort === true) return { runId, outcome: null };
  const complete = objects.filter(({ short }) => short === null);
  const read = {
    day: isoInstant(startedAt).slice(0, 10),
    rows: Object.fromEntries(complete.map(({ object, rows: count }) => [object, count])),
  };
  const silences: ManifestWarning[] = [];
  const onEvent: OnEvent = (event) => {
    if (event.type === "warning") silences.push({ code: event.code, object: event.object, message: event.message });
  };
  warnOfSilence(read, { journal, onEvent });
  const manifest = manifestOfDay(runId, startedAt, objects, silences);
  for (const { object, rejects } of objects) {
    const bytes = rejectsBytes(
      object,
      rejects.map(({ id, column }) => ({ id, column, reason: `"n/a" is not an integer`, record: { id } })),
    );
    if (rejects.length > 0) await storage.create(rejectsKey(runId, object), bytes, NEVER);
  }
  await writeManifest(storage, manifest);
  const error = failedError(manifest);
  const { files, rows } = totals(manifest.objects.flatMap((object) => object.files));
  const quotaUsed = story.quotaUsed ?? 3100 + 17 * day;
  const committed = objects.flatMap(({ object }): Change[] => {
    const windows = journal.state.objects[object]?.windows ?? [];
    const ids = (isDone: boolean): string[] => windows.filter(({ done }) => done === isDone).map(({ id }) => id);
    const change = { object, manifest: manifestKey(runId), windows: ids(true), open: ids(false), load: false };
    return [
      ...(journal.state.objects[object]?.fields.listed === null ? [] : [{ type: "fields-reported" as const, object }]),
      { type: "committed", ...change },
    ];
  });
  await journal.record([
    { type: "calls-reserved", day: isoInstant(startedAt).slice(0, 10), calls: manifest.api_calls.total },
    ...committed,
    {
      type: "run-finished",
      runId,
      startedAt: new Date(startedAt).toISOString(),
      finishedAt: new Date(finishedAt).toISOString(),
      status: manifest.status,
      rows,
      files,
      calls: manifest.api_calls.total,
      exitCode: error?.exitCode ?? 0,
      ...(error === null ? { isWhole: true as const } : { error: failureOf(error) }),
      aheadMs: 0,
      quota: { used: quotaUsed, max: QUOTA_MAX },
      read,
      unitName: UNIT_NAME,
      ...(manifest.warnings.length === 0 ? {} : { warnings: warningsByCode(manifest.warnings) }),
    },
  ]);
  return {
    runId,
    outcome: outcomeOf(manifest, startedAt, quotaUsed, [past, { type: "unit-known", unitName: UNIT_NAME }]),
  };
}

function manifestOfDay(
  runId: string,
  startedAt: Instant,
  days: readonly ObjectDay[],
  silences: readonly ManifestWarning[],
): Manifest {
  const objects = days.map(objectEntry);
  const kinds = days.flatMap(({ calls }) => Object.entries(calls));
  const byKind: Record<string, number> = { "account read": 1 };
  for (const [kind, count] of kinds) byKind[kind] = (byKind[kind] ?? 0) + count;
  const short = objects.some(({ status, rejected_rows: rejected = 0 }) => status !== "complete" || rejected > 0);
  return {
    format_version: 1,
    run_id: runId,
    business_unit: UNIT,
    started_at: isoInstant(startedAt),
    finished_at: isoInstant(startedAt + TOOK_MS),
    status: short ? "partial" : "complete",
    time_zone: "UTC",
    now: isoInstant(startedAt),
    api_calls: { total: Object.values(byKind).reduce((sum, count) => sum + count, 0), by_kind: byKind },
    objects,
    warnings: [...days.flatMap(warningsOf), ...silences],
  };
}

/** The outcome as the run's own recorder makes it. */
function outcomeOf(manifest: Manifest, startedAt: Instant, quotaUsed: number, known: readonly RunEvent[]): RunOutcome {
  const clock = fakeClock(startedAt);
  const recorder = new RunRecorder(clock);
  for (const event of known) recorder.record(event);
  const { run_id: runId, business_unit: businessUnit, objects, warnings } = manifest;
  recorder.record({ type: "run-started", runId, businessUnit, objects: objects.map(({ object }) => object) });
  for (const { code, object, message } of warnings) recorder.record({ type: "warning", code, object, message });
  for (const { object, status, error } of objects) {
    if (status !== "postponed" && status !== "waiting") continue;
    recorder.record({ type: "object-postponed", object, status, code: error?.code ?? "" });
  }
  const calls = manifest.api_calls.total;
  const day = { callsToday: calls, callsBudget: null, quotaUsed, quotaMax: QUOTA_MAX };
  recorder.record({ type: "calls-counted", calls, ...day, quotaShare: quotaUsed / (QUOTA_MAX * 0.8) });
  const error = failedError(manifest);
  const result = { manifest, manifestKey: manifestKey(runId), loaded: [], notLoaded: [], error };
  const exitCode = error?.exitCode ?? 0;
  return {
    ...recorder.finished(
      { ...result, exitCode },
      { etl: { ...CONFIG.etl, objects: OBJECTS_READ, configuredObjects: OBJECTS_READ } as never },
    ),
    durationMs: TOOK_MS,
  };
}
