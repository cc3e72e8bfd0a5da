import { exportOf } from "../../catalog/catalog.ts";
import type { Config, DestinationConfig } from "../../config/config.ts";
import { PardotEtlError } from "../../errors.ts";
import type { OnEvent } from "../../events.ts";
import type { Pardot, WireRecord } from "../../pardot/pardot.ts";
import { probeStorage } from "../../storage/probe.ts";
import { isoInstant, SECOND_MS } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
import { boundAfter, boundBefore, fromLocal, toLocal } from "../../time/zone.ts";
import type { CheckLine, CheckResult } from "../api.ts";
import type { Runtime } from "../runtime.ts";
import { CERTIFICATE_ENDS, CERTIFICATE_OTHER } from "../certificate.ts";
import { credentialsLine } from "./credentials.ts";
import { failedLine, lineOf } from "./line.ts";
import { secretsLine } from "./secrets.ts";
import { checkWarehouse } from "./warehouse.ts";
import { impatient } from "./reach.ts";
import { connectPardot, isNameHidden, openBudgetedPardot, openPardot, pardotClock, unitName } from "../pardot.ts";
import type { BudgetedPardot, Connection, PardotClock } from "../pardot.ts";
import { destinationText } from "../run/outcome.ts";
import { assertUsable, openStore } from "../store.ts";
import type { Store } from "../store.ts";
import { setupStep } from "./setup-steps.ts";
import { formatNumber, humaneDuration } from "../../text.ts";

type Name = CheckLine["name"];

const PARDOT_NAMES = ["credentials", "business unit", "quota", "clock", "time zone"] as const;

/** Difference from Pardot's clock that is worth a warning: leases and log times depend on this machine's. */
const CLOCK_OFF_MS = 2 * 60 * SECOND_MS;

/** Zones differ by quarters of an hour; the rest of a difference is the duration of the call. */
const ZONE_STEP_MS = 15 * 60 * SECOND_MS;

/**
 * Tests everything a run needs, one line each, and continues after a failure. Makes two calls: for the account, and for
 * one small export whose creation time shows the API user's zone (v4 reports it nowhere else: pardot/api-docs issue
 * 156).
 */
export async function check(config: Config, runtime: Runtime, onLine: OnLine = () => undefined): Promise<CheckResult> {
  const lines: CheckLine[] = [];
  const add = (...found: readonly CheckLine[]): void => {
    lines.push(...found);
    for (const line of found) onLine(line);
  };
  const into = destinationText(config.etl.destination);
  add(lineOf("configuration", "ok", `complete: ${config.etl.objects.length} objects into ${into}`));
  if (config.references.length > 0) add(await secretsLine(config, runtime));
  const fits = async (store: Store): Promise<void> => assertUsable(store, config, false, runtime);
  add(await attempt("destination", () => checkDestination(config, fits, runtime)));
  add(await attempt("warehouse", () => checkWarehouse(config, runtime)));
  await checkPardot(config, runtime, add);
  return resultOf(lines);
}

/** Takes lines in their order, as soon as they are known. */
type Add = (...found: readonly CheckLine[]) => void;

/** Called with each line as soon as it is known. */
type OnLine = (line: CheckLine) => void;

/** Tests what it can without the secrets that could not be fetched from AWS, for the reason in `error`. */
export async function checkWithoutSecrets(
  config: DestinationConfig,
  error: PardotEtlError,
  runtime: Runtime,
  onLine: OnLine = () => undefined,
): Promise<CheckResult> {
  const names = ["warehouse", "credentials", "business unit", "quota", "clock", "time zone"] as const;
  const lines = [
    lineOf("configuration", "ok", "complete except for the secrets in AWS"),
    failedLine("secrets", error),
    await attempt("destination", () => checkDestination(config, async () => {}, runtime)),
    ...names.map((name) => lineOf(name, "skipped", "not reached")),
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
  runtime: Runtime,
): Promise<CheckLine> {
  const store = await openStore(config, runtime);
  const { storage, loaded } = store;
  await fits(store);
  await probeStorage(storage, config.etl.tmpDir, runtime.signal);
  const before = loaded.sequence === 0 ? "nothing landed yet" : `state entry ${loaded.sequence}`;
  return lineOf("destination", "ok", `${storage.location} is writable and refuses to overwrite; ${before}`);
}

async function checkPardot(config: Config, runtime: Runtime, add: Add): Promise<void> {
  const warnings = new Map<string, string>();
  const onEvent: OnEvent = (event) => {
    if (event.type === "warning") warnings.set(event.code, event.message);
    runtime.onEvent(event);
  };
  const { transport, signal } = impatient(runtime.transport, config.pardot);
  const bounded = { ...runtime, onEvent, transport, signal: AbortSignal.any([runtime.signal, signal]) };
  const budgeted = await openCounted(config, bounded);
  try {
    await checkConnection(config, budgeted, { warnings, add }, bounded);
  } finally {
    await budgeted.settle();
  }
}

/** Counts calls in the destination, or not at all if it can't be opened (reported separately). */
async function openCounted(config: Config, runtime: Runtime): Promise<BudgetedPardot> {
  try {
    const { storage } = await openStore(config, runtime);
    return openBudgetedPardot("check", config, storage, runtime);
  } catch {
    const time = pardotClock(runtime.clock);
    const pardot = openPardot(config, { take: async () => undefined }, time, runtime);
    return { pardot, time, callsToday: async () => pardot.calls.total, settle: () => pardot.settled() };
  }
}

async function checkConnection(
  config: Config,
  { pardot, time }: BudgetedPardot,
  { warnings, add }: { readonly warnings: ReadonlyMap<string, string>; readonly add: Add },
  runtime: Runtime,
): Promise<void> {
  let connection: Connection;
  try {
    connection = await connectPardot(pardot, time, runtime);
  } catch (error) {
    const line = withCertificate(failedLogin(error), warnings);
    // Pardot checks the business unit and the quota only after it has accepted the token.
    const isLoggedIn = line.name === "business unit" || (error as PardotEtlError).code === "pardot.daily-limit";
    const credentials = lineOf("credentials", "ok", `accepted by the flow ${config.pardot.auth.flow}`);
    for (const name of PARDOT_NAMES) {
      const other = isLoggedIn && name === "credentials" ? credentials : lineOf(name, "skipped", "not reached");
      add(name === line.name ? line : other);
    }
    return;
  }
  await pardot.settled();
  const accepted = credentialsLine(config.pardot.auth, pardot.version, warnings);
  add(
    accepted,
    lineOf("business unit", "ok", `${config.pardot.businessUnitId} is ${companyOf(connection.account, config)}`),
    quotaLine(pardot, config.pardot.quotaShare),
    clockLine(connection.now, runtime),
  );
  add(await attempt("time zone", () => checkZone(config, pardot, connection.now, time, runtime)));
  // The export of the zone may have needed another token, and that one may be the first that cannot be stored.
  await pardot.settled();
  const last = credentialsLine(config.pardot.auth, pardot.version, warnings);
  if (last.message !== accepted.message) add(last);
}

function companyOf(account: WireRecord, config: Pick<Config, "catalog">): string {
  const unnamed = isNameHidden(config) ? "an account whose name is not shown" : "without a name";
  return unitName(account, config) ?? unnamed;
}

function quotaLine(pardot: Pardot, limit: number): CheckLine {
  const { usage } = pardot;
  if (usage === null)
    return lineOf("quota", "skipped", "the API does not report it; set your own limit with PARDOT_DAILY_CALL_BUDGET");
  const share = Math.round((usage.used / usage.max) * 100);
  const message = `${formatNumber(usage.used)} of ${formatNumber(usage.max)} calls of the day are used (${share} %)`;
  if (usage.used < usage.max * limit) return lineOf("quota", "ok", message);
  return lineOf(
    "quota",
    "warning",
    message,
    `A run stops at ${Math.round(limit * 100)} % (PARDOT_QUOTA_SHARE). Wait for the account's next day, or find out what uses the calls.`,
  );
}

function clockLine(now: Instant, runtime: Runtime): CheckLine {
  const off = runtime.clock.now() - now;
  const message = `Pardot's clock shows ${isoInstant(now)}, this machine is ${humaneDuration(off)} ${off < 0 ? "behind" : "ahead"}`;
  if (Math.abs(off) <= CLOCK_OFF_MS) return lineOf("clock", "ok", message);
  return lineOf(
    "clock",
    "warning",
    message,
    "Windows follow Pardot's clock, so no data is at risk, but set this machine's clock anyway.",
  );
}

async function checkZone(
  config: Config,
  pardot: Pardot,
  startedAt: Instant,
  time: PardotClock,
  runtime: Runtime,
): Promise<CheckLine> {
  const { timeZone } = config.pardot;
  const object = config.catalog.find((candidate) => candidate.way.api === "v4" && exportOf(candidate) !== undefined);
  const exported = object === undefined ? undefined : exportOf(object);
  const procedure = exported?.procedures[0];
  if (object === undefined || exported === undefined || procedure === undefined) {
    return lineOf("time zone", "skipped", "no object in the catalog has an export that shows it");
  }
  const request = {
    api: "v4" as const,
    object: exported.object,
    fields: [object.key],
    procedure: procedure.name,
    arguments: {
      ...procedure.arguments,
      [procedure.range.after]: boundAfter(startedAt - SECOND_MS, timeZone),
      [procedure.range.before]: boundBefore(startedAt, timeZone),
    },
  };
  const { createdAt } = await pardot.createExport(request, runtime.signal);
  if (createdAt === null) return lineOf("time zone", "skipped", "the export did not show when it was created");
  const now = time.now();
  const offset = fromLocal(createdAt, "UTC", "earlier") - now;
  const expected = fromLocal(toLocal(now, timeZone), "UTC", "earlier") - now;
  const steps = (ms: number): number => Math.round(ms / ZONE_STEP_MS);
  if (steps(offset) === steps(expected))
    return lineOf("time zone", "ok", `${timeZone}: an export created now shows ${createdAt}`);
  const message = `PARDOT_TIMEZONE is ${timeZone}, where it is ${toLocal(now, timeZone)}, but an export created now shows ${createdAt} (UTC${hours(offset)})`;
  const hint =
    "Set PARDOT_TIMEZONE to the zone in the API user's profile in Account Engagement; with a wrong one, ranges begin and end at the wrong hour.";
  return { ...lineOf("time zone", "failed", message, hint), exitCode: 2 };
}

function hours(offsetMs: number): string {
  const minutes = Math.round(offsetMs / ZONE_STEP_MS) * 15;
  const text = `${String(Math.floor(Math.abs(minutes) / 60)).padStart(2, "0")}:${String(Math.abs(minutes) % 60).padStart(2, "0")}`;
  return `${minutes < 0 ? "-" : "+"}${text}`;
}

/** The line of a failure to connect, with the step of the set-up that the error points to, if any. */
function failedLogin(error: unknown): CheckLine {
  if (!(error instanceof PardotEtlError)) return failedLine("credentials", error);
  const name = error.code.includes("business-unit") ? "business unit" : error.exitCode === 4 ? "quota" : "credentials";
  const line = failedLine(name, error);
  const hint = [line.hint, setupStep(error.code)].filter((text) => text !== null).join(" ");
  return { ...line, hint: hint === "" ? null : hint };
}

/** A refused login, with what is known against the certificate: it may be the cause. */
function withCertificate(line: CheckLine, warnings: ReadonlyMap<string, string>): CheckLine {
  const known = warnings.get(CERTIFICATE_ENDS) ?? warnings.get(CERTIFICATE_OTHER);
  return line.name !== "credentials" || known === undefined ? line : { ...line, message: `${line.message}. ${known}` };
}

async function attempt(name: Name, work: () => Promise<CheckLine>): Promise<CheckLine> {
  try {
    return await work();
  } catch (error) {
    return failedLine(name, error);
  }
}
