import type { RunEvent } from "../../events.ts";
import { parseHttpDate } from "../../http/http-date.ts";
import type { Clock } from "../../platform/clock.ts";

/** Off by more than this, our clock signs no assertions. They are good for a minute and a half either way. */
const OFF_MAX_MS = 30_000;

/** This machine's clock, put right by what Salesforce's answers say of the time. */
export interface LoginClock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Takes the time of an answer's `Date` header; true when it is another one than we have gone by. */
  learn(date: string | undefined): boolean;
  /** That our clock is wrong, by how much, and what follows. */
  warning(): RunEvent;
}

export function createLoginClock(clock: Clock): LoginClock {
  /** Salesforce's clock less ours where that matters, in milliseconds. */
  let offMs = 0;
  return {
    now: () => clock.now() + offMs,
    learn: (date) => {
      const theirs = parseHttpDate(date);
      if (theirs === null) return false;
      const before = offMs;
      const difference = theirs - clock.now();
      offMs = Math.abs(difference) > OFF_MAX_MS ? difference : 0;
      return Math.abs(offMs - before) > OFF_MAX_MS;
    },
    warning: () => {
      const seconds = Math.round(Math.abs(offMs) / 1000);
      const message = `this machine's clock is ${seconds} s ${offMs > 0 ? "behind" : "ahead of"} Salesforce's: the login goes by Salesforce's; set the clock`;
      return { type: "warning", code: "auth.clock-off", object: null, message };
    },
  };
}
