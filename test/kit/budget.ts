import { expect } from "vitest";
import { LimitError } from "../../src/errors.ts";
import { JournalCalls } from "../../src/state/call-stores.ts";
import type { Journal } from "../../src/state/journal.ts";
import type { Storage } from "../../src/storage/storage.ts";

/** The calls of a run whose next entry follows at once, as at its end. */
export class RecordedCalls extends JournalCalls {
  readonly #recorded: Journal;

  constructor(journal: Journal, storage: Storage) {
    super(journal, storage);
    this.#recorded = journal;
  }

  override async settle(day: string, unused: number): Promise<void> {
    await super.settle(day, unused);
    if (unused > 0) await this.#recorded.record([]);
  }
}

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
