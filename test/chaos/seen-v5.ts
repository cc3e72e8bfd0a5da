import { READINGS } from "./plan-v5.ts";
import type { PlanV5 } from "./plan-v5.ts";

/** Interruptions of a process whose last call was for a page of v5. */
const INTERRUPTIONS: Readonly<Record<string, string>> = {
  kill: "killed after a page",
  cancel: "stopped after a page",
  stop: "suspended after a page",
};

const RESPONSES = [
  "pages",
  "pages by token",
  "sequences ended (203)",
  "values or records hidden (202)",
  "fields refused (51)",
  "page tokens expired (210, 211)",
  "pages too slow (504, 214)",
  "too many requests (429, 66)",
  "parents demanded (13)",
  "filters ignored",
] as const;
type Response = (typeof RESPONSES)[number];

/**
 * How often v5 was met in its ways of reading and its difficulties, counted from the responses, whatever caused them. Every
 * name is there from the start, so that what never happens shows as 0.
 */
export class SeenV5 {
  readonly counts: Map<string, number>;
  readonly #ignoredFilters: readonly string[];

  constructor(plan: PlanV5 | undefined, ignoredFilters = "") {
    const names = [...READINGS.map((reading) => `read ${reading}`), ...RESPONSES, ...Object.values(INTERRUPTIONS)];
    this.counts = new Map(["schedules", ...names].map((name) => [name, 0]));
    if (plan !== undefined) this.#add("schedules");
    for (const reading of plan?.readings ?? []) this.#add(`read ${reading}`);
    this.#ignoredFilters = ignoredFilters.split(",").flatMap((name) => name.split(".")[1] ?? []);
  }

  /** Notes a response to a request for a page. */
  note({ searchParams }: URL, status: number, headers: Readonly<Record<string, string>>, body: string): void {
    const seen = (name: Response): void => this.#add(name);
    const warning = headers["pardot-warning"] ?? "";
    seen("pages");
    if (searchParams.has("nextPageToken")) seen("pages by token");
    if (warning.includes("203")) seen("sequences ended (203)");
    if (warning.includes("202")) seen("values or records hidden (202)");
    if (this.#ignoredFilters.some((field) => searchParams.has(`${field}AfterOrEqualTo`))) seen("filters ignored");
    const code = Number(/^\{"code":(\d+)/.exec(body)?.[1] ?? 0);
    if (code === 51) seen("fields refused (51)");
    if (code === 210 || code === 211) seen("page tokens expired (210, 211)");
    if (status === 504 || code === 214) seen("pages too slow (504, 214)");
    if (status === 429 || code === 66) seen("too many requests (429, 66)");
    if (code === 13) seen("parents demanded (13)");
  }

  /** Notes the interruptions in the steps of one process. */
  noteInterruptions(trace: readonly string[]): void {
    for (const [i, step] of trace.entries()) {
      const name = INTERRUPTIONS[step];
      if (name === undefined) continue;
      const call = trace.slice(0, i).findLast((label) => label.startsWith("GET ") || label.startsWith("POST "));
      if (call?.startsWith("GET /api/v5/") === true) this.#add(name);
    }
  }

  #add(name: string): void {
    this.counts.set(name, (this.counts.get(name) ?? 0) + 1);
  }
}
