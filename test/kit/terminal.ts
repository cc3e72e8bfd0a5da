/** What a terminal of a size shows after a text: wraps lines, scrolls, and obeys the codes that a display uses. */
export interface Terminal {
  /** Everything that can be seen by scrolling back, without empty lines at the end. */
  readonly lines: readonly string[];
  /** The lines that are on the screen now. */
  readonly screen: readonly string[];
}

const PART = new RegExp(String.raw`\u001b\[[\d;?]*[A-Za-z]|[\s\S]`, "gu");
const CODE = new RegExp(String.raw`^\u001b\[([\d;]*)([AJKm])$`);
const CONTROL = new RegExp(String.raw`^[\u0000-\u001f\u007f-\u009f]`);

/**
 * Reads what was written to a terminal. Each character takes one column. Throws for a code that it does not know.
 */
export function terminal(
  text: string,
  { columns, rows }: { readonly columns: number; readonly rows: number },
): Terminal {
  const lines: string[] = [""];
  let line = 0;
  let column = 0;
  const top = (): number => Math.max(0, lines.length - rows);
  const newLine = (): void => {
    line += 1;
    column = 0;
    if (line === lines.length) lines.push("");
  };
  const put = (character: string): void => {
    if (column === columns) newLine();
    const before = (lines[line] ?? "").padEnd(column);
    lines[line] = before.slice(0, column) + character + before.slice(column + 1);
    column += 1;
  };
  for (const part of text.match(PART) ?? []) {
    const code = CODE.exec(part);
    if (code !== null) {
      const [, count = "", letter] = code;
      if (letter === "A") {
        // The cursor stops at the top of the screen; what has scrolled away is out of reach.
        line = Math.max(top(), line - Number(count));
      } else if (letter === "K") lines[line] = (lines[line] ?? "").slice(0, column);
      else if (letter === "J") {
        lines[line] = (lines[line] ?? "").slice(0, column);
        lines.length = line + 1;
      }
    } else if (part === "\r") column = 0;
    else if (part === "\n") newLine();
    else if (CONTROL.test(part)) throw new Error(`the terminal does not know ${JSON.stringify(part)}`);
    else put(part);
  }
  const seen = lines.map((each) => each.trimEnd());
  while (seen.at(-1) === "") seen.pop();
  return { lines: seen, screen: seen.slice(top()) };
}
