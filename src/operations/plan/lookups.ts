import type { CatalogObject, QueriedObject } from "../../catalog/catalog.ts";
import type { FieldChange, FieldMemory } from "../../state/field-memory.ts";
import { pagesOf } from "../../extract/pages.ts";
import type { LocalText } from "../../time/instant.ts";
import { createdAt, dateFilter, liveProbes, OLDEST_ASKED_MAX, oldestRequest, orNull } from "../run/probes.ts";
import type { ProbeContext, Probes } from "../run/probes.ts";

/** The probes of a plan for one object, and the cost of the run's. */
export interface PlanProbes extends Probes {
  /** Calls that the run's own probes will take. */
  readonly calls: number;
  /** How many records the object has in all, null if not counted. */
  readonly total: number | null;
}

/** An object's history, as far as a plan needs it. */
interface History {
  readonly oldest: LocalText | null;
  /** Null if counting takes too long. */
  readonly total: number | null;
  /** Calls of the run's own probe. */
  readonly calls: number;
}

async function lookBack(object: QueriedObject, { pardot, signal }: ProbeContext): Promise<History> {
  const counted = await orNull(pardot.countRecords(oldestRequest(object, {}), signal));
  if (counted === null) return { oldest: null, total: null, calls: 1 };
  const { total, first } = counted;
  if (first === null) return { oldest: null, total, calls: OLDEST_ASKED_MAX };
  const oldest = createdAt(first, object);
  // A run also requests a record with a later id that was created earlier; for an estimate the first is enough.
  return { oldest, total, calls: oldest === null || dateFilter(object) === null ? 1 : 2 };
}

/**
 * Finds out the same as a run with fewer calls: the oldest record comes with a count, and fields in the state are assumed
 * to exist still.
 */
export function planProbes(context: ProbeContext): PlanProbes {
  const { pardot, full } = context;
  const asking = liveProbes(context);
  let calls = 0;
  let history: History | null = null;
  return {
    oldest: async (object) => {
      history ??= await lookBack(object, context);
      calls += history.calls;
      return history.oldest;
    },
    fields: async (object, memory) => {
      if (memory.listed !== null && !full) {
        calls += fieldCalls(object, memory.listed.length);
        return [];
      }
      const before = pardot.calls.total;
      const changes: readonly FieldChange[] = await asking.fields(object, memory);
      calls += pardot.calls.total - before;
      return changes;
    },
    get calls() {
      return calls;
    },
    get total() {
      return history?.total ?? null;
    },
  };
}

function fieldCalls(object: CatalogObject, listed: NonNullable<FieldMemory["listed"]>["length"]): number {
  const { customFields } = object.v4;
  if (customFields === undefined || customFields === null) return 0;
  return customFields.by === "describe" ? 1 : pagesOf(listed, customFields.query.limit);
}
