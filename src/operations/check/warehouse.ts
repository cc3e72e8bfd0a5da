import type { Config } from "../../config/config.ts";
import { WarehouseError } from "../../errors.ts";
import { TABLE_MISSING } from "../../warehouse/warehouse.ts";
import type { CheckLine } from "../api.ts";
import { openTables } from "../runtime.ts";
import type { Runtime } from "../runtime.ts";
import { selectedObjects } from "../store.ts";
import { lineOf } from "./line.ts";
import { futureText, localNow } from "../run/watermarks.ts";

/** Logs in and reads the state of every selected object's table. */
export async function checkWarehouse(config: Config, runtime: Runtime): Promise<CheckLine> {
  const { signal, clock } = runtime;
  const now = localNow(clock.now(), config.pardot.timeZone);
  const doubts: string[] = [];
  const warehouse = await openTables(config, {
    ...runtime,
    onEvent: (event) => {
      if (event.type === "warning") doubts.push(event.message);
    },
  });
  try {
    if (config.etl.warehouse.kind === "none") {
      return lineOf("warehouse", "skipped", "none: ranges start from the tool's own record");
    }
    await warehouse.check(signal);
    // The run checks a database that names no business unit, because it knows the state.
    await warehouse.claim(config.pardot.businessUnitId, true, signal);
    const missing: string[] = [];
    const toCreate: string[] = [];
    for (const object of selectedObjects(config)) {
      try {
        const { exists, warning, future } = await warehouse.tableState(object, now, signal);
        if (!exists) toCreate.push(object.table);
        if (warning !== undefined) doubts.push(warning.message);
        if (future !== null) doubts.push(futureText(object, future));
      } catch (error) {
        if (!(error instanceof WarehouseError) || error.code !== TABLE_MISSING) throw error;
        missing.push(object.table);
      }
    }
    const found = `${warehouse.name} responds`;
    if (missing.length > 0) {
      const hint =
        "`pardot-etl ddl` prints the statements that create them; if they are there, grant the role SELECT on them and USAGE on database and schema.";
      return { ...lineOf("warehouse", "failed", `${found}; missing: ${missing.join(", ")}`, hint), exitCode: 7 };
    }
    // The first load creates the others.
    const tables = toCreate.length === 0 ? "every table exists" : `still to be created: ${toCreate.join(", ")}`;
    const status = doubts.length === 0 ? "ok" : "warning";
    return lineOf("warehouse", status, `${found}; ${tables}`, doubts.length === 0 ? null : `${doubts.join(". ")}.`);
  } finally {
    await warehouse.close();
  }
}
