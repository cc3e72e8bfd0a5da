import { tag } from "./objects.ts";
import type { RunEvent } from "../../../src/events.ts";
import { recordId } from "../../../src/extract/pages/page.ts";
import { readPages } from "../../../src/extract/pages/pages.ts";
import type { Page, PageRequest, Pardot, WireRecord } from "../../../src/pardot/pardot.ts";
import type { Window } from "../../../src/plan/windows.ts";

export const never: AbortSignal = new AbortController().signal;
export const window: Window = { field: "updated_at", from: 0, to: Date.parse("2026-03-20T00:00:00Z"), askFrom: 0 };

/** A page as v3/v4 return it: whether another one follows is unknown. */
export function page(records: readonly WireRecord[], more: Partial<Page> = {}): Page {
  return {
    records: [...records],
    total: null,
    end: "unknown",
    token: null,
    isCapped: false,
    hidesValues: false,
    ...more,
  };
}

/** Returns pages from a function of the request; one without a total unless it has one. */
export function scripted(answer: (request: PageRequest, call: number) => readonly WireRecord[] | Page): {
  pardot: Pardot;
  asked: PageRequest[];
} {
  const asked: PageRequest[] = [];
  const queryPage = async (request: PageRequest): Promise<Page> => {
    asked.push(request);
    const answered = answer(request, asked.length - 1);
    return "records" in answered ? answered : page(answered);
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
  const request = { pardot, object: tag, window: span, fields: null, cursor, drain: stop, abort: never, onEvent };
  for await (const step of readPages(request)) {
    if (step.type !== "records") throw new Error(`pages by id have no step ${step.type}`);
    const read = step.records.map((record) => recordId(record, tag));
    // The place after a record is its id.
    if (read.some((id, i) => step.cursorAt(i) !== id)) throw new Error("a cursor is not the id of its record");
    ids.push(...read);
  }
  return ids;
}

export const afterOf = (request: PageRequest): number => Number(request.afterId ?? 0);
export const limitOf = (request: PageRequest): number => Number(request.limit);

/** Ids as a server sorts them. */
export const sorted = (ids: readonly number[], request: PageRequest): readonly number[] =>
  request.sort?.isDescending === true ? ids.toReversed() : ids;

/** A server that keeps its word: the records after the cursor, `limit` at a time. */
export const honest =
  (ids: readonly number[]): ((request: PageRequest) => readonly WireRecord[]) =>
  (request: PageRequest): readonly WireRecord[] => {
    const after = ids.filter((id) => id > afterOf(request));
    return records(sorted(after, request).slice(0, limitOf(request)));
  };

/** The same with a total: `left` counts the records after the cursor, `all` those of the window. */
export const counting =
  (
    ids: readonly number[],
    kind: "left" | "all",
    visible: (id: number) => boolean = () => true,
  ): ((request: PageRequest) => Page) =>
  (request: PageRequest): Page => {
    const after = ids.filter((id) => id > afterOf(request));
    const seen = sorted(after, request)
      .slice(0, limitOf(request))
      .filter((id) => visible(id));
    return page(records(seen), { total: kind === "left" ? after.length : ids.length });
  };
