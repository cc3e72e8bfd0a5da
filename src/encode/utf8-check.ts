import { isUtf8 } from "node:buffer";

/** Bytes of the longest character. */
const CHARACTER_MAX = 4;

/**
 * Checks whether a stream of bytes is UTF-8, for any chunks. Runs at the speed of memory: checks each chunk as a whole,
 * except for a character that its border cuts. Memory: three bytes.
 */
export class Utf8Check {
  /** The first bytes of a character cut by a border. */
  #cut: Uint8Array = new Uint8Array(0);
  #isValid = true;

  push(chunk: Uint8Array): void {
    if (!this.#isValid) return;
    let from = 0;
    if (this.#cut.length > 0) {
      const lacking = Math.max(0, characterBytes(this.#cut[0] as number) - this.#cut.length);
      from = Math.min(lacking, chunk.length);
      this.#cut = Buffer.concat([this.#cut, chunk.subarray(0, from)]);
      if (from < lacking) return;
      this.#isValid = isUtf8(this.#cut);
      this.#cut = new Uint8Array(0);
    }
    const to = cutAt(chunk, from);
    this.#isValid &&= isUtf8(chunk.subarray(from, to));
    this.#cut = chunk.slice(to);
  }

  /** Whether all pushed bytes are UTF-8, if the stream ends here. */
  get isValid(): boolean {
    return this.#isValid && this.#cut.length === 0;
  }
}

/** Start of a character that the end of the chunk may cut; the end when there is none. */
function cutAt(chunk: Uint8Array, from: number): number {
  for (let i = chunk.length - 1; i >= from && i > chunk.length - CHARACTER_MAX; i--) {
    const byte = chunk[i] as number;
    if (byte < 0x80) break;
    if (byte >= 0xc0) return i + characterBytes(byte) > chunk.length ? i : chunk.length;
  }
  return chunk.length;
}

/** Bytes of the character that begins with `lead`; 1 for a byte that does not begin one. */
function characterBytes(lead: number): number {
  if (lead >= 0xf0) return 4;
  if (lead >= 0xe0) return 3;
  return lead >= 0xc0 ? 2 : 1;
}
