import { SaxesParser } from "saxes";
import { assert } from "../errors.ts";
import type { WireRecord, WireValue } from "./pardot.ts";
import { wellFormed, xmlPieces } from "./replaced-text.ts";
import type { OnReplaced } from "./replaced-text.ts";

// Bodies as values: XML and JSON come out in the same shapes, every number as text.

/** A body that is cut or malformed. The message names the place, never the content. */
export class UnreadableBody extends Error {
  override readonly name = "UnreadableBody";
}

/** The third argument of a reviver, which es2023's types do not know yet (Node 21 and later pass it). */
type SourceReviver = (key: string, value: unknown, context: { readonly source?: string }) => unknown;

function reviver(onReplaced: OnReplaced, isTyped: boolean): SourceReviver {
  return (_key, value, context) => {
    if (typeof value === "string") return wellFormed(value, onReplaced);
    if (typeof value !== "number") return value;
    assert(context.source !== undefined, "this Node passes the source of a JSON number");
    // A number whose digits would change stays text in any case.
    return isTyped && String(value) === context.source ? value : context.source;
  };
}

/**
 * Whether the digits of some number may not be those of its value: a fraction, an exponent, `-0`, more than a double holds.
 * Also found in texts, which only costs time.
 */
const INEXACT_NUMBER = /[:,[]\s*-?(?:\d{16}|\d+[.eE]|(?<=-)0)/;
/** Whether the body is a number by itself. */
const IS_NUMBER = /^\s*[-\d]/;
/** Whether half a surrogate pair may be escaped. */
const ESCAPED_SURROGATE = /\\u[dD][89a-fA-F]/;

/** Depth of the list in a page: `{"result":{"<name>":[…]}}`. */
const LIST_DEPTH = 2;

/**
 * The same value with every number as text, except in the fields of a page's records: encoding them makes the same text of
 * their numbers, and they are most of the page. Changes it in place.
 */
function withTexts(value: unknown, depth = 0, isOfPage = false): unknown {
  if (typeof value === "number") return String(value);
  if (typeof value !== "object" || value === null) return value;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i += 1) value[i] = withTexts(value[i], depth + 1, depth === LIST_DEPTH);
    return value;
  }
  const record = value as Record<string, unknown>;
  // Not `for in`, which takes five times as long.
  for (const key of Object.keys(record)) {
    const inner = record[key];
    const isNumber = typeof inner === "number" && !isOfPage;
    if (isNumber || (typeof inner === "object" && inner !== null)) record[key] = withTexts(inner, depth + 1);
  }
  return record;
}

/** Control characters that JSON forbids, in strings unless they are escaped. */
const RAW_CONTROL = /[\p{Cc}--[\t\n\r\u007F-\u009F]]/gv;

/**
 * Reads JSON with every number as its source text, so that no digit is lost: `15555555555`, `1e3` and `7250.50` stay as
 * they are. Digits that Pardot itself has lost are gone: its v4 JSON makes a number of any text that looks like one, so a
 * zip "007" arrives as 7 and a name "1e3" perhaps as 1000 (pardot/api-docs issue 187); objects with such fields are read
 * as XML. `isTyped`: numbers are numbers where that loses no digit; otherwise only those in the fields of a page's records.
 * `onReplaced` takes the number of lone surrogates that became U+FFFD.
 *
 * Throws `UnreadableBody`.
 */
export function readJson(text: string, onReplaced: OnReplaced = () => {}, isTyped = false): WireValue {
  const read = (json: string): WireValue => {
    if (INEXACT_NUMBER.test(json) || IS_NUMBER.test(json) || (json.includes("\\u") && ESCAPED_SURROGATE.test(json))) {
      return JSON.parse(json, reviver(onReplaced, isTyped) as (key: string, value: unknown) => unknown) as WireValue;
    }
    const value: unknown = JSON.parse(json);
    return (isTyped ? value : withTexts(value)) as WireValue;
  };
  try {
    try {
      return read(text);
    } catch (error) {
      const escaped = text.replace(RAW_CONTROL, (raw) => `\\u${raw.charCodeAt(0).toString(16).padStart(4, "0")}`);
      if (escaped === text) throw error;
      return read(escaped);
    }
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof RangeError)) throw error;
    // V8 quotes the text around the error, which may be customer data.
    const place = /position \d+/.exec(error.message)?.[0];
    throw new UnreadableBody(`json breaks off or is malformed${place === undefined ? "" : ` at ${place}`}`);
  }
}

/** The key of an element's attributes, as Pardot's own JSON names them. */
export const ATTRIBUTES = "@attributes";
/** The key of the text of an element that has attributes or children as well. */
export const TEXT = "#text";

/** More than the nesting of any response. */
const DEPTH_MAX = 64;
/** Limits the search for a name; further names are used as they are read. */
const NAMES_MAX = 256;

interface Element {
  /** Null: none. */
  readonly attributes: Readonly<Record<string, string>> | null;
  /** Null: none so far. */
  children: Record<string, WireValue> | null;
  text: string;
}

/**
 * Reads XML into the same shapes as Pardot's JSON, the root under its name: an element with children is a record, children of one name are a
 * list, one alone is a value; an empty element (`<x/>`, `<x></x>`) is null. Text is kept exactly, entities
 * decoded once, and stays text; `onReplaced` takes the number of characters that XML forbids and that became U+FFFD. White
 * space between children is layout and dropped; white space alone in an element is its value. Attributes go under
 * `@attributes`, text next to attributes or children under `#text`.
 *
 * Throws `UnreadableBody` when the document is cut or malformed.
 */
export function readXml(bytes: Uint8Array, onReplaced: OnReplaced = () => {}): WireRecord {
  // The document and the open elements, by their depth.
  const open: Element[] = [{ attributes: null, children: null, text: "" }];
  let depth = 0;
  let hasAttributes = false;
  // V8 looks up a new text in its table of names. Records repeat their names in the same order, so the earlier text is reused.
  const names: string[] = [];
  let next = 0;
  const known = (name: string): string => {
    if (names[next] !== name) next = names.length < NAMES_MAX ? names.indexOf(name) : -1;
    if (next < 0 && names.length < NAMES_MAX) names.push(name);
    next += 1;
    return names[next - 1] ?? name;
  };
  const parser = new SaxesParser({ xmlns: false, position: true });

  parser.on("attribute", () => void (hasAttributes = true));
  parser.on("opentag", ({ attributes }) => {
    if (depth === DEPTH_MAX) throw new UnreadableBody(`xml is nested deeper than ${DEPTH_MAX} elements`);
    depth += 1;
    open[depth] = { attributes: hasAttributes ? attributes : null, children: null, text: "" };
    hasAttributes = false;
  });
  const addText = (piece: string): void => {
    (open[depth] as Element).text += piece;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", ({ name }) => {
    const value = valueOf(open[depth] as Element);
    depth -= 1;
    addChild(((open[depth] as Element).children ??= {}), known(name), value);
  });
  // Without this handler saxes throws its own error, which names tags of a body that may be anything.
  parser.on("error", () => {
    throw new UnreadableBody(`xml breaks off or is malformed at line ${parser.line} column ${parser.column}`);
  });

  for (const piece of xmlPieces(bytes, onReplaced)) parser.write(piece);
  parser.close();
  const { children } = open[0] as Element;
  if (children === null) throw new UnreadableBody("xml holds no element");
  return children;
}

function addChild(children: Record<string, WireValue>, name: string, value: WireValue): void {
  if (!Object.hasOwn(children, name)) {
    setOwn(children, name, value);
    return;
  }
  const siblings = children[name] ?? null;
  // No element is a list by itself.
  if (Array.isArray(siblings)) (siblings as WireValue[]).push(value);
  else setOwn(children, name, [siblings, value]);
}

function setOwn(record: Record<string, WireValue>, name: string, value: WireValue): void {
  if (name !== "__proto__") record[name] = value;
  // An assignment would change what the record inherits.
  else Object.defineProperty(record, name, { value, enumerable: true, configurable: true, writable: true });
}

function valueOf({ attributes, children, text }: Element): WireValue {
  if (children === null && attributes === null) return text === "" ? null : text;
  const value = attributes === null ? (children ?? {}) : { [ATTRIBUTES]: { ...attributes }, ...children };
  const isLayout = children !== null && text.trim() === "";
  if (text !== "" && !isLayout) value[TEXT] = text;
  return value;
}

/** The value as a record; null when it is anything else. */
export function asRecord(value: WireValue): WireRecord | null {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as WireRecord) : null;
}
