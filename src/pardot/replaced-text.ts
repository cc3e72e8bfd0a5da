/** Takes the number of characters that were replaced by U+FFFD. */
export type OnReplaced = (count: number) => void;

const REPLACEMENT = "\uFFFD";

/** Bytes as text. Those that are not UTF-8 are replaced, because one bad byte would block an object forever. */
export function utf8Text(bytes: Uint8Array, onReplaced: OnReplaced): string {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    const text = new TextDecoder("utf-8").decode(bytes);
    // Some may have been sent as U+FFFD.
    const sent = occurrences(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("latin1"),
      "\u00EF\u00BF\u00BD",
    );
    onReplaced(occurrences(text, REPLACEMENT) - sent);
    return text;
  }
}

/** A text without lone surrogates, which no UTF-8 can carry. */
export function wellFormed(text: string, onReplaced: OnReplaced): string {
  return replaced(text, /\p{Surrogate}/gu, onReplaced);
}

/** Every reference by number and every stray ampersand. A CDATA section is matched whole, since an ampersand is text in there. */
const REFERENCE = /<!\[CDATA\[[^]*?(?:\]\]>|$)|&(?!(?:amp|lt|gt|quot|apos);)(?:#(\d+);|#[xX]([\dA-Fa-f]+);)?/g;
/** Characters that XML 1.0 forbids (section 2.2). */
const FORBIDDEN = /[\p{Surrogate}\uFFFE\uFFFF[\p{Cc}--[\t\n\r\u007F-\u009F]]]/gv;

/**
 * An XML document in which a parser finds nothing that XML 1.0 forbids in texts. Two references to the halves of a
 * surrogate pair become their character; other forbidden characters and references to them are replaced. An ampersand
 * that begins no reference of XML, as in `&nbsp;` or `R&D`, stays as it was written.
 */
export function xmlText(document: string, onReplaced: OnReplaced): string {
  const resolved = document.replace(REFERENCE, (found: string, decimal?: string, hexadecimal?: string) => {
    if (decimal === undefined && hexadecimal === undefined) return found === "&" ? "&amp;" : found;
    const code = decimal === undefined ? Number.parseInt(hexadecimal ?? "", 16) : Number(decimal);
    // Unchecked, so that two halves of a pair meet; the next step replaces those still forbidden.
    const character = String.fromCharCode(code > 0x10_ff_ff ? 0xff_ff : code);
    return code > 0xff_ff && code <= 0x10_ff_ff ? found : isForbiddenUnit(character) ? character : found;
  });
  return replaced(resolved, FORBIDDEN, onReplaced);
}

function isForbiddenUnit(character: string): boolean {
  return character.search(FORBIDDEN) !== -1;
}

function replaced(text: string, forbidden: RegExp, onReplaced: OnReplaced): string {
  let count = 0;
  const clean = text.replace(forbidden, () => {
    count += 1;
    return REPLACEMENT;
  });
  if (count > 0) onReplaced(count);
  return clean;
}

function occurrences(text: string, part: string): number {
  return text.split(part).length - 1;
}
