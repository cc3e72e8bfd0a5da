import { spawn } from "node:child_process";
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";

/** A whole run of the command line against a simulator in a separate process. */
export interface RunFigure {
  readonly rows: number;
  readonly seconds: number;
  readonly rowsPerSecond: number;
  readonly calls: number;
  /** Peak resident memory of the extracting process, sampled every 50 ms from /proc. */
  readonly peakMegabytes: number;
  /** The same of its largest child process; 0 without any. */
  readonly childMegabytes: number;
}

interface Listening {
  readonly url: string;
  readonly business_unit_id: string;
  readonly client_id: string;
  readonly client_secret: string;
  readonly refresh_token: string;
}

const BIN = new URL("../src/bin.js", import.meta.url).pathname;

/** Runs the first load into a folder of one object with so many rows. `format`: PARDOT_ETL_FORMAT. */
export async function benchRun(
  object: string,
  wanted: number,
  knobs: readonly `${string}=${string}`[] = [],
  format = "csv",
): Promise<RunFigure> {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-bench-"));
  const settings = knobs.flatMap((knob) => ["--knob", knob]);
  const simulator = spawn(process.execPath, [BIN, "simulate", "--rows", `${object}=${wanted}`, ...settings]);
  try {
    const listening = await firstLine(simulator);
    const started = performance.now();
    const run = spawn(process.execPath, [BIN, "run", object, "--no-progress"], {
      env: { ...process.env, ...environment(listening, folder), PARDOT_ETL_FORMAT: format },
    });
    const memory = await watchMemory(run);
    const seconds = (performance.now() - started) / 1000;
    const manifest = await onlyManifest(join(folder, "data"));
    const rows = manifest.objects.flatMap(({ files }) => files).reduce((sum, file) => sum + file.rows, 0);
    if (rows !== wanted) throw new Error(`landed only ${rows} of ${wanted} rows of ${object}`);
    return { rows, seconds, rowsPerSecond: rows / seconds, calls: manifest.api_calls.total, ...memory };
  } finally {
    simulator.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

function environment(listening: Listening, folder: string): Record<string, string> {
  return {
    PARDOT_BUSINESS_UNIT_ID: listening.business_unit_id,
    PARDOT_API_URL: listening.url,
    PARDOT_LOGIN_URL: listening.url,
    PARDOT_CLIENT_ID: listening.client_id,
    PARDOT_CLIENT_SECRET: listening.client_secret,
    PARDOT_REFRESH_TOKEN: listening.refresh_token,
    PARDOT_ETL_DESTINATION: join(folder, "data"),
  };
}

async function firstLine(child: ChildProcessWithoutNullStreams): Promise<Listening> {
  const [line] = (await once(createInterface(child.stdout), "line")) as [string];
  return JSON.parse(line) as Listening;
}

async function watchMemory(
  child: ChildProcessWithoutNullStreams,
): Promise<Pick<RunFigure, "peakMegabytes" | "childMegabytes">> {
  let peak = 0;
  let childPeak = 0;
  const sample = async (): Promise<void> => {
    peak = Math.max(peak, await peakOf(String(child.pid)));
    const children = await readFile(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").catch(() => "");
    for (const id of children.split(" ").filter((text) => text !== ""))
      childPeak = Math.max(childPeak, await peakOf(id));
  };
  const timer = setInterval(() => void sample(), 50);
  child.stdout.resume();
  child.stderr.pipe(process.stderr);
  const [code] = (await once(child, "exit")) as [number];
  clearInterval(timer);
  if (code !== 0) throw new Error(`the run ended with exit code ${code}`);
  return { peakMegabytes: peak, childMegabytes: childPeak };
}

/** Peak resident megabytes of a process; 0 when it has ended. */
async function peakOf(id: string): Promise<number> {
  const status = await readFile(`/proc/${id}/status`, "utf8").catch(() => "");
  return Number(/VmHWM:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1024;
}

interface BenchManifest {
  readonly api_calls: { readonly total: number };
  readonly objects: readonly { readonly files: readonly { readonly rows: number }[] }[];
}

async function onlyManifest(data: string): Promise<BenchManifest> {
  const [runId] = await readdir(join(data, "_pardot_etl", "runs"));
  const text = await readFile(join(data, "_pardot_etl", "runs", runId ?? "", "manifest.json"), "utf8");
  return JSON.parse(text) as BenchManifest;
}
