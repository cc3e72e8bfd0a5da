import { isBulk, isPerEmail, isQueried, isSingle } from "../../catalog/catalog.ts";
import type { BulkObject, CatalogObject } from "../../catalog/catalog.ts";
import { assert } from "../../errors.ts";
import { exportJobs, inOrder } from "../../extract/bulk.ts";
import { extractEmails } from "../../extract/emails.ts";
import { runExports } from "../../extract/export-queue.ts";
import { extractByFields, extractSegment, extractSingle } from "../../extract/segmented.ts";
import type { WireRecord } from "../../pardot/pardot.ts";
import { allEnded } from "../../platform/lanes.ts";
import { objectState } from "../../state/state.ts";
import type { Change, OpenWindow } from "../../state/state.ts";
import type { Run } from "./context.ts";
import { indexWarehouseEmails, knownEmails } from "./warehouse-emails.ts";

/**
 * Extracts every open window: the exports through Pardot's queue, the queries at the same time in as many lanes as
 * requests may be in flight, and the objects that are read by list email as soon as the activities, which name them,
 * have ended. An object that fails stops no other; its windows stay on record. `account`: the account's own record,
 * which is landed too.
 */
export async function extract(run: Run, account: WireRecord): Promise<void> {
  const queried = run.objects.filter((object) => isSingle(object) || (isQueried(object) && !isBulk(object)));
  const activities = activitiesEnded(run);
  const exports = extractBulk(run, activities.check);
  const queries = run.lanes.run(() =>
    run.lanes.share(queried, async (object) => {
      await extractObject(object, run, async (window) => extractQueried(object, window, account, run));
      activities.check();
    }),
  );
  // Without a check that finds them ended, for instance because none is selected, the emails come last.
  const emails = Promise.race([activities.ended, allEnded([exports, queries])]).then(() => extractByEmail(run));
  try {
    await allEnded([exports, queries, emails]);
  } finally {
    await run.converter?.close();
  }
}

/**
 * Resolves `ended` at the first check that finds every window that may name list emails done, or its object failed. Done
 * may be recorded but not durable yet: what the emails record is written after it.
 */
function activitiesEnded(run: Run): { readonly ended: Promise<void>; readonly check: () => void } {
  const sources = run.objects.filter(({ way }) => way.emailPairs !== undefined);
  let resolve = (): void => undefined;
  const ended = new Promise<void>((onEnded) => {
    resolve = onEnded;
  });
  const hasEnded = (source: CatalogObject): boolean =>
    run.failures.of(source.name) !== null || openWindows(source, run).length === 0;
  return { ended, check: () => void (sources.length > 0 && sources.every(hasEnded) && resolve()) };
}

async function extractQueried(object: CatalogObject, window: OpenWindow, account: WireRecord, run: Run): Promise<void> {
  if (isSingle(object)) return extractSingle(object, window, account, run);
  assert(isQueried(object), `a query reads ${object.name}`);
  return object.way.api === "v5" ? extractByFields(object, window, run) : extractSegment(object, window, run);
}

async function extractByEmail(run: Run): Promise<void> {
  const { failures, journal, warehouse } = run;
  const byEmail = run.objects.filter(isPerEmail);
  if (byEmail.length === 0) return;
  // Without every activity the smallest id of a list email may still be missing, and with it the email.
  const source = run.objects.find(({ name, way }) => way.emailPairs !== undefined && failures.of(name) !== null);
  if (source !== undefined) {
    for (const { name } of byEmail) failures.wait(name, source.name);
    return;
  }
  let known: ReadonlySet<string>;
  try {
    run.drain.throwIfAborted();
    await indexWarehouseEmails(journal, warehouse, run.abort);
    known = await knownEmails(journal.state.emails, warehouse, run.abort);
  } catch (error) {
    for (const { name } of byEmail) failures.fail(name, error);
    return;
  }
  let failed: string | null = null;
  for (const object of byEmail) {
    // The marks of activity are removed after the last object has read them, so the objects before it must be finished.
    const isActive = object.way.email.which === "active";
    if (isActive && failed !== null) {
      failures.wait(object.name, failed);
      continue;
    }
    await extractObject(object, run, (window) => extractEmails(object, window, known, run));
    if (isActive && failures.of(object.name) !== null) failed = object.name;
  }
}

/** `onEnded`: called after each export and query that has ended. */
async function extractBulk(run: Run, onEnded: () => void): Promise<void> {
  const { failures, journal, onEvent } = run;
  const jobs = [];
  const queries: Promise<void>[] = [];
  for (const object of run.objects.filter(isBulk)) {
    const { name } = object;
    onEvent({ type: "object-started", object: name });
    const windows = openWindows(object, run);
    // A history without a single record needs no export.
    const empty = windows.filter((window) => window.askFrom >= window.to);
    const done = empty.map(({ id }): Change => ({ type: "window-done", object: name, window: id }));
    if (done.length > 0) await journal.record(done);
    for (const { id } of empty) onEvent({ type: "window-finished", object: name, window: id, rows: 0 });
    const outcome = {
      fail: (error: unknown): void => {
        failures.fail(name, error);
        onEnded();
      },
      isFailed: (): boolean => failures.of(name) !== null,
      takeOver: queryOnceEach(object, queries, run, onEnded),
      landed: onEnded,
    };
    const exported = windows.filter((window) => !empty.includes(window));
    jobs.push(...exportJobs(object, exported, outcome, run));
  }
  onEnded();
  await runExports(inOrder(jobs, run), run);
  await Promise.all(queries);
}

/** Queries the windows passed to it one after another, each once, while the exports continue. */
function queryOnceEach(
  object: BulkObject,
  queries: Promise<void>[],
  run: Run,
  onEnded: () => void,
): (window: OpenWindow) => void {
  const { failures, drain } = run;
  const passed = new Set<string>();
  let last = Promise.resolve();
  const query = async (window: OpenWindow): Promise<void> => {
    if (failures.of(object.name) !== null) return;
    try {
      drain.throwIfAborted();
      await run.lanes.run(() => extractByFields(object, window, run));
    } catch (error) {
      failures.fail(object.name, error);
    }
  };
  return (window) => {
    if (passed.has(window.id)) return;
    passed.add(window.id);
    last = last.then(() => query(window)).then(onEnded);
    queries.push(last);
  };
}

/** Extracts an object's open windows one after another; the first failure is the object's. */
async function extractObject(
  object: CatalogObject,
  run: Run,
  extractWindow: (window: OpenWindow) => Promise<void>,
): Promise<void> {
  // After a failure its windows may not be on record, and no manifest would name its files.
  if (run.failures.of(object.name) !== null) return;
  run.onEvent({ type: "object-started", object: object.name });
  try {
    for (const window of openWindows(object, run)) {
      run.drain.throwIfAborted();
      await extractWindow(window);
    }
  } catch (error) {
    run.failures.fail(object.name, error);
  }
}

function openWindows(object: CatalogObject, { journal }: Run): readonly OpenWindow[] {
  return objectState(journal.state, object.name).windows.filter((window) => !window.done);
}
