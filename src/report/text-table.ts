import { oneLine } from "../text.ts";

/**
 * Lines of text columns, as wide as their widest cell and two spaces apart; the last column is not padded. `numbers`:
 * indexes of columns that are aligned to the right.
 */
export function textTable(rows: readonly (readonly string[])[], numbers: readonly number[] = []): string {
  const cells = rows.map((row) => row.map(oneLine));
  const width = (column: number): number => Math.max(...cells.map((row) => row[column]?.length ?? 0));
  const widths = cells[0]?.map((_, column) => width(column)) ?? [];
  const padded = (cell: string, column: number): string =>
    numbers.includes(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0);
  return textLines(cells.map((row) => row.map(padded).join("  ").trimEnd()));
}

/** Each on one line, whatever its text. */
export function textLines(lines: readonly string[]): string {
  return lines.map((line) => `${oneLine(line)}\n`).join("");
}
