/**
 * Response bodies as XML and JSON. The vendor makes JSON from the XML tree, hence the quirks: a single row is not an array,
 * empty is null, text that looks like a number becomes one (pardot/api-docs issue 187), slashes are escaped.
 */
import type { Knobs } from "../knobs.ts";
import type { Body, BodyValue } from "../account/model.ts";

export type Format = "xml" | "json";

export function encodeOk(body: Body, format: Format, knobs: Knobs): string {
  if (format === "xml") return `${XML_HEAD}<rsp stat="ok" version="1.0">${xmlContent(body)}</rsp>\n`;
  const members = Object.entries(body).map(([name, value]) => `${quote(name)}:${json(value, knobs)}`);
  return `{${['"@attributes":{"stat":"ok","version":1}', ...members].join(",")}}`;
}

/** The error envelope (recorded: RudderStack error-184; Crim/pardot-java-client error.xml). */
export function encodeError(code: number, message: string, format: Format): string {
  if (format === "xml") {
    return `${XML_HEAD}<rsp stat="fail" version="1.0"><err code="${code}">${escapeXml(message)}</err></rsp>\n`;
  }
  return `{"@attributes":{"stat":"fail","version":1,"err_code":${code}},"err":${quote(message)}}`;
}

const XML_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n';

function xmlContent(record: Body): string {
  return Object.entries(record)
    .filter(([name]) => name !== "@attributes")
    .map(([name, value]) => xmlElement(name, value))
    .join("");
}

function xmlElement(name: string, value: BodyValue): string {
  if (value === null) return `<${name}/>`;
  if (typeof value !== "object") return `<${name}>${escapeXml(String(value))}</${name}>`;
  if (Array.isArray(value)) return value.map((one: BodyValue) => xmlElement(name, one)).join("");
  const record = value as Body;
  const attributes = xmlAttributes(record["@attributes"] ?? null);
  const content = xmlContent(record);
  return content === "" ? `<${name}${attributes}/>` : `<${name}${attributes}>${content}</${name}>`;
}

function xmlAttributes(given: BodyValue): string {
  return Object.entries(typeof given === "object" && given !== null ? given : {})
    .map(([name, value]) => ` ${name}="${escapeXml(plainAttribute(value))}"`)
    .join("");
}

function plainAttribute(value: BodyValue): string {
  return value === null || typeof value === "object" ? "" : String(value);
}

const XML_ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "\r": "&#13;",
};

/** As recorded: quotes and carriage returns become entities, apostrophes and line feeds don't. */
function escapeXml(text: string): string {
  return text.replace(/[&<>"\r]/g, (character) => XML_ENTITIES[character] ?? character);
}

function json(value: BodyValue, knobs: Knobs): string {
  if (value === null || value === "") return "null";
  if (typeof value === "string") return (knobs.numericTextToNumber ? numberText(value) : null) ?? quote(value);
  if (typeof value !== "object") return String(value);
  if (Array.isArray(value)) {
    const items = value as readonly BodyValue[];
    const [only] = items;
    if (items.length === 1 && only !== undefined && knobs.oneRowCollapse) return json(only, knobs);
    return `[${items.map((item) => json(item, knobs)).join(",")}]`;
  }
  const members = Object.entries(value).map(([name, member]) => `${quote(name)}:${json(member, knobs)}`);
  return `{${members.join(",")}}`;
}

/** The number that JSON shows for a text, null if it stays text. Leading zeros are lost, 1e3 becomes 1000. */
export function numberText(text: string): string | null {
  const parts = /^\s*([+-]?)(\d+)?(\.\d*)?([eE][+-]?\d+)?\s*$/.exec(text);
  if (parts === null) return null;
  const [, sign = "", digits = "", fraction, exponent] = parts;
  if (digits === "" && (fraction === undefined || fraction === ".")) return null;
  const minus = sign === "-" ? "-" : "";
  if (fraction === undefined && exponent === undefined) {
    const plain = digits.replace(/^0+(?=\d)/, "");
    if (plain.length <= 18) return minus + plain;
  }
  const number = Number(text);
  return Number.isFinite(number) ? String(number).replace("e+", "e") : null;
}

function quote(text: string): string {
  return JSON.stringify(text).replaceAll("/", "\\/");
}
