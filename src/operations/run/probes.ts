import type { BulkObject, CatalogObject } from "../../catalog/catalog.ts";
import type { FieldChange, FieldState } from "../../state/field-state.ts";
import { normalise } from "../../encode/normalise.ts";
import { DataError } from "../../errors.ts";
import type { OnEvent } from "../../events.ts";
import { discoverFields } from "../../extract/fields.ts";
import { wireName } from "../../land/result-header.ts";
import { isTooLong } from "../../pardot/failure.ts";
import type { PageRequest, Pardot, WireRecord } from "../../pardot/pardot.ts";
import { OLDEST_MARGIN_MS } from "../../plan/range.ts";
import { DAY_MS } from "../../time/instant.ts";
import type { Instant, LocalText } from "../../time/instant.ts";
import { fromLocal } from "../../time/zone.ts";

/** Requests to Pardot before an object's windows are decided. */
export interface Probes {
  /**
   * created_at of the oldest record: of the one with the smallest id, or of one with a later id that was created
   * earlier (an import may be dated back). Null when no record or no readable date was found.
   */
  readonly oldest: (object: BulkObject) => Promise<LocalText | null>;
  /** The object's fields as Pardot lists them now, as changes to record. */
  readonly fields: (object: CatalogObject, memory: FieldState) => Promise<readonly FieldChange[]>;
}

export interface ProbeContext {
  readonly pardot: Pardot;
  /** Whether everything is to be read again. */
  readonly full: boolean;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/**
 * Times the oldest record is requested when the response is empty: empty ones have been reported in mid-run
 * (pardot/api-docs issue 151).
 */
export const OLDEST_ASKED_MAX = 2;

/** The probes of a run: each asks Pardot. */
export function liveProbes({ pardot, full, onEvent, signal }: ProbeContext): Probes {
  return {
    oldest: async (object) => {
      const { query } = object.way;
      if (query.api === "v5" && query.order !== "id") return null;
      for (let attempt = 1; attempt <= OLDEST_ASKED_MAX; attempt += 1) {
        const page = await orNull(pardot.queryPage(oldestRequest(object), signal));
        if (page === null) return null;
        const [first] = page.records;
        const created = first === undefined ? null : createdAt(first, object);
        if (created !== null && object.way.api === "v5") return trustedV5(created, object, pardot, signal);
        if (created !== null) return earlier(created, await earliestCreated(object, pardot, signal));
        if (first !== undefined) return null;
      }
      return null;
    },
    fields: (object, memory) => discoverFields(object, { pardot, memory, full, onEvent, signal }),
  };
}

/**
 * The request for an object's oldest record: by id, the primary key, because sorting a large table by time takes too
 * long.
 */
export function oldestRequest({ way, columns, key }: BulkObject): PageRequest {
  if (way.api === "v4") return { way, fields: null, limit: 1 };
  return { way, fields: columns.filter(({ name }) => name === key || name === "created_at").map(wireName), limit: 1 };
}

/**
 * When the record with the smallest id of v5 was created; null if another one is older by more than the margin of a
 * history. API v5 is not known to sort every object by creation, so such a record is only looked for.
 */
async function trustedV5(
  created: LocalText,
  { way }: BulkObject,
  pardot: Pick<Pardot, "queryPage">,
  signal: AbortSignal,
): Promise<LocalText | null> {
  const { query } = way;
  if (query.api === "v5" && !query.filters.includes("created_at")) return created;
  const to = fromLocal(created, "UTC", "earlier") - OLDEST_MARGIN_MS;
  const bounds = { field: "created_at", from: null, to } as const;
  const older = await orNull(pardot.queryPage({ way, fields: ["id"], bounds, limit: 1 }, signal));
  return older?.records.length === 0 ? created : null;
}

/** Records without a usable date come first in the order of time; this leaves them out. */
const DATED_FROM: Instant = 2 * DAY_MS;

/** The earliest created_at of all, whatever the ids; null where Pardot cannot sort by it, or takes too long. */
async function earliestCreated(
  object: BulkObject,
  pardot: Pick<Pardot, "queryPage">,
  signal: AbortSignal,
): Promise<LocalText | null> {
  if (!canSortByCreation(object)) return null;
  const bounds = { field: "created_at", from: DATED_FROM, to: null } as const;
  const request = { ...oldestRequest(object), sort: { field: "created_at" }, bounds } as const;
  const page = await orNull(pardot.queryPage(request, signal));
  const [first] = page?.records ?? [];
  return first === undefined ? null : createdAt(first, object);
}

/** Whether the earliest created_at can be looked up: Pardot sorts and filters by it. */
export function canSortByCreation({ way: { query } }: BulkObject): boolean {
  return query.api === "v4" && query.sortBy.includes("created_at") && query.filters.created_at !== undefined;
}

function earlier(a: LocalText, b: LocalText | null): LocalText {
  return b !== null && b < a ? b : a;
}

/** When a record was created; null when it has no date, or one that cannot be read. */
export function createdAt(record: WireRecord, object: CatalogObject): LocalText | null {
  const created = object.columns.filter((column) => column.name === "created_at");
  try {
    return normalise(record, created, object.name)[0] ?? null;
  } catch (error) {
    if (error instanceof DataError) return null;
    throw error;
  }
}

/** The result of a probe; null if Pardot takes too long for it, because a run continues without it. */
export async function orNull<T>(probe: Promise<T>): Promise<T | null> {
  try {
    return await probe;
  } catch (error) {
    if (isTooLong(error)) return null;
    throw error;
  }
}
