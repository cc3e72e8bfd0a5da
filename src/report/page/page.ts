import type { RunReport } from "../../operations/report/api.ts";
import { isoInstant } from "../../time/instant.ts";
import { changesOf } from "./changes.ts";
import { coverageSection, exportsSection } from "./coverage.ts";
import { daysSection } from "./days.ts";
import { findingsOf } from "./findings.ts";
import { minute } from "./format.ts";
import { markup, Markup } from "./markup.ts";
import { driftSection, filesSection, leftSection, rejectsSection, warningsSection } from "./records.ts";
import { callsSection, changesSection, factsSection, findingsSection, verdictSection } from "./sections.ts";
import { POLICY, STYLE } from "./style.ts";
import { verdictOf } from "./verdict.ts";

/** The sections that the navigation lists, by the ids of their elements. */
const SECTIONS = {
  todo: "What to do",
  changes: "Changes",
  rows: "Rows",
  coverage: "Coverage",
  calls: "Calls",
  exports: "Exports",
  drift: "Drift",
  rejects: "Rejects",
  files: "Files",
  warnings: "Warnings",
} as const;

/**
 * The page about a run: one HTML document that loads nothing, links to nothing outside itself and runs nothing. Any text
 * of others is shown as text, with control characters as the terminal shows them. `clean` removes secrets from a text. Pure.
 */
export function runPage(raw: RunReport, clean: (text: string) => string): string {
  const report = mapTexts(raw, clean);
  const findings = findingsOf(report);
  const verdict = verdictOf(report, findings);
  const { run, createdAt, laterRuns } = report;
  const links = Object.entries(SECTIONS).map(([id, title]) => markup`<li><a href="#${id}">${title}</a></li>`);
  const page = markup`<!doctype html>
    <html lang="en">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY.replaceAll('"', "&quot;"))}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="color-scheme" content="light dark" />
        <meta name="referrer" content="no-referrer" />
        <meta name="robots" content="noindex" />
        <title>${verdict.label}: pardot-etl run ${run.runId}</title>
        ${new Markup(`<style>${STYLE}</style>`)}
      </head>
      <body>
        <header>
          <a class="skip" href="#verdict">Skip to the result</a>
          <h1>pardot-etl run ${run.runId}</h1>
          <p class="sub">
            Started ${minute(run.startedAt)}. This page was made at ${minute(isoInstant(createdAt))}. Z is UTC.
          </p>
        </header>
        <main>
          ${verdictSection(verdict)}${factsSection(report)}
          <nav aria-label="Sections">
            <ul>
              ${links}
            </ul>
          </nav>
          ${findingsSection(findings, laterRuns > 0)}${leftSection(report)}${changesSection(changesOf(report))}${daysSection(report)}${coverageSection(report)}${callsSection(report)}${exportsSection(report)}${driftSection(report)}${rejectsSection(report)}${filesSection(report)}${warningsSection(report)}
        </main>
        <footer>
          <p>
            Made by pardot-etl from its own records, without a call to Pardot or the warehouse. pardot-etl is not
            affiliated with Salesforce.
          </p>
        </footer>
      </body>
    </html> `;
  return page.text;
}

/** The same value with every text in it changed, keys of maps and records too. */
function mapTexts<Value>(value: Value, change: (text: string) => string): Value {
  const map = (item: unknown): unknown => {
    if (typeof item === "string") return change(item);
    if (Array.isArray(item)) return item.map(map);
    if (item instanceof Map) return new Map(Array.from(item, ([key, own]) => [map(key), map(own)]));
    if (item instanceof Set) return new Set(Array.from(item, map));
    if (typeof item !== "object" || item === null) return item;
    return Object.fromEntries(Object.entries(item).map(([key, own]) => [change(key), map(own)]));
  };
  return map(value) as Value;
}
