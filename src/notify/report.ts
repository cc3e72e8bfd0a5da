import { redact } from "../config/redact.ts";
import type { Config } from "../config/config.ts";
import { asError, failureOf, LeaseError } from "../errors.ts";
import { warn } from "../events.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { openDestination } from "../operations/runtime.ts";
import type { Runtime } from "../operations/runtime.ts";

/** Key of the page about a run, in the folder of its manifest. */
export function reportKey(runId: string): string {
  return `_pardot_etl/runs/${runId}/report.html`;
}

/**
 * Writes the page about a run into the destination, if `config.etl.report` wants it and the run had begun, and returns
 * its key; null if there is none. Never throws: a page that cannot be written is a warning.
 */
export async function leaveReport(
  { runId, cause }: Pick<RunOutcome, "runId" | "cause">,
  config: Config,
  runtime: Runtime,
  secrets: readonly string[],
): Promise<string | null> {
  // A run that lost its lease writes nothing more.
  if (!config.etl.report || runId === null || cause instanceof LeaseError) return null;
  const key = reportKey(runId);
  try {
    // Most runs leave no page.
    const { report } = await import("../operations/report/report.ts");
    const { runPage } = await import("../report/page/page.ts");
    const found = await report(config, runId, runtime);
    const page = runPage(found, (text) => redact(text, secrets));
    const storage = await openDestination(config, runtime);
    await storage.create(key, new TextEncoder().encode(page), runtime.signal);
    return key;
  } catch (error) {
    const { message } = failureOf(asError(error));
    warn(runtime.onEvent, "report.not-written", redact(`write the page about the run, ${key}: ${message}`, secrets));
    return null;
  }
}
