import { once } from "node:events";
import { UsageError } from "../../errors.ts";
import { parseSimulatorOptions, simulatorMain } from "../../simulator/index.ts";
import type { Simulator, SimulatorOptions } from "../../simulator/index.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { stopOnSignals } from "../signals.ts";
import { simulateInBackground, simulatorTexts } from "./simulate-background.ts";

/** Serves a simulated Pardot on loopback until a signal; returns 0 then. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io } = context;
  const options = readOptions(context);
  if (hasOption(context.options, "--env")) return simulateInBackground(context, options);
  const stop = stopOnSignals(io, { graceMs: 0, afterwards: "the simulated account is discarded" });
  let simulator: Simulator;
  try {
    simulator = await simulatorMain(options, (line) => io.stdout.write(`${line}\n`));
  } catch (error) {
    stop.release();
    const code = error instanceof Error && "code" in error ? String(error.code) : "";
    if (code !== "EADDRINUSE" && code !== "EACCES") throw error;
    throw new UsageError(`listen on port ${options.port ?? 0} of 127.0.0.1: ${code}`, {
      code: "usage.port",
      hint: "Give another --port, or none to use a free port.",
      cause: error,
    });
  }
  if (!stop.signal.aborted) await once(stop.signal, "abort");
  await simulator.close();
  stop.release();
  return 0;
}

function readOptions(context: CommandContext): SimulatorOptions {
  try {
    return parseSimulatorOptions(Object.fromEntries(simulatorTexts(context)));
  } catch (error) {
    throw new UsageError(error instanceof Error ? error.message : String(error), {
      code: "usage.simulator-options",
      hint: "See `pardot-etl simulate --help` for the options.",
      cause: error,
    });
  }
}
