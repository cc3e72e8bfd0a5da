/** Size of an earlier export. */
export interface ExportSample {
  readonly rows: number;
  readonly files: number;
}

/** Samples of an estimate: those nearest in size. */
const SAMPLES_MAX = 12;

/**
 * Expected result files of an export of `rows` rows. The number is known only when an export is complete, and only
 * "several, of varying size" is documented (vendor docs, export-v4), so this is a guess, scaled by the files of earlier
 * exports of about that size. Not rounded; 0 for no rows.
 */
export function expectedFiles(rows: number, samples: readonly ExportSample[]): number {
  if (rows <= 0) return 0;
  const distance = (sample: ExportSample): number => Math.abs(Math.log(sample.rows / rows));
  const near = samples
    .filter((sample) => sample.rows > 0)
    .toSorted((a, b) => distance(a) - distance(b))
    .slice(0, SAMPLES_MAX);
  const had = near.reduce((sum, sample) => sum + sample.files, 0);
  const guessed = near.reduce((sum, sample) => sum + guess(sample.rows), 0);
  return Math.max(1, guess(rows) * (near.length === 0 ? 1 : had / guessed));
}

/** Up to `FEW` rows come in one file, from `SOME` on in several. */
const FEW = 100;
const SOME = 1000;
const FILES_OF_SOME = 3;
/** Rows per further file. */
const ROWS_PER_FURTHER_FILE = 100_000;

function guess(rows: number): number {
  const share = Math.max(0, Math.min(1, Math.log(rows / FEW) / Math.log(SOME / FEW)));
  return 1 + (FILES_OF_SOME - 1) * share + Math.floor(rows / ROWS_PER_FURTHER_FILE);
}
