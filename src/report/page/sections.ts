import type { RunReport } from "../../operations/report/api.ts";
import { capitalized, elapsed, formatNumber, pluralize } from "../../text.ts";
import type { Finding } from "./findings.ts";
import { bytesText, minute, NOT_RECORDED, percent, short } from "./format.ts";
import type { Markup } from "./markup.ts";
import { command, DRAWING, markup, number, paragraph, section, table } from "./markup.ts";
import { bar } from "./charts.ts";
import type { Verdict } from "./verdict.ts";

/** Items of a list; the rest is counted. */
const FINDINGS_MAX = 60;
const KINDS_MAX = 40;

export function verdictSection({ state, label, sentence, command: next }: Verdict): Markup {
  return markup`<section id="verdict" class="verdict ${state}" aria-labelledby="verdict-title">
    <h2 id="verdict-title">${label}</h2>
    <p class="sentence">${sentence}</p>
    ${next === null ? null : markup`<p>${command(next)}</p> `}
  </section> `;
}

function unitText({ manifest, status }: RunReport): string {
  const { businessUnit, businessUnitName: name } = status;
  const id = manifest?.business_unit ?? businessUnit ?? "unknown";
  return name === null ? id : `${short(name)}, ${id}`;
}

/** The figures of the run. */
export function factsSection(report: RunReport): Markup {
  const { run, objects, status, laterRuns } = report;
  const took = run.finishedAt === null ? "not ended" : elapsed(Date.parse(run.finishedAt) - Date.parse(run.startedAt));
  const bytes = objects.reduce((sum, object) => sum + object.bytes, 0);
  const facts: readonly (readonly [string, Markup | string])[] = [
    ["Result", run.exitCode === null ? run.status : `${run.status} (exit ${run.exitCode})`],
    ["Started", minute(run.startedAt)],
    ["Took", took],
    ["Rows", formatNumber(run.rows)],
    ["Files", bytes === 0 ? formatNumber(run.files) : `${formatNumber(run.files)} (${bytesText(bytes)})`],
    ["Calls", formatNumber(run.calls)],
    ["Later runs", laterRuns === 0 ? "none, this is the newest" : formatNumber(laterRuns)],
    ["Last success", status.lastSuccess === null ? "none yet" : minute(status.lastSuccess.at)],
    ["Business unit", unitText(report)],
    ["Destination", status.destination],
  ];
  const rows = facts.map(
    ([name, value]) =>
      markup`<div>
        <dt>${name}</dt>
        <dd>${value}</dd>
      </div> `,
  );
  return markup`<dl class="facts">${rows}</dl> `;
}

export function findingsSection(findings: readonly Finding[], isOld: boolean): Markup {
  const title = "What to do";
  if (findings.length === 0) return section("todo", title, paragraph("Nothing."));
  const shown = findings.slice(0, FINDINGS_MAX);
  const rest = findings.length - shown.length;
  const items = shown.map(
    ({ kind, title: what, detail, hint, command: repair }) =>
      markup`<li class="${kind}">
        <h3><span class="kind">${kind === "problem" ? "Problem" : "Look"}</span> ${capitalized(what)}</h3>
        ${detail === null ? null : paragraph(detail)}${hint === null ? null : paragraph(markup`<strong>Hint:</strong> `, hint)}${paragraph(command(repair))}
      </li> `,
  );
  return section(
    "todo",
    title,
    isOld
      ? paragraph("Later runs may have repaired some of this. ", command("pardot-etl status"), " shows what is left.")
      : null,
    markup`<ol class="findings">
      ${items}
    </ol> `,
    rest > 0 ? paragraph(`${pluralize(rest, "more point")}, all in the manifest.`) : null,
  );
}

export function changesSection(changes: readonly string[]): Markup {
  const items = changes.slice(0, FINDINGS_MAX).map((change) => markup`<li>${short(change)}</li> `);
  return section(
    "changes",
    "What changed since the run before",
    markup`<ul>
      ${items}
    </ul> `,
  );
}

/** The calls of the run by kind, and the account's quota. */
export function callsSection(report: RunReport): Markup {
  const { manifest, run, quota, status } = report;
  const { budget, share, calls, day, timeZone } = status.quota;
  const kinds = Object.entries(manifest?.api_calls.by_kind ?? {}).toSorted(([, a], [, b]) => b - a);
  const most = kinds[0]?.[1] ?? 0;
  const account =
    quota === null
      ? paragraph("The account's quota is not on record for this run.")
      : markup`<p>
            All integrations together: ${formatNumber(quota.used)} of the account's ${formatNumber(quota.max)} calls a
            day when the run ended, ${percent(quota.used, quota.max)}. Runs stop at ${percent(share, 1)} (<span class="mark">mark</span>, PARDOT_QUOTA_SHARE).
          </p>
          <div class="meter">${bar(quota.used / quota.max, share)}</div> `;
  const own = `This tool made ${pluralize(calls, "call")} on ${day} (${timeZone})${budget === null ? "" : `, of a budget of ${formatNumber(budget)}`}, by all its runs and commands.`;
  const rows = kinds
    .slice(0, KINDS_MAX)
    .map(([kind, count]) => [kind, bar(count / most), formatNumber(count), percent(count, run.calls)]);
  const columns = ["Kind of call", DRAWING, number("Calls"), number("Share")];
  return section(
    "calls",
    "Calls and quota",
    account,
    paragraph(own),
    rows.length === 0
      ? paragraph(NOT_RECORDED)
      : table("calls-table", `Calls of this run by kind: ${formatNumber(run.calls)} in all`, columns, rows),
    kinds.length > KINDS_MAX
      ? paragraph(`${pluralize(kinds.length - KINDS_MAX, "more kind")}, all in the manifest.`)
      : null,
  );
}
