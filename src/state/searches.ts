import { DAY_MS } from "../time/instant.ts";
import type { Instant, Span } from "../time/instant.ts";
import type { OpenWindow } from "./open-window.ts";

/** A window in which a dead run may have landed a file that it did not note. */
export interface SearchedWindow extends Span {
  /** The run that planned it: no manifest before that run's can name a file of it. */
  readonly since: string;
  /** It is searched at least up to this time: a run that was taken over may wake up with a file in flight. */
  readonly until: Instant;
}

/** The member of an object's state. Default none. */
export interface Searches {
  readonly searches?: readonly SearchedWindow[];
}

/** With windows that left the books before they were whole: files of them are in no later manifest. */
export function searching<O extends Searches>(object: O, windows: readonly OpenWindow[], until: Instant = 0): O {
  if (windows.length === 0) return object;
  const searches = new Map((object.searches ?? []).map((search) => [`${search.from}/${search.to}`, search]));
  for (const { from, to, plannedBy } of windows) {
    const known = searches.get(`${from}/${to}`);
    const since = known === undefined || plannedBy < known.since ? plannedBy : known.since;
    searches.set(`${from}/${to}`, { from, to, since, until: Math.max(known?.until ?? 0, until) });
  }
  return { ...object, searches: [...searches.values()] };
}

/** With every window that a run had in hand when it was taken over, by object. */
export function searchingAll<O extends Searches & { readonly windows: readonly OpenWindow[] }>(
  objects: Readonly<Record<string, O>>,
  takenOverAt: string | null,
): Readonly<Record<string, O>> {
  const until = Date.parse(takenOverAt ?? "") + DAY_MS;
  return Object.fromEntries(
    Object.entries(objects).map(([name, object]) => [name, searching(object, object.windows, until)]),
  );
}

/** Without those that a manifest accounts for, but for runs that may still wake up. */
export function searched<O extends Searches>(object: O, at: Instant): O {
  return { ...object, searches: (object.searches ?? []).filter(({ until }) => until > at) };
}
