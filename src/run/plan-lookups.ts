import type { CatalogObject } from "../catalog/catalog.ts";
import type { FieldChange, FieldMemory } from "../commit/field-memory.ts";
import { pagesOf } from "../extract/pages.ts";
import type { LocalText } from "../time/instant.ts";
import { askPardot, createdAt, OLDEST_ASKED_MAX, oldestRequest } from "./lookups.ts";
import type { LookupInput, Lookups } from "./lookups.ts";

/** The lookups of a plan for one object, and what they tell of the run's. */
export interface PlanLookups extends Lookups {
  /** Calls that the run's own lookups will take. */
  readonly calls: number;
  /** How many records the object has in all, where that was told on the way; else null. */
  readonly total: number | null;
}

/**
 * Finds out what a run will, by fewer calls: the oldest record comes with a count, and fields that are remembered are
 * taken to be there still.
 */
export function planLookups(input: LookupInput): PlanLookups {
  const { pardot, full, signal } = input;
  const asking = askPardot(input);
  let calls = 0;
  let history: { readonly total: number; readonly oldest: LocalText | null } | null = null;
  return {
    oldest: async (object) => {
      if (history === null) {
        const { total, first } = await pardot.countRecords(oldestRequest(object, {}), signal);
        history = { total, oldest: first === null ? null : createdAt(first, object) };
      }
      calls += history.oldest === null ? OLDEST_ASKED_MAX : 1;
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
