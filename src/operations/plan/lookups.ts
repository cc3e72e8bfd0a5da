import type { CatalogObject, QueriedObject } from "../../catalog/catalog.ts";
import type { FieldChange, FieldMemory } from "../../state/field-memory.ts";
import { pagesOf } from "../../extract/pages.ts";
import type { LocalText } from "../../time/instant.ts";
import { askPardot, createdAt, dateFilter, OLDEST_ASKED_MAX, oldestRequest, orNull } from "../run/lookups.ts";
import type { LookupInput, Lookups } from "../run/lookups.ts";

/** The lookups of a plan for one object, and what they tell of the run's. */
export interface PlanLookups extends Lookups {
  /** Calls that the run's own lookups will take. */
  readonly calls: number;
  /** How many records the object has in all, where that was told on the way; else null. */
  readonly total: number | null;
}

/** What a plan finds out of an object's history. */
interface History {
  readonly oldest: LocalText | null;
  /** Null where counting takes too long. */
  readonly total: number | null;
  /** Calls of the run's own lookup. */
  readonly calls: number;
}

async function lookBack(object: QueriedObject, { pardot, signal }: LookupInput): Promise<History> {
  const counted = await orNull(pardot.countRecords(oldestRequest(object, {}), signal));
  if (counted === null) return { oldest: null, total: null, calls: 1 };
  const { total, first } = counted;
  if (first === null) return { oldest: null, total, calls: OLDEST_ASKED_MAX };
  const oldest = createdAt(first, object);
  // A run also looks for a record with a later id that was created earlier; for an estimate the first is enough.
  return { oldest, total, calls: oldest === null || dateFilter(object) === null ? 1 : 2 };
}

/**
 * Finds out what a run will, by fewer calls: the oldest record comes with a count, and fields that are remembered are
 * taken to be there still.
 */
export function planLookups(input: LookupInput): PlanLookups {
  const { pardot, full } = input;
  const asking = askPardot(input);
  let calls = 0;
  let history: History | null = null;
  return {
    oldest: async (object) => {
      history ??= await lookBack(object, input);
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
