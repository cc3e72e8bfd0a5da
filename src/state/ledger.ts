/** Calls of one account day, reserved before they are made. */
export interface LedgerDay {
  /** `YYYY-MM-DD` in the account's zone; empty before the first call. */
  readonly day: string;
  /** Calls reserved that day: those made, and at most one block that a killed run did not use up. */
  readonly reserved: number;
}

/** The day of the last reservation. */
export interface Ledger extends LedgerDay {
  /** The day counted before it: clocks that differ around midnight return to it, and its count must not be lost. */
  readonly previous: LedgerDay | null;
}

/** Calls reserved on a day, as far back as the ledger goes. */
export function reservedOn(ledger: Ledger, day: string): number {
  if (day === ledger.day) return ledger.reserved;
  return day === ledger.previous?.day ? ledger.previous.reserved : 0;
}

/** The ledger with more calls of a day, or fewer. */
export function onDay(ledger: Ledger, day: string, calls: number): Ledger {
  const { previous, ...current } = ledger;
  const reserved = Math.max(0, reservedOn(ledger, day) + calls);
  return { day, reserved, previous: day === ledger.day ? previous : ledger.day === "" ? null : current };
}
