import type { CollectionV5, QueriedObject, QueryV5 } from "../../catalog/catalog.ts";
import { DataError, RemoteError } from "../../errors.ts";
import { readByParents } from "./by-parents.ts";
import { recordId } from "./page.ts";
import type { PagesRequest, Step } from "./page.ts";
import { readPages } from "./pages.ts";
import { readTokenPages } from "./token-pages.ts";

/** Codes of a query that lacks a parameter (vendor docs, error-codes). */
const LACKING_CODES: ReadonlySet<number | null> = new Set([5, 13, 36]);

/**
 * The records of a window, read in the way that its object allows: by ascending id, by page tokens, or, if Pardot
 * requires ids of parents, by these ids (in v5 one parent at a time).
 */
export async function* readWindow(request: PagesRequest): AsyncGenerator<Step> {
  const { query } = request.object.way;
  if (query.api === "v4" && query.parents !== undefined) {
    yield* readByParents(request, query.parents);
    return;
  }
  try {
    yield* readRecords(request);
  } catch (error) {
    const parent = query.api === "v5" ? query.parent : null;
    if (parent === null || !(error instanceof RemoteError) || !LACKING_CODES.has(error.pardotCode)) throw error;
    yield { type: "again" };
    yield* readEachParent(request, parent);
  }
}

function readRecords(request: PagesRequest): AsyncGenerator<Step> {
  return isById(request.object, request.byToken) ? readPages(request) : readTokenPages(request);
}

/** Whether records are read by ascending id. Not those of which Pardot requires ids of parents. */
export function isById({ way: { query } }: QueriedObject, byToken = false): boolean {
  return query.api === "v4" ? query.parents === undefined : query.order === "id" && !byToken;
}

/** Nothing may land before the end: parents come in no order to go on from. */
async function* readEachParent(request: PagesRequest, parent: NonNullable<QueryV5["parent"]>): AsyncGenerator<Step> {
  const read = new Set<string>();
  for await (const id of parentIds(request, parent)) {
    if (read.has(id)) continue;
    read.add(id);
    // Few enough to wait for the end: a sequence of tokens that begins again drops those of this parent alone.
    let steps: Step[] = [];
    for await (const step of readRecords({
      ...request,
      filters: { [parent.filter]: id },
      cursor: null,
      mayCut: false,
    })) {
      if (step.type === "again") steps = [];
      else if (step.type === "records") steps.push({ ...step, cursorAt: () => null });
    }
    yield* steps;
  }
}

/** The ids of all parents. One may come twice. */
async function* parentIds(request: PagesRequest, parent: NonNullable<QueryV5["parent"]>): AsyncGenerator<string> {
  const { name } = request.object;
  const column = parent.order === "id" ? [] : [{ name: parent.order, type: "datetime", wire: "updatedAt" } as const];
  const columns = [{ name: "id", type: "integer" } as const, ...column];
  const fields = ["id", ...column.map(({ wire }) => wire)];
  const way = (order: QueryV5["order"]): CollectionV5 => ({
    api: "v5",
    process: "segmented",
    urlName: parent.path.replace("objects/", ""),
    query: { api: "v5", ...parent, order, filters: [], deleted: true, split: null, limit: 1000, parent: null },
    wire: {},
  });
  const ids = async function* (order: QueryV5["order"]): AsyncGenerator<string> {
    const object = { ...request.object, name: `parents of ${name}`, key: "id", columns, way: way(order) };
    const window = { ...request.window, field: null };
    const pages = { ...request, object, window, fields, cursor: null, mayCut: false, leadsToCalls: true };
    for await (const step of readRecords(pages)) {
      if (step.type === "records") yield* step.records.map((record) => recordId(record, object));
    }
  };
  try {
    yield* ids(parent.order);
  } catch (error) {
    // Which of the parents' parameters Pardot refuses is not remembered: they are few.
    if (!(error instanceof RemoteError || error instanceof DataError) || error.context["parameter"] === undefined) {
      throw error;
    }
    yield* ids(null);
  }
}
