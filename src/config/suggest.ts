/** Longer texts are not compared: they are not a typo of one of our names. */
const LENGTH_MAX = 64;

/**
 * The known name closest to a mistyped one: fewest edits (a swap of neighbors is one), ignoring case; null if none is
 * close.
 */
export function closestMatch(name: string, known: readonly string[]): string | null {
  if (name.length > LENGTH_MAX) return null;
  const wanted = name.toLowerCase();
  let best: string | null = null;
  // A third of the letters may be wrong, at most three.
  let limit = Math.min(3, Math.max(1, Math.floor(name.length / 3)));
  for (const candidate of known) {
    const edits = editDistance(wanted, candidate.toLowerCase());
    if (edits < limit || (edits === limit && best === null)) {
      best = candidate;
      limit = edits;
    }
  }
  return best;
}

/** `; did you mean Visitor?`; empty if no known name is close. */
export function didYouMean(name: string, known: readonly string[]): string {
  const guess = closestMatch(name, known);
  return guess === null ? "" : `; did you mean ${guess}?`;
}

/** Optimal string alignment: inserts, removals, replacements and swaps of neighbors. */
function editDistance(a: string, b: string): number {
  let beforeLast: readonly number[] = [];
  let last: readonly number[] = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let i = 1; i <= a.length; i += 1) {
    const row = [i];
    for (let j = 1; j <= b.length; j += 1) {
      const replaced = cell(last, j - 1) + (a[i - 1] === b[j - 1] ? 0 : 1);
      const swapped =
        i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1] ? cell(beforeLast, j - 2) + 1 : replaced;
      row.push(Math.min(cell(last, j) + 1, cell(row, j - 1) + 1, replaced, swapped));
    }
    beforeLast = last;
    last = row;
  }
  return cell(last, b.length);
}

/** Before the first row, the distance is the length. */
function cell(row: readonly number[], column: number): number {
  return row[column] ?? column;
}
