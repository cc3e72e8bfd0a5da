/**
 * Faults by script: which requests fail, and how. A fault without a source needs none (a broken connection) or is
 * unconfirmed: seen in other systems, but not reported for Pardot.
 */
import type { Parameters } from "./api/parameters.ts";

/** The keys of a rule, with the type of each value or all its values. */
const KINDS = {
  /** Part of the path including the query, or the source of a regular expression. */
  path: "string",
  method: "string",
  /** Matches only requests with a larger parameter `limit`: the page is too large, half of it may not be. */
  limitAbove: "number",
  /** Matching requests let through first. Default 0. */
  skip: "number",
  /** Matching requests hit. Default 1. */
  count: "number",
  /** Alone: a gateway's HTML page with this status, no body for 204. With `code`: an error envelope. */
  status: "number",
  code: "number",
  message: "string",
  /** Waits this long first. */
  delayMs: "number",
  /** Resets the connection before the response. */
  reset: "boolean",
  /** Never responds. */
  hang: "boolean",
  /** Breaks the connection after this many bytes of the body; its announced length is that of the whole. */
  truncate: "number",
  /** With `truncate`: the body ends there like a complete one. */
  quiet: "boolean",
  /** With `truncate`: the connection stays open and silent instead. */
  stall: "boolean",
  /** 200 with bytes that are not a valid response. */
  garbage: "boolean",
  /** 200 with this text, as gateways do; the empty text means no body. Set a content type with `headers`. */
  text: "string",
  /** 206 with this many bytes of the body and a `Content-Range`, although no range was requested. */
  partial: "number",
  /** No length and no chunks: the end of the connection is the end of the body (RFC 9112, 6.3). */
  unframed: "boolean",
  /** A query page without rows (pardot/api-docs issue 151). */
  emptyPage: "boolean",
  /** A query page of at most this many rows, even below the limit (second report in pardot/api-docs issue 151). */
  shortPage: "number",
  /** `total_results` of a query page, instead of the true number. */
  total: "number",
  /**
   * Values of the first record of a page or a result file, by column: invalid dates (MySQL writes no date as
   * `0000-00-00 00:00:00`; slingdata-io/sling-cli issue 285), characters that XML forbids.
   */
  cells: "object",
  /** Fault inside a result file: see `FILE_FAULTS`. */
  file: [
    "title-header",
    "upper-header",
    "semicolons",
    "no-header",
    "no-records",
    "other-object",
    "renamed-field",
    "no-key",
    "no-watermark",
    "cut-last-field",
    "cut-record",
    "cut-line",
    "mixed-ends",
    "blank-last-line",
    "broken-utf8",
  ],
  /** v5: the page token of this request has expired: 210. */
  expiredPageToken: "boolean",
  /** v5: the sequence ends here with Pardot-Warning 203, although rows follow. */
  sequenceEnd: "boolean",
  /** v5: refuses requests that name this field, with 51 (PostHog PR 102066). */
  unknownField: "string",
  /** Invalidates the access token of this request from now on: 184. */
  expiredToken: "boolean",
  /** Responds with the login page. */
  html: "boolean",
  /** On `export create`: the export ends as Failed. */
  failExport: "boolean",
  /** On `export create`: the export's final state. On `export read`: the state it shows. Names are unconfirmed. */
  exportState: "string",
  /**
   * On `export create` and `read`: responds with another export of the account, or only with its result addresses. If there
   * is no other, with a nonexistent one. Unconfirmed.
   */
  anotherExport: ["identity", "files"],
  /** Additional response headers: `{"Retry-After": "3"}`. */
  headers: "object",
} as const;

type OfKind<K> = K extends readonly (infer V)[] ? V : K extends keyof Types ? Types[K] : never;
interface Types {
  string: string;
  number: number;
  boolean: boolean;
  object: Readonly<Record<string, string>>;
}

/** One rule. Hits `count` matching requests after `skip` of them; the first rule that hits wins. */
export type FaultRule = { readonly path: string } & {
  readonly [K in keyof typeof KINDS]?: OfKind<(typeof KINDS)[K]>;
};

/** Name of a fault inside a result file with status 200. */
export type FileFault = (typeof KINDS)["file"][number];

/** Parses a script. Throws an Error that names all problems. */
export function readFaults(script: unknown): readonly FaultRule[] {
  if (!Array.isArray(script)) throw new Error("faults: expected a list of rules");
  const problems = script.flatMap((rule: unknown, n) => ruleProblems(rule, `rule ${n}`));
  if (problems.length > 0) throw new Error(`faults: ${problems.join("; ")}`);
  return script as readonly FaultRule[];
}

function ruleProblems(rule: unknown, where: string): string[] {
  if (typeof rule !== "object" || rule === null) return [`${where}: expected an object`];
  const given = rule as Readonly<Record<string, unknown>>;
  const problems = Object.entries(given).flatMap(([name, value]) => {
    const kind: string | readonly unknown[] | undefined = Object.hasOwn(KINDS, name)
      ? KINDS[name as keyof FaultRule]
      : undefined;
    if (kind === undefined) return [`${where}: unknown key ${name}`];
    if (Array.isArray(kind)) return kind.includes(value) ? [] : [`${where}: ${name} must be one of ${kind.join(", ")}`];
    const fits = typeof value === kind && !(typeof value === "number" && !(value >= 0));
    return fits ? [] : [`${where}: ${name} must be a ${String(kind)}`];
  });
  if (typeof given["path"] !== "string") problems.push(`${where}: path is missing`);
  else if (toPattern(given["path"]) === null) problems.push(`${where}: path is not a valid regular expression`);
  return problems;
}

const NO_PARAMETERS: Parameters = new Map();
/** Default limit of a query (vendor docs, query). */
const LIMIT_DEFAULT = 200;

export class Faults {
  #rules: { readonly rule: FaultRule; readonly pattern: RegExp | null; matched: number }[] = [];

  set(rules: readonly FaultRule[]): void {
    this.#rules = rules.map((rule) => ({ rule, pattern: toPattern(rule.path), matched: 0 }));
  }

  /** Counts the request, and returns the rule that hits it or null. */
  next(method: string, target: string, parameters: Parameters = NO_PARAMETERS): FaultRule | null {
    for (const entry of this.#rules) {
      const { rule, pattern } = entry;
      if (rule.method !== undefined && rule.method.toUpperCase() !== method) continue;
      if (!target.includes(rule.path) && pattern?.test(target) !== true) continue;
      if (Number(parameters.get("limit") ?? LIMIT_DEFAULT) <= (rule.limitAbove ?? -1)) continue;
      entry.matched += 1;
      const hit = entry.matched - (rule.skip ?? 0);
      if (hit >= 1 && hit <= (rule.count ?? 1)) return rule;
    }
    return null;
  }
}

function toPattern(source: string): RegExp | null {
  try {
    return new RegExp(source);
  } catch {
    return null;
  }
}
