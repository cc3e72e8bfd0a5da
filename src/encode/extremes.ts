/**
 * Smallest and largest of many byte strings in byte order, which is code point order for UTF-8 and the order of time for
 * `YYYY-MM-DD HH:MM:SS`. Decodes nothing, and allocates nothing per value.
 */
export class Extremes {
  #min: Uint8Array = new Uint8Array(32);
  #max: Uint8Array = new Uint8Array(32);
  /** Lengths of the two; -1 before the first value. */
  #minLength = -1;
  #maxLength = -1;

  /** Compares `bytes[from, to)` with both, and copies the bytes when it keeps them. */
  observe(bytes: Uint8Array, from: number, to: number): void {
    if (this.#minLength < 0 || isBefore(bytes, from, to, this.#min, this.#minLength)) {
      this.#min = copyInto(this.#min, bytes, from, to);
      this.#minLength = to - from;
    }
    if (this.#maxLength < 0 || isAfter(bytes, from, to, this.#max, this.#maxLength)) {
      this.#max = copyInto(this.#max, bytes, from, to);
      this.#maxLength = to - from;
    }
  }

  /** The smallest value; null when there was none. */
  get min(): Uint8Array | null {
    return this.#minLength < 0 ? null : this.#min.slice(0, this.#minLength);
  }

  /** The largest value; null when there was none. */
  get max(): Uint8Array | null {
    return this.#maxLength < 0 ? null : this.#max.slice(0, this.#maxLength);
  }
}

function isBefore(bytes: Uint8Array, from: number, to: number, other: Uint8Array, length: number): boolean {
  const shared = Math.min(to - from, length);
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[from + i] as number) - (other[i] as number);
    if (difference !== 0) return difference < 0;
  }
  return to - from < length;
}

function isAfter(bytes: Uint8Array, from: number, to: number, other: Uint8Array, length: number): boolean {
  const shared = Math.min(to - from, length);
  for (let i = 0; i < shared; i++) {
    const difference = (bytes[from + i] as number) - (other[i] as number);
    if (difference !== 0) return difference > 0;
  }
  return to - from > length;
}

function copyInto(target: Uint8Array, bytes: Uint8Array, from: number, to: number): Uint8Array {
  const room = target.length >= to - from ? target : new Uint8Array(2 * (to - from));
  for (let i = from; i < to; i++) room[i - from] = bytes[i] as number;
  return room;
}
