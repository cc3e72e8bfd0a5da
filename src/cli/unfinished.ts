import type { Io } from "./io.ts";

/**
 * Node ends a process that has nothing left to wait for, with code 0, also where a promise of ours would never come
 * about. A run that stops in its middle must not pass for done: this says so, and ends it with the code of a bug.
 */
export function refuseToEndUnfinished(
  beforeExit: { once(event: "beforeExit", listener: () => void): unknown },
  io: Pick<Io, "stderr" | "exitNow">,
): void {
  beforeExit.once("beforeExit", () => {
    io.stderr.write("pardot-etl: stopped in the middle: nothing is left to wait for, yet the command is not done\n");
    io.stderr.write("hint: This is a fault in pardot-etl; please report it with what was printed before.\n");
    io.exitNow(1);
  });
}
