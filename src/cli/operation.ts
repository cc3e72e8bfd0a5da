import type { Transport } from "../http/transport.ts";
import type { Runtime, RuntimeOptions } from "../operations/runtime.ts";
import { withRuntime } from "../operations/runtime.ts";
import type { CommandContext } from "./command.ts";
import { openReport } from "./report.ts";
import type { Report } from "./report.ts";
import { stopOnSignals } from "./signals.ts";

/**
 * Runs an operation with connections, progress or log, and signals, and closes them afterwards. `given`: a report that
 * is open already; only its display is closed.
 */
export async function runOperation<Result>(
  context: Pick<CommandContext, "io" | "options">,
  pardot: RuntimeOptions["pardot"],
  stop: { readonly graceMs: number; readonly afterwards: string },
  operate: (runtime: Runtime) => Promise<Result>,
  given: Report | null = null,
): Promise<Result> {
  const { io, options } = context;
  const { clock, random } = io;
  const report = given ?? (await openReport(options, io, "mostly a person"));
  const stopping = stopOnSignals({ ...io, stderr: { write: (text) => report.write(text) } }, stop);
  try {
    return await withRuntime({ signal: stopping.signal, onEvent: report.onEvent, pardot }, (runtime) => {
      const transport: Transport = (request, signal) => {
        // Token requests carry no token and are not API calls.
        if (request.headers["authorization"]?.startsWith("Bearer ") === true) report.called();
        return runtime.transport(request, signal);
      };
      return operate({ ...runtime, clock, random, transport });
    });
  } finally {
    report.stop();
    stopping.release();
  }
}
