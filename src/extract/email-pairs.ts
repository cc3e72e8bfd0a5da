import type { CatalogObject } from "../catalog/catalog.ts";
import { isEmailId, smallerId } from "../state/email-index.ts";
import type { Change } from "../state/state.ts";
import type { Tap } from "../land/land.ts";

/** Gathers the list e-mails that the records of one file name. */
export interface EmailPairs {
  /** Null for an object whose records name none. */
  readonly tap: Tap | null;
  /** What to record together with the landed file, so that the index is never behind the files. */
  changes(): Change[];
}

/** Holds one pair for each list e-mail of a file: thousands at most, however many records it has. */
export function collectEmailPairs(object: CatalogObject): EmailPairs {
  const { emailPairs } = object.v4;
  if (emailPairs === undefined) return { tap: null, changes: () => [] };
  const smallest = new Map<string, string>();
  const onRecord = ([listEmailId, emailId]: readonly (string | null)[]): void => {
    if (!isEmailId(listEmailId) || !isEmailId(emailId)) return;
    const known = smallest.get(listEmailId);
    smallest.set(listEmailId, known === undefined ? emailId : smallerId(known, emailId));
  };
  return {
    tap: { columns: [emailPairs.listEmail, emailPairs.email], onRecord, forget: () => smallest.clear() },
    changes: () => {
      const pairs = [...smallest].map(([listEmailId, emailId]) => ({ listEmailId, emailId }));
      return pairs.length === 0 ? [] : [{ type: "emails-seen", pairs, isActivity: true }];
    },
  };
}
