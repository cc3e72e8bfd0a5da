import { spawn } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { S3Server } from "../kit/servers/ceph.ts";
import { missingS3Programs } from "../kit/servers/s3-programs.ts";
import { playProcess } from "./processes.ts";
import type { Deed, ProcessOutcome } from "./processes.ts";
import { SimulatorChild } from "./simulator-child.ts";

export interface ProcessTally {
  /** Destinations that were disturbed and checked. */
  readonly runs: number;
  /** Processes killed at work. */
  readonly kills: number;
  /** Deeds that hit a process at work, by kind. */
  readonly hits: Partial<Record<Deed, number>>;
  readonly inBuckets: number;
  readonly failed: readonly ProcessOutcome[];
}

export interface ProcessRunsOptions {
  readonly seed: number;
  /** Number of seeds, and of processes killed at work: more seeds are played until both are reached. */
  readonly runs: number;
  readonly kills: number;
  /** In parallel. */
  readonly jobs: number;
  /** The real S3 server that some of them write to; null: all write to folders. */
  readonly s3: S3Server | null;
  readonly onFailure: (outcome: ProcessOutcome) => void;
}

/** Plays the deeds of these seeds. */
export async function playProcesses({
  seed,
  runs,
  kills,
  jobs,
  s3,
  onFailure,
}: ProcessRunsOptions): Promise<ProcessTally> {
  const hits: Partial<Record<Deed, number>> = {};
  const failed: ProcessOutcome[] = [];
  let inBuckets = 0;
  let killed = 0;
  let next = seed;
  const lane = async (): Promise<void> => {
    const simulator = await SimulatorChild.start();
    try {
      while (next < seed + runs || killed < kills) {
        const mine = next;
        next += 1;
        const outcome = await playProcess(mine, simulator, s3);
        if (outcome.hits > 0) hits[outcome.deed] = (hits[outcome.deed] ?? 0) + outcome.hits;
        if (outcome.deed.startsWith("kill")) killed += outcome.hits;
        if (outcome.destination === "s3") inBuckets += 1;
        if (outcome.findings.length === 0) continue;
        failed.push(outcome);
        onFailure(outcome);
      }
    } finally {
      await simulator.stop();
    }
  };
  await Promise.all(Array.from({ length: jobs }, lane));
  return { runs: next - seed, kills: killed, hits, inBuckets, failed };
}

/** An S3 server of one's own, where it is installed; else null. */
export async function startS3(): Promise<{ readonly server: S3Server; readonly stop: () => Promise<void> } | null> {
  if (missingS3Programs().length > 0) return null;
  const program = join(import.meta.dirname, "../kit/servers/ceph.ts");
  const child = spawn(process.execPath, [program], { stdio: ["pipe", "pipe", "inherit"] });
  const ended = once(child, "exit");
  for await (const line of createInterface({ input: child.stdout })) {
    const stop = async (): Promise<void> => {
      child.stdin.end();
      await ended;
    };
    return { server: JSON.parse(line) as S3Server, stop };
  }
  throw new Error("the S3 server did not start");
}
