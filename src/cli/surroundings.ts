import type { Transport } from "../http/transport.ts";
import type { Surroundings } from "../operations/api.ts";
import { inTheRealWorld } from "../operations/runtime.ts";
import type { Wishes } from "../operations/runtime.ts";
import type { CommandContext } from "./command.ts";
import { openReport } from "./report.ts";
import type { Report } from "./report.ts";
import { stopOnSignals } from "./signals.ts";

/**
 * Runs an operation with connections, progress or log, and signals; takes all of it down again afterwards. `given`: a
 * report that is open already, and stays so but for the terminal.
 */
export async function withSurroundings<Result>(
  context: Pick<CommandContext, "io" | "options">,
  pardot: Wishes["pardot"],
  stop: { readonly graceMs: number; readonly afterwards: string },
  operate: (surroundings: Surroundings) => Promise<Result>,
  given: Report | null = null,
): Promise<Result> {
  const { io, options } = context;
  const { clock, random } = io;
  const report = given ?? (await openReport(options, io));
  const stopping = stopOnSignals(io, stop);
  try {
    return await inTheRealWorld({ signal: stopping.signal, onEvent: report.onEvent, pardot }, (surroundings) => {
      const transport: Transport = (request, signal) => {
        // Token requests carry no token and are no calls.
        if (request.headers["authorization"]?.startsWith("Bearer ") === true) report.called();
        return surroundings.transport(request, signal);
      };
      return operate({ ...surroundings, clock, random, transport });
    });
  } finally {
    report.stop();
    stopping.release();
  }
}
