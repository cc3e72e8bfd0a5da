import { assert } from "../../errors.ts";
import type { WireValue } from "../pardot.ts";
import { wellFormed } from "../replaced-text.ts";
import type { OnReplaced } from "../replaced-text.ts";

/** The third argument of a reviver, which es2023's types do not know yet (Node 21 and later pass it). */
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

function reviver(onReplaced: OnReplaced): SourceReviver {
  return (_key, value, context) => {
    if (typeof value === "string") return wellFormed(value, onReplaced);
    if (typeof value !== "number") return value;
    assert(context.source !== undefined, "this Node tells the source of a JSON number");
    return context.source;
  };
}

/** Control characters that JSON forbids in a text unless they are escaped, and outside of one altogether. */
// oxlint-disable-next-line no-control-regex
const RAW_CONTROL = /[\0-\u0008\u000B\u000C\u000E-\u001F]/g;

/**
 * Reads JSON with every number as the text that stood there, so that no digit is lost on the way: `15555555555`, `1e3`
 * and `7250.50` stay as they are. What Pardot itself has lost cannot be brought back: its v4 JSON makes a number of any
 * text that looks like one, so a zip "007" arrives as 7 and a name "1e3" perhaps as 1000 (pardot/api-docs issue 187);
 * objects with such fields are read as XML. `onReplaced` takes the number of lone surrogates that became U+FFFD.
 *
 * Throws `UnreadableBody` with a place and nothing of the text.
 */
export function readJson(text: string, onReplaced: OnReplaced = () => {}): WireValue {
  try {
    const escaped = text.replace(RAW_CONTROL, (raw) => `\\u${raw.charCodeAt(0).toString(16).padStart(4, "0")}`);
    return JSON.parse(escaped, reviver(onReplaced) as (key: string, value: unknown) => unknown) as WireValue;
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
