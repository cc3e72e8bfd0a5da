import { invalid, valid } from "../errors.ts";
import type { Parsed } from "../errors.ts";

/**
 * The text under a key of a secret that is a JSON object. `expected` quotes nothing of the content, not even keys: if the
 * whole text was meant as the secret, they are part of it.
 */
export function readKey(text: string, key: string): Parsed<string> {
  const content = parseObject(text);
  if (content === null) {
    return invalid(
      `a secret that is a JSON object with the key ${key}; it is not a JSON object (omit #${key} to use the whole text)`,
    );
  }
  if (!Object.hasOwn(content, key)) {
    const count = Object.keys(content).length;
    return invalid(`a secret with the key ${key}; its JSON has ${count === 1 ? "1 other key" : `${count} other keys`}`);
  }
  const value = content[key];
  return typeof value === "string" ? valid(value) : invalid(`a text under the key ${key}; it is ${describe(value)}`);
}

/** The JSON with another text under the key and everything else unchanged. `expected` quotes nothing of the content. */
export function replaceKey(text: string, key: string, value: string): Parsed<string> {
  const content = parseObject(text);
  if (content === null) return invalid("a secret that is a JSON object, as it was when this program started");
  return valid(JSON.stringify({ ...content, [key]: value }));
}

/** In Node since 21 but not in the compiler's library: numbers as written, with any number of digits. */
interface ExactJson {
  parse(
    text: string,
    reviver: (key: string, value: unknown, context: { readonly source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): unknown;
  isRawJSON(value: unknown): boolean;
}

const exact: ExactJson = JSON as unknown as ExactJson;

function parseObject(text: string): Record<string, unknown> | null {
  try {
    const data = exact.parse(text, (_key, value, { source }) =>
      typeof value === "number" && source !== undefined ? exact.rawJSON(source) : value,
    );
    const isObject = typeof data === "object" && data !== null && !Array.isArray(data) && !exact.isRawJSON(data);
    return isObject ? (data as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function describe(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  if (exact.isRawJSON(value)) return "a number";
  return typeof value === "boolean" ? "true or false" : "an object";
}
