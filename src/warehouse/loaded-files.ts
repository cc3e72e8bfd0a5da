import type { Instant } from "../time/instant.ts";
import { formatNumber } from "../text.ts";
import type { CommittedFile, LoadedFile, TableProblem } from "./warehouse.ts";

/** Most files in one state that are named; the rest is counted. */
export const NAMED_MAX = 100;

/** The committed files of one table. */
export interface NotedFiles {
  readonly files: ReadonlyMap<string, CommittedFile>;
  /** Files that the table must have. */
  readonly count: number;
  /** Greatest watermark in all files; null when there is none. */
  readonly maxWatermark: string | null;
}

export async function noteFiles(committed: AsyncIterable<CommittedFile>): Promise<NotedFiles> {
  const files = new Map<string, CommittedFile>();
  let count = 0;
  let greatest: string | null = null;
  for await (const file of committed) {
    if (!files.has(file.key) && file.isOptional !== true) count += 1;
    files.set(file.key, file);
    const { maxWatermark } = file;
    if (greatest === null || (maxWatermark !== null && maxWatermark > greatest)) greatest = maxWatermark;
  }
  return { files, count, maxWatermark: greatest };
}

/** A file that is not loaded exactly once. */
export interface FileFault {
  readonly key: string;
  readonly state: NonNullable<TableProblem["state"]>;
  readonly problem: string;
}

/** What a table has loaded, file by file. */
export interface FilesMatch {
  /** Rows of recorded files. */
  readonly rows: number;
  /** Rows whose file is not recorded. */
  readonly unrecordedRows: number;
  /** Missing files that were read before the first recorded one: their rows may be the unrecorded ones. */
  readonly unproven: number;
  /** In the order of the keys, except that files that no manifest names are last. */
  readonly faults: readonly FileFault[];
}

/**
 * Compares the files that a table has loaded with the committed ones. `seesEmpty`: whether a file without rows is among
 * the loaded ones. Memory: some 200 bytes for each file.
 */
export async function matchFiles(
  table: string,
  { files }: NotedFiles,
  loadedFiles: AsyncIterable<LoadedFile>,
  { seesEmpty }: { readonly seesEmpty: boolean },
): Promise<FilesMatch> {
  const loaded = new Map<string, number>();
  let rows = 0;
  let unrecordedRows = 0;
  for await (const file of loadedFiles) {
    if (file.file === null) unrecordedRows += file.rows;
    else {
      rows += file.rows;
      // A table may have the same file by two paths.
      loaded.set(file.file, (loaded.get(file.file) ?? 0) + file.rows);
    }
  }
  const since = unrecordedRows === 0 ? -Infinity : firstRead(files, loaded);
  const faults: FileFault[] = [];
  let unproven = 0;
  for (const [key, file] of [...files].toSorted(([a], [b]) => (a < b ? -1 : 1))) {
    const found = loaded.get(key);
    loaded.delete(key);
    const isAbsent = found === undefined && (seesEmpty || file.rows > 0);
    if (isAbsent && file.isOptional !== true && (file.readAt ?? -Infinity) < since) unproven += 1;
    else if (isAbsent && file.isOptional !== true) {
      faults.push({ key, state: "missing", problem: `it is not loaded into ${table}` });
    } else if (found !== undefined && found !== file.rows) faults.push(wrongCount(table, file, found));
  }
  for (const key of [...loaded.keys()].toSorted((a, b) => (a < b ? -1 : 1))) {
    faults.push({
      key,
      state: "not committed yet",
      problem: `it is loaded into ${table}, but no manifest names it`,
    });
  }
  return { rows, unrecordedRows, unproven, faults };
}

function firstRead(files: ReadonlyMap<string, CommittedFile>, loaded: ReadonlyMap<string, number>): Instant {
  let first = Infinity;
  for (const { key, readAt = null } of files.values()) {
    if (readAt !== null && loaded.has(key)) first = Math.min(first, readAt);
  }
  return first;
}

function wrongCount(table: string, { key, rows }: CommittedFile, loaded: number): FileFault {
  const isAgain = rows > 0 && loaded % rows === 0;
  const times = isAgain ? `, which is ${formatNumber(loaded / rows)} times the file` : "";
  return {
    key,
    state: isAgain ? "loaded again" : "differs",
    problem: `${table} has loaded ${loaded} rows from it, ${rows} were committed${times}`,
  };
}

/**
 * One problem for each fault, and one for all beyond `NAMED_MAX` in the same state. Files that no manifest names are all
 * named, because a run that is in progress may explain them.
 */
export function problemsOf(
  table: string,
  faults: readonly FileFault[],
  hintOf: (fault: FileFault) => string,
): readonly TableProblem[] {
  const counts = new Map<string, number>();
  const problems: TableProblem[] = [];
  const more = new Map<string, FileFault>();
  for (const fault of faults) {
    const { key, state, problem } = fault;
    const count = (counts.get(state) ?? 0) + 1;
    counts.set(state, count);
    if (count <= NAMED_MAX || state === "not committed yet")
      problems.push({ key, state, problem, hint: hintOf(fault) });
    else if (!more.has(state)) more.set(state, fault);
  }
  for (const [state, fault] of more) {
    const problem = `${(counts.get(state) ?? 0) - NAMED_MAX} more files like ${fault.key}: ${fault.problem}`;
    problems.push({ key: table, state: fault.state, problem, hint: hintOf(fault) });
  }
  return problems;
}
