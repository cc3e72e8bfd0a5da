import { parseHttpDate } from "./http-date.ts";

/** Pauses between the tries of one request: pure, so that a test can name every number. All times in milliseconds. */

/** The longest pause of our own. */
export const PAUSE_MAX_MS = 120_000;
/** The longest pause that a server is granted: coming back earlier than asked would only be refused. */
export const SERVER_PAUSE_MAX_MS: number = 15 * 60_000;

/**
 * The pause after the `failed`-th failure (1, 2, …): 1–2 s, then doubling, the die (`unit` in [0, 1)) choosing the
 * place inside each span, so that lanes that failed together do not come back together. `PAUSE_MAX_MS` is the ceiling;
 * a server's own wish is the floor, up to `SERVER_PAUSE_MAX_MS`.
 */
export function backoffMs(failed: number, unit: number, floorMs: number | null = null): number {
  const span = 1000 * 2 ** Math.min(failed - 1, 16);
  return withinMs(span + Math.floor(unit * span), floorMs);
}

/** A fixed pause with a tenth of jitter on top, between the same floor and ceiling. */
export function pauseMs(baseMs: number, unit: number, floorMs: number | null = null): number {
  return withinMs(baseMs + Math.floor((unit * baseMs) / 10), floorMs);
}

function withinMs(wanted: number, floorMs: number | null): number {
  return Math.max(Math.min(wanted, PAUSE_MAX_MS), Math.min(floorMs ?? 0, SERVER_PAUSE_MAX_MS));
}

/** `Retry-After` as milliseconds from `now`: seconds or an HTTP date (RFC 9110 10.2.3); null when absent or unreadable. */
export function retryAfterMs(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const text = header.trim();
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1000;
  const at = parseHttpDate(text);
  return at === null ? null : Math.max(0, at - now);
}
