import type { Config } from "../config/config.ts";
import { reservedOn } from "../commit/state.ts";
import type { State } from "../commit/state.ts";
import { LimitError } from "../errors.ts";
import type { CallBudget } from "../pardot/pardot.ts";
import type { Instant } from "../time/instant.ts";
import { localDay } from "../time/zone.ts";

/** Keeps to the day's budget without writing to the ledger, which belongs to the run that may be under way. */
export function readOnlyBudget(config: Config, state: State, now: () => Instant): CallBudget {
  let taken = 0;
  return {
    take: async () => {
      const { dailyCallBudget: budget, accountTimeZone } = config.pardot;
      const used = reservedOn(state.ledger, localDay(now(), accountTimeZone)) + taken;
      if (budget !== null && used >= budget) {
        throw new LimitError(
          `call Pardot: ${used} of ${budget} calls of the daily budget (PARDOT_DAILY_CALL_BUDGET) are used`,
          {
            code: "limit.call-budget",
            hint: "Ask again when the account's next day has started, or raise the budget.",
          },
        );
      }
      taken += 1;
    },
  };
}
