import { spawn } from "node:child_process";
import { once } from "node:events";
import { availableParallelism } from "node:os";
import { parseArgs } from "node:util";
import { systemRandom } from "../../src/platform/random.ts";
import { playControl } from "./control.ts";
import { catchDefect } from "./defects/catch.ts";
import { DEFECTS } from "./defects/defects.ts";
import { playProcesses, startS3 } from "./process-runs.ts";
import type { ProcessRunsOptions } from "./process-runs.ts";
import type { ProcessOutcome } from "./processes.ts";
import { playSchedule } from "./schedule.ts";
import { enumerateStates } from "./states.ts";

const USAGE = `npm run chaos -- [--runs N] [--seed S] [--jobs J] [--trace]
npm run chaos -- --states [--stride N]
npm run chaos -- --processes [--runs N] [--kills K] [--seed S] [--jobs J]
npm run chaos -- --control [--runs N] [--seed S]
npm run chaos -- --defects [--runs N] [--seed S]

Plays N seeded schedules in process, starting with seed S (default: a random one, printed), J at a time.
Prints each failing seed with its problems; --runs 1 --seed S --trace replays it exactly and shows every step.
--states tests every state that a kill can leave a three-object run in, or every Nth kill.
--processes tests the real command line with kills, sleeps, full disks, cut connections, writing to a folder and to a real
S3 server if one is installed. It plays N seeds, and more until K processes were killed at work. The seed decides what
happens, the machine decides when.
--control plays the schedules with a naive process, which the checks have to catch.
--defects puts each known kind of defect into a copy of the sources and plays seeds until one catches it.
`;

/** Counts of the harness, to print and add up. */
interface Tally {
  schedules: number;
  failed: number;
  runs: number;
  kills: number;
  sleeps: number;
  calls: number;
  faults: Record<string, number>;
  v5: Record<string, number>;
}

/** As printed: what was met of API v5 per 1,000 schedules, so that what never happens is seen. */
function printed({ v5, ...tally }: Tally): object {
  const perThousand = (count: number): number => Math.round((count * 10_000) / tally.schedules) / 10;
  return {
    ...tally,
    v5PerThousandSchedules: Object.fromEntries(Object.entries(v5).map(([name, count]) => [name, perThousand(count)])),
  };
}

/** The command `npm run chaos`. Returns the exit code: 1 if any seed failed. */
export async function chaos(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      runs: { type: "string", default: "100" },
      seed: { type: "string", default: String(Number.parseInt(systemRandom.hex(4), 16)) },
      jobs: { type: "string", default: String(availableParallelism()) },
      kills: { type: "string", default: "0" },
      trace: { type: "boolean", default: false },
      states: { type: "boolean", default: false },
      processes: { type: "boolean", default: false },
      control: { type: "boolean", default: false },
      stride: { type: "string", default: "1" },
      defects: { type: "boolean", default: false },
      "until-failed": { type: "boolean", default: false },
      child: { type: "boolean", default: false },
      help: { type: "boolean", default: false },
    },
  });
  if (values.help) {
    process.stdout.write(USAGE);
    return 0;
  }
  if (values.states) return states(Number(values.stride));
  const [runs, seed, jobs] = [values.runs, values.seed, values.jobs].map(Number) as [number, number, number];
  if (values.defects) return defects(seed, runs);
  if (values.processes)
    return processes({ seed, runs: values.kills === "0" ? runs : 0, kills: Number(values.kills), jobs });
  if (values.control) return control(seed, runs);
  if (values.child) {
    const tally = await playAll(seed, runs, values.trace, values["until-failed"]);
    process.stdout.write(`${JSON.stringify(tally)}\n`);
    return tally.failed === 0 ? 0 : 1;
  }
  process.stderr.write(`${runs} schedules, seeds ${seed} to ${seed + runs - 1}\n`);
  const tally =
    runs === 1 || jobs === 1 ? await playAll(seed, runs, values.trace, false) : await share(seed, runs, jobs);
  process.stdout.write(`${JSON.stringify(printed(tally), null, 2)}\n`);
  return tally.failed === 0 ? 0 : 1;
}

async function processes(wanted: Pick<ProcessRunsOptions, "seed" | "runs" | "kills" | "jobs">): Promise<number> {
  const until = wanted.kills === 0 ? `${wanted.runs} of them` : `until ${wanted.kills} processes were killed`;
  process.stderr.write(`real processes from seed ${wanted.seed} on, ${until}\n`);
  const onFailure = (outcome: ProcessOutcome): void => void process.stderr.write(`${JSON.stringify(outcome)}\n`);
  const s3 = await startS3();
  try {
    const { failed, ...counts } = await playProcesses({ ...wanted, s3: s3?.server ?? null, onFailure });
    process.stdout.write(`${JSON.stringify({ ...counts, failed: failed.length })}\n`);
    return failed.length === 0 ? 0 : 1;
  } finally {
    await s3?.stop();
  }
}

async function defects(seed: number, runs: number): Promise<number> {
  let missed = 0;
  for (const defect of DEFECTS) {
    const caught = await catchDefect(defect, seed, runs);
    if (caught === null) missed += 1;
    process.stdout.write(`${JSON.stringify({ defect: defect.name, harm: defect.harm, ...caught })}\n`);
  }
  return missed === 0 ? 0 : 1;
}

async function control(seed: number, runs: number): Promise<number> {
  const sum = { seeds: 0, caught: 0, records: 0, lost: 0, overwritten: 0 };
  for (let next = seed; next < seed + runs; next += 1) {
    const { findings, records, lost, overwritten } = await playControl(next);
    sum.seeds += 1;
    sum.caught += findings.length > 0 ? 1 : 0;
    sum.records += records;
    sum.lost += lost;
    sum.overwritten += overwritten;
  }
  process.stdout.write(`${JSON.stringify(sum)}\n`);
  return sum.caught === sum.seeds ? 0 : 1;
}

async function states(stride: number): Promise<number> {
  let failed = 0;
  for (const course of ["full", "incremental"] as const) {
    const { findings, ...counts } = await enumerateStates({ course, stride });
    failed += findings.length;
    process.stderr.write(findings.map((finding) => `${finding}\n`).join(""));
    process.stdout.write(`${JSON.stringify({ course, ...counts, failed: findings.length })}\n`);
  }
  return failed === 0 ? 0 : 1;
}

async function playAll(seed: number, runs: number, trace: boolean, untilFailed: boolean): Promise<Tally> {
  const tally: Tally = { schedules: 0, failed: 0, runs: 0, kills: 0, sleeps: 0, calls: 0, faults: {}, v5: {} };
  for (let next = seed; next < seed + runs; next += 1) {
    const outcome = await playSchedule(next);
    tally.schedules += 1;
    tally.runs += outcome.runs;
    tally.kills += outcome.kills;
    tally.sleeps += outcome.sleeps;
    tally.calls += outcome.calls;
    tally.faults = sumOf(tally.faults, Object.fromEntries(outcome.faults));
    tally.v5 = sumOf(tally.v5, Object.fromEntries(outcome.v5));
    if (trace) process.stderr.write(`${JSON.stringify(outcome.plan, null, 2)}\n${outcome.trace.join("\n")}\n`);
    if (outcome.findings.length === 0) continue;
    tally.failed += 1;
    process.stderr.write(`seed ${next} failed:\n${outcome.findings.map((finding) => `  ${finding}\n`).join("")}`);
    if (untilFailed) break;
  }
  return tally;
}

/** Each child plays a range of the seeds. */
async function share(seed: number, runs: number, jobs: number): Promise<Tally> {
  const each = Math.ceil(runs / jobs);
  const starts = Array.from({ length: jobs }, (_, job) => job * each).filter((start) => start < runs);
  const tallies = await Promise.all(starts.map((start) => playInChild(seed + start, Math.min(each, runs - start))));
  return tallies.reduce((sum, one) => ({
    schedules: sum.schedules + one.schedules,
    failed: sum.failed + one.failed,
    runs: sum.runs + one.runs,
    kills: sum.kills + one.kills,
    sleeps: sum.sleeps + one.sleeps,
    calls: sum.calls + one.calls,
    faults: sumOf(sum.faults, one.faults),
    v5: sumOf(sum.v5, one.v5),
  }));
}

function sumOf(a: Readonly<Record<string, number>>, b: Readonly<Record<string, number>>): Record<string, number> {
  return Object.fromEntries(Object.keys({ ...a, ...b }).map((name) => [name, (a[name] ?? 0) + (b[name] ?? 0)]));
}

async function playInChild(seed: number, runs: number): Promise<Tally> {
  const args = [...process.argv.slice(1, 2), "--child", "--seed", String(seed), "--runs", String(runs)];
  const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => (output += text));
  const [code] = (await once(child, "close")) as [number | null];
  if (output === "") throw new Error(`the schedules from seed ${seed} on ended with ${String(code)}`);
  return JSON.parse(output) as Tally;
}
