import { resolve } from "node:path";
import { loadConfig } from "../../config/load.ts";
import { redact } from "../../config/redact.ts";
import { REPORT } from "../../config/sections.ts";
import { UsageError } from "../../errors.ts";
import { report } from "../../operations/report/report.ts";
import { runPage } from "../../report/page/page.ts";
import type { CommandContext } from "../command.ts";
import { hasOption, textOption } from "../command.ts";
import { configInput } from "../input.ts";
import { secretsOf } from "../io.ts";
import { toJson } from "../json.ts";
import { runOperation } from "../operation.ts";
import { writeOutput } from "../output-file.ts";

/** `--output` that means stdout. */
const STDOUT = "-";

/** Writes the page about a run; makes no call to Pardot. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const output = textOption(options, "--output");
  const isJson = hasOption(options, "--json");
  if (output === STDOUT && isJson) {
    throw new UsageError("read the command line: --json and --output - both write to stdout", {
      code: "usage.no-effect",
      hint: "Leave one of the two out.",
    });
  }
  const config = await loadConfig(configInput(context), REPORT);
  const stop = { graceMs: 0, afterwards: "report changes nothing in the destination" };
  const wanted = context.arguments[0] ?? null;
  const result = await runOperation(context, null, stop, (runtime) => report(config, wanted, runtime));
  const { runId } = result.run;
  const secrets = secretsOf(io);
  const page = runPage(result, (text) => redact(text, secrets));
  if (output === STDOUT) {
    io.stdout.write(page);
    return 0;
  }
  const path = resolve(io.cwd, output ?? `pardot-etl-report-${runId}.html`);
  await writeOutput(path, page, io.random);
  if (isJson) io.stdout.write(toJson({ runId, output: path }));
  else if (!hasOption(options, "--quiet")) io.stdout.write(`wrote the report of run ${runId}: ${path}\n`);
  return 0;
}
