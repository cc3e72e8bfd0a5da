import type { CatalogObject, EmailV4 } from "../catalog/catalog.ts";
import type { EmailIndex, IndexedEmail } from "../commit/email-index.ts";
import type { OpenWindow } from "../commit/state.ts";
import { normalise } from "../encode/normalise.ts";
import { assert, RemoteError } from "../errors.ts";
import type { RowFiles } from "../land/row-files.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import { DAY_MS, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import type { Extraction } from "./extraction.ts";
import { windowDone } from "./window-done.ts";
import { mayLandRest, openRowFiles } from "./segmented.ts";

/** How long an e-mail that could not be read is left alone. */
const UNREADABLE_DAYS = 7;

/** E-mails asked for side by side; the gate decides how many requests are really in flight. */
const BATCH = 4;

/** One list e-mail to be read. */
export interface EmailCandidate {
  readonly listEmailId: string;
  readonly emailId: string;
}

/**
 * The list e-mails that an object reads now, by ascending id: each new one once, or each with activity since it was read
 * last; one that could not be read is left alone for a week.
 */
export function emailCandidates(
  object: string,
  access: EmailV4,
  index: EmailIndex,
  known: ReadonlySet<string>,
  now: Instant,
): EmailCandidate[] {
  const isDue = ([listEmailId, entry]: [string, IndexedEmail]): boolean => {
    const reading = entry.read[object];
    if (reading?.outcome === "unreadable") return now - Date.parse(reading.at) >= UNREADABLE_DAYS * DAY_MS;
    if (access.which === "active") return entry.active;
    return reading === undefined && !known.has(listEmailId);
  };
  return Object.entries(index)
    .filter(isDue)
    .map(([listEmailId, { emailId }]) => ({ listEmailId, emailId }))
    .toSorted((a, b) => a.listEmailId.length - b.listEmailId.length || (a.listEmailId < b.listEmailId ? -1 : 1));
}

/**
 * Reads each candidate with one call and lands the records like those of a queried object. What has landed is recorded
 * with its file, so that a rerun goes on after it; also when the rest is cut. An e-mail that Pardot refuses is reported,
 * skipped and tried again after a week; it never fails the run.
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
  try {
    const todo = emailCandidates(object.name, access, journal.state.emails, known, window.to);
    let unrecorded: string[] = [];
    let cut: { readonly error: unknown } | null = null;
    while (todo.length > 0 && cut === null) {
      if (stop.aborted) {
        cut = { error: stop.reason };
        break;
      }
      const batch = todo.splice(0, BATCH);
      const outcomes = await readBatch(object, access, batch, window, extraction);
      for (const [i, outcome] of outcomes.entries()) {
        const candidate = batch[i];
        if (outcome.status === "rejected") cut ??= { error: outcome.reason };
        if (outcome.status === "rejected" || outcome.value === null || candidate === undefined) continue;
        await files.add(normalise(outcome.value, object.columns, object.name));
        unrecorded.push(candidate.listEmailId);
        if (!files.isFull) continue;
        await landEmails(object, access, window, files, unrecorded, extraction);
        unrecorded = [];
      }
    }
    // Each record has cost a call. Where the rest is cut, by a limit or a request to stop, they are landed all the same:
    // a budget smaller than a file would otherwise be spent on the same e-mails day after day.
    if (cut === null || mayLandRest(cut.error)) await landEmails(object, access, window, files, unrecorded, extraction);
    if (cut !== null) throw cut.error;
    await windowDone(object, window, extraction);
  } finally {
    await files.discard();
  }
}

/** What came of each of a batch in its order, null for one that cannot be read. Every call is over when it returns. */
async function readBatch(
  object: CatalogObject,
  access: EmailV4,
  batch: readonly EmailCandidate[],
  window: OpenWindow,
  extraction: Extraction,
): Promise<readonly PromiseSettledResult<WireRecord | null>[]> {
  return Promise.allSettled(batch.map((candidate) => readOne(object, access, candidate, window, extraction)));
}

async function readOne(
  object: CatalogObject,
  access: EmailV4,
  candidate: EmailCandidate,
  window: OpenWindow,
  extraction: Extraction,
): Promise<WireRecord | null> {
  const { urlName, dataKey, readFormat = "xml" } = object.v4;
  const id = access.by === "email" ? candidate.emailId : candidate.listEmailId;
  const request = {
    urlName,
    dataKey,
    operation: access.operation,
    id,
    format: readFormat,
    about: { object: object.name, window: window.id },
  };
  try {
    const record = await extraction.pardot.readById(request, extraction.signal);
    return { ...record, [access.listEmailColumn]: candidate.listEmailId };
  } catch (error) {
    // Which code Pardot gives for an id it does not know is not documented; any refusal of a single id is such a one.
    if (!(error instanceof RemoteError) || error.pardotCode === null || error.retryable) throw error;
    const { listEmailId } = candidate;
    await extraction.journal.record([
      {
        type: "emails-read",
        object: object.name,
        outcome: "unreadable",
        at: isoInstant(window.to),
        listEmailIds: [listEmailId],
        clearsActivity: false,
      },
    ]);
    const message = `list e-mail ${listEmailId} (asked for by id ${id}) cannot be read: ${error.message}. It is skipped and tried again after ${UNREADABLE_DAYS} days`;
    extraction.onEvent({ type: "warning", code: "email.unreadable", object: object.name, message });
    return null;
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
