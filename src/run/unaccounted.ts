import type { CommittedConfig } from "../config/config.ts";
import type { State } from "../commit/state.ts";
import type { Storage } from "../storage/storage.ts";
import type { VerifyProblem } from "./api.ts";

/**
 * Files in the objects' folders that neither a manifest nor the open windows of the state name. A run that was killed
 * between landing a file and noting it leaves one at most for each lane, and the next run lands it again under the same
 * name or accounts for its window.
 */
export async function unaccounted(
  storage: Storage,
  committed: ReadonlySet<string>,
  state: State,
  config: Pick<CommittedConfig, "catalog">,
  signal: AbortSignal,
): Promise<VerifyProblem[]> {
  const problems: VerifyProblem[] = [];
  for (const { name } of config.catalog) {
    const open = new Set(state.objects[name]?.windows.flatMap((window) => window.files.map((file) => file.key)));
    for await (const { key } of storage.list(`${name}/`, signal)) {
      if (!committed.has(key) && !open.has(key)) problems.push({ key, problem: "no manifest names it" });
    }
  }
  return problems;
}
