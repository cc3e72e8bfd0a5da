import { LimitError } from "../errors.ts";
import { isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { nextDayStart, toLocal } from "../time/zone.ts";

/** The account's day: Pardot's time and the zone in which the day turns. */
export interface AccountDay {
  readonly now: Instant;
  /** IANA name. */
  readonly zone: string;
}

/** The day's budget of this tool is used up. */
export function budgetSpent(used: number, budget: number, day: AccountDay): LimitError {
  return new LimitError(
    `call Pardot: ${used} of ${budget} calls of the daily budget (PARDOT_DAILY_CALL_BUDGET) are used`,
    { code: "limit.call-budget", hint: hint(day, "PARDOT_DAILY_CALL_BUDGET") },
  );
}

/** The share of the account's own quota that this tool leaves to no one else is used up, others' calls included. */
export function shareSpent(
  quota: { readonly used: number; readonly max: number },
  share: number,
  day: AccountDay,
): LimitError {
  const percent = `${Math.round(share * 1000) / 10} %`;
  return new LimitError(
    `call Pardot: ${quota.used} of the account's ${quota.max} calls are used today by all integrations together; this tool stops at ${percent} (PARDOT_QUOTA_SHARE)`,
    { code: "limit.call-budget", hint: hint(day, "PARDOT_QUOTA_SHARE") },
  );
}

function hint({ now, zone }: AccountDay, setting: string): string {
  const turn = nextDayStart(now, zone);
  const words = `${toLocal(turn, zone).slice(0, 16)} ${zone} (${isoInstant(turn)})`;
  return `What is finished is committed. Run again after ${words}, when the account's next day starts, or raise ${setting}.`;
}
