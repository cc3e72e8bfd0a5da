import type { Config } from "../config/config.ts";
import { RemoteError } from "../errors.ts";
import { warn } from "../events.ts";
import { parseHttpDate } from "../http/backoff.ts";
import type { Transport } from "../http/transport.ts";
import { PardotClient } from "../pardot/client.ts";
import type { OpenPardot } from "../pardot/client.ts";
import type { CallBudget as Budget, Pardot, WireRecord } from "../pardot/pardot.ts";
import type { Clock } from "../platform/clock.ts";
import { CallBudget } from "../state/call-budget.ts";
import { NotedCalls } from "../state/call-stores.ts";
import type { State } from "../state/state.ts";
import type { Storage } from "../storage/storage.ts";
import { DAY_MS, floorSecond, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { humaneDuration } from "../text.ts";
import { certificateWarning } from "./certificate.ts";
import { refreshTokenKeeper } from "./refresh-token.ts";
import type { Runtime } from "./runtime.ts";

/** A clock that shows this machine's time until Pardot's is known, and Pardot's from then on. */
export interface PardotClock {
  now(): Instant;
  set(now: Instant): void;
  readonly isSet: boolean;
}

export function pardotClock(clock: Clock): PardotClock {
  /** Pardot's time at the monotonic clock's zero: a step of the wall clock must not move the account's day. */
  let origin: number | null = null;
  return {
    now: () => (origin === null ? clock.now() : origin + clock.monotonic()),
    set: (now) => {
      origin = now - clock.monotonic();
    },
    get isSet() {
      return origin !== null;
    },
  };
}

/**
 * Sets the clock by the first response with a date. That is the token endpoint's, so even the first call is counted on
 * the account's right day, whatever this machine's clock shows.
 */
function syncingClock(transport: Transport, clock: PardotClock): Transport {
  return async (request, signal) => {
    const response = await transport(request, signal);
    const now = clock.isSet ? null : parseHttpDate(response.headers["date"]);
    if (now !== null) clock.set(now);
    return response;
  };
}

export function openPardot(config: Config, budget: Budget, time: PardotClock, runtime: Runtime): OpenPardot {
  const { clock, random, onEvent } = runtime;
  const transport = syncingClock(runtime.transport, time);
  if (config.pardot.auth.flow === "password") {
    const message =
      "Salesforce is retiring the login by user name and password: move to PARDOT_AUTH_FLOW=jwt (see `pardot-etl help authentication`)";
    warn(onEvent, "auth.password-flow", message);
  }
  const certificate = certificateWarning(config.pardot.auth, clock.now());
  if (certificate !== null) warn(onEvent, certificate.code, certificate.message);
  const keeper = refreshTokenKeeper(config.pardot, runtime);
  return new PardotClient({ config: config.pardot, transport, clock, random, budget, onEvent, ...keeper });
}

/** Pardot for a command that does not hold the lease. */
export interface BudgetedPardot {
  readonly pardot: OpenPardot;
  readonly time: PardotClock;
  /** This tool's calls of the account's day so far, including this command's. */
  readonly callsToday: () => Promise<number>;
  /** Records the calls that were made. Call at the end, even after a failure. */
  readonly settle: () => Promise<void>;
}

/**
 * Opens Pardot for a command. Its calls are counted together with those of runs, and stay within the day's budget.
 * `bounded` may bound them further.
 */
export function openBudgetedPardot(
  command: string,
  config: Config,
  storage: Storage,
  runtime: Runtime,
  bounded: (budget: Budget) => Budget = (budget) => budget,
): BudgetedPardot {
  const { clock, random } = runtime;
  const { dailyCallBudget: budget, accountTimeZone: zone } = config.pardot;
  const time = pardotClock(clock);
  const now = (): Instant => time.now();
  const store = new NotedCalls({ command, storage, hasBudget: budget !== null, now, clock, random });
  const calls = new CallBudget({ store, budget, zone, now, quota: null });
  const pardot = openPardot(config, bounded(calls), time, runtime);
  const settle = async (): Promise<void> => {
    await pardot.settled();
    try {
      await calls.settle();
    } catch (error) {
      warn(runtime.onEvent, "calls.not-settled", `note the calls of "${command}": ${String(error)}`);
    }
  };
  return { pardot, time, callsToday: () => calls.callsToday(), settle };
}

/** The account's record and Pardot's time. */
export interface Connection {
  /** Read once to verify the connection, and landed if it is selected. */
  readonly account: WireRecord;
  /** Pardot's time when the run started, in whole seconds. */
  readonly now: Instant;
}

/** Verifies credentials, business unit and API version with one call, and adopts Pardot's time. */
export async function connectPardot(
  pardot: Pardot,
  time: PardotClock,
  { onEvent, signal }: Pick<Runtime, "onEvent" | "signal">,
): Promise<Connection> {
  const { record: account, now: reported } = await pardot.probe(signal);
  if (reported === null) {
    warn(onEvent, "clock.own", "Pardot's response had no Date header: windows use this machine's clock");
  } else {
    time.set(reported);
  }
  const now = floorSecond(time.now());
  onEvent({ type: "connected", version: pardot.version, now, clock: reported === null ? "own" : "pardot" });
  return { account, now };
}

/** The business unit's name, as its account at Pardot has it; null without one, and if it may not be shown. */
export function unitName({ company }: WireRecord, config: Pick<Config, "catalog">): string | null {
  return typeof company === "string" && company !== "" && !isNameHidden(config) ? company : null;
}

/** Whether the column that has the name is dropped or hashed. */
export function isNameHidden({ catalog }: Pick<Config, "catalog">): boolean {
  const own = catalog.find(({ name }) => name === "Account")?.protect;
  return [...(own?.drop ?? []), ...(own?.hash ?? [])].includes("company");
}

/** A machine's clock is rarely further off; a simulated account's often is. */
const OFF_MAX_MS = 60 * 60 * 1000;

/**
 * Compares Pardot's time with this machine's and with that of earlier runs. More than an hour off this machine's is a
 * warning: one of the two is wrong, and windows follow Pardot's. More than a day off and before an earlier run's is an
 * error (exit 5): such a run would read nothing and report it as complete.
 */
export function assertSound(now: Instant, state: State, { clock, onEvent }: Pick<Runtime, "clock" | "onEvent">): void {
  const off = clock.now() - now;
  if (Math.abs(off) <= OFF_MAX_MS) return;
  const last = lastKnown(state);
  if (Math.abs(off) > DAY_MS && last !== null && now < last) {
    throw new RemoteError(
      `read Pardot's time: its Date header shows ${isoInstant(now)}, ${humaneDuration(last - now)} before the end of the ranges that earlier runs read`,
      {
        code: "pardot.clock-back",
        hint: "Nothing was read, and committed data stays. Check whether a proxy responds for Pardot, then run again; a simulated account that was restarted needs a new destination.",
      },
    );
  }
  const side = off > 0 ? "ahead of" : "behind";
  warn(onEvent, "clock.off", `this machine's clock is ${humaneDuration(off)} ${side} Pardot's; windows use Pardot's`);
}

/** Pardot's time in the latest earlier run: the end of the ranges it covered or planned. */
function lastKnown(state: State): Instant | null {
  const ends = Object.values(state.objects).flatMap(({ coverage, windows }) =>
    [...coverage, ...windows].map(({ to }) => to),
  );
  return ends.reduce<Instant | null>((latest, end) => (latest === null || end > latest ? end : latest), null);
}
