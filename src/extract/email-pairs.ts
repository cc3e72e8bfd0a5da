import type { CatalogObject } from "../catalog/catalog.ts";
import type { Tap } from "../land/land.ts";
import { isEmailId, smallerId } from "../state/email-index.ts";
import type { Change } from "../state/state.ts";

/** Collects the list emails that the records of one file name. */
export interface EmailPairs {
  /** Null for an object whose records name no list emails, or whose columns for them are dropped or hashed. */
  readonly tap: Tap | null;
  /** The changes to record together with the landed file, so that the index is never behind the files. */
  changes(): Change[];
}

/** Holds one pair for each list email of a file: thousands at most, however many records it has. */
export function collectEmailPairs(object: CatalogObject): EmailPairs {
  const { emailPairs } = object.way;
  const names: readonly (string | undefined)[] = [emailPairs?.listEmail, emailPairs?.email];
  const plain = object.columns.filter(({ name, hashed }) => names.includes(name) && hashed === undefined);
  if (emailPairs === undefined || plain.length < names.length) return { tap: null, changes: () => [] };
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
