import { LimitError } from "../errors.ts";
import type { DayCalls } from "../events.ts";
import { isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { dayStart, localDay, nextDayStart, toLocal } from "../time/zone.ts";

/** Where calls are reserved: in the journal by a run, in notes by a command without the lease (call-stores.ts). */
export interface CallStore {
  /** Calls reserved at a time: the most that a killed process can lose of the day's budget. */
  readonly block: number;
  /** Calls of a day that are known without reading the destination. */
  knownOn(day: string): number;
  /** The other calls of a day, by runs and commands, read from the destination. */
  readOn(day: string): Promise<number>;
  /** Resolves when the calls are on record: a killed process cannot have made more calls than the record shows. */
  reserve(day: string, calls: number): Promise<void>;
  /** Ends the last reservation, of which `unused` calls were not made. */
  settle(day: string, unused: number): Promise<void>;
  /** Throws when nothing more can be recorded: the results of further calls would be lost. */
  assertWritable(): void;
}

export interface CallBudgetOptions {
  readonly store: CallStore;
  /** Calls this tool may make in an account day; null: no such limit. */
  readonly budget: number | null;
  /** IANA name of the zone in which the account's day turns. */
  readonly zone: string;
  /** Pardot's time, as accurately as it is known. */
  readonly now: () => Instant;
  /** The account's own quota; null: not enforced. */
  readonly quota: AccountQuota | null;
}

export interface AccountQuota {
  /** Share of the account's daily limit, others' use included, at which this tool stops: PARDOT_QUOTA_SHARE, 0 to 1. */
  readonly share: number;
  /** The API's last report, plus every call sent that it cannot include yet; null: it does not report it. */
  readonly usage: () => { readonly used: number; readonly max: number } | null;
  /** Calls sent so far. */
  readonly sent: () => number;
}

/**
 * Counts the calls of the account's day across runs and commands, and keeps them within the budget. A call is reserved
 * before it is made, in blocks.
 */
export class CallBudget {
  readonly #options: CallBudgetOptions;
  #day = "";
  #left = 0;
  #taken = 0;
  #reserving: Promise<void> | null = null;
  /** The last day that was worked out: each call asks for it. */
  #span: { readonly day: string; readonly from: Instant; readonly to: Instant } = { day: "", from: 0, to: 0 };

  constructor(options: CallBudgetOptions) {
    this.#options = options;
  }

  /**
   * Reserves the first calls, so that an entry recorded at the same moment holds them too. With a budget they wait until
   * Pardot's day is known, on which they must fit.
   */
  async prepare(): Promise<void> {
    if (this.#options.budget !== null) return;
    this.#day = this.#today();
    await this.#reserve(this.#day);
  }

  /** Takes one call. Throws LimitError (exit 4) when the day's budget or the account's share is used up. */
  async take(): Promise<void> {
    for (;;) {
      this.#options.store.assertWritable();
      this.#checkQuota();
      const day = this.#today();
      if (day !== this.#day) {
        const settled = this.settle();
        this.#day = day;
        await settled;
        continue;
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
   * Call when Pardot's time is known. If that is another day than by this machine's clock, the calls made so far
   * are counted on Pardot's day.
   */
  async dayIsKnown(): Promise<void> {
    const day = this.#today();
    if (day === this.#day || this.#taken === 0) return;
    await this.settle();
    this.#day = day;
    await this.#options.store.reserve(day, this.#taken);
  }

  /** Gives back reserved calls that were not made. */
  async settle(): Promise<void> {
    const unused = this.#left;
    this.#left = 0;
    await this.#options.store.settle(this.#day, unused);
  }

  /** This tool's calls of the account's day so far, without those reserved and not made. */
  async callsToday(): Promise<number> {
    return this.#madeToday() + (await this.#options.store.readOn(this.#today()));
  }

  /** The numbers of the account's day. Never throws: a destination that cannot be read has already failed the run. */
  async dayCalls(): Promise<DayCalls> {
    const { budget, quota } = this.#options;
    const callsToday = await this.callsToday().catch(() => this.#madeToday());
    const account = quota?.usage() ?? null;
    const shares = [
      ...(budget === null ? [] : [callsToday / budget]),
      ...(account === null || quota === null ? [] : [account.used / (account.max * quota.share)]),
    ];
    return {
      callsToday,
      callsBudget: budget,
      quotaUsed: account?.used ?? null,
      quotaMax: account?.max ?? null,
      quotaShare: shares.length === 0 ? null : Math.min(1, Math.max(...shares)),
    };
  }

  #today(): string {
    const { now, zone } = this.#options;
    const instant = now();
    const { from, to } = this.#span;
    if (instant < from || instant >= to) {
      this.#span = {
        day: localDay(instant, zone),
        from: dayStart(instant, zone, 0),
        to: nextDayStart(instant, zone),
      };
    }
    return this.#span.day;
  }

  #madeToday(): number {
    const day = this.#today();
    return this.#options.store.knownOn(day) - (day === this.#day ? this.#left : 0);
  }

  async #reserve(day: string): Promise<void> {
    const { store, budget } = this.#options;
    const used = async (): Promise<number> => store.knownOn(day) + (await store.readOn(day));
    let calls = store.block;
    if (budget !== null) {
      const before = await used();
      calls = Math.min(calls, budget - before);
      if (calls <= 0) throw this.#budgetSpent(before, budget);
    }
    await store.reserve(day, calls);
    // Another process may have reserved at the same moment: each sees both, so no call is ever spent twice.
    if (budget !== null && (await used()) > budget) {
      await store.settle(day, calls);
      throw this.#budgetSpent(await used(), budget);
    }
    // A day that has turned in the meantime has its own count.
    if (day === this.#day) this.#left += calls;
  }

  #checkQuota(): void {
    const { quota } = this.#options;
    const usage = quota?.usage() ?? null;
    if (quota === null || usage === null) return;
    // Other lanes may have taken a call each and not have sent it yet.
    const used = usage.used + this.#taken - quota.sent();
    if (used < usage.max * quota.share) return;
    const percent = `${Math.round(quota.share * 1000) / 10} %`;
    throw new LimitError(
      `call Pardot: ${used} of the account's ${usage.max} calls are used today by all integrations together; this tool stops at ${percent} (PARDOT_QUOTA_SHARE)`,
      { code: "limit.call-budget", hint: this.#hint("PARDOT_QUOTA_SHARE") },
    );
  }

  #budgetSpent(used: number, budget: number): LimitError {
    return new LimitError(
      `call Pardot: ${used} of ${budget} calls of the daily budget (PARDOT_DAILY_CALL_BUDGET) are used`,
      { code: "limit.call-budget", hint: this.#hint("PARDOT_DAILY_CALL_BUDGET") },
    );
  }

  #hint(setting: string): string {
    const { now, zone } = this.#options;
    const turn = nextDayStart(now(), zone);
    const words = `${toLocal(turn, zone).slice(0, 16)} ${zone} (${isoInstant(turn)})`;
    return `Finished work is committed. Run again after ${words}, when the account's next day starts, or raise ${setting}.`;
  }
}
