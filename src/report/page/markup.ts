import { visible } from "../../text.ts";

/** HTML that is safe to insert: made by `markup` alone. */
export class Markup {
  readonly text: string;
  constructor(text: string) {
    this.text = text;
  }
}

type Part = Markup | string | number | null | readonly Part[];

/**
 * The only way to make HTML: what is written in the template is markup, and every value that is not is text, whatever
 * it contains. Text is inserted between tags or inside quoted attributes. Null: nothing.
 */
export function markup(template: TemplateStringsArray, ...values: readonly Part[]): Markup {
  // The indentation of the source is not part of the page.
  const [first = "", ...rest] = template.map((piece) => piece.replaceAll(/\n\s+/g, "\n"));
  return new Markup(rest.reduce((text, piece, i) => `${text}${partText(values[i] ?? null)}${piece}`, first));
}

function partText(part: Part): string {
  if (part === null) return "";
  if (part instanceof Markup) return part.text;
  if (typeof part === "object") return part.map(partText).join("");
  // Control characters as the terminal shows them; lone halves of a surrogate pair are not UTF-8.
  return visible(String(part).toWellFormed()).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** A command that an operator may copy. */
export function command(text: string): Markup {
  return markup`<code class="command">${text}</code>`;
}

interface Column {
  readonly title: string;
  readonly kind: "text" | "number" | "drawing";
}

export const number = (title: string): Column => ({ title, kind: "number" });

/** A drawing of what the other cells say: hidden from screen readers. */
export const DRAWING: Column = { title: "", kind: "drawing" };

/**
 * A table with a caption, in a region that scrolls by itself when it is wide. `id`: unique in the page. `heads`: titles of
 * columns with text, and other columns. The first cell names the row.
 */
export function table(
  id: string,
  caption: Part,
  heads: readonly (Column | string)[],
  rows: readonly (readonly Part[])[],
): Markup {
  const columns = heads.map((head): Column => (typeof head === "string" ? { title: head, kind: "text" } : head));
  const head = columns.map(({ title, kind }) =>
    kind === "drawing" ? markup`<td class="drawing"></td>` : markup`<th scope="col" class="${kind}">${title}</th>`,
  );
  const body = rows.map(
    (row) =>
      markup`<tr>
        ${columns.map(({ kind }, i) => {
          const cell = row[i] ?? null;
          if (i === 0) return markup`<th scope="row" class="${kind}">${cell}</th>`;
          return markup`<td class="${kind}">${cell}</td>`;
        })}
      </tr> `,
  );
  return markup`<div class="scroll" role="region" aria-labelledby="${id}" tabindex="0">
    <table>
      <caption id="${id}">
        <span>${caption}</span>
      </caption>
      <thead>
        <tr>
          ${head}
        </tr>
      </thead>
      <tbody>
        ${body}
      </tbody>
    </table>
  </div> `;
}

/** A section of the page, with its heading. */
export function section(id: string, title: string, ...content: readonly Part[]): Markup {
  return markup`<section id="${id}" aria-labelledby="${id}-title">
    <h2 id="${id}-title">${title}</h2>
    ${content}
  </section> `;
}

export function paragraph(...content: readonly Part[]): Markup {
  return markup`<p>${content}</p> `;
}
