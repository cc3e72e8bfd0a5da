import type { Config, DestinationConfig } from "../../config/config.ts";
import { exitCodeOf, PardotEtlError, problemText } from "../../errors.ts";
import type { Pardot, WireRecord } from "../../pardot/pardot.ts";
import { probeStorage } from "../../storage/probe.ts";
import { isoInstant, SECOND_MS } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
import { boundAfter, boundBefore, fromLocal, toLocal } from "../../time/zone.ts";
import type { CheckLine, CheckResult, Surroundings } from "../api.ts";
import { credentialsLine, notingWarnings } from "./credentials.ts";
import { noSecretsLine, secretsLine } from "./secrets.ts";
import { checkWarehouse } from "./warehouse.ts";
import { impatient } from "./reach.ts";
import { checkStateIsThere } from "../lost-state.ts";
import { notingCalls } from "../noting-calls.ts";
import type { Calling } from "../noting-calls.ts";
import { checkAgainstState, connect, openPardot, openStore, pardotClock } from "../session.ts";
import type { Connection, Store } from "../session.ts";
import { setupStep } from "./setup-steps.ts";
import { grouped, humaneDuration } from "../../text.ts";

type Name = CheckLine["name"];

const PARDOT_NAMES = ["credentials", "business unit", "quota", "clock", "time zone"] as const;

/** A machine's clock this far off Pardot's is worth a word: leases and log times depend on it. */
const CLOCK_OFF_MS = 2 * 60 * SECOND_MS;

/** Zones differ by quarters of an hour; what is left over is the time the call took. */
const ZONE_STEP_MS = 15 * 60 * SECOND_MS;

/**
 * Tries everything a run needs, one line each, and goes on after a failure. Asks Pardot twice: for the account, and for
 * one small export whose time of creation betrays the API user's zone (v4 tells it nowhere else: pardot/api-docs issue
 * 156).
 */
export async function check(
  config: Config,
  surroundings: Surroundings,
  onLine: OnLine = () => undefined,
): Promise<CheckResult> {
  const lines: CheckLine[] = [];
  const add = (...found: readonly CheckLine[]): void => {
    lines.push(...found);
    for (const line of found) onLine(line);
  };
  add(ok("configuration", `complete: ${config.etl.objects.length} objects into ${destinationText(config)}`));
  if (config.references.length > 0) add(await secretsLine(config, surroundings));
  const fits = async (store: Store): Promise<void> => {
    await checkStateIsThere(store, { ...config.pardot, full: false }, surroundings);
    checkAgainstState(config, store.loaded.state, false);
  };
  add(await attempt("destination", () => checkDestination(config, fits, surroundings)));
  add(await attempt("warehouse", () => checkWarehouse(config, surroundings)));
  add(...(await checkPardot(config, surroundings)));
  return resultOf(lines);
}

/** Called with each line as it is known. */
type OnLine = (line: CheckLine) => void;

/** Tries what can be tried when secrets cannot be fetched from AWS, which `error` tells. */
export async function checkWithoutSecrets(
  config: DestinationConfig,
  error: PardotEtlError,
  surroundings: Surroundings,
  onLine: OnLine = () => undefined,
): Promise<CheckResult> {
  const names = ["warehouse", "credentials", "business unit", "quota", "clock", "time zone"] as const;
  const lines = [
    ok("configuration", "complete but for the secrets that are kept in AWS"),
    noSecretsLine(error),
    await attempt("destination", () => checkDestination(config, async () => {}, surroundings)),
    ...names.map((name) => skipped(name, "not reached")),
  ];
  for (const line of lines) onLine(line);
  return resultOf(lines);
}

function resultOf(lines: readonly CheckLine[]): CheckResult {
  return { lines, exitCode: lines.find((line) => line.status === "failed")?.exitCode ?? 0 };
}

async function checkDestination(
  config: DestinationConfig,
  fits: (store: Store) => Promise<void>,
  surroundings: Surroundings,
): Promise<CheckLine> {
  const store = await openStore(config, surroundings);
  const { storage, loaded } = store;
  await fits(store);
  await probeStorage(storage, config.etl.tmpDir, surroundings.signal);
  const before = loaded.sequence === 0 ? "nothing landed yet" : `state entry ${loaded.sequence}`;
  return ok("destination", `${storage.location} can be written and refuses to overwrite; ${before}`);
}

async function checkPardot(config: Config, surroundings: Surroundings): Promise<CheckLine[]> {
  const { onEvent, noted } = notingWarnings(surroundings.onEvent);
  const { transport, signal } = impatient(surroundings.transport, config.pardot);
  const bounded = { ...surroundings, onEvent, transport, signal: AbortSignal.any([surroundings.signal, signal]) };
  const calling = await callingOf(config, bounded);
  try {
    return await checkConnection(config, calling, noted, bounded);
  } finally {
    await calling.settle();
  }
}

/** Counts its calls in the destination; where that cannot be opened, which has a line of its own, nowhere. */
async function callingOf(config: Config, surroundings: Surroundings): Promise<Calling> {
  try {
    const { storage } = await openStore(config, surroundings);
    return notingCalls("check", { config, storage, surroundings });
  } catch {
    const time = pardotClock(surroundings);
    const pardot = openPardot(config, { take: async () => undefined }, surroundings);
    return { pardot, time, callsToday: async () => pardot.calls.total, settle: () => pardot.settled() };
  }
}

async function checkConnection(
  config: Config,
  { pardot, time }: Calling,
  noted: ReadonlyMap<string, string>,
  surroundings: Surroundings,
): Promise<CheckLine[]> {
  let connection: Connection;
  try {
    connection = await connect(pardot, time, surroundings, surroundings.signal);
  } catch (error) {
    const line = failedLogin(nameOf(error), error);
    // Pardot looks at the business unit and the quota only when it has accepted the token.
    const isLoggedIn = line.name === "business unit" || (error as PardotEtlError).code === "pardot.daily-limit";
    const credentials = ok("credentials", `accepted by the flow ${config.pardot.auth.flow}`);
    return PARDOT_NAMES.map((name) => {
      if (name === line.name) return line;
      return isLoggedIn && name === "credentials" ? credentials : skipped(name, "not reached");
    });
  }
  const zone = await attempt("time zone", () => checkZone(config, connection, () => time.now(), surroundings));
  // The export of the zone may have needed another token.
  await pardot.settled();
  return [
    credentialsLine(config.pardot.auth.flow, pardot.version, noted),
    ok("business unit", `${config.pardot.businessUnitId} is ${companyOf(connection.account)}`),
    quotaLine(pardot, config.pardot.quotaShare),
    clockLine(connection.now, surroundings),
    zone,
  ];
}

function companyOf(account: WireRecord): string {
  const { company } = account;
  return typeof company === "string" && company !== "" ? company : "without a name";
}

function quotaLine(pardot: Pardot, limit: number): CheckLine {
  const { usage } = pardot;
  if (usage === null)
    return skipped("quota", "the API does not tell; PARDOT_DAILY_CALL_BUDGET sets a limit of your own");
  const share = Math.round((usage.used / usage.max) * 100);
  const message = `${grouped(usage.used)} of ${grouped(usage.max)} calls of the day are used (${share} %)`;
  if (usage.used < usage.max * limit) return ok("quota", message);
  return warning(
    "quota",
    message,
    `A run stops at ${Math.round(limit * 100)} % (PARDOT_QUOTA_SHARE). Wait for the account's next day, or find out what spends the calls.`,
  );
}

function clockLine(now: Instant, surroundings: Surroundings): CheckLine {
  const off = surroundings.clock.now() - now;
  const message = `Pardot says ${isoInstant(now)}, this machine is ${humaneDuration(off)} ${off < 0 ? "behind" : "ahead"}`;
  if (Math.abs(off) <= CLOCK_OFF_MS) return ok("clock", message);
  return warning(
    "clock",
    message,
    "Windows follow Pardot's clock, so no data is at risk; set this machine's clock all the same.",
  );
}

async function checkZone(
  config: Config,
  connection: Connection,
  now: () => Instant,
  surroundings: Surroundings,
): Promise<CheckLine> {
  const { timeZone } = config.pardot;
  const object = config.catalog.find((candidate) => candidate.v4.export !== undefined);
  const procedure = object?.v4.export?.procedures[0];
  if (object?.v4.export === undefined || procedure === undefined) {
    return skipped("time zone", "no object of the catalogue has an export to learn it from");
  }
  const request = {
    object: object.v4.export.object,
    fields: [object.key],
    procedure: procedure.name,
    arguments: {
      ...procedure.arguments,
      [procedure.range.after]: boundAfter(connection.now - SECOND_MS, timeZone),
      [procedure.range.before]: boundBefore(connection.now, timeZone),
    },
  };
  const { createdAt } = await connection.pardot.createExport(request, surroundings.signal);
  if (createdAt === null) return skipped("time zone", "the export did not say when it was created");
  const offset = fromLocal(createdAt, "UTC", "earlier") - now();
  const expected = fromLocal(toLocal(now(), timeZone), "UTC", "earlier") - now();
  const steps = (ms: number): number => Math.round(ms / ZONE_STEP_MS);
  if (steps(offset) === steps(expected)) return ok("time zone", `${timeZone}: an export created now says ${createdAt}`);
  return {
    name: "time zone",
    status: "failed",
    message: `PARDOT_TIMEZONE is ${timeZone}, where it is ${toLocal(now(), timeZone)}, but an export created now says ${createdAt} (UTC${hours(offset)})`,
    hint: "Set PARDOT_TIMEZONE to the zone in the API user's profile in Account Engagement; with a wrong one, ranges begin and end at the wrong hour.",
    exitCode: 2,
  };
}

function hours(offsetMs: number): string {
  const minutes = Math.round(offsetMs / ZONE_STEP_MS) * 15;
  const text = `${String(Math.floor(Math.abs(minutes) / 60)).padStart(2, "0")}:${String(Math.abs(minutes) % 60).padStart(2, "0")}`;
  return `${minutes < 0 ? "-" : "+"}${text}`;
}

function destinationText(config: Config): string {
  const { destination } = config.etl;
  return destination.kind === "folder" ? destination.path : `s3://${destination.bucket}/${destination.prefix}`;
}

/** Which line a failure to connect belongs to. */
function nameOf(error: unknown): Name {
  if (!(error instanceof PardotEtlError)) return "credentials";
  if (error.code.includes("business-unit")) return "business unit";
  return error.exitCode === 4 ? "quota" : "credentials";
}

async function attempt(name: Name, work: () => Promise<CheckLine>): Promise<CheckLine> {
  try {
    return await work();
  } catch (error) {
    return failed(name, error);
  }
}

/** With the step of the set-up that the error tells of, where it tells of one. */
function failedLogin(name: Name, error: unknown): CheckLine {
  const line = failed(name, error);
  const step = error instanceof PardotEtlError ? setupStep(error.code) : null;
  const hint = [line.hint, step].filter((text) => text !== null).join(" ");
  return { ...line, hint: hint === "" ? null : hint };
}

function failed(name: Name, error: unknown): CheckLine {
  const text = error instanceof Error ? error.message : String(error);
  const problems = error instanceof PardotEtlError ? error.problems.map(problemText) : [];
  const message = problems.length === 0 ? text : `${text}: ${problems.join("; ")}`;
  const hint = error instanceof PardotEtlError ? (error.hint ?? null) : null;
  return { name, status: "failed", message, hint, exitCode: exitCodeOf(error) };
}

function ok(name: Name, message: string): CheckLine {
  return { name, status: "ok", message, hint: null, exitCode: 0 };
}

function warning(name: Name, message: string, hint: string): CheckLine {
  return { name, status: "warning", message, hint, exitCode: 0 };
}

function skipped(name: Name, message: string): CheckLine {
  return { name, status: "skipped", message, hint: null, exitCode: 0 };
}
