import { assert } from "../errors.ts";
import type { WireValue } from "./pardot.ts";

/** The third argument of a reviver, which es2023's types do not know yet (Node 21 and later pass it). */
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

const keepDigits: SourceReviver = (_key, value, context) => {
  if (typeof value !== "number") return value;
  assert(context.source !== undefined, "this Node tells the source of a JSON number");
  return context.source;
};

/**
 * Reads JSON with every number as the text that stood there, so that no digit is lost on the way: `15555555555`, `1e3`
 * and `7250.50` stay as they are. What Pardot itself has lost cannot be brought back: its v4 JSON makes a number of any
 * text that looks like one, so a zip "007" arrives as 7 and a name "1e3" perhaps as 1000 (pardot/api-docs issue 187);
 * objects with such fields are read as XML.
 *
 * Throws `UnreadableBody` with a place and nothing of the text.
 */
export function readJson(text: string): WireValue {
  try {
    return JSON.parse(text, keepDigits as (key: string, value: unknown) => unknown) as WireValue;
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    // V8 quotes the text around the fault, which may be a customer's data.
    const place = /position \d+/.exec(error.message)?.[0];
    throw new UnreadableBody(`json breaks off or is malformed${place === undefined ? "" : ` at ${place}`}`);
  }
}

/** A body that is cut or malformed. Its message tells where, never what stood there. */
export class UnreadableBody extends Error {
  override readonly name = "UnreadableBody";
}
