import { writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { CONFIG_FILE_DEFAULT } from "../../config/file.ts";
import { configTemplate } from "../../config/template.ts";
import { UsageError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import { hasOption, textOption } from "../command.ts";
import { toJson } from "../json.ts";

/** Writes a commented configuration file, readable by its owner only; never overwrites one. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const name = textOption(options, "--config") ?? CONFIG_FILE_DEFAULT;
  const path = resolve(io.cwd, name);
  try {
    await writeFile(path, configTemplate(), { flag: "wx", mode: 0o600 });
  } catch (error) {
    throw refusal(name, error as NodeJS.ErrnoException);
  }
  if (hasOption(options, "--json")) io.stdout.write(toJson({ file: path }));
  else io.stdout.write(`wrote ${path}: fill in the values, then try "pardot-etl check"\n`);
  return 0;
}

function refusal(name: string, error: NodeJS.ErrnoException): UsageError {
  if (error.code === "EEXIST") {
    return new UsageError(`write ${name}: it already exists`, {
      code: "usage.file-exists",
      hint: "Nothing was changed. Name another file with --config, or move this one away.",
    });
  }
  return new UsageError(`write ${name}: ${error.code ?? error.message}`, {
    code: "usage.file-not-written",
    hint: "Use --config to name a file in an existing, writable folder.",
  });
}
