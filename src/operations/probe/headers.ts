import type { Inspected } from "../../pardot/inspect.ts";
import { mediaType } from "./exports.ts";
import type { Finding } from "./question.ts";

/** Findings from the headers of all responses so far. */
export class SeenHeaders {
  readonly #names = new Set<string>();
  readonly #types = new Set<string>();
  readonly #warnings = new Set<string>();
  readonly #usage = new Map<"v4" | "v5", Set<string>>();
  #responses = 0;
  #dated = 0;

  note(api: "v4" | "v5", { headers, status, failure }: Inspected): void {
    this.#responses += 1;
    if (headers["date"] !== undefined) this.#dated += 1;
    for (const name of Object.keys(headers)) if (/^[a-z0-9-]{1,40}$/.test(name)) this.#names.add(name);
    if (status === 200 && failure === null) this.#types.add(mediaType({ headers }));
    for (const [, code = ""] of (headers["pardot-warning"] ?? "").matchAll(/(?:^|,)\s*(\d{3})(?=[;,\s]|$)/g)) {
      this.#warnings.add(code);
    }
    const forms = this.#usage.get(api) ?? new Set();
    this.#usage.set(api, forms.add(usageForm(headers["x-api-usage"])));
  }

  findings(): readonly Finding[] {
    const usage = (["v4", "v5"] as const).flatMap((api): Finding[] => {
      const forms = this.#usage.get(api);
      if (forms === undefined) return [];
      return [
        {
          id: `headers.usage-${api}`,
          asks: `In which form does x-api-usage report the calls of the day in ${api}?`,
          seen: [...forms].toSorted().join(" or "),
          verdict: forms.has("N/N") ? "N/N" : forms.size === 1 ? String([...forms][0]) : "several",
          expected: "N/N",
          means: "PARDOT_QUOTA_SHARE has no effect: set PARDOT_DAILY_CALL_BUDGET.",
        },
      ];
    });
    const warnings = [...this.#warnings].toSorted();
    return [
      ...usage,
      {
        id: "headers.warnings",
        asks: "Which Pardot-Warning codes came with responses?",
        seen: warnings.length === 0 ? "none" : warnings.join(", "),
        verdict: warnings.includes("202") ? "202" : "none of 202",
        expected: "none of 202",
        means:
          "Access rules hide records or values from this API user: give the user access to everything that is to be read.",
      },
      {
        id: "headers.date",
        asks: "Does every response have a Date?",
        seen: `${this.#dated} of ${this.#responses} responses`,
        verdict: this.#dated === this.#responses ? "always" : this.#dated > 0 ? "sometimes" : "never",
        expected: "always",
        means: "Windows use this machine's clock: keep it correct.",
      },
      {
        id: "headers.names",
        asks: "Which headers do responses have?",
        seen: `${[...this.#names].toSorted().join(", ")}; content types: ${[...this.#types].toSorted().join(", ")}`,
        verdict: "listed",
        expected: null,
      },
    ];
  }
}

function usageForm(text: string | undefined): string {
  if (text === undefined) return "absent";
  const form = text.replaceAll(/\d+/g, "N");
  return /^[N/\s:;,.-]{1,40}$/.test(form) ? form : "another form";
}
