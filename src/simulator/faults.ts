/**
 * Faults by script: which requests go wrong, and how. Where no source is named, what the fault does needs none (a broken
 * connection) or is unconfirmed for Pardot: nobody has reported it there, and its like was seen elsewhere.
 */
import { FILE_FAULTS } from "./file-faults.ts";
import type { FileFault } from "./file-faults.ts";
import type { Parameters } from "./api/parameters.ts";

/** One rule. It hits the requests that it matches, after `skip` of them, `count` times; the first rule that hits wins. */
export interface FaultRule {
  /** Part of the path with its query, or the source of a regular expression. */
  readonly path: string;
  readonly method?: string;
  /** Matches only requests whose parameter `limit` is above this: a page that is too much where half of it is not. */
  readonly limitAbove?: number;
  /** Matching requests let through first. Default 0. */
  readonly skip?: number;
  /** Matching requests hit. Default 1. */
  readonly count?: number;
  /** Alone: a plain page of a gateway with this status, nothing at all for 204. With `code`: an error envelope. */
  readonly status?: number;
  readonly code?: number;
  readonly message?: string;
  /** Waits before anything else happens. */
  readonly delayMs?: number;
  /** The connection is reset before an answer. */
  readonly reset?: boolean;
  /** No answer ever comes. */
  readonly hang?: boolean;
  /** The connection breaks after this many bytes of the body, whose announced length is the whole. */
  readonly truncate?: number;
  /** With `truncate`: the body ends there as if it were whole. */
  readonly quiet?: boolean;
  /** With `truncate`: instead of breaking, the connection stays open and silent. */
  readonly stall?: boolean;
  /** 200 with bytes that are no answer. */
  readonly garbage?: boolean;
  /** 200 with this text instead of the answer, as gateways put it there; the empty text: no body. `headers` names a type. */
  readonly text?: string;
  /** 206 with so many bytes of the body, and a `Content-Range` that says so, though no range was asked for. */
  readonly partial?: number;
  /** Neither a length nor chunks: the end of the connection is the end of the body (RFC 9112, 6.3). */
  readonly unframed?: boolean;
  /** A query page without rows (pardot/api-docs issue 151). */
  readonly emptyPage?: boolean;
  /** A query page of this many rows at most, whatever the limit (second report in pardot/api-docs issue 151). */
  readonly shortPage?: number;
  /** `total_results` of a query page, whatever there is. */
  readonly total?: number;
  /**
   * Values of the first record of a page or a result file, by column: dates that are none (MySQL writes no date as
   * `0000-00-00 00:00:00`; slingdata-io/sling-cli issue 285), characters that XML forbids.
   */
  readonly cells?: Readonly<Record<string, string>>;
  /** What is wrong with a result file: see `FILE_FAULTS`. */
  readonly file?: FileFault;
  /** The access token of this request is dead from now on: 184. */
  readonly expiredToken?: boolean;
  /** The login page instead of an answer. */
  readonly html?: boolean;
  /** On `export create`: the export ends as Failed. */
  readonly failExport?: boolean;
  /** On `export create`: the state in which the export ends. On `export read`: the state it shows. Words are unconfirmed. */
  readonly exportState?: string;
  /**
   * On `export create` and `read`: the answer of another export of the account, or its result addresses alone. Where there
   * is no other, one that does not exist. Unconfirmed.
   */
  readonly anotherExport?: "identity" | "files";
  /** Further headers of the answer: `{"Retry-After": "3"}`. */
  readonly headers?: Readonly<Record<string, string>>;
}

const KINDS: Readonly<Record<keyof FaultRule, "string" | "number" | "boolean" | "object" | readonly string[]>> = {
  path: "string",
  method: "string",
  limitAbove: "number",
  skip: "number",
  count: "number",
  status: "number",
  code: "number",
  message: "string",
  delayMs: "number",
  reset: "boolean",
  hang: "boolean",
  truncate: "number",
  quiet: "boolean",
  stall: "boolean",
  garbage: "boolean",
  text: "string",
  partial: "number",
  unframed: "boolean",
  emptyPage: "boolean",
  shortPage: "number",
  total: "number",
  cells: "object",
  file: Object.keys(FILE_FAULTS),
  expiredToken: "boolean",
  html: "boolean",
  failExport: "boolean",
  exportState: "string",
  anotherExport: ["identity", "files"],
  headers: "object",
};

/** Reads a script. Throws an Error that names every problem. */
export function readFaults(script: unknown): readonly FaultRule[] {
  if (!Array.isArray(script)) throw new Error("faults: expected a list of rules");
  const problems = script.flatMap((rule: unknown, place) => ruleProblems(rule, `rule ${place}`));
  if (problems.length > 0) throw new Error(`faults: ${problems.join("; ")}`);
  return script as readonly FaultRule[];
}

function ruleProblems(rule: unknown, where: string): string[] {
  if (typeof rule !== "object" || rule === null) return [`${where}: expected an object`];
  const given = rule as Readonly<Record<string, unknown>>;
  const problems = Object.entries(given).flatMap(([name, value]) => {
    const kind = Object.hasOwn(KINDS, name) ? KINDS[name as keyof FaultRule] : undefined;
    if (kind === undefined) return [`${where}: unknown key ${name}`];
    if (Array.isArray(kind)) return kind.includes(value) ? [] : [`${where}: ${name} must be one of ${kind.join(", ")}`];
    const fits = typeof value === kind && !(typeof value === "number" && !(value >= 0));
    return fits ? [] : [`${where}: ${name} must be a ${String(kind)}`];
  });
  if (typeof given["path"] !== "string") problems.push(`${where}: path is missing`);
  else if (toPattern(given["path"]) === null) problems.push(`${where}: path is no regular expression`);
  return problems;
}

export interface Faults {
  set(rules: readonly FaultRule[]): void;
  /** The rule that hits this request, null when it goes well. Counts. */
  next(method: string, target: string, parameters?: Parameters): FaultRule | null;
}

const NO_PARAMETERS: Parameters = new Map();
/** Pages hold so many rows where no limit is given (vendor docs, query). */
const LIMIT_DEFAULT = 200;

export function createFaults(): Faults {
  let rules: { readonly rule: FaultRule; readonly pattern: RegExp | null; matched: number }[] = [];
  return {
    set: (script) => {
      rules = script.map((rule) => ({ rule, pattern: toPattern(rule.path), matched: 0 }));
    },
    next: (method, target, parameters = NO_PARAMETERS) => {
      for (const entry of rules) {
        const { rule, pattern } = entry;
        if (rule.method !== undefined && rule.method.toUpperCase() !== method) continue;
        if (!target.includes(rule.path) && pattern?.test(target) !== true) continue;
        if (Number(parameters.get("limit") ?? LIMIT_DEFAULT) <= (rule.limitAbove ?? -1)) continue;
        entry.matched += 1;
        const hit = entry.matched - (rule.skip ?? 0);
        if (hit >= 1 && hit <= (rule.count ?? 1)) return rule;
      }
      return null;
    },
  };
}

function toPattern(source: string): RegExp | null {
  try {
    return new RegExp(source);
  } catch {
    return null;
  }
}
