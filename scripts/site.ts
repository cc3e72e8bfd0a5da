/**
 * Builds the site of the manual into site/ (or the given folder): a page for each Markdown page, an index for the search
 * in the browser, the Markdown itself for readers like language models, and pictures of the commands. Fails on dead links.
 */
import { existsSync, statSync } from "node:fs";
import { cp, mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join, posix, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { markup } from "../src/report/page/markup.ts";
import type { Markup } from "../src/report/page/markup.ts";
import { layout } from "./site/layout.ts";
import { HOME, llmsText, readingOrder, readPage } from "./site/pages.ts";
import type { Page } from "./site/pages.ts";
import { PICTURES, takePictures } from "./site/pictures.ts";
import { plain, render } from "./site/render.ts";
import type { Rendered } from "./site/render.ts";

const ROOT = fileURLToPath(new URL("..", import.meta.url));

/** What a site has, by path: the documents, and the files that are copied, by their source. */
export interface Site {
  readonly documents: Readonly<Record<string, string>>;
  readonly copies: Readonly<Record<string, string>>;
}

/** Throws with all dead links together. `read` returns a page by its path in the repository. */
export function siteOf(read: (source: string) => Page = readPage): Site {
  const groups = readingOrder().map(({ title, pages }) => ({ title, pages: pages.map(({ source }) => read(source)) }));
  const pages = [read(HOME), ...groups.flatMap((group) => group.pages)];
  const bySource = new Map(pages.map((page) => [page.source, page]));
  const copies: Record<string, string> = {
    "style.css": "scripts/site/style.css",
    "browser.js": "scripts/site/browser.js",
  };
  const anchored: { readonly from: string; readonly to: string; readonly id: string }[] = [];
  const problems = new Set<string>();

  /** The target of a link, relative to the page that has it; null for a folder, which no site shows. */
  function linkFrom(page: Page, href: string): string | null {
    if (/^https?:/.test(href)) return href;
    const [path = "", id = ""] = href.split("#");
    const source = path === "" ? page.source : posix.join(posix.dirname(page.source), path);
    const target = bySource.get(source);
    if (id !== "") anchored.push({ from: page.source, to: source, id });
    if (target !== undefined) return relative(page, target.output) + (id === "" ? "" : `#${id}`);
    if (source.startsWith("..") || source.endsWith(".md") || !existsSync(join(ROOT, source))) {
      problems.add(`${page.source}: no page or file ${href}`);
      return null;
    }
    if (statSync(join(ROOT, source)).isDirectory()) {
      const first = pages.find((other) => other.source.startsWith(posix.join(source, "/")));
      return first === undefined ? null : relative(page, first.output);
    }
    // Servers know the type of .json and .txt.
    const output = source.startsWith("docs/") ? source.slice("docs/".length) : `${source}.txt`;
    copies[output] = source;
    return relative(page, output);
  }

  /** The Markdown of a page, with links to the Markdown of others. */
  function markdown(page: Page): string {
    return page.text.replaceAll(/\[([^\]]*)\]\(([^)]+)\)/g, (_, words: string, href: string) => {
      const target = linkFrom(page, href);
      return target === null ? words : `[${words}](${nameOfMarkdown(target)})`;
    });
  }

  /** A picture, or a page of the tool in a frame, in which nothing runs. */
  function pictureFor(page: Page, name: string): Markup {
    const picture = PICTURES[name];
    if (picture === undefined) {
      problems.add(`${page.source}: no picture ${name}`);
      return markup``;
    }
    const at = relative(page, picture.file);
    const shown = at.endsWith(".html")
      ? markup`<iframe src="${at}" title="${picture.words}" loading="lazy" sandbox></iframe>`
      : markup`<img src="${at}" alt="${picture.words}" loading="lazy" />`;
    return markup`<figure>${shown}<figcaption><a href="${at}">${picture.words}</a></figcaption></figure>\n`;
  }

  const rendered = new Map<string, Rendered>();
  for (const page of pages) {
    rendered.set(
      page.source,
      render(
        page.text,
        (href) => linkFrom(page, href),
        (name) => pictureFor(page, name),
      ),
    );
  }
  for (const { from, to, id } of anchored) {
    const headings = rendered.get(to)?.headings ?? [];
    if (!headings.some((heading) => heading.id === id)) problems.add(`${from}: no section #${id} in ${to}`);
  }
  if (problems.size > 0) throw new Error(`dead links:\n${[...problems].join("\n")}`);

  const documents = pages.map(
    (page) => [page.output, layout(page, rendered.get(page.source) as Rendered, groups)] as const,
  );
  const index = pages.flatMap((page) => searchEntries(page, rendered.get(page.source) as Rendered));
  return {
    documents: {
      ...Object.fromEntries(documents),
      ...Object.fromEntries(pages.map((page) => [nameOfMarkdown(page.output), markdown(page)] as const)),
      "search-index.js": `globalThis.searchIndex = ${JSON.stringify(index)};\n`,
      "llms.txt": llmsText().replaceAll("](../", "]("),
    },
    copies,
  };
}

function nameOfMarkdown(href: string): string {
  return /^https?:/.test(href) ? href : href.replace(/\.html(?=#|$)/, ".md");
}

function relative(page: Page, output: string): string {
  return posix.relative(posix.dirname(page.output), output);
}

/** For each section of a page: its address, the titles of page and section, and its words. */
function searchEntries({ output, title }: Page, { html, headings }: Rendered): readonly (readonly string[])[] {
  const parts = html.text.split(/(?=<h\d id=")/).filter((part) => /^<h\d id="/.test(part));
  return parts.map((part, i) => {
    const { id = "", depth = 1, text = "" } = headings[i] ?? {};
    const words = plain(part.replace(/^<h\d.*<\/h\d>/, ""));
    return depth === 1 ? [output, title, "", words] : [`${output}#${id}`, title, text, words];
  });
}

if (import.meta.main) {
  const folder = resolve(ROOT, process.argv[2] ?? "site");
  const site = siteOf();
  const { copies } = site;
  const documents = { ...site.documents, ...(await takePictures()) };
  await rm(folder, { recursive: true, force: true });
  for (const output of [...Object.keys(documents), ...Object.keys(copies)])
    await mkdir(dirname(join(folder, output)), { recursive: true });
  for (const [output, text] of Object.entries(documents)) await writeFile(join(folder, output), text);
  for (const [output, source] of Object.entries(copies)) await cp(join(ROOT, source), join(folder, output));
  console.log(`${Object.keys(site.documents).filter((name) => name.endsWith(".html")).length} pages in ${folder}`);
}
