import { markup, Markup } from "../../src/report/page/markup.ts";

/** Size of a character, and the space around the text, in pixels. */
const [WIDE, HIGH, EDGE] = [8.4, 19, 16];

/** Colors on a dark background, with a contrast of at least 4.5 to 1. */
const COLORS: Readonly<Record<number, string>> = { 31: "#ff8b85", 32: "#7ee08a", 33: "#f2cc60", 36: "#76e3ea" };
const [BACK, TEXT, QUIET] = ["#14181d", "#e8ebef", "#9aa5b1"];

const CODE = new RegExp(String.raw`\u001b\[([\d;]*)m`, "g");

/** What a terminal of so many columns shows, as an SVG. `text`: lines with the codes of colors, of which others are not known. */
export function terminalPicture(text: string, columns: number): string {
  const lines = text.trimEnd().split("\n");
  const [width, height] = [Math.ceil(columns * WIDE + 2 * EDGE), lines.length * HIGH + 2 * EDGE];
  const rows = lines.map((line, row) => {
    const y = EDGE + row * HIGH + HIGH - 5;
    return markup`<text y="${y}" xml:space="preserve">${piecesOf(line)}</text>\n`;
  });
  return markup`<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace" font-size="14" fill="${TEXT}">
<rect width="100%" height="100%" rx="8" fill="${BACK}"/>
${rows}</svg>\n`.text;
}

/** Pieces of a line that have one look. Each is where it is on a terminal, and as wide, whatever font there is. */
function piecesOf(line: string): readonly Markup[] {
  const pieces: Markup[] = [];
  const [first = "", ...parts] = line.split(CODE);
  let look: Look = PLAIN;
  let column = 0;
  const add = (text: string): void => {
    if (text === "") return;
    const count = Array.from(text).length;
    const [x, length] = [EDGE + column * WIDE, count * WIDE].map((pixels) => pixels.toFixed(1));
    column += count;
    const weight = look.isBold ? markup` font-weight="bold"` : null;
    pieces.push(markup`<tspan x="${x ?? ""}" fill="${look.fill}" textLength="${length ?? ""}"${weight}>${text}</tspan>`);
  };
  add(first);
  for (let at = 0; at < parts.length; at += 2) {
    for (const code of (parts[at] ?? "").split(";")) look = lookAfter(look, Number(code));
    add(parts[at + 1] ?? "");
  }
  return pieces;
}

interface Look {
  readonly fill: string;
  readonly isBold: boolean;
}

const PLAIN: Look = { fill: TEXT, isBold: false };

function lookAfter(look: Look, code: number): Look {
  if (code === 0) return PLAIN;
  if (code === 1) return { ...look, isBold: true };
  if (code === 2) return { ...look, fill: QUIET };
  if (code === 22) return { fill: look.fill === QUIET ? TEXT : look.fill, isBold: false };
  if (code === 39) return { ...look, fill: TEXT };
  const fill = COLORS[code];
  if (fill === undefined) throw new Error(`an unknown code of a color: ${code}`);
  return { ...look, fill };
}
