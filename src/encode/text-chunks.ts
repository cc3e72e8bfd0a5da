/** Encoded bytes that come together before a chunk is handed on. */
const CHUNK_BYTES = 64 * 1024;
/** UTF-8 bytes that one UTF-16 unit takes at most. */
const BYTES_PER_UNIT = 3;

/**
 * Gathers text as UTF-8 and hands it on in chunks of about 64 KB. Memory: one chunk and the largest text added. A lone
 * half of a surrogate pair, which UTF-8 cannot hold, becomes U+FFFD.
 */
export class TextChunks {
  #buffer: Buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES);
  #used = 0;
  #taken = 0;

  /** Bytes of everything added, taken or not. */
  get bytes(): number {
    return this.#taken + this.#used;
  }

  add(text: string): void {
    const room = this.#used + text.length * BYTES_PER_UNIT;
    if (room > this.#buffer.length) {
      const larger = Buffer.allocUnsafeSlow(Math.max(room, CHUNK_BYTES + CHUNK_BYTES / 4));
      this.#buffer.copy(larger, 0, 0, this.#used);
      this.#buffer = larger;
    }
    this.#used += this.#buffer.write(text, this.#used, "utf8");
  }

  /** The gathered bytes once they make a chunk, else null. The chunk is the caller's. */
  takeFull(): Uint8Array | null {
    return this.#used < CHUNK_BYTES ? null : this.takeRest();
  }

  /** Whatever has been gathered; empty when there is nothing. */
  takeRest(): Uint8Array {
    const chunk = this.#buffer.subarray(0, this.#used);
    this.#buffer = Buffer.allocUnsafeSlow(CHUNK_BYTES + CHUNK_BYTES / 4);
    this.#taken += this.#used;
    this.#used = 0;
    return chunk;
  }
}
