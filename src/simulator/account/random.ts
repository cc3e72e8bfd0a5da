/** Seeded random numbers without state: a value depends only on the numbers passed. */

/** Mixes a number into a hash; both are 32 bit. */
export function mix(hash: number, value: number): number {
  let h = Math.imul(hash ^ value ^ 0x9e3779b9, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  h ^= h >>> 16;
  h = Math.imul(h, 0x27d4eb2f);
  return (h ^ (h >>> 15)) >>> 0;
}

/** A 32-bit hash of a text (FNV-1a). */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at += 1) hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  return hash >>> 0;
}

/** A number in [0, 1) from a hash. */
export function unit(hash: number): number {
  return hash / 0x1_0000_0000;
}

/** Picks an item of a nonempty list. */
export function pick<T>(list: readonly [T, ...T[]], hash: number): T {
  return list[hash % list.length] ?? list[0];
}
