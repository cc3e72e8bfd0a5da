import { snakeCase } from "../report/log.ts";

/** JSON for machines: keys as in the manifest (`expectedCalls` becomes `expected_calls`), values unchanged. */
export function toJson(value: unknown): string {
  return `${JSON.stringify(snakeKeys(value), null, 2)}\n`;
}

function snakeKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(snakeKeys);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [snakeCase(key), snakeKeys(item)]));
}
