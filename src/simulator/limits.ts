/** Daily, minute and concurrent limits of the business unit (vendor docs, overview; codes 122, 202, 66). */
import type { SimClock } from "./simulated-time.ts";
import type { Knobs } from "./knobs.ts";
import type { Timezone } from "./account/timezone.ts";

export interface Limits {
  /** Counts a call and returns the error code of the limit it breaks, or null. Failed calls count too. */
  count(): number | null;
  usage(): { readonly used: number; readonly max: number };
  enter(): void;
  leave(): void;
  /** Most requests in flight at a time so far. */
  maxInFlight(): number;
}

/** The quota's day starts at midnight in the account's time zone, not the user's. */
export function createLimits(clock: SimClock, accountTimezone: Timezone, dailyLimit: number, knobs: Knobs): Limits {
  let day = Number.NaN;
  let used = 0;
  let minute = Number.NaN;
  let usedInMinute = 0;
  let inFlight = 0;
  let most = 0;
  const turn = (): void => {
    const second = Math.floor(clock.now() / 1000);
    const today = Math.floor(accountTimezone.toLocal(second) / 86_400);
    if (today !== day) [day, used] = [today, 0];
    const thisMinute = Math.floor(second / 60);
    if (thisMinute !== minute) [minute, usedInMinute] = [thisMinute, 0];
  };
  return {
    count: () => {
      turn();
      used += 1;
      usedInMinute += 1;
      if (used > dailyLimit) return 122;
      if (knobs.minuteLimit > 0 && usedInMinute > knobs.minuteLimit) return 202;
      return inFlight > knobs.concurrentLimit ? 66 : null;
    },
    usage: () => {
      turn();
      return { used: Math.min(used, dailyLimit), max: dailyLimit };
    },
    enter: () => {
      inFlight += 1;
      most = Math.max(most, inFlight);
    },
    leave: () => {
      inFlight -= 1;
    },
    maxInFlight: () => most,
  };
}
