import type { Random } from "../../src/platform/random.ts";

/** Random numbers that are the same for the same seed. */
export interface Dice extends Random {
  /** A whole number from 0 to `sides` - 1. */
  below(sides: number): number;
  chance(probability: number): boolean;
  pick<T>(choices: readonly T[]): T;
  /** Separate dice for one purpose, so that throws for one thing don't change those for another. */
  apart(purpose: string): Dice;
}

export function createDice(seed: string): Dice {
  let state = hash(seed);
  const unit = (): number => {
    // Mulberry32 (public domain, Tommy Ettinger).
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (sides: number): number => Math.floor(unit() * sides);
  return {
    unit,
    below,
    hex: (bytes) => Array.from({ length: bytes }, () => below(256).toString(16).padStart(2, "0")).join(""),
    chance: (probability) => unit() < probability,
    pick: (choices) => {
      const chosen = choices[below(choices.length)];
      if (chosen === undefined) throw new Error("nothing to choose from");
      return chosen;
    },
    apart: (purpose) => createDice(`${seed}/${purpose}`),
  };
}

/** FNV-1a, then mixed once more because seeds differ in their last digits only. */
function hash(text: string): number {
  let value = 0x811c9dc5;
  for (let i = 0; i < text.length; i += 1) value = Math.imul(value ^ text.charCodeAt(i), 0x01000193);
  value = Math.imul(value ^ (value >>> 16), 0x85ebca6b);
  return (value ^ (value >>> 13)) >>> 0;
}
