import { isUtf8 } from "node:buffer";

/** Bytes of the longest character. */
const CHARACTER_MAX = 4;

/**
 * Checks whether a stream of bytes is UTF-8, for any chunks. Runs at the speed of memory: checks each chunk as a whole,
 * after the first bytes of a character that the border before it cuts. Memory: one chunk.
 */
export class Utf8Check {
  /** The first bytes of a character cut by a border. */
  #cut: Uint8Array = new Uint8Array(0);
  #isValid = true;

  push(chunk: Uint8Array): void {
    const bytes = this.#cut.length === 0 ? chunk : Buffer.concat([this.#cut, chunk]);
    const end = cutAt(bytes);
    this.#isValid &&= isUtf8(bytes.subarray(0, end));
    this.#cut = Uint8Array.from(bytes.subarray(end));
  }

  /** Whether all pushed bytes are UTF-8, if the stream ends here. */
  get isValid(): boolean {
    return this.#isValid && this.#cut.length === 0;
  }
}

/** Start of a character that the end of the bytes may cut; the end when there is none. */
function cutAt(bytes: Uint8Array): number {
  for (let i = bytes.length - 1; i >= 0 && i > bytes.length - CHARACTER_MAX; i--) {
    const lead = bytes[i] as number;
    if (lead < 0x80) break;
    if (lead < 0xc0) continue;
    const length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
    return i + length > bytes.length ? i : bytes.length;
  }
  return bytes.length;
}
