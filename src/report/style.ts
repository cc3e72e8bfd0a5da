import { styleText } from "node:util";

/** The meaning of a piece of text on a terminal with colors. No color carries a meaning that the words lack. */
export type Tone = "good" | "bad" | "doubtful" | "active" | "quiet" | "strong";

/** Colors a text that is safe to show: control characters in it were made visible before. */
export type Style = (tone: Tone, text: string) => string;

const FORMATS = {
  good: "green",
  bad: "red",
  doubtful: "yellow",
  active: "cyan",
  quiet: "dim",
  strong: "bold",
} as const;

/** No colors. */
export const PLAIN: Style = (_tone, text) => text;

const COLORED: Style = (tone, text) => (text === "" ? "" : styleText(FORMATS[tone], text, { validateStream: false }));

export function styleFor({ hasColors }: { readonly hasColors: boolean }): Style {
  return hasColors ? COLORED : PLAIN;
}

const COLOR = new RegExp(String.raw`\u001b\[[\d;]*m`, "g");

/** The text without the codes of colors, which take no room. */
export function withoutColors(text: string): string {
  return text.replaceAll(COLOR, "");
}

type Environment = Readonly<Record<string, string | undefined>>;

/** NO_COLOR (no-color.org) and FORCE_COLOR (force-color.org) decide, else whether it is a terminal that is not dumb. */
export function wantsColors({ NO_COLOR, FORCE_COLOR, TERM }: Environment, isTerminal: boolean): boolean {
  if (NO_COLOR !== undefined && NO_COLOR !== "") return false;
  if (FORCE_COLOR !== undefined && FORCE_COLOR !== "") return FORCE_COLOR !== "0" && FORCE_COLOR !== "false";
  return isTerminal && TERM !== "dumb";
}

/** The characters of a display. */
export interface Signs {
  readonly done: string;
  readonly waiting: string;
  readonly failed: string;
  readonly postponed: string;
  /** The frames of a moving sign. */
  readonly active: readonly string[];
  /** A filled and an empty part of a bar. */
  readonly bar: readonly [filled: string, empty: string];
  /** Between two pieces of a line. */
  readonly separator: string;
  readonly ellipsis: string;
}

const UNICODE: Signs = {
  done: "✓",
  waiting: "·",
  failed: "✗",
  postponed: "»",
  active: ["⠋", "⠙", "⠹", "⠸", "⠼", "⠴", "⠦", "⠧", "⠇", "⠏"],
  bar: ["▇", "▁"],
  separator: " · ",
  ellipsis: "…",
};

const ASCII: Signs = {
  done: "+",
  waiting: ".",
  failed: "x",
  postponed: ">",
  active: ["|", "/", "-", "\\"],
  bar: ["#", "-"],
  separator: ", ",
  ellipsis: "~",
};

/** ASCII if the locale names another encoding than UTF-8, as `C` does; without a locale, Unicode. */
export function signsFor({ LC_ALL, LC_CTYPE, LANG }: Environment): Signs {
  const locale = [LC_ALL, LC_CTYPE, LANG].find((value) => value !== undefined && value !== "");
  return locale === undefined || /utf-?8/i.test(locale) ? UNICODE : ASCII;
}
