import type { DuckdbRequest, DuckdbResults } from "./protocol.ts";
import { LineProcess } from "../line-process.ts";

export type DuckdbProcess = LineProcess<DuckdbRequest, DuckdbResults>;

/** Starts a DuckDB process. It inherits no environment: nothing of what configures this tool is its business. */
export function startDuckdb(): DuckdbProcess {
  return new LineProcess({
    name: "DuckDB",
    entry: new URL("./process.ts", import.meta.url),
    env: {},
    nodeOptions: [],
    deathHint:
      "Nothing of this load was committed. Run again; if it was killed for its memory (up to about 900 MB), give the machine more.",
  });
}
