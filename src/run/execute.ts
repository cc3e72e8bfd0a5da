import type { CatalogObject } from "../catalog/catalog.ts";
import { objectState } from "../commit/state.ts";
import type { OpenWindow } from "../commit/state.ts";
import { exportJobs } from "../extract/bulk.ts";
import { runExports } from "../extract/export-queue.ts";
import type { Extraction } from "../extract/extraction.ts";
import { extractSegment, extractSingle } from "../extract/segmented.ts";
import type { WireRecord } from "../pardot/pardot.ts";
import type { Outcomes } from "./outcomes.ts";

/**
 * Extracts every open window of the given objects: the exports through Pardot's one queue, the queries beside them in as
 * many lanes as requests may be in flight. An object that fails stops no other; what it leaves stays on the books.
 */
export async function execute(
  objects: readonly CatalogObject[],
  account: WireRecord,
  outcomes: Outcomes,
  extraction: Extraction,
): Promise<void> {
  const todo = objects.filter((object) => object.v4.process !== "bulk");
  const lane = async (): Promise<void> => {
    for (let object = todo.shift(); object !== undefined; object = todo.shift()) {
      await extractQueried(object, account, outcomes, extraction);
    }
  };
  const lanes = Array.from({ length: extraction.config.pardot.maxConcurrency }, lane);
  await Promise.all([extractBulk(objects, outcomes, extraction), ...lanes]);
}

async function extractBulk(
  objects: readonly CatalogObject[],
  outcomes: Outcomes,
  extraction: Extraction,
): Promise<void> {
  const bulk = objects.filter((object) => object.v4.process === "bulk");
  const jobs = [];
  for (const object of bulk) {
    extraction.onEvent({ type: "object-started", object: object.name });
    const windows = openWindows(object, extraction);
    // A history without a single record: nothing to ask for.
    const empty = windows.filter((window) => window.askFrom >= window.to);
    for (const { id } of empty) {
      await extraction.journal.record([{ type: "window-done", object: object.name, window: id }]);
    }
    const outcome = {
      fail: (error: unknown): void => outcomes.fail(object.name, error),
      isFailed: (): boolean => outcomes.of(object.name) !== null,
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
}

async function extractQueried(
  object: CatalogObject,
  account: WireRecord,
  outcomes: Outcomes,
  extraction: Extraction,
): Promise<void> {
  extraction.onEvent({ type: "object-started", object: object.name });
  try {
    for (const window of openWindows(object, extraction)) {
      extraction.stop.throwIfAborted();
      if (object.v4.process === "read") await extractSingle(object, window, account, extraction);
      else await extractSegment(object, window, extraction);
    }
  } catch (error) {
    outcomes.fail(object.name, error);
  }
}

function openWindows(object: CatalogObject, extraction: Extraction): readonly OpenWindow[] {
  return objectState(extraction.journal.state, object.name).windows.filter((window) => !window.done);
}
