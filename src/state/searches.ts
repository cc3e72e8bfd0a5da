import { DAY_MS } from "../time/instant.ts";
import type { Instant, Span } from "../time/instant.ts";
import type { OpenWindow } from "./open-window.ts";
import type { ObjectState, State } from "./state.ts";

/** A window in which a dead run may have landed a file that it did not note. */
export interface SearchedWindow extends Span {
  /** The run that planned it: no manifest before that run's can name a file of it. */
  readonly since: string;
  /** It is searched at least up to this time: a run that was taken over may wake up with a file in flight. */
  readonly until: Instant;
}

/** Adds windows that left the state before they were complete: their files are in no later manifest. */
export function searching(
  object: ObjectState,
  windows: readonly Pick<OpenWindow, "from" | "to" | "plannedBy">[],
  until: Instant = 0,
): ObjectState {
  if (windows.length === 0) return object;
  const searches = new Map((object.searches ?? []).map((search) => [`${search.from}/${search.to}`, search]));
  for (const { from, to, plannedBy } of windows) {
    const known = searches.get(`${from}/${to}`);
    const since = known === undefined || plannedBy < known.since ? plannedBy : known.since;
    searches.set(`${from}/${to}`, { from, to, since, until: Math.max(known?.until ?? 0, until) });
  }
  return { ...object, searches: [...searches.values()] };
}

/** Adds every window that a run was working on when another run took over, by object. */
export function searchingAll(objects: State["objects"], takenOverAt: string | null): State["objects"] {
  const until = Date.parse(takenOverAt ?? "") + DAY_MS;
  return Object.fromEntries(
    Object.entries(objects).map(([name, object]) => [name, searching(object, object.windows, until)]),
  );
}

/** Removes windows that a manifest accounts for, except those of runs that may still wake up. */
export function searched(object: ObjectState, at: Instant): ObjectState {
  return { ...object, searches: (object.searches ?? []).filter(({ until }) => until > at) };
}
