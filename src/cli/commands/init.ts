import { stat, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CONFIG_FILE_DEFAULT, CONFIG_FILE_VARIABLE } from "../../config/file.ts";
import { shortFile } from "../../config/short-file.ts";
import type { ShortAnswers, ShortFile } from "../../config/short-file.ts";
import { configTemplate } from "../../config/template.ts";
import { UsageError } from "../../errors.ts";
import { textTable } from "../../report/text-table.ts";
import type { CommandContext } from "../command.ts";
import { hasOption, textOption } from "../command.ts";
import type { Io } from "../io.ts";
import { toJson } from "../json.ts";
import { askForConfig } from "./init-questions.ts";

/**
 * Writes a configuration file, readable by its owner only; never overwrites one. On a terminal a short one from the
 * answers to six questions, else, or with `--all`, one with a comment on every setting.
 */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const given = textOption(options, "--config");
  // The file that the other commands will read.
  const byVariable = io.env[CONFIG_FILE_VARIABLE]?.trim() ?? "";
  const name = given ?? (byVariable === "" ? CONFIG_FILE_DEFAULT : byVariable);
  const path = resolve(io.cwd, name);
  const asks =
    io.stdin.isTerminal && io.stderr.isTerminal && !hasOption(options, "--all") && !hasOption(options, "--json");
  if (!asks) {
    await writeNew(path, name, configTemplate());
    if (hasOption(options, "--json")) io.stdout.write(toJson({ file: path }));
    else io.stdout.write(`wrote ${path}: fill in the values, then try "pardot-etl check${configOption(given)}"\n`);
    return 0;
  }
  // Before the questions, not after the last one.
  if ((await stat(path).catch(() => null)) !== null) throw refusal(name, "EEXIST");
  io.stderr.write(`Six questions for ${name}.\nEnter takes the value in brackets; Ctrl-C writes nothing.\n`);
  const short = shortFile(await askAll(io));
  await writeNew(path, name, short.text);
  io.stdout.write(`\nwrote ${path}\n${whatIsLeft(short, given, io.env)}`);
  return 0;
}

async function askAll(io: Io): Promise<ShortAnswers> {
  try {
    return await askForConfig(io, new Intl.DateTimeFormat().resolvedOptions().timeZone);
  } finally {
    io.stdin.close();
  }
}

/** The option that further commands need for this file. */
function configOption(given: string | null): string {
  return given === null ? "" : ` --config ${given}`;
}

/** The variables that the file takes from the environment, and the commands that follow. */
function whatIsLeft(
  { variables }: ShortFile,
  config: string | null,
  env: Readonly<Record<string, string | undefined>>,
): string {
  const missing = variables.filter(({ name }) => (env[name] ?? "") === "");
  const lines = textTable(missing.map(({ name, meaning }) => [" ", `export ${name}=...`, `# ${meaning}`]));
  const set = missing.length === 0 ? "" : `\nSet what it takes from the environment:\n${lines}`;
  const option = configOption(config);
  return `${set}\nThen test it, price the first run, and start with something small:\n  pardot-etl check${option}\n  pardot-etl plan${option}\n  pardot-etl run Tag Campaign${option}\n`;
}

async function writeNew(path: string, name: string, text: string): Promise<void> {
  try {
    await writeFile(path, text, { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw refusal(name, (error as NodeJS.ErrnoException).code ?? String(error));
  }
}

function refusal(name: string, code: string): UsageError {
  if (code === "EEXIST") {
    return new UsageError(`write ${name}: it already exists`, {
      code: "usage.file-exists",
      hint: "Nothing was changed. Name another file with --config, or move this one away.",
    });
  }
  return new UsageError(`write ${name}: ${code}`, {
    code: "usage.file-not-written",
    hint: "Use --config to name a file in an existing, writable folder.",
  });
}
