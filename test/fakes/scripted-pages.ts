import { tag } from "../../src/catalog/assets.ts";
import type { RunEvent } from "../../src/events.ts";
import { readPages, recordId } from "../../src/extract/pages.ts";
import type { Page, PageRequest, Pardot, WireRecord } from "../../src/pardot/pardot.ts";
import type { Window } from "../../src/plan/windows.ts";

export const never: AbortSignal = new AbortController().signal;
export const window: Window = { field: "updated_at", from: 0, to: Date.parse("2026-03-20T00:00:00Z"), askFrom: 0 };

/** Returns pages from a function of the request; one without a total unless it has one. */
export function scripted(answer: (request: PageRequest, call: number) => readonly WireRecord[] | Page): {
  pardot: Pardot;
  asked: PageRequest[];
} {
  const asked: PageRequest[] = [];
  const queryPage = async (request: PageRequest): Promise<Page> => {
    asked.push(request);
    const page = answer(request, asked.length - 1);
    return "records" in page ? page : { records: page, total: null };
  };
  return { pardot: { queryPage } as unknown as Pardot, asked };
}

export const records = (ids: readonly number[]): WireRecord[] => ids.map((id) => ({ id: String(id) }));
export const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

export async function readAll(
  pardot: Pardot,
  cursor: string | null = null,
  { stop = never, events = [], span = window }: { stop?: AbortSignal; events?: RunEvent[]; span?: Window } = {},
): Promise<string[]> {
  const ids: string[] = [];
  const onEvent = (event: RunEvent): void => void events.push(event);
  const request = { object: tag, window: span, zone: "UTC", cursor, drain: stop, abort: never, onEvent };
  for await (const page of readPages(pardot, request)) {
    ids.push(...page.map((record) => recordId(record, tag)));
  }
  return ids;
}

export const afterOf = (request: PageRequest): number => Number(request.parameters["id_greater_than"] ?? 0);
export const limitOf = (request: PageRequest): number => Number(request.parameters["limit"]);

/** A server that keeps its word: the records after the cursor, `limit` at a time. */
export const honest =
  (ids: readonly number[]): ((request: PageRequest) => readonly WireRecord[]) =>
  (request: PageRequest): readonly WireRecord[] => {
    return records(ids.filter((id) => id > afterOf(request)).slice(0, limitOf(request)));
  };

/** Ids as a server sorts them. */
const sorted = (ids: readonly number[], request: PageRequest): readonly number[] =>
  request.parameters["sort_order"] === "descending" ? ids.toReversed() : ids;

/** The same with a total: `left` counts the records after the cursor, `all` those of the window. */
export const counting =
  (
    ids: readonly number[],
    kind: "left" | "all",
    visible: (id: number) => boolean = () => true,
  ): ((request: PageRequest) => Page) =>
  (request: PageRequest): Page => {
    const after = ids.filter((id) => id > afterOf(request));
    const page = sorted(after, request)
      .slice(0, limitOf(request))
      .filter((id) => visible(id));
    return { records: records(page), total: kind === "left" ? after.length : ids.length };
  };
