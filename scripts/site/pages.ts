import { readdirSync, readFileSync } from "node:fs";
import { posix } from "node:path";

const ROOT = new URL("../../", import.meta.url);

/** A Markdown page of the manual. */
export interface Page {
  /** Relative to the repository's root. */
  readonly source: string;
  /** Relative to the site's root: pages of docs/ are at the top. */
  readonly output: string;
  readonly title: string;
  /** The first sentence. */
  readonly summary: string;
  readonly text: string;
}

/** Pages under a title of the navigation. */
export interface Group {
  readonly title: string;
  readonly pages: readonly Page[];
}

export const HOME = "README.md";

/**
 * The pages in reading order, as the table "Documentation" of the README lists them. A link to a folder means all its
 * pages. Throws if a page of docs/ is missing from the table, since it would not be in the navigation.
 */
export function readingOrder(): readonly Group[] {
  const table = readPage(HOME).text.split(/^## Documentation$/m)[1] ?? "";
  const listed = new Set([HOME]);
  const groups = Array.from(table.matchAll(/^\| (\w[\w ]*?) +\| (.*) \|$/gm), ([, title = "", cell = ""]) => {
    const links = Array.from(cell.matchAll(/\]\(([^)#]+)\)/g), ([, path = ""]) => path);
    const folders = links.filter((path) => path.endsWith("/"));
    // A page that is named although its folder is keeps its place in the folder.
    const single = links.filter((path) => !folders.some((folder) => path.startsWith(folder)));
    const sources = [...single, ...folders.flatMap(sourcesIn)].filter((source) => !listed.has(source));
    for (const source of sources) listed.add(source);
    return { title, pages: sources.map(readPage) };
  });
  const missing = ["docs/", "docs/decisions/"].flatMap(sourcesIn).filter((source) => !listed.has(source));
  if (missing.length > 0) throw new Error(`not in the README's table of documentation: ${missing.join(", ")}`);
  return groups;
}

export function readPage(source: string): Page {
  const text = readFileSync(new URL(source, ROOT), "utf8");
  const title = /^# (.*)$/m.exec(text)?.[1];
  const paragraph = /^# .*\n+(?:<!--.*-->\n+)?((?:[^\n]+\n)+)/.exec(text)?.[1];
  if (title === undefined || paragraph === undefined) throw new Error(`${source} lacks a title or a first paragraph`);
  const words = paragraph.replaceAll(/\[([^\]]*)\]\([^)]*\)/g, "$1").replaceAll("\n", " ");
  const summary = /^.*?[.:](?=\s|$)/.exec(words)?.[0].replace(/:$/, ".") ?? words.trim();
  const output = source === HOME ? "index.html" : source.replace(/^docs\//, "").replace(/\.md$/, ".html");
  return { source, output, title, summary, text };
}

function sourcesIn(folder: string): readonly string[] {
  const names = readdirSync(new URL(folder, ROOT)).filter((name) => name.endsWith(".md"));
  return names.toSorted().map((name) => posix.join(folder, name));
}

/** docs/llms.txt: what each page is about, in one line, for language models. Links are relative to docs/. */
export function llmsText(): string {
  const home = readPage(HOME);
  const lines = ({ pages }: Group): readonly string[] =>
    pages.map(({ source, title, summary }) => `- [${title}](${posix.relative("docs", source)}): ${summary}`);
  const groups = readingOrder().map((group) => [`## ${group.title}`, lines(group).join("\n")].join("\n\n"));
  return `${[`# ${home.title}`, `> ${home.summary}`, ...groups].join("\n\n")}\n`;
}
