import { objectFields } from "./fields.ts";
import { excludeRefused, isFieldRefusal } from "./refusals.ts";
import { isPerEmail } from "../catalog/catalog.ts";
import type { CatalogObject, EmailV4, PerEmailObject } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import { normalise } from "../encode/normalise.ts";
import { protectRecord } from "../encode/protect.ts";
import type { Row } from "../encode/canonical.ts";
import { assert } from "../errors.ts";
import type { RemoteError } from "../errors.ts";
import type { RowFiles } from "../land/row-files.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import { indexedEmail, indexedEmails } from "../state/email-index.ts";
import type { EmailIndex } from "../state/email-index.ts";
import type { Change, OpenWindow } from "../state/state.ts";
import { DAY_MS, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { WindowInProgress } from "./context.ts";
import type { Extraction } from "./context.ts";
import { mayLandRest, openRowFiles } from "./land-pages.ts";
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
 * after a week; it never fails the run. A field that Pardot refuses (v5) is not such a reason: it is remembered and left
 * out. Holds the ids of the candidates, and the records of one batch.
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
    extraction.onEvent({ type: "records-counted", ...progress.about, records: todo.length });
    let unrecorded: string[] = [];
    let cut: { readonly error: unknown } | null = null;
    let isRead = !namesFields(object);
    for (let from = 0; from < todo.length && cut === null;) {
      if (drain.aborted) {
        cut = { error: drain.reason };
        break;
      }
      // One at a time up to the first that is read, so that a field that Pardot refuses costs one call.
      const batch = todo.slice(from, from + (isRead ? BATCH : 1));
      from += batch.length;
      const outcomes = await readBatch(batch, progress);
      isRead ||= outcomes.some(({ status }) => status === "fulfilled");
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

type PerEmail = WindowInProgress<PerEmailObject>;

/** Reads some list emails at a time. Those that Pardot refuses because of a field are read again without it. */
async function readBatch(ids: readonly string[], progress: PerEmail): Promise<readonly PromiseSettledResult<Row>[]> {
  const fields = requestedOf(progress);
  const outcomes = await Promise.allSettled(ids.map((id) => readEmail(id, fields, progress)));
  // One after another, so that each field is remembered and reported once.
  for (const [i, outcome] of outcomes.entries()) {
    if (outcome.status === "fulfilled" || !isRefusedField(outcome.reason, progress)) continue;
    const refusal = { error: outcome.reason, fields };
    [outcomes[i] = outcome] = await Promise.allSettled([readWithoutRefused(ids[i] ?? "", refusal, progress)]);
  }
  return outcomes;
}

/** Identifies the refused fields, remembers them, and reads the list email without them. */
async function readWithoutRefused(
  id: string,
  refusal: { readonly error: RemoteError; readonly fields: readonly string[] },
  progress: PerEmail,
): Promise<Row> {
  const { object, extraction } = progress;
  let { error, fields } = refusal;
  // Each round but the last leaves out at least one more field.
  for (;;) {
    const request = (some: readonly string[]): Promise<unknown> => readRecord(id, some, progress);
    if (requestedOf(progress).length === fields.length) {
      await excludeRefused(object, fields, error, request, extraction);
    }
    fields = requestedOf(progress);
    try {
      return await readEmail(id, fields, progress);
    } catch (next) {
      if (!isRefusedField(next, progress)) throw next;
      error = next;
    }
  }
}

/** Whether a read failed because of the fields that it named. */
function isRefusedField(error: unknown, { object }: PerEmail): error is RemoteError {
  return namesFields(object) && isFieldRefusal(error);
}

/** Whether a read names its fields: not in v3/v4, and not for statistics. */
function namesFields({ way }: PerEmailObject): boolean {
  return way.api === "v5" && way.email.operation === "read";
}

function requestedOf({ object, fields }: PerEmail): readonly string[] {
  return objectFields(object, fields).requested;
}

/** The row of one list email. */
async function readEmail(listEmailId: string, fields: readonly string[], progress: PerEmail): Promise<Row> {
  const { object } = progress;
  const { listEmailColumn } = object.way.email;
  const record = await readRecord(listEmailId, fields, progress);
  const column = object.columns.find(({ name }) => name === listEmailColumn);
  const named = { ...record, [column?.wire ?? listEmailColumn]: listEmailId };
  const protection = progress.protection();
  return normalise(protection === null ? named : protectRecord(named, protection), object.columns, object.name);
}

/** By a call for the list email's smallest email or for itself. */
async function readRecord(listEmailId: string, fields: readonly string[], progress: PerEmail): Promise<WireRecord> {
  const { object, extraction, about } = progress;
  const { way } = object;
  const isByEmail = way.email.by === "email";
  const id = isByEmail ? indexedEmail(extraction.journal.state.emails, listEmailId)?.emailId : listEmailId;
  assert(id !== undefined, `list email ${listEmailId} is in the index`);
  return extraction.pardot.readById({ way, id, fields, about }, extraction.abort);
}

/** Reports emails that cannot be read, and remembers to try them again later. */
async function skip(unreadable: readonly Unreadable[], progress: PerEmail): Promise<void> {
  if (unreadable.length === 0) return;
  const { journal, onEvent } = progress.extraction;
  const listEmailIds = unreadable.map(({ listEmailId }) => listEmailId);
  await journal.record([emailsRead("unreadable", listEmailIds, progress)]);
  for (const { listEmailId, error } of unreadable) {
    const message = `list email ${listEmailId} cannot be read: ${error.message}. It is skipped and tried again after ${UNREADABLE_DAYS} days`;
    onEvent({ type: "warning", code: "email.unreadable", object: progress.object.name, message });
  }
}

async function landEmails(files: RowFiles, listEmailIds: readonly string[], progress: PerEmail): Promise<void> {
  const file = await files.land();
  if (file === null) return;
  const landed = progress.landed(file, listEmailIds.at(-1) ?? null);
  await progress.extraction.journal.record([landed, emailsRead("landed", listEmailIds, progress)]);
}

function emailsRead(
  outcome: "landed" | "unreadable",
  listEmailIds: readonly string[],
  { object, window, extraction }: PerEmail,
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
