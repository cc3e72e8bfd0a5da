/** Pauses between the tries of one request, in milliseconds. Pure, so that tests can check every number. */

/** The longest pause of our own. */
export const PAUSE_MAX_MS = 120_000;
/** The longest pause that a server can demand: an earlier retry would only be refused. */
export const SERVER_PAUSE_MAX_MS: number = 15 * 60_000;

/**
 * The pause after the `failed`-th failure (1, 2, …): 1–2 s, then doubling. The random `unit` in [0, 1) chooses a point in
 * each span, so that lanes that failed together do not retry together. `PAUSE_MAX_MS` is the ceiling; the server's
 * demand is the floor, up to `SERVER_PAUSE_MAX_MS`.
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

/**
 * The instant of an HTTP date in milliseconds (`Sat, 31 Jan 2026 12:00:00 GMT`, RFC 9110 5.6.7); null for anything
 * else, which `Date.parse` alone might accept as some date.
 */
export function parseHttpDate(text: string | undefined): number | null {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text.trim())) {
    return null;
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
