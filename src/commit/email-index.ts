/** By id of the list e-mail. */
export interface EmailIndex {
  readonly [listEmailId: string]: IndexedEmail;
}

export interface IndexedEmail {
  /** The smallest e-mail id seen with it: the representative that is read. */
  readonly emailId: string;
  /** For each object that reads list e-mails (`Email`, `EmailStats`): what became of it; nothing when it was never asked for. */
  readonly read: { readonly [object: string]: EmailReading };
  /** For the objects that read active e-mails: whether there was activity since. */
  readonly active: boolean;
}

export interface EmailReading {
  readonly outcome: "landed" | "unreadable";
  /** Pardot's time, ISO. */
  readonly at: string;
}

/** A list e-mail and one of its e-mails. */
export interface EmailPair {
  readonly listEmailId: string;
  readonly emailId: string;
}

/** The index with further pairs: the smallest e-mail id of each list e-mail stays. Ids are digits of any length. */
export function withPairs(index: EmailIndex, pairs: readonly EmailPair[], isActivity: boolean): EmailIndex {
  const next: { [listEmailId: string]: EmailIndex[string] } = { ...index };
  for (const { listEmailId, emailId } of pairs) {
    const known = next[listEmailId];
    next[listEmailId] = {
      emailId: known === undefined ? emailId : smallerId(known.emailId, emailId),
      read: known?.read ?? {},
      active: isActivity || (known?.active ?? false),
    };
  }
  return next;
}

/** The index after list e-mails were read for an object. */
export function withReadings(
  index: EmailIndex,
  change: {
    readonly object: string;
    readonly outcome: EmailReading["outcome"];
    readonly at: string;
    readonly listEmailIds: readonly string[];
    readonly clearsActivity: boolean;
  },
): EmailIndex {
  const next: { [listEmailId: string]: EmailIndex[string] } = { ...index };
  const { outcome, at } = change;
  for (const id of change.listEmailIds) {
    const known = next[id];
    if (known === undefined) continue;
    const active = known.active && !change.clearsActivity;
    next[id] = { ...known, active, read: { ...known.read, [change.object]: { outcome, at } } };
  }
  return next;
}

/** The lesser of two ids as numbers: fewer digits first. */
export function smallerId(a: string, b: string): string {
  if (a.length !== b.length) return a.length < b.length ? a : b;
  return a < b ? a : b;
}
