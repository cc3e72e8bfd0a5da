import { SaxesParser } from "saxes";
import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
  startSimulator,
} from "../../src/simulator/index.ts";
import type { Simulator, SimulatorOptions } from "../../src/simulator/index.ts";

/** The barest client of a simulator: what goes over the wire is what the tests are about. */
export interface SimulatorClient extends AsyncDisposable {
  readonly simulator: Simulator;
  readonly headers: Readonly<Record<string, string>>;
  /** Path and query behind the host; the answer's body as text. */
  call(
    target: string,
    init?: Init,
  ): Promise<{ readonly status: number; readonly text: string; readonly headers: Headers }>;
  /** The body as JSON, `format=json` added. */
  json(target: string): Promise<JsonAnswer>;
  /** The code of the error envelope; null when the answer is none. */
  code(target: string, init?: Init): Promise<number | null>;
  token(
    form: Readonly<Record<string, string>>,
  ): Promise<{ readonly status: number; readonly body: Record<string, string> }>;
  createExport(body: unknown): Promise<number>;
}

export interface Init {
  readonly method?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | URLSearchParams;
  readonly signal?: AbortSignal;
}

export interface JsonAnswer {
  readonly "@attributes": { readonly stat: string; readonly err_code?: number };
  readonly err?: string;
  readonly result?: Record<string, unknown> | null;
  readonly export?: Record<string, unknown>;
  readonly [key: string]: unknown;
}

export const REFRESH: Readonly<Record<string, string>> = {
  grant_type: "refresh_token",
  refresh_token: SIMULATOR_REFRESH_TOKEN,
  client_id: SIMULATOR_CLIENT_ID,
  client_secret: SIMULATOR_CLIENT_SECRET,
};

export async function connect(options: SimulatorOptions = {}): Promise<SimulatorClient> {
  const simulator = await startSimulator({
    scale: "tiny",
    ...options,
    knobs: { tokenMs: 0, clock: "frozen", ...options.knobs },
  });
  const token: SimulatorClient["token"] = async (form) => {
    const response = await fetch(`${simulator.url}/services/oauth2/token`, {
      method: "POST",
      body: new URLSearchParams(form),
    });
    return { status: response.status, body: (await response.json()) as Record<string, string> };
  };
  const access = (await token(REFRESH)).body["access_token"] ?? "";
  const headers = { Authorization: `Bearer ${access}`, "Pardot-Business-Unit-Id": SIMULATOR_BUSINESS_UNIT_ID };
  const call: SimulatorClient["call"] = async (target, init) => {
    const response = await fetch(simulator.url + target, { ...init, headers: { ...headers, ...init?.headers } });
    return { status: response.status, text: await response.text(), headers: response.headers };
  };
  const json: SimulatorClient["json"] = async (target) => {
    const { text } = await call(`${target}${target.includes("?") ? "&" : "?"}format=json`);
    return JSON.parse(text) as JsonAnswer;
  };
  return {
    simulator,
    headers,
    call,
    json,
    token,
    code: async (target, init) => {
      const { text } = await call(target, init);
      const found = /err_code":(\d+)|<err code="(\d+)"/.exec(text);
      return found === null ? null : Number(found[1] ?? found[2]);
    },
    createExport: async (body) => {
      const { text } = await call("/api/export/version/4/do/create?format=json", jsonBody(body));
      return ((JSON.parse(text) as JsonAnswer).export?.["id"] as number | undefined) ?? Number.NaN;
    },
    [Symbol.asyncDispose]: () => simulator.close(),
  };
}

export function jsonBody(body: unknown, contentType = "application/json"): Init {
  const text = typeof body === "string" ? body : JSON.stringify(body);
  return { method: "POST", headers: { "Content-Type": contentType }, body: text };
}

/** The records of a page, whatever form one or none take. */
export function records(answer: JsonAnswer, key: string): Record<string, unknown>[] {
  const value = answer.result?.[key];
  if (value === undefined || value === null) return [];
  return (Array.isArray(value) ? value : [value]) as Record<string, unknown>[];
}

export interface XmlNode {
  readonly name: string;
  readonly attributes: Readonly<Record<string, string>>;
  readonly children: XmlNode[];
  text: string;
}

/** Throws for XML that is none. */
export function parseXml(text: string): XmlNode {
  const root: XmlNode = { name: "", attributes: {}, children: [], text: "" };
  const open: XmlNode[] = [root];
  const parser = new SaxesParser();
  parser.on("error", (error) => {
    throw error;
  });
  parser.on("opentag", (tag) => {
    const node: XmlNode = {
      name: tag.name,
      attributes: { ...tag.attributes },
      children: [],
      text: "",
    };
    open.at(-1)?.children.push(node);
    open.push(node);
  });
  parser.on("text", (piece) => {
    const node = open.at(-1);
    if (node !== undefined) node.text += piece;
  });
  parser.on("closetag", () => void open.pop());
  parser.write(text).close();
  const [document] = root.children;
  if (document === undefined) throw new Error("no element in the XML");
  return document;
}

/** All elements of a name, at any depth. */
export function elements(node: XmlNode, name: string): XmlNode[] {
  return [...(node.name === name ? [node] : []), ...node.children.flatMap((child) => elements(child, name))];
}

/** A plain value as text, null and absent as the empty text; throws for anything that is no plain value. */
export function shown(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "object") return JSON.stringify(value);
  if (typeof value === "string" || typeof value === "number" || typeof value === "boolean") return String(value);
  throw new Error(`no plain value: ${typeof value}`);
}
