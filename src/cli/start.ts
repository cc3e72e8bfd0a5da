import process, { env } from "node:process";
import { systemClock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import type { Io, Output } from "./io.ts";
import { main } from "./main.ts";
import { refuseToEndUnfinished } from "./unfinished.ts";

/** As `exitCodeOf` has it for what is not ours. */
const EXIT_BUG = 1;
const NOT_OVER =
  "pardot-etl: a fault in pardot-etl itself: nothing is left to wait for, and the work is not over\nhint: report it to the project with the command; what was committed before stays committed, run again\n";

/** The edge: gives the process to `main` and takes its exit code. Called by bin.js. */
export async function start(): Promise<void> {
  const io: Io = {
    stdout: output(process.stdout),
    stderr: output(process.stderr),
    env,
    cwd: process.cwd(),
    clock: systemClock,
    random: systemRandom,
    signals: process,
    exitNow: (code) => process.exit(code),
  };
  // A reader that went away (`| head`) wants no more; that is no failure of ours.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE") process.exit();
      throw error;
    });
  }
  refuseToEndUnfinished(process, io);
  // Until the work is over it is not done. Where a promise is never settled the process ends by itself, and without this
  // it would end as if all were well.
  process.exitCode = EXIT_BUG;
  process.once("beforeExit", () => io.stderr.write(NOT_OVER));
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
      return stream.isTTY ? stream.columns : 80;
    },
  };
}

async function drained(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => {
    stream.write("", () => resolve());
  });
}
