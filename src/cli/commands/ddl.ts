import { loadConfig } from "../../config/load.ts";
import { COMMITTED, TABLES } from "../../config/sections.ts";
import { UsageError } from "../../errors.ts";
import { ddl } from "../../operations/ddl/ddl.ts";
import type { CommandContext } from "../command.ts";
import { hasOption, textOption } from "../command.ts";
import { loadFor } from "../input.ts";
import { runOperation } from "../operation.ts";

/** Prints SQL for the warehouse and runs nothing. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const target = choice(context, "--target", ["snowflake", "duckdb", "dbt"]);
  const load = choice(context, "--load", ["pipe", "task", "none"]);
  const profile = textOption(options, "--profile") === null ? null : choice(context, "--profile", ["fivetran"]);
  if (target !== "snowflake")
    refuseWith(context, `--target ${target}`, ["--load", "--with-account", "--profile", "--diff"]);
  if (profile !== null) refuseWith(context, `--profile ${profile}`, ["--load", "--with-account", "--diff"]);
  if (hasOption(options, "--diff")) refuseWith(context, "--diff", ["--with-account"]);
  const config = await loadFor(context, (input) => loadConfig(input, TABLES), context.arguments);
  const live = hasOption(options, "--live") ? await loadFor(context, loadConfig, context.arguments) : null;
  const diff = hasOption(options, "--diff")
    ? await loadFor(context, (input) => loadConfig(input, COMMITTED), context.arguments)
    : null;
  const wishes = { target, profile, load, withAccount: hasOption(options, "--with-account"), diff, live };
  const stop = { graceMs: 0, afterwards: "nothing is changed by it" };
  const result = await runOperation(context, live?.pardot ?? null, stop, (runtime) => ddl(config, wishes, runtime));
  const shown = result.statements.map(({ kind, name, sql }) => ({ kind, name, sql }));
  io.stdout.write(hasOption(options, "--json") ? `${JSON.stringify(shown, null, 2)}\n` : result.text);
  return 0;
}

/** The value of an option, by default the first. Throws `UsageError` for another one. */
function choice<Word extends string>(
  { options }: CommandContext,
  flag: `--${string}`,
  words: readonly [Word, ...Word[]],
): Word {
  const given = textOption(options, flag);
  const word = given === null ? words[0] : words.find((each) => each === given);
  if (word !== undefined) return word;
  throw new UsageError(`read the command line: ${flag} is ${given ?? ""}`, {
    code: "usage.choice",
    hint: `Give one of ${words.join(", ")}.`,
  });
}

/** Throws `UsageError` for an option that would have no effect. */
function refuseWith({ options }: CommandContext, chosen: string, flags: readonly `--${string}`[]): void {
  const idle = flags.find((flag) => options[flag] !== undefined && options[flag] !== false);
  if (idle === undefined) return;
  throw new UsageError(`read the command line: ${idle} has no effect with ${chosen}`, {
    code: "usage.no-effect",
    hint: "Leave one of the two out.",
  });
}
