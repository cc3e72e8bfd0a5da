import { inspect } from "node:util";
import { redact } from "../config/redact.ts";
import { exitCodeOf, PardotEtlError, problemText } from "../errors.ts";
import { secretsOf } from "./io.ts";
import type { Io } from "./io.ts";
import { packageVersion } from "./version.ts";

/** Prints an error for people on stderr and, with `--json`, as `{"error":…}` on stdout. Returns the exit code. */
export function printError(
  error: unknown,
  { isJson }: { readonly isJson: boolean },
  io: Pick<Io, "stdout" | "stderr" | "env" | "secrets">,
): number {
  const secrets = secretsOf(io);
  const safe = (text: string): string => redact(text, secrets);
  if (isJson) io.stdout.write(`${safe(JSON.stringify({ error: describeError(error) }))}\n`);
  io.stderr.write(safe(error instanceof PardotEtlError ? ourText(error) : bugText(error)));
  return exitCodeOf(error);
}

export interface ErrorDescription {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
  readonly problems?: PardotEtlError["problems"];
}

/** An error as `--json` shows it; one that is not ours has the code `bug`. */
export function describeError(error: unknown): ErrorDescription {
  if (!(error instanceof PardotEtlError)) {
    const message = error instanceof Error ? error.message : inspect(error);
    return { code: "bug", message, hint: "Report it; stderr has the details." };
  }
  const { code, message, hint = null, problems } = error;
  return problems.length === 0 ? { code, message, hint } : { code, message, hint, problems };
}

function ourText(error: PardotEtlError): string {
  const lines = error.problems.map((problem) => `  ${problemText(problem)}`);
  const hint = error.hint === undefined ? [] : [`hint: ${error.hint}`];
  return `${[`pardot-etl: ${error.message}`, ...lines, ...hint].join("\n")}\n`;
}

function bugText(error: unknown): string {
  const stack = error instanceof Error ? inspect(error) : `thrown: ${inspect(error)}`;
  return [
    `pardot-etl: a bug in pardot-etl (version ${packageVersion()}, Node ${process.versions.node}, ${process.platform})`,
    stack,
    "hint: Report it to the project with this text and the command. Everything committed so far stays committed.",
    "",
  ].join("\n");
}
