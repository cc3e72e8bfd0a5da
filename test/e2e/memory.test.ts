import { spawn } from "node:child_process";
import { once } from "node:events";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { expect, it, onTestFinished } from "vitest";
import type { Manifest } from "../../src/commit/manifest.ts";
import { scene } from "./harness.ts";

// Holds G7: the extracting process stays under 200 MB resident. Larger accounts are for `npm run bench`.

const ROOT = join(import.meta.dirname, "../..");
const ROWS = 200_000;
const MEGABYTES_MAX = 200;

it(
  `G7 ${ROWS} activities and a paged object stay under ${MEGABYTES_MAX} MB resident`,
  { timeout: 300_000 },
  async () => {
    const at = await scene({ rows: { VisitorActivity: ROWS, Tag: 5000 } });
    onTestFinished(() => at.close());
    const peak = join(at.root, "peak");
    const preload = join(at.root, "peak.mjs");
    const writePeak = `writeFileSync(${JSON.stringify(peak)}, String(process.resourceUsage().maxRSS))`;
    await writeFile(preload, `import { writeFileSync } from "node:fs";\nprocess.on("exit", () => ${writePeak});\n`);
    const args = ["--import", pathToFileURL(preload).href, join(ROOT, "src/bin.js"), "run", "--json"];
    const env = { PATH: process.env["PATH"] ?? "", ...at.env, PARDOT_MAX_CONCURRENCY: "5" };
    const child = spawn(process.execPath, args, { cwd: at.root, env, stdio: ["ignore", "pipe", "ignore"] });
    let output = "";
    child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
    const [code] = (await once(child, "close")) as [number | null];
    expect(code).toBe(0);
    const { objects } = JSON.parse(output) as Manifest;
    const files = objects.flatMap((object) => object.files);
    expect(files.reduce((sum, file) => sum + file.rows, 0)).toBeGreaterThanOrEqual(ROWS + 5000);
    expect(Number(await readFile(peak, "utf8")) / 1024).toBeLessThan(MEGABYTES_MAX);
  },
);
