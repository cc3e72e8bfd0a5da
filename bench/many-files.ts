import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Landing } from "../test/scale/land-files.ts";

/** `node bench/many-files.ts [FILES…]`: state, time and memory of one window with so many files (10,000 and 100,000). */
const PROGRAM = join(import.meta.dirname, "../test/scale/land-files.ts");
const wanted = process.argv.slice(2).map(Number);

for (const files of wanted.length === 0 ? [10_000, 100_000] : wanted) {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-bench-"));
  try {
    const { stdout } = await promisify(execFile)(process.execPath, [PROGRAM, folder, String(files)]);
    const landing = JSON.parse(stdout) as Landing;
    const perFile = (ms: number): string => ((ms * 10) / files).toFixed(2);
    process.stdout.write(
      `${files} files: ${perFile(landing.firstTenthMs)} ms each in the first tenth, ${perFile(landing.lastTenthMs)} in the last; commit ${(landing.commitMs / 1000).toFixed(1)} s; ${(landing.stateBytes / 1e6).toFixed(1)} MB of state in ${landing.documents} documents; manifest ${(landing.manifestBytes / 1e6).toFixed(1)} MB; peak ${landing.peakMegabytes.toFixed(0)} MB resident\n`,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
