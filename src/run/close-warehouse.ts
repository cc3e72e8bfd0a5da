import type { OnEvent } from "../events.ts";
import type { Warehouse } from "../warehouse/warehouse.ts";

/**
 * Closes a warehouse at the end of a command. A failure is a warning: what was committed, planned or verified by then is
 * so all the same, and an error here would hide how the command ended.
 */
export async function closeWarehouse(warehouse: Warehouse, onEvent: OnEvent): Promise<void> {
  try {
    await warehouse.close();
  } catch (error) {
    const message = `close the warehouse: ${error instanceof Error ? error.message : String(error)}`;
    onEvent({ type: "warning", code: "warehouse.not-closed", object: null, message });
  }
}
