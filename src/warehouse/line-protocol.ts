/** What a warehouse's own process and `LineProcess` say to each other: one answer for one request, each a line of JSON. */
export type ProcessAnswer<Value> =
  | { readonly ok: true; readonly value: Value }
  | { readonly ok: false; readonly failure: ProcessFailure };

/** A failure on its way between processes; it becomes a `WarehouseError`. */
export interface ProcessFailure {
  readonly code: string;
  readonly message: string;
  readonly hint?: string;
  readonly retryable?: boolean;
}
