import { isBulk, isPerEmail, isQueried } from "../../catalog/catalog.ts";
import type { BulkObject, CatalogObject } from "../../catalog/catalog.ts";
import { objectState } from "../../state/state.ts";
import type { Change, OpenWindow } from "../../state/state.ts";
import { exportJobs } from "../../extract/bulk.ts";
import { runExports } from "../../extract/export-queue.ts";
import type { Extraction } from "../../extract/context.ts";
import { extractEmails } from "../../extract/emails.ts";
import { extractByQuery, extractSegment, extractSingle } from "../../extract/segmented.ts";
import type { WireRecord } from "../../pardot/pardot.ts";
import type { Warehouse } from "../../warehouse/warehouse.ts";
import { indexWarehouseEmails, knownEmails, readsEmails } from "./emails.ts";
import type { Outcomes } from "./outcomes.ts";

/**
 * Extracts every open window of the given objects: the exports through Pardot's one queue, the queries beside them in as
 * many lanes as requests may be in flight, and then what is read by list e-mail, which the activities have brought. An
 * object that fails stops no other; what it leaves stays on the books.
 */
export async function execute(
  objects: readonly CatalogObject[],
  account: WireRecord,
  warehouse: Warehouse,
  outcomes: Outcomes,
  extraction: Extraction,
): Promise<void> {
  const todo = objects.filter(({ v4 }) => v4.process === "segmented" || v4.process === "read");
  const lane = async (): Promise<void> => {
    for (let object = todo.shift(); object !== undefined; object = todo.shift()) {
      await extractObject(object, outcomes, extraction, async (window) =>
        isQueried(object)
          ? extractSegment(object, window, extraction)
          : extractSingle(object, window, account, extraction),
      );
    }
  };
  const lanes = Array.from({ length: extraction.config.pardot.maxConcurrency }, lane);
  // Whatever fails, everything has to be over before the run ends: what went on in the dark would call Pardot uncounted.
  const ends = await Promise.allSettled([extractBulk(objects, outcomes, extraction), ...lanes]);
  for (const end of ends) if (end.status === "rejected") throw end.reason;
  if (readsEmails(objects)) await extractByEmail(objects, warehouse, outcomes, extraction);
}

async function extractByEmail(
  objects: readonly CatalogObject[],
  warehouse: Warehouse,
  outcomes: Outcomes,
  extraction: Extraction,
): Promise<void> {
  const byEmail = objects.filter(isPerEmail);
  // Without every activity the smallest id of a list email may be missing still, and with it the email.
  const source = objects.find(({ name, v4 }) => v4.emailPairs !== undefined && outcomes.of(name) !== null);
  if (source !== undefined) {
    for (const { name } of byEmail) outcomes.wait(name, source.name);
    return;
  }
  let known: ReadonlySet<string>;
  try {
    extraction.drain.throwIfAborted();
    await indexWarehouseEmails(extraction.journal, warehouse, extraction.abort);
    known = await knownEmails(extraction.journal.state.emails, warehouse, extraction.abort);
  } catch (error) {
    for (const { name } of byEmail) outcomes.fail(name, error);
    return;
  }
  for (const object of byEmail) {
    await extractObject(object, outcomes, extraction, (window) => extractEmails(object, window, known, extraction));
  }
}

async function extractBulk(
  objects: readonly CatalogObject[],
  outcomes: Outcomes,
  extraction: Extraction,
): Promise<void> {
  const bulk = objects.filter(isBulk);
  const jobs = [];
  const queries: Promise<void>[] = [];
  for (const object of bulk) {
    extraction.onEvent({ type: "object-started", object: object.name });
    const windows = openWindows(object, extraction);
    // A history without a single record: nothing to ask for.
    const empty = windows.filter((window) => window.askFrom >= window.to);
    const done = empty.map(({ id }): Change => ({ type: "window-done", object: object.name, window: id }));
    if (done.length > 0) await extraction.journal.record(done);
    for (const { id } of empty) {
      extraction.onEvent({ type: "window-finished", object: object.name, window: id, rows: 0 });
    }
    const outcome = {
      fail: (error: unknown): void => outcomes.fail(object.name, error),
      isFailed: (): boolean => outcomes.of(object.name) !== null,
      takeOver: queryOnceEach(object, queries, outcomes, extraction),
    };
    jobs.push(
      ...exportJobs(
        object,
        windows.filter((window) => !empty.includes(window)),
        outcome,
        extraction,
      ),
    );
  }
  await runExports(jobs, extraction);
  await Promise.all(queries);
}

/** Queries the windows it is told, one after another and each once, beside the exports that go on. */
function queryOnceEach(
  object: BulkObject,
  queries: Promise<void>[],
  outcomes: Outcomes,
  extraction: Extraction,
): (window: OpenWindow) => void {
  const told = new Set<string>();
  let last = Promise.resolve();
  const query = async (window: OpenWindow): Promise<void> => {
    if (outcomes.of(object.name) !== null) return;
    try {
      extraction.drain.throwIfAborted();
      await extractByQuery(object, window, extraction);
    } catch (error) {
      outcomes.fail(object.name, error);
    }
  };
  return (window) => {
    if (told.has(window.id)) return;
    told.add(window.id);
    last = last.then(() => query(window));
    queries.push(last);
  };
}

/** Works off an object's open windows one after another; the first failure is the object's. */
async function extractObject(
  object: CatalogObject,
  outcomes: Outcomes,
  extraction: Extraction,
  extractWindow: (window: OpenWindow) => Promise<void>,
): Promise<void> {
  // Its windows may not be on the books: what it landed would be in no manifest.
  if (outcomes.of(object.name) !== null) return;
  extraction.onEvent({ type: "object-started", object: object.name });
  try {
    for (const window of openWindows(object, extraction)) {
      extraction.drain.throwIfAborted();
      await extractWindow(window);
    }
  } catch (error) {
    outcomes.fail(object.name, error);
  }
}

function openWindows(object: CatalogObject, extraction: Extraction): readonly OpenWindow[] {
  return objectState(extraction.journal.state, object.name).windows.filter((window) => !window.done);
}
