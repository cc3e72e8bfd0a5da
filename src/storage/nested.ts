import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";

/** The destination that a folder lies in, as the folder of its own files tells; null when it lies in none. */
export async function destinationAround(folder: string): Promise<string | null> {
  for (let inner = folder, outer = dirname(folder); outer !== inner; inner = outer, outer = dirname(outer)) {
    const marks = await stat(join(outer, "_pardot_etl", "state")).catch(() => null);
    if (marks?.isDirectory() === true) return outer;
  }
  return null;
}
