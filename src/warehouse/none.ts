import type { Warehouse } from "./warehouse.ts";

/** No warehouse: no table exists, so every range starts from the tool's own record. Nothing is loaded. */
export const noWarehouse: Warehouse = {
  name: "none",
  loader: null,
  check: async (signal) => signal.throwIfAborted(),
  claim: async (_unit, _hasCommitted, signal) => signal.throwIfAborted(),
  tableState: async (_object, _now, signal) => {
    signal.throwIfAborted();
    return { exists: false, hasRows: false, watermark: null, future: null };
  },
  compare: async () => ({ compared: "", problems: [] }),
  emailPairs: nothing,
  knownEmails: nothing,
  close: async () => undefined,
};

function nothing(signal: AbortSignal): AsyncIterable<never> {
  signal.throwIfAborted();
  return { [Symbol.asyncIterator]: () => ({ next: async () => ({ done: true, value: undefined }) }) };
}
