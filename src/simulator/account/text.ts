/** Deliberately nasty text: everything that CSV, JSON, XML, spreadsheets and loaders are known to fail on. */
import { mix, pick } from "./random.ts";

const WORDS: readonly [string, ...string[]] = [
  "spring", "webinar", "pricing", "demo", "guide", "newsletter", "partner", "launch", "survey", "report",
  "invite", "trial", "renewal", "summit", "benchmark", "checklist", "offer", "follow-up", "thank you", "download",
]; // prettier-ignore

/** None is empty or longer than 50 characters. */
export const NASTY: readonly [string, ...string[]] = [
  "comma, and another, comma",
  'double "quotes" inside',
  '"',
  '""',
  ",",
  "first line\nsecond line",
  "carriage\r\nreturn",
  "quote, \"comma\" and\r\n'newline'",
  "ends with newline\n",
  "007",
  "02190",
  "1e3",
  "-0",
  "+4915100000",
  "15555555555",
  "12345678901234567890123",
  "3.10",
  ".5",
  "0x1F",
  "1,234.50",
  "2024-02-30",
  "true",
  "FALSE",
  "null",
  "NULL",
  "NaN",
  "\\N",
  "back\\slash\\",
  "C:/path/with/slashes",
  " leading blank",
  "trailing blank ",
  "\ttab\tin\t",
  "=1+1",
  "@SUM(A1:A9)",
  "-2+3",
  "emoji \u{1F600}\u{1F468}\u200D\u{1F469}\u200D\u{1F467}",
  "\u{20BB7}\u91CE\u5BB6 non-BMP",
  "Zo\u00EB na\u00EFve \u0065\u0301 combining",
  "\u0645\u0631\u062D\u0628\u0627 right to left",
  "no-break\u00A0space \u2028 separator",
  "entities &amp; &lt;b&gt; &#39; &nbsp;",
  "<b>markup</b> & ampersand",
  "]]> end of section",
  "it's; a | pipe",
  "%%first_name%% {{Recipient.Name}}",
  "' OR 1=1 --",
];

/** Plain words, at most 50 characters. */
export function plainText(hash: number): string {
  return `${pick(WORDS, hash)} ${pick(WORDS, mix(hash, 1))}`;
}

/** Nasty in about one of three cases, else plain. Never empty. */
export function someText(hash: number): string {
  return hash % 3 === 0 ? pick(NASTY, mix(hash, 2)) : plainText(mix(hash, 3));
}

/** Like `someText`, but very long in one case of a thousand (up to some ten thousand characters). */
export function longText(hash: number): string {
  if (hash % 1_000 !== 7) return someText(mix(hash, 4));
  const piece = `${pick(NASTY, mix(hash, 5))} ${plainText(mix(hash, 6))} `;
  return piece.repeat(1 + (mix(hash, 7) % 300));
}

/** A name unique within the object. The first rows get one nasty text each, unchanged. */
export function uniqueName(index: number, hash: number): string {
  return NASTY[index] ?? `${someText(hash).slice(0, 38).trim()} #${index}`;
}
