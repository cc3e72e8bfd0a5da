import type { Change } from "../state/state.ts";
import { objectState } from "../state/state.ts";
import type { Extraction } from "./extraction.ts";

/** Records that every file of a window has landed, after the changes that `before` brings, and says so. */
export async function windowDone(
  { name: object }: { readonly name: string },
  { id: window }: { readonly id: string },
  { journal, onEvent }: Pick<Extraction, "journal" | "onEvent">,
  before: readonly Change[] = [],
): Promise<void> {
  await journal.record([...before, { type: "window-done", object, window }]);
  const files = objectState(journal.state, object).windows.find(({ id }) => id === window)?.files ?? [];
  onEvent({ type: "window-finished", object, window, rows: files.reduce((sum, file) => sum + file.rows, 0) });
}
