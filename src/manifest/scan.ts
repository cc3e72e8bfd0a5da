/**
 * Reads the JSON of a manifest piece by piece: the files of its objects, of which there may be a hundred thousand, come
 * out one at a time, and what remains is the manifest with empty lists of files. Memory: one file's entry, and the rest.
 */
export class ManifestScan {
  readonly #onFile: (file: unknown, isLeft: boolean) => void;
  /** Kind of each container that is open: true for an object. */
  readonly #open: boolean[] = [];
  /** The key that each open object is at, or the text of the string read last. */
  readonly #keys: string[] = [];
  #rest = "";
  #entry = "";
  /** Depth of the list of files that is being read, 0 outside of one. */
  #list = 0;
  #entries = 0;
  #isLeft = false;
  #inString = false;
  #isEscaped = false;
  #string = "";

  /** `isLeft`: the file is one of `left_files` and not of an object. */
  constructor(onFile: (file: unknown, isLeft: boolean) => void) {
    this.#onFile = onFile;
  }

  /** Throws SyntaxError on an entry that is not JSON, RangeError when one entry is too large to keep in memory. */
  push(text: string): void {
    let start = 0;
    for (let i = 0; i < text.length; i += 1) {
      const character = text[i] as string;
      if (this.#inString) {
        if (this.#isEscaped) this.#isEscaped = false;
        else if (character === "\\") this.#isEscaped = true;
        else if (character === '"') this.#inString = false;
        else if (this.#isNearTop()) this.#string += character;
      } else if (character === '"') {
        this.#inString = true;
        this.#string = "";
      } else if (character === ":") {
        this.#keys[this.#open.length] = this.#string;
      } else if (character === "{" || character === "[") {
        this.#open.push(character === "{");
        if (this.#list > 0 || !this.#isListOfFiles()) continue;
        this.#keep(text.slice(start, i + 1));
        this.#list = this.#open.length;
        this.#isLeft = this.#list === 2;
        this.#entries = 0;
        start = i + 1;
      } else if (this.#list > 0 && this.#list === this.#open.length && (character === "," || character === "]")) {
        this.#entry += text.slice(start, i);
        this.#endEntry(character === "]");
        start = character === "]" ? i : i + 1;
        if (character === "]") this.#open.pop();
      } else if (character === "}" || character === "]") {
        this.#open.pop();
      }
    }
    this.#keep(text.slice(start));
  }

  /** The manifest without its files. Throws SyntaxError if it is not JSON. */
  end(): unknown {
    return JSON.parse(this.#rest);
  }

  /** Whether the text of a string can be a key that leads to a list of files. */
  #isNearTop(): boolean {
    return this.#list === 0 && (this.#open.length === 1 || this.#open.length === 3) && this.#string.length < 20;
  }

  /** `left_files` of the manifest, or `files` of one of its `objects`. */
  #isListOfFiles(): boolean {
    const [root, list, object, files] = this.#open;
    if (this.#open.length === 2) return root === true && list === false && this.#keys[1] === "left_files";
    const path = root === true && list === false && object === true && files === false;
    return this.#open.length === 4 && path && this.#keys[1] === "objects" && this.#keys[3] === "files";
  }

  #endEntry(isLast: boolean): void {
    const entry = this.#entry.trim();
    this.#entry = "";
    if (isLast) this.#list = 0;
    if (isLast && entry === "" && this.#entries === 0) return;
    this.#entries += 1;
    this.#onFile(JSON.parse(entry), this.#isLeft);
  }

  #keep(text: string): void {
    if (this.#list > 0) this.#entry += text;
    else this.#rest += text;
    if (this.#rest.length + this.#entry.length > REST_CHARACTERS_MAX) throw new RangeError("it is too large");
  }
}

/** A manifest has some dozen windows and warnings for each object. */
const REST_CHARACTERS_MAX = 16 * 1024 * 1024;
