import type { RunEvent } from "../../events.ts";
import { parseHttpDate } from "../../http/backoff.ts";
import type { Clock } from "../../platform/clock.ts";

/**
 * A clock that is off by more than this signs no assertions, because those are valid for a minute and a half either
 * way.
 */
const OFF_MAX_MS = 30_000;

/** This machine's clock, corrected by the `Date` headers of Salesforce's responses. */
export class LoginClock {
  readonly #clock: Clock;
  /** Salesforce's clock minus ours if the difference matters, in milliseconds. */
  #offMs = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#clock.now() + this.#offMs;
  }

  /** Takes the time of a `Date` header; true when it differs from the one used so far. */
  learn(date: string | undefined): boolean {
    const theirs = parseHttpDate(date);
    if (theirs === null) return false;
    const before = this.#offMs;
    const difference = theirs - this.#clock.now();
    this.#offMs = Math.abs(difference) > OFF_MAX_MS ? difference : 0;
    return Math.abs(this.#offMs - before) > OFF_MAX_MS;
  }

  warning(): RunEvent {
    const seconds = Math.round(Math.abs(this.#offMs) / 1000);
    const message = `this machine's clock is ${seconds} s ${this.#offMs > 0 ? "behind" : "ahead of"} Salesforce's: the login uses Salesforce's; set the clock`;
    return { type: "warning", code: "auth.clock-off", object: null, message };
  }
}
