import { median } from "../../operations/usual-rows.ts";
import type { Markup } from "./markup.ts";
import { markup } from "./markup.ts";

// Drawings of numbers that other cells of the row have as text: screen readers skip them. Each is as wide as its cell.

/** Width of a drawing in its own units. */
const WIDTH = 1000;
/** Least width of a part that must be seen. */
const SEEN_MIN = 6;

function drawing(height: number, kind: string, parts: readonly Markup[]): Markup {
  return markup`<svg
    class="${kind}"
    viewBox="0 0 ${WIDTH} ${height}"
    preserveAspectRatio="none"
    aria-hidden="true"
    focusable="false"
  >
    ${parts}
  </svg>`;
}

function rect(kind: string, x: number, y: number, width: number, height: number): Markup {
  const [left, top, wide, high] = [x, y, width, height].map((value) => Math.round(value * 10) / 10);
  return markup`<rect class="${kind}" x="${left ?? 0}" y="${top ?? 0}" width="${wide ?? 0}" height="${high ?? 0}" />`;
}

/** A horizontal bar, with a mark where a limit is. Both 0 to 1. */
export function bar(share: number, limit: number | null = null): Markup {
  const filled = Math.min(1, Math.max(0, share)) * WIDTH;
  return drawing(10, "bar", [
    rect("track", 0, 0, WIDTH, 10),
    rect("covered", 0, 0, share > 0 ? Math.max(SEEN_MIN, filled) : 0, 10),
    ...(limit === null ? [] : [rect("limit", limit * WIDTH - 2, 0, 4, 10)]),
  ]);
}

/** Bars are cut above this many times the median. */
const TALL = 4;

/** Upright bars, one for each count; null: no bar, because nothing was counted. */
export function columns(counts: readonly (number | null)[]): Markup {
  const known = counts.flatMap((count) => count ?? []);
  // The day that read the history must not flatten all others.
  const most = Math.max(1, Math.min(Math.max(0, ...known), median(known) * TALL));
  const step = WIDTH / Math.max(1, counts.length);
  const parts = counts.map((count, i) => {
    if (count === null) return markup``;
    const height = count === 0 ? 1.5 : Math.max(2, Math.sqrt(Math.min(1, count / most)) * 24);
    return rect(count === 0 ? "limit" : "covered", i * step + step * 0.1, 24 - height, step * 0.8, height);
  });
  return drawing(24, "columns", parts);
}

export interface Stretch {
  readonly kind: "covered" | "gap" | "open" | "point";
  readonly from: number;
  readonly to: number;
}

/** Stretches of time on an axis. Short ones are drawn wide enough to be seen; later ones cover earlier ones. */
export function timeline(axis: { readonly from: number; readonly to: number }, stretches: readonly Stretch[]): Markup {
  const length = Math.max(1, axis.to - axis.from);
  const place = (time: number): number => Math.min(1, Math.max(0, (time - axis.from) / length)) * WIDTH;
  const parts = stretches.map(({ kind, from, to }) => {
    const width = Math.max(kind === "point" ? 10 : SEEN_MIN, place(to) - place(from));
    return rect(kind, Math.min(place(from), WIDTH - width), 0, width, 10);
  });
  return drawing(10, "bar", [rect("track", 0, 0, WIDTH, 10), ...parts]);
}
