import { objectFields } from "./fields.ts";
import { NO_FIELDS } from "../state/field-state.ts";
import { isPerEmail } from "../catalog/catalog.ts";
import type { CatalogObject, EmailV4, PerEmailObject } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import { normalise } from "../encode/normalise.ts";
import type { Row } from "../encode/canonical.ts";
import { assert } from "../errors.ts";
import type { RowFiles } from "../land/row-files.ts";
import { indexedEmail, indexedEmails } from "../state/email-index.ts";
import type { EmailIndex } from "../state/email-index.ts";
import type { Change, OpenWindow } from "../state/state.ts";
import { DAY_MS, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { WindowInProgress } from "./context.ts";
import type { Extraction } from "./context.ts";
import { mayLandRest, openRowFiles } from "./segmented.ts";
import { UnreadableEmails } from "./unreadable.ts";
import type { Unreadable } from "./unreadable.ts";

/** Days until an email that could not be read is tried again. */
const UNREADABLE_DAYS = 7;

/** Emails requested at a time; the gate limits the requests in flight. */
const BATCH = 4;

/**
 * The list emails that an object reads now, in no order: each new one once, or each one with activity since it was last
 * read. One that could not be read is included again after a week. `known`: those that the warehouse has.
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
 * Reads each candidate with one call, by ascending id of the list email, and lands the records in files as for a
 * queried object. Landed emails are recorded with their file, so that a rerun continues after them, even if the rest is
 * cut. If an email cannot be read for a reason that concerns only that email, it is reported, skipped and tried again
 * after a week; it never fails the run. Holds the ids of the candidates, and the records of one batch.
 */
export async function extractEmails(
  object: PerEmailObject,
  window: OpenWindow,
  known: ReadonlySet<string>,
  extraction: Extraction,
): Promise<void> {
  const { journal, drain } = extraction;
  const progress = new WindowInProgress(object, window, extraction);
  const files = openRowFiles(progress);
  const unreadable = new UnreadableEmails();
  const hasEverRead = (): boolean => {
    for (const [, { read }] of indexedEmails(journal.state.emails)) {
      if (read.get(object.name)?.outcome === "landed") return true;
    }
    return false;
  };
  try {
    const candidates = emailCandidates(object.name, object.way.email, journal.state.emails, known, window.to);
    const todo = [...candidates].toSorted(byNumber);
    let unrecorded: string[] = [];
    let cut: { readonly error: unknown } | null = null;
    for (let from = 0; from < todo.length && cut === null; from += BATCH) {
      if (drain.aborted) {
        cut = { error: drain.reason };
        break;
      }
      const batch = todo.slice(from, from + BATCH);
      const outcomes = await Promise.allSettled(batch.map((id) => readEmail(id, progress)));
      for (const [i, outcome] of outcomes.entries()) {
        const listEmailId = batch[i] as string;
        if (outcome.status === "rejected") {
          try {
            await skip(unreadable.failed(listEmailId, outcome.reason), progress);
          } catch (error) {
            cut ??= { error };
          }
          continue;
        }
        await skip(unreadable.read(), progress);
        await files.add(outcome.value);
        unrecorded.push(listEmailId);
        if (!files.isFull) continue;
        await landEmails(files, unrecorded, progress);
        unrecorded = [];
      }
    }
    // Each record has cost a call, so records are landed even if the rest is cut, by a limit or a stop request: a
    // budget smaller than a file would otherwise be spent on the same emails every day.
    if (cut === null || mayLandRest(cut.error)) await landEmails(files, unrecorded, progress);
    if (cut !== null) throw cut.error;
    await skip(unreadable.end(hasEverRead), progress);
    await progress.done();
  } finally {
    await files.discard();
  }
}

/** The row of one list email, read through its smallest email or through its own id. */
async function readEmail(listEmailId: string, progress: WindowInProgress<PerEmailObject>): Promise<Row> {
  const { object, extraction, about } = progress;
  const { way } = object;
  const { by, listEmailColumn } = way.email;
  const id = by === "email" ? indexedEmail(extraction.journal.state.emails, listEmailId)?.emailId : listEmailId;
  assert(id !== undefined, `list email ${listEmailId} is in the index`);
  const { requested: fields } = objectFields(object, NO_FIELDS);
  const record = await extraction.pardot.readById({ way, id, fields, about }, extraction.abort);
  const column = object.columns.find(({ name }) => name === listEmailColumn);
  const named = { ...record, [column?.wire ?? listEmailColumn]: listEmailId };
  return normalise(named, object.columns, object.name);
}

/** Reports emails that cannot be read, and remembers to try them again later. */
async function skip(unreadable: readonly Unreadable[], progress: WindowInProgress<PerEmailObject>): Promise<void> {
  if (unreadable.length === 0) return;
  const { journal, onEvent } = progress.extraction;
  const listEmailIds = unreadable.map(({ listEmailId }) => listEmailId);
  await journal.record([emailsRead("unreadable", listEmailIds, progress)]);
  for (const { listEmailId, error } of unreadable) {
    const message = `list email ${listEmailId} cannot be read: ${error.message}. It is skipped and tried again after ${UNREADABLE_DAYS} days`;
    onEvent({ type: "warning", code: "email.unreadable", object: progress.object.name, message });
  }
}

async function landEmails(
  files: RowFiles,
  listEmailIds: readonly string[],
  progress: WindowInProgress<PerEmailObject>,
): Promise<void> {
  const file = await files.land();
  if (file === null) return;
  const landed = progress.landed(file, listEmailIds.at(-1) ?? null);
  await progress.extraction.journal.record([landed, emailsRead("landed", listEmailIds, progress)]);
}

function emailsRead(
  outcome: "landed" | "unreadable",
  listEmailIds: readonly string[],
  { object, window, extraction }: WindowInProgress<PerEmailObject>,
): Change {
  const clearsActivity = outcome === "landed" && object.name === lastActiveReader(extraction.config);
  const at = isoInstant(window.to);
  return { type: "emails-read", object: object.name, outcome, at, listEmailIds, clearsActivity };
}

/**
 * The last of the selected objects that read list emails with activity: until it has read one, the others need its
 * mark.
 */
function lastActiveReader({ catalog, etl }: Pick<Config, "catalog" | "etl">): string | undefined {
  const isReader = (object: CatalogObject): boolean => isPerEmail(object) && object.way.email.which === "active";
  return catalog.findLast((object) => isReader(object) && etl.objects.includes(object.name))?.name;
}
