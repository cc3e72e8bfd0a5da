/**
 * The instant of an HTTP date in milliseconds (`Sat, 31 Jan 2026 12:00:00 GMT`, RFC 9110 5.6.7); null for anything
 * else, which `Date.parse` alone would take for some date of its own making.
 */
export function parseHttpDate(text: string | undefined): number | null {
  if (text === undefined || !/^[A-Z][a-z]{2}, \d{2} [A-Z][a-z]{2} \d{4} \d{2}:\d{2}:\d{2} GMT$/.test(text.trim())) {
    return null;
  }
  const at = Date.parse(text);
  return Number.isNaN(at) ? null : at;
}
