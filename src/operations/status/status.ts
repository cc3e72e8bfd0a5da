import type { DestinationConfig } from "../../config/config.ts";
import { formatDuration } from "../../config/parsers.ts";
import { lastNote, notedOn } from "../../state/call-stores.ts";
import { manifestWindow } from "../../manifest/manifest.ts";
import { isSuccess } from "../../state/run-record.ts";
import { warn } from "../../events.ts";
import { reservedOn } from "../../state/ledger.ts";
import { objectState } from "../../state/state.ts";
import type { ObjectState, State } from "../../state/state.ts";
import { gapsWithin } from "../../plan/gaps.ts";
import type { Storage } from "../../storage/storage.ts";
import { EXPORT_LIFE_MS } from "../../pardot/pardot.ts";
import { DAY_MS, isoInstant, SECOND_MS } from "../../time/instant.ts";
import type { Instant, Span } from "../../time/instant.ts";
import { localDay } from "../../time/zone.ts";
import type { StatusExport, StatusObject, StatusOptions, StatusResult } from "../api.ts";
import { isNameHidden } from "../pardot.ts";
import type { Runtime } from "../runtime.ts";
import { committedFiles } from "../committed-files.ts";
import { problemsOf } from "./health.ts";
import { livingRuns } from "./living-runs.ts";
import { retentionRule } from "../../manifest/retention.ts";
import { lostState, openStore, STATE_MISSING } from "../store.ts";

/**
 * Reports the state of the destination: runs and whether they are alive, watermarks, coverage and gaps, open windows.
 * Makes no call to Pardot and never waits: whether a run is alive is judged by its last sign of life.
 */
export async function status(
  config: DestinationConfig,
  runtime: Runtime,
  options: StatusOptions = { maxAgeMs: null },
): Promise<StatusResult> {
  const { clock, signal } = runtime;
  const store = await openStore(config, runtime);
  const { storage, loaded } = store;
  const lost = await lostState(store, signal);
  if (lost !== null) {
    const message = `read the state in ${storage.location}: ${lost}; ${RESTORE}`;
    warn(runtime.onEvent, STATE_MISSING, message);
  }
  const { state, runs } = await livingRuns(loaded.state, storage, runtime);
  const now = clock.now();
  const expired = await expiredFiles(config, storage, runtime);
  const { accountTimeZone: timeZone, dailyCallBudget: budget, quotaShare: share } = config.pardot;
  const pardotNow = await accountClock(state, timeZone, now, storage, signal);
  const known = config.catalog.map((object) => object.name).filter((name) => name in state.objects);
  const objects = known.map((name) => statusObject(name, state, expired.get(name) ?? 0, pardotNow));
  const success = state.runs.findLast(isSuccess);
  const at = success?.finishedAt ?? null;
  const lastSuccess =
    success === undefined || at === null
      ? null
      : { runId: success.runId, at, ageSeconds: ageSeconds(now, Date.parse(at)) };
  const day = localDay(pardotNow, timeZone);
  const calls = reservedOn(state.ledger, day) + (await notedOn(day, storage, signal));
  const seen = state.runs.findLast((run) => run.quota !== undefined && run.finishedAt !== null);
  const seenAt = Date.parse(seen?.finishedAt ?? "1970-01-01") + (seen?.aheadMs ?? 0);
  const { maxAgeMs } = options;
  const isStale = maxAgeMs !== null && (lastSuccess === null || lastSuccess.ageSeconds * SECOND_MS > maxAgeMs);
  const stale = `no complete run of all configured objects in the last ${formatDuration(maxAgeMs ?? 0)} (--max-age)`;
  const problems = [
    ...(isStale ? [stale] : []),
    ...(lost === null ? [] : [`the state: ${lost}; ${RESTORE}, or start over with run --full`]),
    ...problemsOf(state, runs, objects, lastSuccess),
  ];
  return {
    destination: storage.location,
    businessUnit: state.businessUnit,
    businessUnitName: isNameHidden(config) ? null : (state.unitName ?? null),
    pardotNow: isoInstant(pardotNow),
    healthy: problems.length === 0,
    problems,
    lastSuccess,
    runs,
    objects,
    gaps: objects.flatMap(({ object, gaps }) => gaps.map((gap) => ({ object, ...gap }))),
    warnings: state.runs.findLast(({ finishedAt }) => finishedAt !== null)?.warnings ?? [],
    exports: known.flatMap((name) => exportsOf(name, state, pardotNow)),
    callsToday: calls,
    quota: {
      day,
      timeZone,
      calls,
      budget,
      share,
      used: localDay(seenAt, timeZone) === day ? (seen?.quota?.used ?? null) : null,
      max: seen?.quota?.max ?? null,
    },
    exitCode: isStale ? EXIT_NOT_HEALTHY : 0,
  };
}

const EXIT_NOT_HEALTHY = 9;
const RESTORE = "restore _pardot_etl/state from the bucket's versions or a backup";

/**
 * Pardot's current time, by the clock difference that the destination remembers: calls are counted on Pardot's day,
 * and Pardot is not called here. `zone`: where the account's day starts.
 */
async function accountClock(
  state: State,
  zone: string,
  now: Instant,
  storage: Storage,
  signal: AbortSignal,
): Promise<Instant> {
  const run = state.runs.findLast(({ aheadMs, finishedAt }) => aheadMs !== undefined && finishedAt !== null);
  const note = await lastNote(storage, signal);
  if (note !== null && note.at > Date.parse(run?.finishedAt ?? "1970-01-01")) return now + note.aheadMs;
  return now + (run?.aheadMs ?? aheadByDay(state, zone));
}

/**
 * For records of earlier versions, and a first run that has not ended: whole days, or 0 if midnight explains the
 * difference.
 */
function aheadByDay(state: State, zone: string): number {
  const last = state.runs.at(-1);
  if (last === undefined || state.ledger.day === "") return 0;
  const own = localDay(Date.parse(last.finishedAt ?? last.startedAt), zone);
  const days = Math.round((Date.parse(state.ledger.day) - Date.parse(own)) / DAY_MS);
  return Math.abs(days) > 1 ? days * DAY_MS : 0;
}

/** `now` by Pardot's clock, as the time at which an export was requested is. */
function exportsOf(object: string, state: State, now: Instant): StatusExport[] {
  return objectState(state, object).windows.flatMap((window) =>
    window.exports.map(({ exportId, askedAt }) => ({
      object,
      exportId,
      requestedAt: isoInstant(askedAt),
      ageSeconds: ageSeconds(now, askedAt),
      state: now - askedAt >= EXPORT_LIFE_MS ? ("expired" as const) : ("in progress" as const),
      ...isoSpan(window),
    })),
  );
}

/** Both by one clock; a moment ahead counts as now. */
function ageSeconds(now: Instant, at: Instant): number {
  return Math.max(0, Math.floor((now - at) / SECOND_MS));
}

/** By object: committed files past their time. Manifests are read only if there is a limit. */
async function expiredFiles(
  config: DestinationConfig,
  storage: Storage,
  { clock, onEvent, signal }: Runtime,
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  if (config.etl.retentionMs === null) return found;
  const mayBeGone = retentionRule(config.etl.retentionMs, clock.now());
  const { files, problems } = await committedFiles(storage, signal);
  for (const { key, problem } of problems) {
    warn(onEvent, "manifest.damaged", `count the expired files: ${key}: ${problem}`);
  }
  for (const { object, run } of files.values()) if (mayBeGone(run)) found.set(object, (found.get(object) ?? 0) + 1);
  return found;
}

function statusObject(name: string, state: State, expired: number, now: Instant): StatusObject {
  const object: ObjectState = objectState(state, name);
  return {
    object: name,
    watermark: object.watermark,
    zone: object.zone,
    files: object.filesCommitted,
    rows: object.rowsCommitted,
    coverage: object.coverage.map(isoSpan),
    gaps: gapsWithin(object.coverage).map(isoSpan),
    openWindows: object.windows.map((window) => ({
      ...manifestWindow(window),
      exportId: window.exports[0]?.exportId ?? null,
      exportExpired: window.exports.some(({ askedAt }) => now - askedAt >= EXPORT_LIFE_MS),
      filesLanded: window.files.length,
    })),
    notLoaded: object.notLoaded.length,
    expired,
  };
}

function isoSpan(span: Span): { from: string; to: string } {
  return { from: isoInstant(span.from), to: isoInstant(span.to) };
}
