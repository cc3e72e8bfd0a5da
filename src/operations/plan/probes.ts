import { customFieldsOf } from "../../catalog/catalog.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import { pagesOf } from "../../extract/pages/pages.ts";
import type { Counted } from "../../pardot/pardot.ts";
import type { FieldState } from "../../state/field-state.ts";
import { createdAt, canSortByCreation, liveProbes, OLDEST_ASKED_MAX, oldestRequest, orNull } from "../run/probes.ts";
import type { ProbeContext, Probes } from "../run/probes.ts";

/** The probes of a plan for one object, and what the run's own probes will cost. */
export interface PlanProbes extends Probes {
  readonly calls: number;
  /** How many records the object has in all, null if they were not counted. */
  readonly total: number | null;
}

/**
 * Determines the same facts as a run with fewer calls: the oldest record comes with a count, and fields in the state
 * are assumed to still exist.
 */
export function planProbes(context: ProbeContext): PlanProbes {
  const { pardot, full, signal } = context;
  const live = liveProbes(context);
  let calls = 0;
  let counted: Counted | null = null;
  return {
    oldest: async (object) => {
      // API v5 counts nothing, so there the run's own lookup is as cheap.
      if (object.way.api === "v5") {
        const before = pardot.calls.total;
        const oldest = await live.oldest(object);
        calls += pardot.calls.total - before;
        return oldest;
      }
      counted ??= await orNull(pardot.countRecords(oldestRequest(object), signal));
      const first = counted?.first ?? null;
      if (first === null) {
        calls += counted === null ? 1 : OLDEST_ASKED_MAX;
        return null;
      }
      // A run also requests a record with a later id that was created earlier; for an estimate the first is enough.
      calls += canSortByCreation(object) ? 2 : 1;
      return createdAt(first, object);
    },
    fields: async (object, memory) => {
      if (memory.listed !== null && !full) {
        calls += fieldCalls(object, memory.listed);
        return [];
      }
      const before = pardot.calls.total;
      const changes = await live.fields(object, memory);
      calls += pardot.calls.total - before;
      return changes;
    },
    get calls() {
      return calls;
    },
    get total() {
      return counted?.total ?? null;
    },
  };
}

function fieldCalls(object: CatalogObject, listed: NonNullable<FieldState["listed"]>): number {
  const customFields = customFieldsOf(object);
  if (customFields === undefined) return 0;
  return customFields.by === "describe" ? 1 : pagesOf(listed.length, customFields.query);
}
