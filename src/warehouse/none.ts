import type { Warehouse } from "./warehouse.ts";

/** No warehouse: no table exists, so every range starts from the tool's own record. Nothing is loaded. */
export const noWarehouse: Warehouse = {
  name: "none",
  loads: false,
  check: async (signal) => signal.throwIfAborted(),
  tableState: async (_object, signal) => {
    signal.throwIfAborted();
    return { exists: false, hasRows: false, watermark: null };
  },
  load: async (object) => {
    throw new Error(`nothing loads ${object.table}: there is no warehouse`);
  },
  emailPairs: nothing,
  knownEmails: nothing,
  close: async () => undefined,
};

function nothing(signal: AbortSignal): AsyncIterable<never> {
  signal.throwIfAborted();
  return { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) };
}
