import { mkdir, writeFile } from "node:fs/promises";
import { cpus, totalmem } from "node:os";
import { benchEncode } from "./encode.ts";
import { benchRun } from "./whole-run.ts";

/**
 * Measures and writes what came out to bench/results/<date>.md. Machines differ and are noisy: compare figures of one
 * run with each other, not with those of another machine. `npm run bench -- quick` leaves out the largest account.
 */
const SIZES = process.argv.includes("quick") ? [10_000, 300_000] : [10_000, 300_000, 3_000_000];

const encode = await benchEncode();
const runs = [];
for (const size of SIZES) runs.push(await benchRun(size));

const date = new Date().toISOString().slice(0, 10);
const smallest = runs[0];
const text = [
  `# ${date}`,
  "",
  `${cpus().length} × ${cpus()[0]?.model ?? "unknown processor"}, ${Math.round(totalmem() / 2 ** 30)} GiB, Node ${process.versions.node}.`,
  "",
  "## Encoding, one core, in memory (best of five)",
  "",
  "| What | MB/s | Records/s |",
  "| --- | --- | --- |",
  ...encode.map((f) => `| ${f.name} | ${Math.round(f.megabytesPerSecond)} | ${f.recordsPerSecond.toFixed(0)} |`),
  "",
  "## A whole first load of visitor activities into a folder, simulator beside it on the same two cores",
  "",
  "| Activities | Seconds | Rows/s | Calls | Peak resident MB | Against the smallest |",
  "| --- | --- | --- | --- | --- | --- |",
  ...runs.map(
    (f) =>
      `| ${f.activities} | ${f.seconds.toFixed(1)} | ${f.rowsPerSecond.toFixed(0)} | ${f.calls} | ${f.peakMegabytes.toFixed(0)} | ${(f.peakMegabytes / (smallest?.peakMegabytes ?? 1)).toFixed(2)} |`,
  ),
  "",
].join("\n");

await mkdir(new URL("results/", import.meta.url), { recursive: true });
await writeFile(new URL(`results/${date}.md`, import.meta.url), text);
process.stdout.write(text);
