/** Takes the number of characters that were replaced by U+FFFD. */
export type OnReplaced = (count: number) => void;

const REPLACEMENT = "\uFFFD";

/** Bytes as text. Those that are not UTF-8 are replaced, because one bad byte would block an object forever. */
export function utf8Text(bytes: Uint8Array, onReplaced: OnReplaced): string {
  try {
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    const text = new TextDecoder("utf-8", { ignoreBOM: true }).decode(bytes);
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

/** Bytes that are parsed at a time: V8 keeps the whole of a text in memory for a value that is part of it. */
const PIECE_BYTES = 32 * 1024;

/** An XML document as text, in pieces that end with a tag outside of CDATA sections, or with the document. */
export function* xmlPieces(bytes: Uint8Array, onReplaced: OnReplaced): Generator<string> {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0, end = 0; at < buffer.length; at = end) {
    end = buffer.indexOf(">", at + PIECE_BYTES) + 1 || buffer.length;
    const piece = buffer.subarray(at, end);
    // Most pieces have none, which this search finds sooner.
    if (piece.includes("CDATA[") && piece.lastIndexOf("<![CDATA[") > piece.lastIndexOf("]]>")) {
      const close = buffer.indexOf("]]>", end);
      end = close < 0 ? buffer.length : close + 3;
    }
    const text = utf8Text(buffer.subarray(at, end), onReplaced);
    yield xmlText(at === 0 ? text.trimStart() : text, onReplaced);
  }
}

/**
 * An XML document in which a parser finds nothing that XML 1.0 forbids in texts. Two references to the halves of a
 * surrogate pair become their character; other forbidden characters and references to them are replaced. An ampersand
 * that begins no reference of XML, as in `&nbsp;` or `R&D`, stays as it was written.
 */
function xmlText(document: string, onReplaced: OnReplaced): string {
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
