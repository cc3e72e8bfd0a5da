import { Marked } from "marked";
import type { Tokens } from "marked";
import { anchorOf } from "../../src/cli/manual.ts";
import { markup, Markup } from "../../src/report/page/markup.ts";

export interface Rendered {
  readonly html: Markup;
  readonly headings: readonly { readonly id: string; readonly depth: number; readonly text: string }[];
}

/**
 * The HTML of a Markdown page. `linkTo` returns the target of a link in the site, or null to leave only its text. Headings
 * have the anchors that GitHub gives them. `<!-- picture: check -->` is a picture: `pictureOf` returns what shows it. Throws
 * on raw HTML and images, which no page has.
 */
export function render(
  text: string,
  linkTo: (href: string) => string | null,
  pictureOf: (name: string) => Markup = noPicture,
): Rendered {
  const headings: { id: string; depth: number; text: string }[] = [];
  const marked = new Marked({
    renderer: {
      heading({ text: raw, tokens, depth }) {
        const anchor = anchorOf(`# ${raw}`);
        const same = headings.filter(({ id }) => id.replace(/-\d+$/, "") === anchor).length;
        const id = same === 0 ? anchor : `${anchor}-${same}`;
        const html = this.parser.parseInline(tokens);
        headings.push({ id, depth, text: plain(html) });
        const link = markup`<a class="anchor" href="#${id}" aria-label="Link to this section: ${plain(html)}">#</a>`;
        return `<h${depth} id="${id}">${html} ${link.text}</h${depth}>\n`;
      },
      link({ href, tokens }) {
        const html = new Markup(this.parser.parseInline(tokens));
        const target = linkTo(href);
        return target === null ? html.text : markup`<a href="${target}">${html}</a>`.text;
      },
      code({ text: code, lang = "" }) {
        return lang === "mermaid" ? flow(code).text : markup`<pre tabindex="0"><code>${code}</code></pre>\n`.text;
      },
      codespan({ text: code }) {
        return markup`<code>${code}</code>`.text;
      },
      table({ header, rows }) {
        const inline = ({ tokens }: Tokens.TableCell): Markup => new Markup(this.parser.parseInline(tokens));
        const titles = header.map((cell) => (cell.text === "" ? markup`<td></td>` : markup`<th>${inline(cell)}</th>`));
        const head = header.every((cell) => cell.text === "") ? null : markup`<thead><tr>${titles}</tr></thead>`;
        const body = rows.map((row) => markup`<tr>${row.map((cell) => markup`<td>${inline(cell)}</td>`)}</tr>\n`);
        return markup`<div class="scroll" tabindex="0"><table>${head}<tbody>${body}</tbody></table></div>\n`.text;
      },
      html({ text: raw }) {
        const name = /^<!-- picture: (\w+) -->\s*$/.exec(raw)?.[1];
        if (name !== undefined) return pictureOf(name).text;
        if (/^<!--.*-->\s*$/s.test(raw)) return "";
        throw new Error(`raw HTML: ${raw}`);
      },
      image({ href }) {
        throw new Error(`an image: ${href}`);
      },
    },
  });
  const html = new Markup(marked.parse(text, { async: false }));
  return { html, headings };
}

function noPicture(name: string): never {
  throw new Error(`a picture: ${name}`);
}

/** The words of a piece of HTML that `render` made. */
export function plain(html: string): string {
  const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', "#39": "'" };
  return html
    .replaceAll(/<a class="anchor".*?<\/a>/g, "")
    .replaceAll(/<\/?(?:a|code|em|strong|del|small)\b[^>]*>/g, "")
    .replaceAll(/<[^>]*>/g, " ")
    .replaceAll(/&(amp|lt|gt|quot|#39);/g, (_, name: string) => entities[name] ?? "")
    .replaceAll(/\s+/g, " ")
    .trim();
}

/** A Mermaid flow chart whose lines are chains (`a --> b["B"]`, `a -. "why" .-> b`), as rows of boxes. Throws on others. */
function flow(text: string): Markup {
  const chains: string[][] = [];
  for (const line of text.split("\n").slice(1)) {
    const chain = line.trim().split(/\s+(-->|-\. "[^"]*" \.->)\s+/);
    const last = chains.at(-1);
    // A line that goes on where the one before ended.
    if (last !== undefined && nameOf(last.at(-1)) === nameOf(chain[0])) last.push(...chain.slice(1));
    else chains.push(chain);
  }
  const rows = chains.map((chain) => markup`<p>${chain.map((part, i) => (i % 2 === 0 ? box(part) : arrow(part)))}</p>`);
  return markup`<div class="flow">${rows}</div>\n`;
}

function nameOf(node = ""): string {
  return /^\w+/.exec(node)?.[0] ?? "";
}

function box(node: string): Markup {
  const [, name = "", label = name] = /^(\w+)(?:\[\(?"([^"]+)"\)?\])?$/.exec(node) ?? [];
  if (name === "") throw new Error(`a chart with ${node}`);
  const [title = "", detail] = label.split("<br/>");
  return markup`<span class="box">${title}${detail === undefined ? null : markup` <small>${detail}</small>`}</span>`;
}

function arrow(edge: string): Markup {
  const label = /"(.*)"/.exec(edge)?.[1];
  return label === undefined ? markup` → ` : markup` — <small>${label}</small> → `;
}
