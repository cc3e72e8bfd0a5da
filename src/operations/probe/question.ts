import type { Inspected, Inspection } from "../../pardot/inspect.ts";
import type { Instant } from "../../time/instant.ts";

/** A question that the vendor's documentation leaves open, and how calls that only read answer it. */
export interface Question {
  /** `account.envelope`; for several findings, their common prefix. */
  readonly id: string;
  /** The question in words. */
  readonly asks: string;
  /** The request. */
  readonly how: string;
  /** The generation of the API that is asked. */
  readonly api: "v4" | "v5";
  readonly ask: (asker: Asker) => Promise<Finding | readonly Finding[]>;
}

/** Findings: names, types, counts, statuses and codes, never a value of a record. */
export interface Finding {
  /** Default: the question's. */
  readonly id?: string;
  /** Default: the question's words. */
  readonly asks?: string;
  readonly seen: string;
  /** One word or two, for machines. */
  readonly verdict: string;
  /** The verdict that this tool relies on; null: any. */
  readonly expected: string | null;
  /** Effect of another verdict on the configuration; null: none. */
  readonly means?: string | null;
  /** The necessary or possible override of the built-in catalog. */
  readonly override?: Override;
  /** The object of the override. Default: the question's id. */
  readonly object?: string;
}

/** The verdict if the account has no records that show it. */
export const UNSETTLED = "unsettled";

/** A part of the section `catalog` of the configuration. */
export interface Override {
  readonly [key: string]: Override | readonly Override[] | readonly string[] | string | boolean | null;
}

/** A response, parsed where it is JSON. */
export interface Answer extends Inspected {
  /** Null for anything but JSON. Numbers are numbers. */
  readonly json: unknown;
}

/** Sends the requests of the questions. */
export interface Asker {
  readonly get: (kind: string, address: Inspection["address"] | string) => Promise<Answer>;
  /** Creates an export. */
  readonly create: (kind: string, address: Inspection["address"] | string, body: string) => Promise<Answer>;
  /** The first bytes of a result file. */
  readonly download: (kind: string, reference: string) => Promise<Answer>;
  /** Pardot's time when the first call was made. */
  readonly now: Instant;
  readonly pause: (ms: number) => Promise<void>;
}

/** `/api/v5/objects/tags?fields=id&limit=1`; a plus sign and a colon are escaped. */
export function v5(path: string, parameters: Readonly<Record<string, string>> = {}): string {
  const query = new URLSearchParams(parameters).toString();
  return `/api/v5/${path}${query === "" ? "" : `?${query}`}`;
}

/** `/api/tag/version/4/do/query?format=json`, in the account's version. `rest`: `id/12`. */
export function v4(
  urlName: string,
  operation: string,
  parameters: Readonly<Record<string, string>> = {},
): (version: number) => string {
  const query = new URLSearchParams({ format: "json", ...parameters }).toString();
  return (version) => `/api/${urlName}/version/${version}/do/${operation}?${query}`;
}

/** `HTTP 400 with code 51`, `HTTP 200`. */
export function statusText({ status, failure }: Answer): string {
  if (failure === null) return `HTTP ${status}`;
  return failure.code === null
    ? `HTTP ${status} with ${SHAPES[failure.shape]}`
    : `HTTP ${status} with code ${failure.code}`;
}

const SHAPES: Readonly<Record<NonNullable<Inspected["failure"]>["shape"], string>> = {
  envelope: "an error without a code",
  html: "a page of HTML",
  empty: "an empty body",
  unreadable: "an unreadable body",
  "no-envelope": "data without an envelope",
  "not-a-file": "no file",
  redirect: "a redirect",
  network: "no response",
};

/** The code of a refusal as a verdict: `code 51`; else its status. */
export function codeVerdict({ status, failure }: Answer): string {
  if (failure === null) return "accepted";
  return failure.code === null ? `status ${status}` : `code ${failure.code}`;
}

export function asObject(value: unknown): Readonly<Record<string, unknown>> | null {
  return typeof value === "object" && value !== null && !Array.isArray(value)
    ? (value as Readonly<Record<string, unknown>>)
    : null;
}

/** The records of a page of v5. */
export function valuesOf({ json }: Pick<Answer, "json">): readonly Readonly<Record<string, unknown>>[] {
  const values = asObject(json)?.["values"];
  return Array.isArray(values) ? objectsIn(values) : [];
}

/** The records in a response of v3/v4, one or many. */
export function rowsOf({ json }: Pick<Answer, "json">, dataKey: string): readonly Readonly<Record<string, unknown>>[] {
  const rows = asObject(asObject(json)?.["result"])?.[dataKey];
  return objectsIn(Array.isArray(rows) ? rows : [rows]);
}

function objectsIn(values: readonly unknown[]): readonly Readonly<Record<string, unknown>>[] {
  return values.map(asObject).filter((value) => value !== null);
}
