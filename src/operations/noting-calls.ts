import type { Config } from "../config/config.ts";
import { NotedCalls } from "../state/call-notes.ts";
import type { OpenPardot } from "../pardot/client.ts";
import type { Storage } from "../storage/storage.ts";
import type { Surroundings } from "./api.ts";
import { heedingTime, openPardot, pardotClock } from "./session.ts";
import type { PardotClock } from "./session.ts";

/** Pardot for a command that does not hold the lease. */
export interface Calling {
  readonly pardot: OpenPardot;
  readonly time: PardotClock;
  /** This tool's calls of the account's day so far, those of this command included. */
  callsToday(): Promise<number>;
  /** To be called in the end, whatever came of it. */
  settle(): Promise<void>;
}

/** Opens Pardot so that its calls are counted with those of runs, and stay within the day's budget. */
export function notingCalls(
  command: string,
  given: { readonly config: Config; readonly storage: Storage; readonly surroundings: Surroundings },
): Calling {
  const { config, storage, surroundings } = given;
  const { clock, random } = surroundings;
  const time = pardotClock(surroundings);
  const calls = new NotedCalls({
    command,
    storage,
    budget: config.pardot.dailyCallBudget,
    zone: config.pardot.accountTimeZone,
    now: () => time.now(),
    clock,
    random,
    // A note outlasts the wish to stop: the calls have been made.
    signal: new AbortController().signal,
  });
  const transport = heedingTime(surroundings.transport, time);
  const pardot = openPardot(config, calls, { ...surroundings, transport });
  const settle = async (): Promise<void> => {
    await pardot.settled();
    try {
      await calls.settle();
    } catch (error) {
      const message = `note the calls of "${command}": ${String(error)}`;
      surroundings.onEvent({ type: "warning", code: "calls.not-settled", object: null, message });
    }
  };
  return { pardot, time, callsToday: () => calls.callsToday(), settle };
}
