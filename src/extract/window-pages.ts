import type { CatalogObject, CollectionV5, QueryV5 } from "../catalog/catalog.ts";
import { RemoteError } from "../errors.ts";
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
    yield* query.api === "v5" && query.order !== "id" ? readTokenPages(request) : readPages(request);
  } catch (error) {
    const parent = query.api === "v5" ? query.parent : null;
    if (parent === null || !(error instanceof RemoteError) || !LACKING_CODES.has(error.pardotCode)) throw error;
    yield { type: "again" };
    yield* readEachParent(request, parent);
  }
}

/** Nothing may land before the end: parents come in no order, so reading cannot continue from one of them. */
async function* readEachParent(request: PagesRequest, parent: NonNullable<QueryV5["parent"]>): AsyncGenerator<Step> {
  const { name } = request.object;
  const way: CollectionV5 = {
    api: "v5",
    process: "segmented",
    urlName: parent.path.replace("objects/", ""),
    query: { api: "v5", ...parent, filters: [], deleted: true, split: null, limit: 1000, parent: null },
    wire: {},
  };
  const column = parent.order === "id" ? [] : [{ name: parent.order, type: "datetime", wire: "updatedAt" } as const];
  const parents: CatalogObject<CollectionV5> = {
    ...request.object,
    name: `parents of ${name}`,
    key: "id",
    columns: [{ name: "id", type: "integer" }, ...column],
    way,
  };
  const window = { ...request.window, field: null };
  const fields = ["id", ...column.map(({ wire }) => wire)];
  for await (const step of readWindow({ ...request, object: parents, window, fields, cursor: null })) {
    if (step.type !== "records") continue;
    for (const record of step.records) {
      const filters = { [parent.filter]: recordId(record, parents) };
      for await (const each of readPages({ ...request, filters, cursor: null })) {
        yield each.type === "records" ? { ...each, cursorAt: () => null } : each;
      }
    }
  }
}
