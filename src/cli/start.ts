import process, { env } from "node:process";
import { systemClock } from "../platform/clock.ts";
import { nameHome } from "../platform/home.ts";
import { systemRandom } from "../platform/random.ts";
import type { Io, Output } from "./io.ts";
import { main } from "./main.ts";
import { refuseToEndUnfinished } from "./unfinished.ts";

const EXIT_BUG = 1;
/** Where nobody knows better. */
const COLUMNS = 80;
const ROWS = 24;

/** The edge: gives the process to `main` and takes its exit code. Called by bin.js. */
export async function start(): Promise<void> {
  let lastWords: ((code: number) => void) | null = null;
  const sayLastWords = (code: number): void => {
    const say = lastWords;
    lastWords = null;
    say?.(code);
  };
  nameHome(env);
  const io: Io = {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
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
  // A reader that went away (`| head`, a closed terminal) wants no more. The work goes on: to end here, with any code,
  // would leave a run in its middle because of its log.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
  refuseToEndUnfinished(process, io);
  // Node ends the process by itself, with the code of a bug, after an error that nobody has caught.
  process.on("uncaughtExceptionMonitor", () => sayLastWords(EXIT_BUG));
  process.exitCode = await main(process.argv.slice(2), io);
  // A handle that somebody forgot must not keep a container alive; what was written goes out first.
  await Promise.all([drained(process.stdout), drained(process.stderr)]);
  process.exit();
}

function output(stream: NodeJS.WriteStream): Output {
  return {
    write: (text) => {
      stream.write(text);
    },
    isTerminal: stream.isTTY,
    get columns() {
      // A terminal that does not know its width says 0.
      return stream.isTTY && stream.columns > 0 ? stream.columns : COLUMNS;
    },
    get rows() {
      return stream.isTTY && stream.rows > 0 ? stream.rows : ROWS;
    },
  };
}

async function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
