import { spawn } from "node:child_process";
import type { ChildProcessByStdio } from "node:child_process";
import { once } from "node:events";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable } from "node:stream";

/**
 * `node bench/bound.ts [SITUATION …]`: whole runs against a simulator in a separate process that responds after a
 * latency and processes exports one at a time, and the least time that such a run could take. Prints both and where
 * time was idle; takes three minutes at most.
 *
 * The bound: start and end of the process as measured, the calls that must follow one another (login, account, oldest
 * record), and then the longest of: all calls through all lanes; all exports through Pardot's queue; the exports that
 * name list emails, and then the emails through all lanes, together with a poll and the downloads of each export behind
 * them. It leaves out the time that this machine computes.
 */
interface Situation {
  readonly name: string;
  readonly objects: readonly string[];
  readonly simulator: Readonly<Record<string, string>>;
  /** Measures the run of a further day after a first run. Default false. */
  readonly isDaily?: boolean;
}

const BULK = ["VisitorActivity", "Prospect", "ListMembership", "Visitor", "ProspectAccount"];
const SITUATIONS: readonly Situation[] = [
  {
    name: "exports that take 2 s",
    objects: ["Prospect", "ListMembership"],
    simulator: { "latency-ms": "100", "export-seconds": "2" },
  },
  {
    name: "queries",
    objects: ["Campaign", "Form", "Tag", "TagObject", "Opportunity", "EmailClick", "List"],
    simulator: { "latency-ms": "150", rows: "TagObject=6000,EmailClick=8000,Tag=4000" },
  },
  {
    name: "emails",
    objects: [...BULK.slice(0, 2), "Email"],
    simulator: { "latency-ms": "100", "export-seconds": "1", rows: "Email=200" },
  },
  {
    name: "a further day, exports that take 1 s",
    objects: [],
    simulator: { scale: "tiny", "latency-ms": "100", "export-seconds": "1" },
    isDaily: true,
  },
  {
    name: "a further day, exports at once",
    objects: [],
    simulator: { scale: "tiny", "latency-ms": "100" },
    isDaily: true,
  },
  { name: "60,000 activities at once", objects: ["VisitorActivity"], simulator: { rows: "VisitorActivity=60000" } },
];
const ROUNDS = 3;
/** PARDOT_MAX_CONCURRENCY, the default. */
const LANES = 4;
const BIN = new URL("../src/bin.js", import.meta.url).pathname;

/** A line of the run's log, as far as it is used here. */
interface Line {
  readonly time: string;
  readonly event: string;
  readonly kind?: string;
  readonly object?: string;
  readonly window?: string;
  readonly export_id?: string;
  readonly state?: string;
  readonly duration_ms?: number;
}

/** Milliseconds since 1970. */
interface Interval {
  readonly from: number;
  readonly to: number;
}

interface Figure {
  readonly wall: number;
  readonly bound: number;
  readonly calls: number;
  readonly exports: number;
  readonly polls: number;
  /** Idle milliseconds, by kind. */
  readonly idle: Readonly<Record<string, number>>;
}

/** Measures the situations whose names contain one of the texts, or all; returns lines to print. */
export async function* benchBound(chosen: readonly string[] = []): AsyncGenerator<string> {
  for (const situation of SITUATIONS.filter(
    ({ name }) => chosen.length === 0 || chosen.some((c) => name.includes(c)),
  )) {
    yield* printed(situation, await measure(situation));
  }
}

async function measure({ objects, simulator, isDaily = false }: Situation): Promise<Figure[]> {
  const folder = await mkdtemp(join(tmpdir(), "pardot-etl-bench-"));
  const flags = Object.entries(simulator).flatMap(([flag, value]) => [`--${flag}`, value]);
  const server = spawn(process.execPath, [BIN, "simulate", ...flags], { stdio: ["ignore", "pipe", "ignore"] });
  try {
    const [text] = (await once(createInterface(server.stdout), "line")) as [string];
    const listening = JSON.parse(text) as Readonly<Record<string, string>>;
    const figures: Figure[] = [];
    if (isDaily) await runOnce(objects, listening, join(folder, "data"));
    for (let round = 0; round < ROUNDS; round += 1) {
      if (isDaily) await fetch(`${listening["url"]}/__sim/advance`, { method: "POST" });
      const data = join(folder, isDaily ? "data" : `data-${round}`);
      const { span, lines } = await runOnce(objects, listening, data);
      figures.push(figureOf(span, lines, Number(simulator["export-seconds"] ?? 0) * 1000));
    }
    return figures;
  } finally {
    server.kill();
    await rm(folder, { recursive: true, force: true });
  }
}

async function runOnce(
  objects: readonly string[],
  listening: Readonly<Record<string, string>>,
  destination: string,
): Promise<{ readonly span: Interval; readonly lines: readonly Line[] }> {
  const from = Date.now();
  const run = spawn(process.execPath, [BIN, "run", ...objects, "--no-progress", "--log-level", "debug"], {
    stdio: ["ignore", "ignore", "pipe"],
    env: {
      ...process.env,
      PARDOT_BUSINESS_UNIT_ID: listening["business_unit_id"],
      PARDOT_API_URL: listening["url"],
      PARDOT_LOGIN_URL: listening["url"],
      PARDOT_CLIENT_ID: listening["client_id"],
      PARDOT_CLIENT_SECRET: listening["client_secret"],
      PARDOT_REFRESH_TOKEN: listening["refresh_token"],
      PARDOT_ETL_DESTINATION: destination,
    },
  });
  const lines = await logOf(run);
  return { span: { from, to: Date.now() }, lines };
}

async function logOf(run: ChildProcessByStdio<null, null, Readable>): Promise<Line[]> {
  const lines: Line[] = [];
  createInterface(run.stderr).on("line", (text) => void (text.startsWith("{") && lines.push(JSON.parse(text) as Line)));
  const [code] = (await once(run, "close")) as [number];
  if (code !== 0) throw new Error(`the run ended with exit code ${code}`);
  return lines;
}

function figureOf(span: Interval, lines: readonly Line[], exportMs: number): Figure {
  const at = ({ time }: Line): number => Date.parse(time);
  const calls = lines.filter(({ event }) => event === "called" || event === "page_read");
  const times = calls.map((line): Interval => ({
    from: at(line) - (line.duration_ms ?? 0),
    to: busyUntil(line, lines),
  }));
  const callMs = median(calls.map((line) => line.duration_ms ?? 0));
  const first = Math.min(...times.map(({ from }) => from));
  // The login is before the first call.
  const start = first - span.from - callMs;
  const lastWork = Math.max(...times.map(({ to }) => to));
  const end = span.to - lastWork;

  const created = lines.filter(({ event }) => event === "export_created").toSorted((a, b) => idOf(a) - idOf(b));
  const polled = lines.filter(({ event }) => event === "export_polled");
  const starved: number[] = [];
  const unseen: number[] = [];
  let free = Number.NEGATIVE_INFINITY;
  for (const line of created) {
    const began = Math.max(free, at(line) - callMs / 2);
    if (free > 0) starved.push(began - free);
    free = began + exportMs;
    const seen = polled.find((poll) => poll.export_id === line.export_id && poll.state === "Complete");
    if (seen !== undefined) unseen.push(Math.max(0, at(seen) - callMs - free));
  }
  const emails = calls.filter(({ kind = "" }) => kind.startsWith("email read") || kind.startsWith("email stats"));
  const activities = created.filter(({ object }) => object === "VisitorActivity").length;
  const behind = calls.filter(({ object, kind }) => object !== "VisitorActivity" && kind === "export download").length;
  const landedAt = lines.findLast(({ event, object }) => event === "window_finished" && object === "VisitorActivity");
  const emailsAt = Math.min(...emails.map((line) => at(line) - (line.duration_ms ?? 0)));

  const total = sum(calls.map((line) => line.duration_ms ?? 0));
  const isFirstRun = calls.some(({ kind = "", window }) => kind.endsWith("query") && window === null);
  const chain = callMs * (isFirstRun ? 3 : 2);
  const throughQueue = (count: number): number => (count === 0 ? 0 : count * exportMs + 3 * callMs);
  const longest = Math.max(
    total / LANES,
    throughQueue(created.length),
    throughQueue(activities) + ((emails.length + behind + created.length - activities) * callMs) / LANES,
  );
  const planned = Math.min(...lines.filter(({ event }) => event === "object_started").map(at));
  return {
    wall: span.to - span.from,
    bound: start + chain + longest + end,
    calls: calls.length,
    exports: created.length,
    polls: calls.filter(({ kind }) => kind === "export read").length,
    idle: {
      "start of the process": start,
      "lanes while planning": idleLanes(times, first, planned),
      "lanes while extracting": idleLanes(times, planned, lastWork),
      "Pardot's queue": sum(starved),
      "complete exports, not seen": sum(unseen),
      "the longest of them": Math.max(0, ...unseen),
      "activities to first email": landedAt === undefined || emails.length === 0 ? 0 : emailsAt - at(landedAt),
      "end of the process": end,
    },
  };
}

/** When a call's lane is free again: a download's only when its file has landed. */
function busyUntil(line: Line, lines: readonly Line[]): number {
  const answered = Date.parse(line.time);
  if (line.kind !== "export download") return answered;
  const landed = lines.find(
    ({ event, window, time }) => event === "file_landed" && window === line.window && Date.parse(time) >= answered,
  );
  return landed === undefined ? answered : Date.parse(landed.time);
}

/** The time that a lane was free between two moments, on average over the lanes. */
function idleLanes(times: readonly Interval[], from: number, to: number): number {
  const busy = sum(times.map((time) => Math.max(0, Math.min(time.to, to) - Math.max(time.from, from))));
  return to - from - busy / LANES;
}

function idOf({ export_id: id }: Line): number {
  return Number(id);
}

function sum(values: readonly number[]): number {
  return values.reduce((whole, value) => whole + value, 0);
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
}

function printed({ name }: Situation, figures: readonly Figure[]): readonly string[] {
  const of = (pick: (figure: Figure) => number): string => {
    const values = figures.map(pick);
    return `${median(values).toFixed(2)} (${Math.min(...values).toFixed(2)} to ${Math.max(...values).toFixed(2)})`;
  };
  const [{ idle, calls, exports, polls } = { idle: {}, calls: 0, exports: 0, polls: 0 }] = figures;
  return [
    `${name}: ${calls} calls, ${exports} exports, polls ${figures.map((figure) => figure.polls).join("/")} (first ${polls})`,
    `  wall ${of(({ wall }) => wall / 1000)} s, bound ${of(({ bound }) => bound / 1000)} s, ratio ${of(({ wall, bound }) => wall / bound)}`,
    ...Object.keys(idle).map(
      (kind) => `  idle: ${kind.padEnd(28)} ${of((figure) => (figure.idle[kind] ?? 0) / 1000)} s`,
    ),
  ];
}

if (import.meta.main) for await (const line of benchBound(process.argv.slice(2))) process.stdout.write(`${line}\n`);
