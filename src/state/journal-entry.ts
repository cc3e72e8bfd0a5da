import { asError } from "../errors.ts";
import { applyChange } from "./state.ts";
import type { Change, LandedFile, State } from "./state.ts";
import { documentBytes, parseDocument, shapeProblem } from "./shape.ts";
import { CHANGES, ENTRY_HEAD, SNAPSHOT } from "./state-shape.ts";

/** Version 2 stores each list of file columns once: a file has the number of its list in `columns`. */
const STATE_FORMAT_VERSION = 2;

export interface Entry {
  readonly format_version: number;
  readonly sequence: number;
  /** Sequence of the snapshot that this entry builds on; its own if it is one. */
  readonly base: number;
  readonly run_id: string;
  readonly written_at: string;
  readonly snapshot?: State;
  readonly changes?: readonly Change[];
}

/** Why an entry cannot be used: it is damaged, or a later version wrote it. */
export class EntryProblem extends Error {
  readonly newerFormat: number | null;
  constructor(message: string, newerFormat: number | null = null) {
    super(message);
    this.newerFormat = newerFormat;
  }
}

/** One line of JSON, without indentation: the state of a large account already has tens of megabytes. */
export function encodeEntry(entry: Omit<Entry, "format_version">): Uint8Array {
  const columns: (readonly string[])[] = [];
  const numbers = new Map<string, number>();
  const packed = mapFiles({ format_version: STATE_FORMAT_VERSION, ...entry }, (file) => {
    const text = JSON.stringify(file.columns);
    const number = numbers.get(text) ?? columns.push(file.columns) - 1;
    numbers.set(text, number);
    return { ...file, columns: number };
  });
  const { snapshot, changes, ...head } = packed;
  const lists = columns.length === 0 ? {} : { columns };
  return documentBytes({ ...head, ...lists, snapshot, changes });
}

/** Throws EntryProblem when the bytes are not entry number `sequence`. */
export function decodeEntry(bytes: Uint8Array, sequence: number): Entry {
  let entry: Entry & { readonly columns?: readonly (readonly string[])[] };
  try {
    entry = parseDocument(ENTRY_HEAD, bytes) as typeof entry;
  } catch (error) {
    throw new EntryProblem(asError(error).message);
  }
  if (entry.format_version > STATE_FORMAT_VERSION) throw new EntryProblem("newer", entry.format_version);
  const problem = problemOf(entry, sequence);
  if (problem !== null) throw new EntryProblem(problem);
  const { columns = [], ...rest } = entry;
  return mapFiles(rest, (file): LandedFile => {
    if (typeof file.columns !== "number") return file;
    const names = columns[file.columns];
    if (names === undefined) throw new EntryProblem(`columns: unknown list ${String(file.columns)}`);
    return { ...file, columns: names };
  });
}

/** The state after the changes of an entry. Throws EntryProblem if they do not fit the state before. */
export function applyEntry(state: State, entry: Entry): State {
  if (entry.snapshot !== undefined) return entry.snapshot;
  try {
    return (entry.changes ?? []).reduce(applyChange, state);
  } catch (error) {
    throw new EntryProblem(`its changes do not fit: ${asError(error).message}`);
  }
}

function problemOf(entry: Entry, sequence: number): string | null {
  const { base, snapshot, changes } = entry;
  if (entry.sequence !== sequence) return `sequence: it is ${entry.sequence}`;
  if (base > sequence) return `base: ${base} comes after it`;
  if ((snapshot === undefined) === (changes === undefined)) return "it has not either a snapshot or changes";
  // An entry that builds on itself must be a snapshot; otherwise it would be read as the empty state.
  if ((base === sequence) !== (snapshot !== undefined)) return `base: ${base} is not that of its kind`;
  if (snapshot !== undefined) return shapeProblem(SNAPSHOT, snapshot);
  for (const change of changes ?? []) {
    const type = (change as Partial<Change> | null)?.type ?? "";
    if (!Object.hasOwn(CHANGES, type)) return `changes: this version does not know "${type}"`;
    const problem = shapeProblem(CHANGES[type as Change["type"]], change);
    if (problem !== null) return `${type}: ${problem}`;
  }
  return null;
}

/** Maps every landed file in an entry: those of windows, those to be loaded, and those just landed. */
function mapFiles<E extends Pick<Entry, "snapshot" | "changes">>(entry: E, map: (file: LandedFile) => unknown): E {
  const { snapshot, changes } = entry;
  if (changes !== undefined) {
    return {
      ...entry,
      changes: changes.map((each) => (each.type === "landed" ? { ...each, file: map(each.file) } : each)),
    };
  }
  if (snapshot === undefined) return entry;
  const objects = Object.entries(snapshot.objects).map(([name, object]) => {
    const windows = object.windows.map((window) => ({ ...window, files: window.files.map(map) }));
    return [name, { ...object, windows, notLoaded: object.notLoaded.map(map) }];
  });
  return { ...entry, snapshot: { ...snapshot, objects: Object.fromEntries(objects) as State["objects"] } };
}
