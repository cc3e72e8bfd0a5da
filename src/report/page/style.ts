import { createHash } from "node:crypto";

/** The whole style of the page. Colors have a contrast of at least 4.5 to 1 as text and 3 to 1 as drawings. */
export const STYLE: string = `
:root { color-scheme: light dark; --back: #fff; --card: #f6f7f9; --text: #1a1f26; --soft: #4c5663; --line: #d5dae1;
  --covered: #2f6fb5; --gap: #c0262d; --open: #a86400; --track: #e3e7ec; --good: #1d7a3e; --bad: #b3202a; --look: #8a5300;
  --focus: #0b5cd5; }
@media (prefers-color-scheme: dark) {
  :root { --back: #14181d; --card: #1d232b; --text: #e8ebef; --soft: #aab4c0; --line: #37414d;
    --covered: #6aa9e9; --gap: #ff7b7b; --open: #f0b24a; --track: #303943; --good: #6ccf8e; --bad: #ff8d8d; --look: #f0b24a;
    --focus: #8fc1ff; }
}
* { box-sizing: border-box; }
html { scroll-behavior: auto; -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--back); color: var(--text); font: 16px/1.5 system-ui, "Segoe UI", sans-serif; }
header, main, footer { max-width: 1320px; margin: 0 auto; padding: 0 16px; }
header { padding-top: 20px; }
h1 { font-size: 1.35rem; margin: 0; overflow-wrap: anywhere; }
h2 { font-size: 1.15rem; margin: 0 0 8px; }
h3 { font-size: 1rem; margin: 0; }
p { margin: 6px 0; max-width: 80ch; overflow-wrap: anywhere; }
a { color: var(--focus); }
:focus-visible { outline: 3px solid var(--focus); outline-offset: 2px; }
.skip { position: absolute; left: -9999px; }
.skip:focus { position: static; }
.sub, caption, .more { color: var(--soft); }
section { margin: 28px 0; }
.verdict { margin: 16px 0; padding: 14px 18px; border: 1px solid var(--line); border-left: 8px solid var(--soft); background: var(--card); border-radius: 6px; }
.verdict.healthy { border-left-color: var(--good); } .verdict.healthy h2 { color: var(--good); }
.verdict.look { border-left-color: var(--look); } .verdict.look h2 { color: var(--look); }
.verdict.act { border-left-color: var(--bad); } .verdict.act h2 { color: var(--bad); }
.sentence { font-size: 1.1rem; }
code { font: 0.9em/1.4 ui-monospace, "SF Mono", Consolas, monospace; overflow-wrap: anywhere; }
.command { display: inline-block; padding: 3px 8px; border: 1px solid var(--line); border-radius: 4px; background: var(--back); user-select: all; }
.facts { display: grid; grid-template-columns: repeat(auto-fit, minmax(180px, 1fr)); gap: 10px 20px; margin: 16px 0; }
.facts dt { color: var(--soft); font-size: 0.85rem; } .facts dd { margin: 0; overflow-wrap: anywhere; font-variant-numeric: tabular-nums; }
nav ul { display: flex; flex-wrap: wrap; gap: 4px 16px; list-style: none; margin: 12px 0 0; padding: 0; }
nav a { display: inline-block; padding: 3px 0; }
.findings { padding: 0; margin: 0; list-style: none; }
.findings li { border-left: 4px solid var(--look); padding: 2px 0 2px 14px; margin: 14px 0; }
.findings li.problem { border-left-color: var(--bad); }
.kind { font-weight: 600; color: var(--look); } .problem .kind { color: var(--bad); } .kind::after { content: ":"; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: separate; border-spacing: 0; width: 100%; font-size: 0.9rem; }
caption { text-align: left; padding: 8px 0; }
caption > span { display: inline-block; position: sticky; left: 10px; margin-left: 10px; max-width: min(80ch, calc(100vw - 52px)); }
th, td { padding: 5px 10px; text-align: left; vertical-align: top; border-top: 1px solid var(--line); font-weight: 400; }
thead th { color: var(--soft); font-size: 0.85rem; white-space: nowrap; }
tbody th { font-weight: 600; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.time { white-space: nowrap; font-variant-numeric: tabular-nums; }
td.drawing { min-width: 120px; width: 30%; vertical-align: middle; }
#rows th, #rows td { padding: 4px 7px; } #rows td.drawing { width: 130px; }
#rows th:first-child, #coverage th:first-child { position: sticky; left: 0; background: var(--back); }
#exports td:last-child, #warnings td:nth-child(4), #coverage td:last-child { min-width: 220px; } #calls td.drawing { width: 40%; }
td ul { margin: 0; padding-left: 16px; }
.key-name { overflow-wrap: anywhere; display: inline-block; min-width: 190px; font-weight: 400; }
.hash { display: inline-block; min-width: 180px; color: var(--soft); overflow-wrap: anywhere; }
.none { color: var(--soft); } .zero { color: var(--bad); font-weight: 700; }
svg { display: block; width: 100%; } svg.bar { height: 14px; } svg.columns { height: 26px; min-width: 110px; }
.meter { max-width: 640px; } .track { fill: var(--track); } .covered { fill: var(--covered); } .gap { fill: var(--gap); }
.open { fill: var(--open); } .point { fill: var(--covered); } .limit { fill: var(--text); }
.key::before, .mark::before { content: ""; display: inline-block; width: 12px; height: 12px; margin-right: 4px; vertical-align: -1px; background: var(--covered); }
.mark::before { width: 3px; background: var(--text); } .key.gap::before { background: var(--gap); } .key.open::before { background: var(--open); }
footer { color: var(--soft); padding-bottom: 32px; font-size: 0.9rem; }
@media (max-width: 600px) { body { font-size: 15px; } .facts { grid-template-columns: repeat(auto-fit, minmax(130px, 1fr)); } th, td { padding: 4px 7px; } header, main, footer { padding-left: 12px; padding-right: 12px; } }
@media print { .scroll { overflow: visible; } nav { display: none; } section { break-inside: auto; } }
`;

/** The page loads nothing and runs nothing; its one style is known by its hash. */
export const POLICY: string = [
  "default-src 'none'",
  `style-src 'sha256-${createHash("sha256").update(STYLE).digest("base64")}'`,
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");
