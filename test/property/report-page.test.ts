import { createHash } from "node:crypto";
import fc from "fast-check";
import { beforeAll, describe, expect, it } from "vitest";
import { report } from "../../src/operations/report/report.ts";
import type { RunReport } from "../../src/operations/report/api.ts";
import { runPage } from "../../src/report/page/page.ts";
import { MORNINGS, openMorning, runtimeOf } from "../kit/mornings.ts";

// No text of others becomes markup in the page about a run.

const reports = new Map<string, RunReport>();
beforeAll(async () => {
  for (const name of MORNINGS) {
    const morning = await openMorning(name);
    const config = { ...morning.config, etl: { ...morning.config.etl, warehouse: { kind: "snowflake" as const } } };
    reports.set(name, await report(config, null, runtimeOf(morning)));
  }
});

/** Words that decide what the page shows, and instants: any other text of a report may be of others. */
const OWN =
  /^(?:\d{4}-\d\d-\d\d[T ][\d:.]+Z?|\d{4}-\d\d-\d\d|UTC|complete|partial|failed|died|running|postponed|waiting|waits|unknown|recorded|in progress|expired|none|duckdb|snowflake|[a-zA-Z_]+)$/;

/** The page of a report in which every text but these is followed by another. */
function pageWith(morning: string, text: string): string {
  const found = reports.get(morning);
  if (found === undefined) throw new Error(`no morning ${morning}`);
  return runPage(found, (own) => (OWN.test(own) ? own : `${own}${text}`));
}

function tagsOf(page: string): readonly string[] {
  return page.match(/<[^>]*>/g) ?? [];
}

const PIECES = [
  "<script>alert(1)</script>",
  "</title>",
  "</style>",
  "<!--",
  "]]>",
  '"',
  "'",
  "&lt;b&gt;",
  "&#60;",
  "`",
  "${1}",
  "$&",
  " onload=x ",
  "javascript:",
  "\u001B]0;t\u0007",
  "\u202E",
  "\u0000",
  "\uD800",
  "\n",
  "\r",
  "\u2028",
  "<svg/onload=alert(1)>",
];
const hostile = fc
  .array(fc.oneof(fc.constantFrom(...PIECES), fc.string({ unit: "binary", maxLength: 5 })), { maxLength: 8 })
  .map((pieces) => `${pieces.join("")}x`);

describe("a page in which any text is added to every text of others", () => {
  it("has the tags of the same page with a plain text", () => {
    fc.assert(
      fc.property(fc.constantFrom(...MORNINGS), hostile, (morning, text) => {
        expect(tagsOf(pageWith(morning, text))).toEqual(tagsOf(pageWith(morning, "x")));
      }),
      { numRuns: 200 },
    );
  });

  it("has no control character but the line feed, and no half of a surrogate pair", () => {
    const controls = /[[\p{Cc}--\n]\u200E\u200F\u2028-\u202E\u2066-\u2069\u061C]/v;
    fc.assert(
      fc.property(fc.constantFrom(...MORNINGS), hostile, (morning, text) => {
        const page = pageWith(morning, text);
        expect(controls.test(page)).toBe(false);
        expect(page.isWellFormed()).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("permits the one style that it has, and nothing else", () => {
    fc.assert(
      fc.property(fc.constantFrom(...MORNINGS), hostile, (morning, text) => {
        const page = pageWith(morning, text);
        const styles = [...page.matchAll(/<style>([\s\S]*?)<\/style>/g)].map(([, style = ""]) => style);
        const hashes = styles.map((style) => createHash("sha256").update(style).digest("base64"));
        const [, policy] = /http-equiv="Content-Security-Policy" content="([^"]*)"/.exec(page) ?? [];
        expect(policy).toBe(
          `default-src 'none'; style-src 'sha256-${hashes[0] ?? ""}'; base-uri 'none'; form-action 'none'`,
        );
        expect(styles.length).toBe(1);
      }),
      { numRuns: 20 },
    );
  });

  it("shows that text, escaped, where it belongs", () => {
    const page = pageWith("partial", "<b>&\u001B'");
    expect(page).toContain(String.raw`<h1>pardot-etl run 20260320T060000Z-abc000&lt;b&gt;&amp;\u001b&#39;</h1>`);
    expect(page).toContain(String.raw`PARDOT_EXPORT_TIMEOUT)&lt;b&gt;&amp;\u001b&#39;`);
  });
});
