import { readdirSync, readFileSync } from "node:fs";

/** In a checkout, in the package and in the image alike. */
const DOCS = new URL("../../docs/", import.meta.url);

/** The names of the pages of docs/, in alphabetical order; none if the installation lacks them. */
export function pageNames(): readonly string[] {
  try {
    const names = readdirSync(DOCS).filter((name) => name.endsWith(".md"));
    return names.map((name) => name.slice(0, -".md".length)).toSorted();
  } catch {
    return [];
  }
}

/** The text of one of these pages, without the comments, which are for those who edit it. */
export function readPage(name: string): string {
  return readFileSync(new URL(`${name}.md`, DOCS), "utf8").replaceAll(/<!--.*?-->\n*/gs, "");
}

/** A heading of a page with its text, by the anchor that GitHub gives it; null if there is none. */
export function sectionOf(page: string, anchor: string): string | null {
  const parts = page.split(/^(?=#{1,6} )/m);
  const start = parts.findIndex((part) => anchorOf(part) === anchor);
  if (start < 0) return null;
  const level = levelOf(parts[start]);
  const end = parts.findIndex((part, index) => index > start && levelOf(part) <= level);
  const text = parts.slice(start, end < 0 ? undefined : end).join("");
  return `${text.trimEnd()}\n`;
}

function levelOf(part = ""): number {
  return /^#*/.exec(part)?.[0].length ?? 0;
}

/** The anchor that GitHub gives a heading, such as `## Next steps`; empty for other text. */
export function anchorOf(part: string): string {
  const heading = /^#+ (.*)/.exec(part)?.[1] ?? "";
  return heading
    .toLowerCase()
    .replaceAll(/[^\w\s-]/g, "")
    .replaceAll(" ", "-");
}
