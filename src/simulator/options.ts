/** Options of the simulator: meanings, defaults, checks. */
import { createPublicKey } from "node:crypto";
import { knobProblems, resolveKnobs } from "./knobs.ts";
import type { Knobs } from "./knobs.ts";
import { DEFAULT_NOW } from "./option-table.ts";
import { ROWS_MAX, SCALES, SIZES } from "./account/scale.ts";
import type { Scale } from "./account/scale.ts";
import { timezoneOf } from "./account/timezone.ts";
import type { Timezone } from "./account/timezone.ts";

export interface SimulatorOptions {
  /** Loopback port; 0, the default, means any free port. */
  readonly port?: number;
  /** Same seed, same account, to the byte. Default 1. */
  readonly seed?: number;
  /** Size of the account. Default small. */
  readonly scale?: Scale;
  /** Rows of single objects, by catalog name: `{ VisitorActivity: 3_000_000 }`. */
  readonly rows?: Readonly<Record<string, number>>;
  /** Rows that share one second, in each object with a watermark. Default 700, at most 70 % of the rows. */
  readonly ties?: number;
  /** Time zone of the API user, used by v3/v4. Default UTC. */
  readonly timezone?: string;
  /** Time zone of the account, for the quota's day. Default: the user's. */
  readonly accountTimezone?: string;
  /** Simulated time at the start: an ISO instant, or `YYYY-MM-DD HH:MM:SS` in UTC. Default 2026-03-20T09:30:00Z. */
  readonly now?: string;
  /** Calls per day before code 122. Default 50,000. */
  readonly dailyLimit?: number;
  /** Milliseconds added to each response. Default 0. */
  readonly latencyMs?: number;
  /** Seconds that processing an export takes. Default 0. */
  readonly exportSeconds?: number;
  /** PEM of the app's certificate or RSA public key, for the JWT bearer flow. Default: none was uploaded. */
  readonly jwtPublicKey?: string;
  readonly knobs?: Partial<Knobs>;
}

type Parsed = "timezone" | "accountTimezone" | "now" | "jwtPublicKey" | "knobs";

export interface ResolvedOptions extends Required<Omit<SimulatorOptions, Parsed>> {
  readonly zone: Timezone;
  readonly accountZone: Timezone;
  /** Milliseconds since 1970. */
  readonly startAt: number;
  readonly jwtPublicKey: string | null;
  readonly knobs: Knobs;
}

/** Problems of the options, one sentence each; empty if valid. */
export function optionProblems(options: SimulatorOptions): string[] {
  const problems: string[] = [];
  const whole = (name: string, value: number | undefined, max: number): void => {
    if (value === undefined || (Number.isInteger(value) && value >= 0 && value <= max)) return;
    problems.push(`${name}: got ${value}, expected a whole number from 0 to ${max}`);
  };
  whole("port", options.port, 65_535);
  whole("seed", options.seed, 0xffff_ffff);
  whole("ties", options.ties, ROWS_MAX);
  whole("dailyLimit", options.dailyLimit, Number.MAX_SAFE_INTEGER);
  whole("latencyMs", options.latencyMs, 600_000);
  if (options.exportSeconds !== undefined && !(options.exportSeconds >= 0)) {
    problems.push(`exportSeconds: got ${options.exportSeconds}, expected 0 or more`);
  }
  if (options.scale !== undefined && !SCALES.includes(options.scale)) {
    problems.push(`scale: got ${options.scale}, expected ${SCALES.join(", ")}`);
  }
  for (const [object, rows] of Object.entries(options.rows ?? {})) {
    if (SIZES[OTHER_NAMES[object] ?? object] === undefined) {
      problems.push(`rows: no object ${object}; known are ${Object.keys(SIZES).join(", ")}`);
    } else whole(`rows of ${object}`, rows, ROWS_MAX);
  }
  for (const name of ["timezone", "accountTimezone"] as const) {
    if (options[name] !== undefined && !isZone(options[name])) {
      problems.push(`${name}: got ${options[name]}, expected an IANA name such as Europe/Berlin`);
    }
  }
  if (options.now !== undefined && Number.isNaN(instantOf(options.now))) {
    problems.push(`now: got ${options.now}, expected an instant from 2005 to 2040 such as ${DEFAULT_NOW}`);
  }
  if (options.jwtPublicKey !== undefined && !isRsaKey(options.jwtPublicKey)) {
    problems.push("jwtPublicKey: expected a certificate or an RSA public key in PEM form");
  }
  problems.push(...knobProblems(options.knobs ?? {}));
  return problems;
}

/** Objects whose rows are another's: emails have one for each list email. */
const OTHER_NAMES: Readonly<Record<string, string>> = { Email: "ListEmail", TaggedObject: "TagObject" };

function resolveRows(rows: Readonly<Record<string, number>>): Readonly<Record<string, number>> {
  const given = Object.entries(rows);
  const renamed = given.flatMap(([name, count]) =>
    OTHER_NAMES[name] === undefined ? [] : [[OTHER_NAMES[name], count]],
  );
  const own = given.filter(([name]) => OTHER_NAMES[name] === undefined);
  return Object.fromEntries([...renamed, ...own]) as Record<string, number>;
}

/** Applies the defaults. Throws an Error that names all problems. */
export function resolveOptions(options: SimulatorOptions): ResolvedOptions {
  const problems = optionProblems(options);
  if (problems.length > 0) throw new Error(`simulator options: ${problems.join("; ")}`);
  const zone = timezoneOf(options.timezone ?? "UTC");
  return {
    port: options.port ?? 0,
    seed: options.seed ?? 1,
    scale: options.scale ?? "small",
    rows: resolveRows(options.rows ?? {}),
    ties: options.ties ?? 700,
    zone,
    accountZone: options.accountTimezone === undefined ? zone : timezoneOf(options.accountTimezone),
    startAt: instantOf(options.now ?? DEFAULT_NOW),
    dailyLimit: options.dailyLimit ?? 50_000,
    latencyMs: options.latencyMs ?? 0,
    exportSeconds: options.exportSeconds ?? 0,
    jwtPublicKey: options.jwtPublicKey ?? null,
    knobs: resolveKnobs(options.knobs ?? {}),
  };
}

/** Whether a PEM text is or contains an RSA public key. */
export function isRsaKey(pem: string): boolean {
  try {
    return createPublicKey(pem).asymmetricKeyType === "rsa";
  } catch {
    return false;
  }
}

function isZone(name: string): boolean {
  try {
    return new Intl.DateTimeFormat("en-US", { timeZone: name }) instanceof Intl.DateTimeFormat;
  } catch {
    return false;
  }
}

/** Milliseconds since 1970, whole seconds; NaN if invalid. */
function instantOf(text: string): number {
  const form = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d+)?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(text.trim());
  if (form === null) return Number.NaN;
  const instant = Date.parse(text.trim().replace(" ", "T") + (form[3] === undefined ? "Z" : ""));
  const year = new Date(instant).getUTCFullYear();
  return year >= 2005 && year <= 2040 ? Math.floor(instant / 1000) * 1000 : Number.NaN;
}
