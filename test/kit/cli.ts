import { spawn } from "node:child_process";
import type { ChildProcess, SpawnOptions } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { fakeIo } from "./fakes/io.ts";
import { hurriedClock } from "./fakes/clock.ts";
import type { Environment } from "./scene.ts";

const BIN = join(import.meta.dirname, "../../src/bin.js");

export interface CliResult {
  /** Null when a signal ended it. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** A running command line. */
export interface Cli {
  readonly ended: Promise<CliResult>;
  /** Resolves once its output so far (stdout and stderr together) holds the text; rejects if it ends without. */
  said(text: string): Promise<void>;
  kill(signal: NodeJS.Signals): void;
  /** Closes our ends of its output. */
  deafen(): void;
}

export interface CliOptions {
  readonly cwd: string;
  /** Commands for the shell before the program starts: `ulimit -f 0`. */
  readonly shell?: string;
  /** The user it runs as; to be given by root only. */
  readonly uid?: number;
}

/** Longer than anything here takes on a busy machine; a test that is told what was said is found out sooner. */
const STUCK_MS = 100_000;

/** Starts the command line from source as a process of its own, which knows no variable but the given ones. */
export function startCli(args: readonly string[], env: Environment, options: CliOptions): Cli {
  const child = spawnCli(args, { PATH: process.env["PATH"], ...env }, options);
  return followCli(child, args.join(" "), (signal) => void child.kill(signal));
}

/**
 * Reads what a process says, until its end. One that does not come to an end is killed, or its whole group if that is
 * given (as a negative number): what it started may hold its output open.
 */
export function followCli(child: ChildProcess, title: string, kill: Cli["kill"], group: number | null = null): Cli {
  const output = { stdout: "", stderr: "" };
  const listeners = new Set<() => void>();
  for (const name of ["stdout", "stderr"] as const) {
    child[name]?.setEncoding("utf8").on("data", (text: string) => {
      output[name] += text;
      for (const listener of listeners) listener();
    });
  }
  let isStuck = false;
  const watchdog = setTimeout(() => {
    isStuck = true;
    if (group === null) child.kill("SIGKILL");
    else process.kill(group, "SIGKILL");
  }, STUCK_MS);
  const ended = once(child, "close").then(([code, signal]): CliResult => {
    clearTimeout(watchdog);
    if (isStuck) throw new Error(`${title} did not end; it said so far:\n${output.stdout}\n${output.stderr}`);
    return { code: code as number | null, signal: signal as NodeJS.Signals | null, ...output };
  });
  return {
    ended,
    said: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!`${output.stdout}\n${output.stderr}`.includes(text)) return;
          listeners.delete(look);
          resolve();
        };
        listeners.add(look);
        look();
        ended.then(
          () => reject(new Error(`it ended without saying "${text}":\n${output.stdout}\n${output.stderr}`)),
          reject,
        );
      }),
    kill,
    deafen: () => {
      child.stdout?.destroy();
      child.stderr?.destroy();
    },
  };
}

/** Runs the command line to its end. */
export function runCli(args: readonly string[], env: Environment, options: CliOptions): Promise<CliResult> {
  return startCli(args, env, options).ended;
}

/**
 * The command line without a process, and without waiting in its pauses unless a clock is given (what has a limit of
 * time by a pause needs one): for tests that are not about the process, its signals or its streams.
 */
export async function callCli(
  args: readonly string[],
  env: Environment,
  { cwd, clock = hurriedClock() }: Pick<CliOptions, "cwd"> & { readonly clock?: Clock },
): Promise<CliResult> {
  const io = fakeIo({ env, cwd, clock });
  const code = await main(args, io);
  return { code, signal: null, stdout: io.stdout.text(), stderr: io.stderr.text() };
}

function spawnCli(args: readonly string[], env: Environment, { cwd, shell, uid }: CliOptions): ChildProcess {
  const options: SpawnOptions = {
    cwd,
    env: { ...env },
    stdio: ["ignore", "pipe", "pipe"],
    ...(uid === undefined ? {} : { uid }),
  };
  const command = [BIN, ...args];
  if (shell === undefined) return spawn(process.execPath, command, options);
  return spawn("bash", ["-c", `${shell}; exec "$@"`, "bash", process.execPath, ...command], options);
}
