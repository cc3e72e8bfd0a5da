import process, { env } from "node:process";
import { systemClock } from "../platform/clock.ts";
import { nameHome } from "../platform/home.ts";
import { systemRandom } from "../platform/random.ts";
import type { Io } from "./io.ts";
import { main } from "./main.ts";
import { streamOutput } from "./stream-output.ts";
import { refuseToEndUnfinished } from "./unfinished.ts";

const EXIT_BUG = 1;
const EXIT_STORAGE = 7;

/** The edge: gives the process to `main` and takes its exit code. Called by bin.js. */
export async function start(): Promise<void> {
  let lastWords: ((code: number) => void) | null = null;
  const sayLastWords = (code: number): void => {
    const say = lastWords;
    lastWords = null;
    say?.(code);
  };
  nameHome(env);
  const stdout = streamOutput(process.stdout);
  const stderr = streamOutput(process.stderr);
  const io: Io = {
    stdout,
    stderr,
    env,
    cwd: process.cwd(),
    clock: systemClock,
    random: systemRandom,
    signals: process,
    secrets: new Set(),
    exitNow: (code) => {
      sayLastWords(code);
      process.exit(code);
    },
    lastWords: (say) => {
      lastWords = say;
    },
  };
  refuseToEndUnfinished(process, io);
  // Node ends the process by itself, with the code of a bug, after an error that nobody has caught.
  process.on("uncaughtExceptionMonitor", () => sayLastWords(EXIT_BUG));
  const code = await main(process.argv.slice(2), io);
  // A handle that somebody forgot must not keep a container alive; what was written goes out first.
  await stdout.drained();
  process.exitCode = stdout.failure !== null && code === 0 ? EXIT_STORAGE : code;
  if (stdout.failure !== null) stderr.write(lostResult(stdout.failure));
  await stderr.drained();
  process.exit();
}

function lostResult(code: string): string {
  return [
    `pardot-etl: write the result to stdout: it could not be written whole (${code})`,
    "hint: The command finished its work; a run has written its manifest to the destination. Free space where stdout is written, then look at `pardot-etl status`.",
    "",
  ].join("\n");
}
