import { randomBytes } from "node:crypto";

/** Random numbers, injected so that tests can choose them. */
export interface Random {
  /** A number in [0, 1). */
  unit(): number;
  /** `bytes` random bytes as lower-case hex. */
  hex(bytes: number): string;
}

export const systemRandom: Random = {
  unit: () => Math.random(),
  hex: (bytes) => randomBytes(bytes).toString("hex"),
};
