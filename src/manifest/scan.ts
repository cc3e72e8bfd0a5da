/**
 * Reads the JSON of a manifest line by line, indented as it was written: the files of its objects, of which there may
 * be a hundred thousand, come out one at a time, and what remains is the manifest with empty lists of files. Files in
 * JSON of another layout come out at the end. Memory: one file's entry, and the rest.
 */
export class ManifestScan {
  readonly #onFile: (file: unknown, isLeft: boolean) => void;
  #line = "";
  #rest = "";
  /** The list of files that is being read, null outside of one. */
  #list: FileList | null = null;
  #entry = "";

  /** `isLeft`: the file is one of `left_files` and not of an object. */
  constructor(onFile: (file: unknown, isLeft: boolean) => void) {
    this.#onFile = onFile;
  }

  /** Throws SyntaxError on an entry that is not JSON, RangeError when the rest is too large to keep in memory. */
  push(text: string): void {
    const lines = `${this.#line}${text}`.split("\n");
    this.#line = lines.pop() ?? "";
    for (const line of lines) this.#take(line);
    if (this.#line.length + this.#rest.length + this.#entry.length > REST_CHARACTERS_MAX) {
      throw new RangeError("it is too large");
    }
  }

  /** The manifest without its files. Throws SyntaxError if it is not JSON. */
  end(): unknown {
    this.#take(this.#line);
    const manifest = JSON.parse(this.#rest) as { readonly objects?: unknown; readonly left_files?: unknown } | null;
    for (const object of listOf(manifest?.objects)) {
      for (const file of listOf((object as { readonly files?: unknown } | null)?.files).splice(0))
        this.#onFile(file, false);
    }
    for (const file of listOf(manifest?.left_files).splice(0)) this.#onFile(file, true);
    return manifest;
  }

  #take(line: string): void {
    const depth = line.search(/\S/);
    if (depth < 0) return;
    if (this.#list === null) {
      this.#rest += line;
      this.#list = LISTS.find(({ start }) => start === line) ?? null;
    } else if (depth > this.#list.depth) {
      this.#entry += line;
      // A line at the depth of an entry ends one, unless it opens it.
      if (depth === this.#list.depth + 2 && !/[{[]$/.test(line)) this.#endEntry(this.#list);
    } else {
      if (this.#entry !== "") this.#endEntry(this.#list);
      this.#list = null;
      this.#rest += line;
    }
  }

  #endEntry({ isLeft }: FileList): void {
    this.#onFile(JSON.parse(this.#entry.replace(/,\s*$/, "")), isLeft);
    this.#entry = "";
  }
}

/** Where a list of files starts, and how far that line is indented. No text in JSON is on a separate line. */
interface FileList {
  readonly start: string;
  readonly depth: number;
  readonly isLeft: boolean;
}

const LISTS: readonly FileList[] = [
  { start: '      "files": [', depth: 6, isLeft: false },
  { start: '  "left_files": [', depth: 2, isLeft: true },
];

function listOf(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** A manifest has some dozen windows and warnings for each object. */
const REST_CHARACTERS_MAX = 16 * 1024 * 1024;
