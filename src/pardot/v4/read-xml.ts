import { SaxesParser } from "saxes";
import type { WireValue } from "../pardot.ts";
import { UnreadableBody } from "./read-json.ts";
import { xmlText } from "../replaced-text.ts";
import type { OnReplaced } from "../replaced-text.ts";

/** The key of an element's attributes, as Pardot's own JSON names them. */
export const ATTRIBUTES = "@attributes";
/** The key of the text of an element that has attributes or children as well. */
export const TEXT = "#text";

/** Deeper nesting than any answer has; beyond it the body is no answer. */
const DEPTH_MAX = 64;

interface Element {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: Map<string, WireValue[]>;
  text: string;
}

/**
 * Reads XML into the same shapes as Pardot's JSON: an element with children is a record, children of one name are a
 * list, one alone is a value; an element with nothing in it (`<x/>`, `<x></x>`) is null. Text is kept exactly, entities
 * decoded once, and stays text; `onReplaced` takes the number of characters that XML forbids and that became U+FFFD. White space between children is layout and dropped, white space alone in an element
 * is its value. Attributes stand under `@attributes`, text beside attributes or children under `#text`.
 *
 * Throws `UnreadableBody` when the document is cut or malformed.
 */
export function readXml(
  text: string,
  onReplaced: OnReplaced = () => {},
): { readonly root: string; readonly value: WireValue } {
  const stack: Element[] = [];
  let result: { readonly root: string; readonly value: WireValue } | null = null;
  const parser = new SaxesParser({ xmlns: false, position: true });

  parser.on("opentag", (tag) => {
    if (stack.length === DEPTH_MAX) throw new UnreadableBody(`xml is nested deeper than ${DEPTH_MAX} elements`);
    stack.push({ name: tag.name, attributes: tag.attributes, children: new Map(), text: "" });
  });
  const addText = (piece: string): void => {
    const open = stack.at(-1);
    if (open !== undefined) open.text += piece;
  };
  parser.on("text", addText);
  parser.on("cdata", addText);
  parser.on("closetag", () => {
    const element = stack.pop();
    if (element === undefined) return;
    const parent = stack.at(-1);
    const value = valueOf(element);
    if (parent === undefined) {
      result = { root: element.name, value };
      return;
    }
    const siblings = parent.children.get(element.name);
    if (siblings === undefined) parent.children.set(element.name, [value]);
    else siblings.push(value);
  });
  // Without this handler saxes throws its own error, which names tags of a body that may be anything.
  parser.on("error", () => {
    throw new UnreadableBody(`xml breaks off or is malformed at line ${parser.line} column ${parser.column}`);
  });

  parser.write(xmlText(text, onReplaced)).close();
  if (result === null) throw new UnreadableBody("xml holds no element");
  return result;
}

function valueOf(element: Element): WireValue {
  const hasAttributes = Object.keys(element.attributes).length > 0;
  if (element.children.size === 0 && !hasAttributes) return element.text === "" ? null : element.text;
  const entries: [string, WireValue][] = [];
  if (hasAttributes) entries.push([ATTRIBUTES, { ...element.attributes }]);
  for (const [name, values] of element.children)
    entries.push([name, values.length === 1 ? (values[0] ?? null) : values]);
  const isLayout = element.children.size > 0 && element.text.trim() === "";
  if (element.text !== "" && !isLayout) entries.push([TEXT, element.text]);
  // fromEntries makes own properties of any name, `__proto__` included.
  return Object.fromEntries(entries);
}
