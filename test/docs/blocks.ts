import { readFile } from "node:fs/promises";

/** A fenced block of a page. */
export interface Block {
  /** Title of the section of level two that it is in; empty before the first. */
  readonly section: string;
  /** The word after the fence; empty without one. */
  readonly language: string;
  /** Without the indentation of a list that it is in. */
  readonly text: string;
}

export async function pageText(name: string): Promise<string> {
  return readFile(new URL(`../../${name}`, import.meta.url), "utf8");
}

export function blocksOf(page: string): readonly Block[] {
  return page.split(/^## /m).flatMap((part, at) =>
    [...part.matchAll(/^( *)```(\w*)\n(.*?)^ *```$/gms)].map(([, indent = "", language = "", text = ""]) => ({
      section: at === 0 ? "" : (part.split("\n")[0] ?? ""),
      language,
      text: text.replaceAll(new RegExp(`^${indent}`, "gm"), ""),
    })),
  );
}

/** The command lines of pardot-etl in the blocks for a shell and in code within sentences, each as its words. */
export function commandsOf(page: string): readonly (readonly string[])[] {
  const typed = blocksOf(page)
    .filter(({ language }) => language === "sh")
    .flatMap(({ text }) => text.split(/\n|&&|;/))
    .flatMap((line) => /^\s*(?:\.\/)?pardot-etl +([^#|>]*)/.exec(line)?.[1] ?? []);
  const prose = page.replaceAll(/^ *```.*?^ *```$/gms, "");
  const quoted = [...prose.matchAll(/`pardot-etl\s+([^`>|]+)/g)].map(([, words = ""]) => words);
  return [...typed, ...quoted].map((line) =>
    line
      .trim()
      .split(/\s+/)
      .map((word) => word.replaceAll(/^'|'$/g, "")),
  );
}

/** The statements of a block of SQL, without comments. */
export function statementsOf(text: string): readonly string[] {
  const code = text
    .split("\n")
    .filter((line) => !line.startsWith("--"))
    .join("\n");
  // Not at a semicolon in a text.
  return code
    .split(/;(?=(?:[^']*'[^']*')*[^']*$)/)
    .map((statement) => statement.trim())
    .filter((statement) => statement !== "");
}
