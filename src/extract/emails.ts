import type { CatalogObject, EmailV4 } from "../catalog/catalog.ts";
import { indexedEmail, indexedEmails } from "../state/email-index.ts";
import type { EmailIndex } from "../state/email-index.ts";
import type { OpenWindow } from "../state/state.ts";
import { normalise } from "../encode/normalise.ts";
import type { Row } from "../encode/row.ts";
import { assert } from "../errors.ts";
import type { RowFiles } from "../land/row-files.ts";
import { DAY_MS, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import type { Extraction } from "./extraction.ts";
import { windowDone } from "./window-done.ts";
import { mayLandRest, openRowFiles } from "./segmented.ts";
import { UnreadableEmails } from "./unreadable.ts";
import type { Unreadable } from "./unreadable.ts";

/** How long an e-mail that could not be read is left alone. */
const UNREADABLE_DAYS = 7;

/** E-mails asked for side by side; the gate decides how many requests are really in flight. */
const BATCH = 4;

/**
 * The list e-mails that an object reads now, in no order: each new one once, or each with activity since it was read
 * last; one that could not be read is left alone for a week. `known` are those that the warehouse has.
 */
export function* emailCandidates(
  object: string,
  access: EmailV4,
  index: EmailIndex,
  known: ReadonlySet<string>,
  now: Instant,
): Generator<string> {
  const isForgotten = index.forgotten.includes(object);
  for (const [listEmailId, { read, active }] of indexedEmails(index)) {
    const reading = read.get(object);
    const isDue =
      reading?.outcome === "unreadable"
        ? now - reading.at * 1000 >= UNREADABLE_DAYS * DAY_MS
        : access.which === "active"
          ? active
          : reading === undefined && (isForgotten || !known.has(listEmailId));
    if (isDue) yield listEmailId;
  }
}

function byNumber(a: string, b: string): number {
  return a.length - b.length || (a < b ? -1 : 1);
}

/**
 * Reads each candidate with one call, by ascending id of the list e-mail, and lands the records like those of a queried
 * object. What has landed is recorded with its file, so that a rerun goes on after it; also when the rest is cut. An
 * e-mail that cannot be read, for a reason of its own, is reported, skipped and tried again after a week; it never fails
 * the run. Memory: the ids of the candidates, and the records of one batch.
 */
export async function extractEmails(
  object: CatalogObject,
  window: OpenWindow,
  known: ReadonlySet<string>,
  extraction: Extraction,
): Promise<void> {
  const { email: access } = object.v4;
  assert(access !== undefined, `${object.name} says how an e-mail is read`);
  const { journal, stop } = extraction;
  const files = openRowFiles(object, window, extraction);
  const unreadable = new UnreadableEmails();
  const hasEverRead = (): boolean => {
    for (const [, { read }] of indexedEmails(journal.state.emails)) {
      if (read.get(object.name)?.outcome === "landed") return true;
    }
    return false;
  };
  try {
    const todo = [...emailCandidates(object.name, access, journal.state.emails, known, window.to)].toSorted(byNumber);
    let unrecorded: string[] = [];
    let cut: { readonly error: unknown } | null = null;
    for (let from = 0; from < todo.length && cut === null; from += BATCH) {
      if (stop.aborted) {
        cut = { error: stop.reason };
        break;
      }
      const batch = todo.slice(from, from + BATCH);
      const outcomes = await Promise.allSettled(batch.map((id) => readOne(object, access, id, window, extraction)));
      for (const [i, outcome] of outcomes.entries()) {
        const listEmailId = batch[i] as string;
        if (outcome.status === "rejected") {
          try {
            await skip(object, window, unreadable.failed(listEmailId, outcome.reason), extraction);
          } catch (error) {
            cut ??= { error };
          }
          continue;
        }
        await skip(object, window, unreadable.read(), extraction);
        await files.add(outcome.value);
        unrecorded.push(listEmailId);
        if (!files.isFull) continue;
        await landEmails(object, access, window, files, unrecorded, extraction);
        unrecorded = [];
      }
    }
    // Each record has cost a call. Where the rest is cut, by a limit or a request to stop, they are landed all the same:
    // a budget smaller than a file would otherwise be spent on the same e-mails day after day.
    if (cut === null || mayLandRest(cut.error)) await landEmails(object, access, window, files, unrecorded, extraction);
    if (cut !== null) throw cut.error;
    await skip(object, window, unreadable.end(hasEverRead), extraction);
    await windowDone(object, window, extraction);
  } finally {
    await files.discard();
  }
}

/** The row of one list e-mail, by a call for its smallest e-mail or for itself. */
async function readOne(
  object: CatalogObject,
  access: EmailV4,
  listEmailId: string,
  window: OpenWindow,
  extraction: Extraction,
): Promise<Row> {
  const { urlName, dataKey, readFormat = "xml" } = object.v4;
  const { operation, listEmailColumn } = access;
  const id = access.by === "email" ? indexedEmail(extraction.journal.state.emails, listEmailId)?.emailId : listEmailId;
  assert(id !== undefined, `list e-mail ${listEmailId} is in the index`);
  const about = { object: object.name, window: window.id };
  const request = { urlName, dataKey, operation, id, format: readFormat, about };
  const record = await extraction.pardot.readById(request, extraction.signal);
  return normalise({ ...record, [listEmailColumn]: listEmailId }, object.columns, object.name);
}

/** Reports e-mails that cannot be read, and leaves them alone for a week. */
async function skip(
  object: CatalogObject,
  window: OpenWindow,
  unreadable: readonly Unreadable[],
  extraction: Extraction,
): Promise<void> {
  if (unreadable.length === 0) return;
  const { name } = object;
  const listEmailIds = unreadable.map(({ listEmailId }) => listEmailId);
  await extraction.journal.record([
    {
      type: "emails-read",
      object: name,
      outcome: "unreadable",
      at: isoInstant(window.to),
      listEmailIds,
      clearsActivity: false,
    },
  ]);
  for (const { listEmailId, error } of unreadable) {
    const message = `list e-mail ${listEmailId} cannot be read: ${error.message}. It is skipped and tried again after ${UNREADABLE_DAYS} days`;
    extraction.onEvent({ type: "warning", code: "email.unreadable", object: name, message });
  }
}

async function landEmails(
  object: CatalogObject,
  access: EmailV4,
  window: OpenWindow,
  files: RowFiles,
  listEmailIds: readonly string[],
  extraction: Extraction,
): Promise<void> {
  const file = await files.land();
  if (file === null) return;
  const { name } = object;
  await extraction.journal.record([
    { type: "landed", object: name, window: window.id, file, cursor: listEmailIds.at(-1) ?? null },
    {
      type: "emails-read",
      object: name,
      outcome: "landed",
      at: isoInstant(window.to),
      listEmailIds,
      clearsActivity: access.which === "active",
    },
  ]);
}
