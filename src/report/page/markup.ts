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
  return escaped(String(part));
}

const ENTITIES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Control characters as the terminal shows them; lone halves of a surrogate pair are not UTF-8. */
function escaped(text: string): string {
  return visible(text.toWellFormed()).replaceAll(/[&<>"']/g, (character) => ENTITIES[character] ?? "");
}

/** A command that an operator may copy. */
export function command(text: string): Markup {
  return markup`<code class="command">${text}</code>`;
}

export interface Column {
  readonly title: string;
  readonly isNumber?: boolean;
  /** A drawing of what the other cells say: hidden from screen readers. */
  readonly isDrawing?: boolean;
  /** The cell that names the row. Default: the first. */
  readonly isHead?: boolean;
}

/** A table with a caption, in a region that scrolls by itself when it is wide. `id`: unique in the page. */
export function table(
  id: string,
  caption: Part,
  columns: readonly Column[],
  rows: readonly (readonly Part[])[],
): Markup {
  const headAt = Math.max(
    0,
    columns.findIndex(({ isHead }) => isHead === true),
  );
  const classOf = ({ isNumber, isDrawing }: Column): string =>
    isNumber === true ? "number" : isDrawing === true ? "drawing" : "text";
  const head = columns.map((column) =>
    column.isDrawing === true
      ? markup`<td class="drawing"></td>`
      : markup`<th scope="col" class="${classOf(column)}">${column.title}</th>`,
  );
  const body = rows.map(
    (row) =>
      markup`<tr>
        ${columns.map((column, i) => {
          const cell = row[i] ?? null;
          if (i === headAt) return markup`<th scope="row" class="${classOf(column)}">${cell}</th>`;
          return markup`<td class="${classOf(column)}">${cell}</td>`;
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
