import { readFile } from "node:fs/promises";
import { closestMatch } from "../../config/suggest.ts";
import { UsageError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import { TOPICS } from "../guide.ts";
import { commandHelp, programHelp } from "../help.ts";
import { COMMANDS } from "./index.ts";

/** In a checkout, in the package and in the image alike. */
const DOCS = new URL("../../../docs/", import.meta.url);

/** Prints the help of a command, or a page of the manual as it is shipped. */
export async function runCommand({ io, arguments: words }: CommandContext): Promise<number> {
  const [given] = words;
  io.stdout.write(given === undefined ? programHelp(COMMANDS) : await textOn(given));
  return 0;
}

/** `run`, `authentication`, `authentication#2-scopes`, `objects.md`, `docs/objects.md#tag`. Throws `UsageError`. */
async function textOn(given: string): Promise<string> {
  const command = COMMANDS.find(({ name }) => name === given);
  if (command !== undefined) return commandHelp(command, COMMANDS);
  const [, name = "", , anchor] = /^(?:\.?\/?docs\/)?([^#]*?)(\.md)?(?:#(.*))?$/.exec(given) ?? [];
  const topic = TOPICS.find((each) => each === name.toLowerCase());
  if (topic === undefined) throw unknownTopic(given, name);
  const page = await readPage(topic);
  if (anchor === undefined || anchor === "") return page;
  const part = sectionOf(page, anchor.toLowerCase());
  if (part !== null) return part;
  throw new UsageError(`read the manual: the page ${topic} has no section ${anchor}`, {
    code: "usage.topic",
    hint: `\`pardot-etl help ${topic}.md\` prints the whole page.`,
  });
}

async function readPage(topic: string): Promise<string> {
  try {
    return await readFile(new URL(`${topic}.md`, DOCS), "utf8");
  } catch (error) {
    throw new UsageError(
      `read the manual: docs/${topic}.md: ${(error as NodeJS.ErrnoException).code ?? String(error)}`,
      {
        code: "usage.topic",
        hint: "This installation is incomplete: install pardot-etl again.",
        cause: error,
      },
    );
  }
}

/** A heading with its text, by the anchor that GitHub gives it; null if there is none. */
function sectionOf(page: string, anchor: string): string | null {
  const parts = page.split(/^(?=#{1,6} )/m);
  const start = parts.findIndex((part) => anchorOf(part) === anchor);
  const level = levelOf(parts[start]);
  if (start < 0) return null;
  const end = parts.findIndex((part, index) => index > start && levelOf(part) <= level);
  return `${parts
    .slice(start, end < 0 ? undefined : end)
    .join("")
    .trimEnd()}\n`;
}

function levelOf(part = ""): number {
  return /^#*/.exec(part)?.[0].length ?? 0;
}

function anchorOf(part: string): string {
  const heading = /^#+ (.*)/.exec(part)?.[1] ?? "";
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}

function unknownTopic(given: string, name: string): UsageError {
  const guess = closestMatch(name, [...COMMANDS.map((command) => command.name), ...TOPICS]);
  return new UsageError(`read the manual: there is neither a command nor a page ${given}`, {
    code: "usage.topic",
    hint:
      guess === null
        ? `The pages are ${TOPICS.join(", ")}; \`pardot-etl --help\` lists the commands.`
        : `See \`pardot-etl --help\`; did you mean ${guess}?`,
  });
}
