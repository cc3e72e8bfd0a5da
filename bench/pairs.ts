import { spawn, spawnSync } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { performance } from "node:perf_hooks";
import { createInterface } from "node:readline";
import type { ReadyOptions } from "./ready-server.ts";

/** A path against a bare loop with the same duties: medians, start-up taken off. */
export interface PairFigure {
  readonly path: string;
  readonly bareSeconds: number;
  readonly seconds: number;
}

const PATHS = [
  { path: "bulk", object: "VisitorActivity", compression: "none" },
  { path: "gzip", object: "VisitorActivity", compression: "gzip" },
  { path: "zstd", object: "VisitorActivity", compression: "zstd" },
  { path: "json", object: "EmailClick", compression: "none" },
  { path: "xml", object: "List", compression: "none" },
] as const;
/** Megabytes of an export, and pages of 200 records. */
const SIZE = { megabytes: 200, pages: 1000 };

/** Measures bare loop and product in turn, `rounds` times, each also with a tiny account, whose time is taken off. */
export async function benchPairs(rounds: number, paths: readonly string[] = []): Promise<PairFigure[]> {
  const figures: PairFigure[] = [];
  for (const { path, object, compression } of PATHS) {
    if (paths.length > 0 && !paths.includes(path)) continue;
    const isBulk = object === "VisitorActivity";
    const sized = (size: number): ReadyOptions => ({
      blocks: isBulk ? size : 1,
      pages: isBulk ? 1 : size,
      latencyMs: 0,
    });
    const large = await serve(sized(isBulk ? SIZE.megabytes : SIZE.pages));
    const tiny = await serve(sized(1));
    const bare: number[] = [];
    const own: number[] = [];
    try {
      for (let round = 0; round < rounds; round += 1) {
        bare.push((await bareTime(path, large.url)) - (await bareTime(path, tiny.url)));
        const env = { PARDOT_ETL_COMPRESSION: compression };
        own.push((await runTime(object, env, large.url)) - (await runTime(object, env, tiny.url)));
      }
    } finally {
      large.server.kill();
      tiny.server.kill();
    }
    figures.push({ path, bareSeconds: median(bare), seconds: median(own) });
  }
  return figures;
}

/** Seconds of a run of 400 pages at 50 milliseconds each, start-up taken off. */
export interface LaneFigure {
  readonly lanes: number;
  readonly seconds: number;
}

/** Measures one object in one, two and four lanes, in turn, `rounds` times: medians. */
export async function benchLanes(rounds: number): Promise<LaneFigure[]> {
  const LANES = [1, 2, 4];
  const large = await serve({ blocks: 1, pages: 400, latencyMs: 50 });
  const tiny = await serve({ blocks: 1, pages: 1, latencyMs: 50 });
  const times = LANES.map((): number[] => []);
  try {
    for (let round = 0; round < rounds; round += 1) {
      for (const [i, lanes] of LANES.entries()) {
        const env = { PARDOT_MAX_CONCURRENCY: String(lanes) };
        times[i]?.push((await runTime("EmailClick", env, large.url)) - (await runTime("EmailClick", env, tiny.url)));
      }
    }
  } finally {
    large.server.kill();
    tiny.server.kill();
  }
  return LANES.map((lanes, i) => ({ lanes, seconds: median(times[i] ?? []) }));
}

export function laneRows(figures: readonly LaneFigure[]): string[] {
  const one = figures[0]?.seconds ?? Number.NaN;
  return [
    "| Lanes | Seconds | Times one lane's speed |",
    "| --- | --- | --- |",
    ...figures.map(({ lanes, seconds }) => `| ${lanes} | ${seconds.toFixed(2)} | ${(one / seconds).toFixed(2)} |`),
  ];
}

/** The rows of a table of results. */
export function pairRows(figures: readonly PairFigure[]): string[] {
  return [
    "| Path | Bare loop, seconds | Run, seconds | Share of the bare loop's speed |",
    "| --- | --- | --- | --- |",
    ...figures.map(
      ({ path, bareSeconds, seconds }) =>
        `| ${path} | ${bareSeconds.toFixed(2)} | ${seconds.toFixed(2)} | ${(bareSeconds / seconds).toFixed(2)} |`,
    ),
  ];
}

async function serve(options: ReadyOptions): Promise<{ readonly server: ChildProcess; readonly url: string }> {
  const program = join(import.meta.dirname, "ready-server.ts");
  const server = spawn(process.execPath, [program, JSON.stringify(options)], { stdio: ["ignore", "pipe", "inherit"] });
  const [url] = (await once(createInterface(server.stdout), "line")) as [string];
  return { server, url };
}

function bareTime(path: string, url: string): Promise<number> {
  const program = join(import.meta.dirname, "bare.ts");
  return timed((folder) => ({ args: [program, path, url, join(folder, "file")], env: {} }));
}

function runTime(object: string, settings: Readonly<Record<string, string>>, url: string): Promise<number> {
  const program = join(import.meta.dirname, "../src/bin.js");
  return timed((folder) => ({
    args: [program, "run", object, "--quiet"],
    env: {
      PARDOT_BUSINESS_UNIT_ID: "0Uv000000000001AAA",
      PARDOT_API_URL: url,
      PARDOT_LOGIN_URL: url,
      PARDOT_CLIENT_ID: "bench",
      PARDOT_CLIENT_SECRET: "bench",
      PARDOT_REFRESH_TOKEN: "bench",
      PARDOT_ETL_DESTINATION: join(folder, "data"),
      ...settings,
    },
  }));
}

/** Seconds of a process, from its start to its end. Throws when it fails. */
async function timed(
  command: (folder: string) => { readonly args: readonly string[]; readonly env: Readonly<Record<string, string>> },
): Promise<number> {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-bench-"));
  try {
    const { args, env } = command(folder);
    const started = performance.now();
    const { status, stderr } = spawnSync(process.execPath, args, { env: { ...process.env, ...env }, encoding: "utf8" });
    if (status !== 0) throw new Error(`${args.join(" ")} ended with ${status}: ${stderr}`);
    return (performance.now() - started) / 1000;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

// `node bench/pairs.ts [path…]`: three rounds of some paths, or of all and the lanes.
if (import.meta.main) {
  const paths = process.argv.slice(2);
  const pairs = pairRows(await benchPairs(3, paths));
  const lanes = paths.length === 0 ? ["", ...laneRows(await benchLanes(1))] : [];
  process.stdout.write(`${[...pairs, ...lanes].join("\n")}\n`);
}
