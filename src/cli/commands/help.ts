import { closestMatch } from "../../config/suggest.ts";
import { UsageError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import { commandHelp, programHelp } from "../help.ts";
import { pageNames, readPage, sectionOf } from "../manual.ts";
import { COMMANDS } from "./index.ts";

/** Prints the help of a command, or a page of the manual as it is shipped. */
export function runCommand({ io, arguments: words }: CommandContext): number {
  const [given] = words;
  io.stdout.write(given === undefined ? programHelp(COMMANDS) : textOn(given));
  return 0;
}

/** `run`, `authentication`, `authentication#2-scopes`, `objects.md`, `docs/objects.md#tag`. Throws `UsageError`. */
function textOn(given: string): string {
  const command = COMMANDS.find(({ name }) => name === given);
  if (command !== undefined) return commandHelp(command, COMMANDS);
  const [, name = "", anchor = ""] = /^(?:\.?\/?docs\/)?([^#]*?)(?:\.md)?(?:#(.*))?$/.exec(given) ?? [];
  const topic = pageNames().find((each) => each === name.toLowerCase());
  if (topic === undefined) throw unknownTopic(given, name);
  const page = readPage(topic);
  const part = anchor === "" ? page : sectionOf(page, anchor.toLowerCase());
  if (part !== null) return part;
  throw new UsageError(`read the manual: the page ${topic} has no section ${anchor}`, {
    code: "usage.topic",
    hint: `\`pardot-etl help ${topic}.md\` prints the whole page.`,
  });
}

function unknownTopic(given: string, name: string): UsageError {
  const pages = pageNames();
  const guess = closestMatch(name, [...COMMANDS.map((command) => command.name), ...pages]);
  const listed =
    pages.length === 0
      ? "This installation has no pages: install pardot-etl again"
      : `The pages are ${pages.join(", ")}`;
  return new UsageError(`read the manual: there is neither a command nor a page ${given}`, {
    code: "usage.topic",
    hint:
      guess === null
        ? `${listed}; \`pardot-etl --help\` lists the commands.`
        : `See \`pardot-etl --help\`; did you mean ${guess}?`,
  });
}
