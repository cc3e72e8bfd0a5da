import type { CatalogObject } from "../catalog/catalog.ts";
import { cellsOf, idAt, lenient } from "../encode/csv-field.ts";
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
  // Nearly all ids are such numbers: a file of millions of records is read without making a text of each.
  const numbers = new Map<number, number>();
  const onRecord = ([listEmailId, emailId]: readonly (string | null)[]): void => {
    if (!isEmailId(listEmailId) || !isEmailId(emailId)) return;
    const known = smallest.get(listEmailId);
    smallest.set(listEmailId, known === undefined ? emailId : smallerId(known, emailId));
  };
  const onBytes: Tap["onBytes"] = (bytes, start, ends, places) => {
    const [listPlace = 0, place = 0] = places;
    const listEmailId = idAt(bytes, start, ends, listPlace);
    if (listEmailId === null) return;
    const emailId = idAt(bytes, start, ends, place);
    if (emailId === null) return;
    if (Number.isNaN(listEmailId) || Number.isNaN(emailId)) {
      onRecord(cellsOf(bytes, start, start + (ends.at(-1) ?? 0), ends, places, lenient));
    } else if (!(emailId >= (numbers.get(listEmailId) ?? Infinity))) numbers.set(listEmailId, emailId);
  };
  const forget = (): void => {
    smallest.clear();
    numbers.clear();
  };
  return {
    tap: { columns: [emailPairs.listEmail, emailPairs.email], onRecord, onBytes, forget },
    changes: () => {
      for (const [listEmailId, emailId] of numbers) onRecord([String(listEmailId), String(emailId)]);
      numbers.clear();
      const pairs = [...smallest].map(([listEmailId, emailId]) => ({ listEmailId, emailId }));
      return pairs.length === 0 ? [] : [{ type: "emails-seen", pairs, isActivity: true }];
    },
  };
}
