import { posix } from "node:path";
import { markup, Markup } from "../../src/report/page/markup.ts";
import { HOME } from "./pages.ts";
import type { Group, Page } from "./pages.ts";
import type { Rendered } from "./render.ts";

/** Nothing from elsewhere is loaded, and no script or style in a page is run. Pictures are files of the site. */
const POLICY = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; frame-src 'self'; base-uri 'none'; form-action 'none'";

/** The whole document of a page, with the navigation around it. */
export function layout(page: Page, { html, headings }: Rendered, groups: readonly Group[]): string {
  const root = posix.relative(posix.dirname(page.output), ".");
  const at = (path: string): string => posix.join(root, path);
  const sections = headings.filter(({ depth }) => depth === 2);
  const inside = markup`<ul>${sections.map(({ id, text }) => markup`<li><a href="#${id}">${text}</a></li>`)}</ul>`;
  const item = ({ output, title }: Page): Markup =>
    output === page.output
      ? markup`<li><a href="${at(output)}" aria-current="page">${title}</a>${sections.length > 1 ? inside : null}</li>\n`
      : markup`<li><a href="${at(output)}">${title}</a></li>\n`;
  const menu = groups.map(({ title, pages }) => markup`<p>${title}</p><ul>${pages.map(item)}</ul>\n`);
  const name = page.source === HOME ? page.title : `${page.title} · pardot-etl`;
  return markup`<!doctype html>
    <html lang="en" data-root="${root === "" ? "" : `${root}/`}">
      <head>
        <meta charset="utf-8" />
        <meta http-equiv="Content-Security-Policy" content="${new Markup(POLICY)}" />
        <meta name="viewport" content="width=device-width, initial-scale=1" />
        <meta name="description" content="${page.summary}" />
        <title>${name}</title>
        <link rel="icon" href="data:," />
        <link rel="stylesheet" href="${at("style.css")}" />
        <script src="${at("browser.js")}"></script>
      </head>
      <body>
        <a class="skip" href="#main">Skip to the content</a>
        <header>
          <a class="home" href="${at("index.html")}">pardot-etl</a>
          <form role="search" hidden>
            <input type="search" aria-label="Search" placeholder="Search" autocomplete="off" aria-controls="results" />
          </form>
          <button type="button" id="menu" aria-expanded="false" aria-controls="pages" hidden>Menu</button>
          <button type="button" id="scheme" aria-pressed="false" hidden>Dark</button>
        </header>
        <section id="results" aria-label="Search results" hidden>
          <p role="status"></p>
          <ol></ol>
        </section>
        <div class="columns">
          <nav id="pages" aria-label="Pages">
            ${menu}
          </nav>
          <main id="main" tabindex="-1">
            ${html}
          </main>
        </div>
        <footer>
          <p>
            An independent project, not affiliated with Salesforce. <a href="${posix.basename(page.output, ".html")}.md">This page as Markdown</a>
          </p>
        </footer>
      </body>
    </html> `.text;
}
