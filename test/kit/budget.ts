import { expect } from "vitest";
import { LimitError } from "../../src/errors.ts";

/** How many calls a budget gives before it refuses one. */
export async function takeUntilRefused(budget: { take(): Promise<void> }): Promise<number> {
  for (let taken = 0; ; taken += 1) {
    try {
      await budget.take();
    } catch (error) {
      expect(error).toBeInstanceOf(LimitError);
      return taken;
    }
  }
}
