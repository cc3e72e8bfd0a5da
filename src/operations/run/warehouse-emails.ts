import { indexedEmail, isEmailId, smallerId } from "../../state/email-index.ts";
import type { EmailIndex, EmailPair } from "../../state/email-index.ts";
import type { Journal } from "../../state/journal.ts";
import type { Warehouse } from "../../warehouse/warehouse.ts";

/** The tables of activities and of emails, and their columns of list emails and emails. */
const ACTIVITY_TABLE = "PARDOT_VISITORACTIVITY";
const EMAIL_TABLE = "PARDOT_EMAIL";
const LIST_EMAIL = "list_email_id";
const EMAIL = "email_id";

/** Pairs that go into one journal entry. */
const PAIRS_PER_ENTRY = 5000;

/**
 * Pairs in the warehouse that are not in the index, some thousands at a time: list emails of activities that were loaded
 * by another tool, or before this one.
 */
export async function* newPairs(
  index: () => EmailIndex,
  warehouse: Warehouse,
  signal: AbortSignal,
): AsyncGenerator<readonly EmailPair[]> {
  let news: EmailPair[] = [];
  for await (const [listEmailId, emailId] of warehouse.leastBy(ACTIVITY_TABLE, LIST_EMAIL, EMAIL, signal)) {
    if (!isEmailId(listEmailId) || !isEmailId(emailId)) continue;
    const pair = { listEmailId, emailId };
    const known = indexedEmail(index(), pair.listEmailId);
    if (known !== null && smallerId(known.emailId, pair.emailId) === known.emailId) continue;
    news.push(pair);
    if (news.length < PAIRS_PER_ENTRY) continue;
    yield news;
    news = [];
  }
  if (news.length > 0) yield news;
}

/** Adds the warehouse's list emails to the index, before the emails are read. */
export async function indexWarehouseEmails(journal: Journal, warehouse: Warehouse, signal: AbortSignal): Promise<void> {
  for await (const pairs of newPairs(() => journal.state.emails, warehouse, signal)) {
    await journal.record([{ type: "emails-seen", pairs, isActivity: false }]);
  }
}

/** The list emails of the index that are in the warehouse's table `Email` already and that no run has read. */
export async function knownEmails(
  index: EmailIndex,
  warehouse: Warehouse,
  signal: AbortSignal,
): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for await (const listEmailId of warehouse.keys(EMAIL_TABLE, LIST_EMAIL, signal)) {
    const entry = indexedEmail(index, listEmailId);
    if (entry !== null && !entry.read.has("Email")) known.add(listEmailId);
  }
  return known;
}
