/**
 * One value on its way into a file: its canonical text, or null. Booleans are `true`/`false`, timestamps
 * `YYYY-MM-DD HH:MM:SS`, numbers their shortest decimal text, JSON one line; the column's type tells how to write it.
 */
export type Cell = string | null;

/** Cells in column order. */
export type Row = readonly Cell[];
