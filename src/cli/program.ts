import process, { env } from "node:process";
import { systemClock } from "../platform/clock.ts";
import { ensureHome } from "../platform/environment.ts";
import { systemRandom } from "../platform/random.ts";
import type { Io } from "./io.ts";
import { main } from "./main.ts";
import { terminalInput } from "./terminal-input.ts";
import { streamOutput } from "./stream-output.ts";

const EXIT_BUG = 1;
const EXIT_STORAGE = 7;

/** The edge of the program: gives the process to `main` and ends it with the exit code. */
export async function runProgram(): Promise<void> {
  let onEarlyExit: ((code: number) => void) | null = null;
  const beforeEarlyExit = (code: number): void => {
    const listener = onEarlyExit;
    onEarlyExit = null;
    listener?.(code);
  };
  ensureHome(env);
  const stdout = streamOutput(process.stdout, env);
  const stderr = streamOutput(process.stderr, env);
  const io: Io = {
    stdout,
    stderr,
    stdin: terminalInput(() => process.stdin, process.stderr),
    env,
    cwd: process.cwd(),
    clock: systemClock,
    random: systemRandom,
    signals: process,
    secrets: new Set(),
    exitNow: (code) => {
      beforeEarlyExit(code);
      process.exit(code);
    },
    onEarlyExit: (listener) => {
      onEarlyExit = listener;
    },
  };
  failOnEarlyExit(process, io);
  // After an uncaught error Node ends the process itself, with the code of a bug.
  process.on("uncaughtExceptionMonitor", () => beforeEarlyExit(EXIT_BUG));
  const code = await main(process.argv.slice(2), io);
  // A forgotten handle must not keep a container alive; all output is flushed first.
  await stdout.drained();
  process.exitCode = stdout.failure !== null && code === 0 ? EXIT_STORAGE : code;
  if (stdout.failure !== null) stderr.write(lostResult(stdout.failure));
  await stderr.drained();
  process.exit();
}

/**
 * Node ends a process that has nothing left to wait for with code 0, even if a promise of ours is still pending. A run
 * that stops early must not count as done: this reports it and exits with the code of a bug.
 */
export function failOnEarlyExit(
  beforeExit: { once(event: "beforeExit", listener: () => void): unknown },
  io: Pick<Io, "stderr" | "exitNow">,
): void {
  beforeExit.once("beforeExit", () => {
    io.stderr.write("pardot-etl: stopped early: nothing is left to wait for, but the command is not finished\n");
    io.stderr.write("hint: This is a bug in pardot-etl; please report it with the output above.\n");
    io.exitNow(EXIT_BUG);
  });
}

function lostResult(code: string): string {
  return [
    `pardot-etl: write the result to stdout: it could not be written completely (${code})`,
    "hint: The command finished its work; a run has written its manifest to the destination. Free space where stdout is written, then run `pardot-etl status`.",
    "",
  ].join("\n");
}
