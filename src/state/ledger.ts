import type { LimitError } from "../errors.ts";
import type { DayCalls } from "../events.ts";
import type { Instant } from "../time/instant.ts";
import { localDay } from "../time/zone.ts";
import type { Journal } from "./journal.ts";
import { budgetSpent, shareSpent } from "./limits.ts";
import { reservedOn } from "./state.ts";

/** Calls reserved in the state at a time: what a killed run may lose of the day's budget. */
const BLOCK = 20;

export interface LedgerOptions {
  readonly journal: Journal;
  /** Calls this tool may make in an account day; null: no limit of its own. */
  readonly budget: number | null;
  /** Share of the account's daily limit, others' use included, at which this tool stops: PARDOT_QUOTA_SHARE, 0 to 1. */
  readonly share: number;
  /** IANA name of the zone in which the account's day turns. */
  readonly zone: string;
  /** Pardot's time, as well as it is known. */
  readonly now: () => Instant;
  /** The account's quota: what the API last said, and every call sent that it cannot have counted yet. */
  readonly usage: () => { readonly used: number; readonly max: number } | null;
  /** Calls sent so far. */
  readonly sent: () => number;
  /** Calls that commands without the lease have noted on a day (call-notes.ts). */
  readonly noted: (day: string) => Promise<number>;
}

/**
 * Counts the calls of the account's day across runs. A call is reserved in the durable state before it is made, in
 * blocks, so that a killed run can only have made fewer calls than the state says.
 */
export class CallLedger {
  readonly #options: LedgerOptions;
  #day = "";
  #left = 0;
  #taken = 0;
  #reserving: Promise<void> | null = null;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /**
   * Takes one call. Throws LimitError (exit 4) when the day's budget or the account's share is used up, and the journal's
   * failure once it has one: what such a call brought could not be kept.
   */
  async take(): Promise<void> {
    for (;;) {
      this.#options.journal.assertWritable();
      this.#checkUsage();
      const day = localDay(this.#options.now(), this.#options.zone);
      if (day !== this.#day) {
        this.#day = day;
        this.#left = 0;
      }
      if (this.#left > 0) {
        this.#left -= 1;
        this.#taken += 1;
        return;
      }
      this.#reserving ??= this.#reserve(day).finally(() => {
        this.#reserving = null;
      });
      await this.#reserving;
    }
  }

  /**
   * Pardot has told its time. Where that is another day than the machine's clock said, the calls made so far are
   * counted on the day Pardot counts them.
   */
  async dayIsKnown(): Promise<void> {
    const day = localDay(this.#options.now(), this.#options.zone);
    if (day === this.#day || this.#taken === 0) return;
    await this.settle();
    this.#day = day;
    await this.#options.journal.record([{ type: "calls-reserved", day, calls: this.#taken }]);
  }

  /** Gives back what was reserved and not used. */
  async settle(): Promise<void> {
    if (this.#left === 0) return;
    const calls = this.#left;
    this.#left = 0;
    await this.#options.journal.record([{ type: "calls-returned", day: this.#day, calls }]);
  }

  /** The day's calls so far; what is reserved and not used is none. Never throws, for it is told of failed runs too. */
  async counted(): Promise<DayCalls> {
    const { journal, budget, share, usage, now, zone, noted } = this.#options;
    const day = localDay(now(), zone);
    // A destination that cannot be read has failed the run already: its notes are missing from the count then.
    const others = await noted(day).catch(() => 0);
    const callsToday = reservedOn(journal.state.ledger, day) - (day === this.#day ? this.#left : 0) + others;
    const account = usage();
    const shares = [
      ...(budget === null ? [] : [callsToday / budget]),
      ...(account === null ? [] : [account.used / (account.max * share)]),
    ];
    return {
      callsToday,
      callsBudget: budget,
      quotaUsed: account?.used ?? null,
      quotaMax: account?.max ?? null,
      quotaShare: shares.length === 0 ? null : Math.min(1, Math.max(...shares)),
    };
  }

  async #reserve(day: string): Promise<void> {
    const { journal, budget, noted } = this.#options;
    const used = async (): Promise<number> => reservedOn(journal.state.ledger, day) + (await noted(day));
    let calls = BLOCK;
    if (budget !== null) {
      const before = await used();
      calls = Math.min(BLOCK, budget - before);
      if (calls <= 0) throw this.#spent(before, budget);
    }
    await journal.record([{ type: "calls-reserved", day, calls }]);
    // Somebody may have noted calls at the same moment: both see both, so never do two spend the same call.
    if (budget !== null && (await used()) > budget) {
      await journal.record([{ type: "calls-returned", day, calls }]);
      throw this.#spent(await used(), budget);
    }
    // A day that has turned meanwhile has a count of its own.
    if (day === this.#day) this.#left += calls;
  }

  #spent(calls: number, budget: number): LimitError {
    return budgetSpent(calls, budget, { now: this.#options.now(), zone: this.#options.zone });
  }

  #checkUsage(): void {
    const { usage: quota, share, sent, now, zone } = this.#options;
    const usage = quota();
    if (usage === null) return;
    // Other lanes may have taken a call each and not have sent it yet.
    const used = usage.used + this.#taken - sent();
    if (used >= usage.max * share) throw shareSpent({ used, max: usage.max }, share, { now: now(), zone });
  }
}
