import type { CatalogObject } from "../catalog/catalog.ts";
import { smallerId } from "../commit/email-index.ts";
import type { EmailPair } from "../commit/email-index.ts";
import type { Journal } from "../commit/journal.ts";
import type { State } from "../commit/state.ts";
import type { Warehouse } from "../warehouse/warehouse.ts";

/** Pairs that go into one journal entry. */
const PAIRS_PER_ENTRY = 5000;

/** Whether any of the objects is read by list e-mail. */
export function readsEmails(objects: readonly CatalogObject[]): boolean {
  return objects.some((object) => object.v4.process === "email");
}

/**
 * What the warehouse knows of e-mails and the index does not: list e-mails of activities that were loaded before this
 * tool came, or by another one. Memory: the pairs that are news.
 */
export async function newPairs(state: State, warehouse: Warehouse, signal: AbortSignal): Promise<EmailPair[]> {
  const news: EmailPair[] = [];
  for await (const pair of warehouse.emailPairs(signal)) {
    const known = state.emails[pair.listEmailId];
    if (known === undefined || smallerId(known.emailId, pair.emailId) !== known.emailId) news.push(pair);
  }
  return news;
}

/** Brings the index up to date with the warehouse before the e-mails are read. */
export async function indexWarehouseEmails(journal: Journal, warehouse: Warehouse, signal: AbortSignal): Promise<void> {
  const news = await newPairs(journal.state, warehouse, signal);
  for (let i = 0; i < news.length; i += PAIRS_PER_ENTRY) {
    const pairs = news.slice(i, i + PAIRS_PER_ENTRY);
    await journal.record([{ type: "emails-seen", pairs, isActivity: false }]);
  }
}

/** The list e-mails that are in the warehouse's table of e-mails already. */
export async function knownEmails(warehouse: Warehouse, signal: AbortSignal): Promise<ReadonlySet<string>> {
  const known = new Set<string>();
  for await (const listEmailId of warehouse.knownEmails(signal)) known.add(listEmailId);
  return known;
}
