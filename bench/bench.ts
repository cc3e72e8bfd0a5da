import { mkdir, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { benchEncode } from "./encode.ts";
import { benchBound } from "./bound.ts";
import { benchLanes, benchPairs, laneRows, pairRows } from "./pairs.ts";
import { benchRun } from "./whole-run.ts";
import type { RunFigure } from "./whole-run.ts";

/**
 * Measures, and writes the results to bench/results/<date>.md. Machines differ and are noisy: compare figures of one run
 * with each other, not with those of another machine. `npm run bench -- quick` skips the largest account.
 */
const SIZES = process.argv.includes("quick") ? [10_000, 300_000] : [10_000, 300_000, 3_000_000];
/** Prospects with 400 custom fields: three exports joined by key. */
const JOINED = process.argv.includes("quick") ? [1_000, 20_000] : [1_000, 20_000, 200_000];

const pairs = await benchPairs(process.argv.includes("quick") ? 3 : 9);
const lanes = await benchLanes(process.argv.includes("quick") ? 1 : 3);
const bound: string[] = [];
for await (const line of benchBound()) bound.push(line);
const encode = await benchEncode();
const runs = [];
for (const size of SIZES) runs.push(await benchRun("VisitorActivity", size));
const formats = [];
for (const format of ["csv", "jsonl", "parquet"]) {
  formats.push({ format, figure: await benchRun("VisitorActivity", SIZES.at(-1) ?? 0, [], format) });
}
const joins = [];
for (const size of JOINED) joins.push(await benchRun("Prospect", size, ["customFields=400"]));

const date = new Date().toISOString().slice(0, 10);
const text = [
  `# ${date}`,
  "",
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}.`,
  "",
  "## Against a bare loop with the same duties (medians, start-up taken off)",
  "",
  ...pairRows(pairs),
  "",
  "## One object in several lanes: 400 pages at 50 ms, start-up taken off",
  "",
  ...laneRows(lanes),
  "",
  "## Against the least time that calls, lanes and Pardot's export queue allow (median, least and most of three)",
  "",
  "```text",
  ...bound,
  "```",
  "",
  "## Encoding, one core, in memory (best of five)",
  "",
  "| What | MB/s | Records/s |",
  "| --- | --- | --- |",
  ...encode.map((f) => `| ${f.name} | ${Math.round(f.megabytesPerSecond)} | ${f.recordsPerSecond.toFixed(0)} |`),
  "",
  "## First load of visitor activities into a folder, with the simulator on the same two cores",
  "",
  ...tableOf("Activities", runs),
  "",
  "## The largest of them in each format",
  "",
  "| Format | Seconds | Rows/s | Peak resident MB | Of DuckDB's process |",
  "| --- | --- | --- | --- | --- |",
  ...formats.map(
    ({ format, figure: f }) =>
      `| ${format} | ${f.seconds.toFixed(1)} | ${f.rowsPerSecond.toFixed(0)} | ${f.peakMegabytes.toFixed(0)} | ${f.childMegabytes.toFixed(0)} |`,
  ),
  "",
  "## First load of prospects with 400 custom fields, joined from three exports per window",
  "",
  ...tableOf("Prospects", joins),
  "",
].join("\n");

await mkdir(new URL("results/", import.meta.url), { recursive: true });
await writeFile(new URL(`results/${date}.md`, import.meta.url), text);
process.stdout.write(text);

function tableOf(what: string, figures: readonly RunFigure[]): string[] {
  const smallest = figures[0]?.peakMegabytes ?? 1;
  return [
    `| ${what} | Seconds | Rows/s | Calls | Peak resident MB | Against the smallest |`,
    "| --- | --- | --- | --- | --- | --- |",
    ...figures.map(
      (f) =>
        `| ${f.rows} | ${f.seconds.toFixed(1)} | ${f.rowsPerSecond.toFixed(0)} | ${f.calls} | ${f.peakMegabytes.toFixed(0)} | ${(f.peakMegabytes / smallest).toFixed(2)} |`,
    ),
  ];
}
