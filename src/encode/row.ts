/**
 * One value for a file: its canonical text, or null. Booleans are `true`/`false`, timestamps `YYYY-MM-DD HH:MM:SS`,
 * numbers decimal text, JSON one line; the column's type determines how a format writes it.
 */
export type Cell = string | null;

/** Cells in column order. */
export type Row = readonly Cell[];
