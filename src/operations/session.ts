import type { Config, DestinationConfig } from "../config/config.ts";
import type { LoadedState } from "../state/journal.ts";
import { loadState } from "../state/journal.ts";
import { objectState } from "../state/state.ts";
import { isBegun } from "../state/open-window.ts";
import type { State } from "../state/state.ts";
import { ConfigError } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { parseHttpDate } from "../http/http-date.ts";
import type { Transport } from "../http/transport.ts";
import { createPardot } from "../pardot/client.ts";
import type { OpenPardot } from "../pardot/client.ts";
import type { CallBudget, Pardot, WireRecord } from "../pardot/pardot.ts";
import { destinationAround, openStorage } from "../storage/open.ts";
import type { Storage } from "../storage/storage.ts";
import { floorSecond } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import type { Surroundings } from "./api.ts";
import { refreshTokenKeeper } from "./refresh-token.ts";

/** The destination and what the tool remembers there. */
export interface Store {
  readonly storage: Storage;
  readonly loaded: LoadedState;
}

/** Opens the destination and reads the state. No call to Pardot is made. */
export async function openStore(config: Pick<DestinationConfig, "etl">, surroundings: Surroundings): Promise<Store> {
  const { clock, random, signal } = surroundings;
  const { destination, s3PathStyle } = config.etl;
  if (surroundings.openStorage === undefined && destination.kind === "folder") await refuseNested(destination.path);
  const storage = await (surroundings.openStorage ?? openStorage)(destination, { s3PathStyle, clock, random });
  const loaded = await loadState(storage, signal);
  return { storage, loaded };
}

/** Two units in each other's folders would find each other's files as their own objects'. */
async function refuseNested(path: string): Promise<void> {
  const around = await destinationAround(path);
  if (around === null) return;
  const expected = `a folder that lies in no other destination; ${around} is one`;
  throw new ConfigError(
    "open the destination: it lies in another one",
    [{ path: "PARDOT_ETL_DESTINATION", value: path, expected }],
    {
      code: "config.destination-nested",
      hint: "Nothing was changed and Pardot was not called. Name a folder that lies in no other destination.",
    },
  );
}

/**
 * Refuses what the state forbids: another business unit's data in this destination, or timestamps of another zone in
 * the files landed so far. Throws ConfigError (exit 2) with every such problem.
 */
export function checkAgainstState(config: Config, state: State, full: boolean): void {
  const problems: Problem[] = [];
  const { businessUnitId, timeZone } = config.pardot;
  if (state.businessUnit !== null && state.businessUnit !== businessUnitId) {
    problems.push({
      path: "PARDOT_BUSINESS_UNIT_ID",
      value: businessUnitId,
      expected: `${state.businessUnit}, whose data stands in this destination; give each business unit a destination of its own`,
    });
  }
  for (const object of config.catalog) {
    const { zone, filesCommitted, windows } = objectState(state, object.name);
    const chosen = config.etl.objects.includes(object.name);
    // A window half read goes on in the zone in which it was asked for: in another its rest would not fit what landed.
    const hasBegun = filesCommitted > 0 || windows.some(isBegun);
    if (full || !chosen || zone === null || zone === timeZone || !hasBegun) continue;
    problems.push({
      path: "PARDOT_TIMEZONE",
      value: timeZone,
      expected: `${zone}, in which the timestamps of ${object.name} were landed so far; or --full, to read everything again in ${timeZone}`,
    });
  }
  if (problems.length > 0) {
    throw new ConfigError("the configuration does not fit what was landed before", problems, {
      hint: "Change what is named here, or name another destination. Nothing was changed.",
    });
  }
}

/** Pardot, proven to answer, and its clock. */
export interface Connection {
  readonly pardot: Pardot;
  /** The account's record, read once for proof and landed if it was asked for. */
  readonly account: WireRecord;
  /** Pardot's time when the run started, in whole seconds. */
  readonly now: Instant;
}

/** A clock that can be set once Pardot has told its time. */
export interface PardotClock {
  now(): Instant;
  set(now: Instant): void;
  readonly isSet: boolean;
}

export function pardotClock(surroundings: Surroundings): PardotClock {
  const { clock } = surroundings;
  /** Pardot's time when the monotonic clock stood at zero: a step of the wall clock must not move the account's day. */
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
 * Sets the clock by the first answer that tells the time. That is the token endpoint's, so that even the first call is
 * counted on the account's right day, whatever this machine's clock says.
 */
export function heedingTime(transport: Transport, clock: PardotClock): Transport {
  return async (request, signal) => {
    const response = await transport(request, signal);
    const now = clock.isSet ? null : parseHttpDate(response.headers["date"]);
    if (now !== null) clock.set(now);
    return response;
  };
}

export function openPardot(config: Config, budget: CallBudget, surroundings: Surroundings): OpenPardot {
  const { transport, clock, random, onEvent } = surroundings;
  const { auth } = config.pardot;
  if (auth.flow === "password") {
    const message =
      "Salesforce is retiring the login by user name and password: move to PARDOT_AUTH_FLOW=jwt (docs/authentication.md)";
    onEvent({ type: "warning", code: "auth.password-flow", object: null, message });
  }
  const keeper = refreshTokenKeeper(config.pardot, surroundings);
  return createPardot({ config: config.pardot, transport, clock, random, budget, onEvent, ...keeper });
}

/** Proves credentials, business unit and version with one call, and takes Pardot's time. */
export async function connect(
  pardot: Pardot,
  clock: PardotClock,
  surroundings: Surroundings,
  signal: AbortSignal,
): Promise<Connection> {
  const { record, now } = await pardot.probe(signal);
  if (now === null) {
    const message = "Pardot's answer had no Date header: this machine's clock is used for the windows";
    surroundings.onEvent({ type: "warning", code: "clock.own", object: null, message });
  } else {
    clock.set(now);
  }
  const started = floorSecond(clock.now());
  surroundings.onEvent({
    type: "connected",
    version: pardot.version,
    now: started,
    clock: now === null ? "own" : "pardot",
  });
  return { pardot, account: record, now: started };
}
