import { oneLine, wrapped } from "../text.ts";
import { PLAIN } from "./style.ts";
import type { Style, Tone } from "./style.ts";

/** A line or a cell: plain, or with a tone. */
export type Text = string | { readonly text: string; readonly tone: Tone };

export function toned(tone: Tone, text: string): Text {
  return { text, tone };
}

/** The heads of a table's columns. */
export function bold(heads: readonly string[]): readonly Text[] {
  return heads.map((head) => toned("strong", head));
}

/** The start of a whole history, older than any account. */
const HISTORY_START = "1900-01-01T00:00:00Z";
export const BEGINNING = "the beginning";

/** `2026-03-20 09:30`, without its zone; `the beginning` for the start of a whole history, `-` for none. */
export function minute(instant: string | null): string {
  if (instant === null) return "-";
  return instant === HISTORY_START ? BEGINNING : instant.slice(0, 16).replace("T", " ");
}

/** How a text is shown: the width of the terminal, and its colors. */
export interface Look {
  /** Columns that lines of words are wrapped to; Infinity: not wrapped. */
  readonly columns: number;
  readonly style: Style;
}

/** For a reader that is not a terminal. */
export const UNSTYLED: Look = { columns: Infinity, style: PLAIN };

/**
 * Lines of text columns, as wide as their widest cell and two spaces apart; the last column is not padded. `numbers`:
 * indexes of columns that are aligned to the right.
 */
export function textTable(
  rows: readonly (readonly Text[])[],
  numbers: readonly number[] = [],
  style: Style = PLAIN,
): string {
  const cells = rows.map((row) => row.map((cell) => ({ text: oneLine(plainOf(cell)), tone: toneOf(cell) })));
  const width = (column: number): number => Math.max(...cells.map((row) => row[column]?.text.length ?? 0));
  const widths = cells[0]?.map((_, column) => width(column)) ?? [];
  const lines = cells.map((row) => {
    const last = row.findLastIndex(({ text }) => text !== "");
    const shown = row.slice(0, last + 1).map(({ text, tone }, column) => {
      const pad = " ".repeat((widths[column] ?? 0) - text.length);
      const styled = tone === null ? text : style(tone, text);
      if (numbers.includes(column)) return pad + styled;
      return column === last ? styled : styled + pad;
    });
    return `${shown.join("  ")}\n`;
  });
  return lines.join("");
}

/** Each on one line, whatever its text. */
export function textLines(lines: readonly Text[], style: Style = PLAIN): string {
  return lines
    .map((line) => {
      const text = oneLine(plainOf(line));
      const tone = toneOf(line);
      return `${tone === null ? text : style(tone, text)}\n`;
    })
    .join("");
}

/** The same, wrapped at words: further lines are indented two columns more than the first. */
export function wrappedLines(lines: readonly Text[], { columns, style }: Look): string {
  return textLines(
    lines.flatMap((line) => {
      const text = plainOf(line);
      const tone = toneOf(line);
      const indent = " ".repeat(text.length - text.trimStart().length);
      const parts =
        columns === Infinity ? [text] : wrapped(oneLine(text.trimStart()), columns - 1, `${indent}  `, indent);
      return parts.map((part) => (tone === null ? part : { text: part, tone }));
    }),
    style,
  );
}

function plainOf(text: Text): string {
  return typeof text === "string" ? text : text.text;
}

function toneOf(text: Text): Tone | null {
  return typeof text === "string" ? null : text.tone;
}
