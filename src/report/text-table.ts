import { oneLine } from "../text.ts";

/**
 * Lines of text columns, as wide as their widest cell and two spaces apart; the last column is not padded. `numbers`:
 * indexes of columns that are aligned to the right.
 */
export function textTable(rows: readonly (readonly string[])[], numbers: readonly number[] = []): string {
  const lines = rows.map((row) => row.map(oneLine));
  const widths: number[] = [];
  for (const row of lines) {
    for (const [column, cell] of row.entries()) widths[column] = Math.max(widths[column] ?? 0, cell.length);
  }
  const line = (row: readonly string[]): string =>
    row
      .map((cell, column) => {
        const width = widths[column] ?? 0;
        return numbers.includes(column) ? cell.padStart(width) : cell.padEnd(width);
      })
      .join("  ")
      .trimEnd();
  return lines.map((row) => `${line(row)}\n`).join("");
}

/** A text on lines of at most `columns` after `lead`, the second and later ones indented; a longer word has a separate line. */
export function wrapped(text: string, columns: number, indent: string, lead = ""): readonly string[] {
  const lines: string[] = [];
  let line = lead;
  let isEmpty = true;
  for (const word of text.split(/\s+/)) {
    if (!isEmpty && line.length + 1 + word.length > columns) {
      lines.push(line);
      line = indent;
      isEmpty = true;
    }
    line += isEmpty ? word : ` ${word}`;
    isEmpty = false;
  }
  return [...lines, line];
}
