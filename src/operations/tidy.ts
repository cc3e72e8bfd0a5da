import type { Storage } from "../storage/storage.ts";
import { tidySpools } from "../storage/spool.ts";
import type { Surroundings } from "./api.ts";

/** Removes what dead processes left in the temporary folder and in the destination, as far as this user may. */
export async function tidyUp(
  storage: Storage,
  tmpDir: string,
  { clock, signal, onEvent }: Pick<Surroundings, "clock" | "signal" | "onEvent">,
): Promise<void> {
  const spools = await tidySpools(tmpDir, clock, signal);
  if (spools.kept > 0) onEvent({ type: "leftovers-kept", folder: tmpDir, files: spools.kept });
  const { kept } = await storage.tidy(signal);
  if (kept > 0) onEvent({ type: "leftovers-kept", folder: storage.location, files: kept });
}
