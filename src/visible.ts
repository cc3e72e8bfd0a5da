/**
 * C0 but the line feed, DEL, C1, the marks and overrides of bidirectional text, and what else ends a line: written to a
 * terminal, they move the cursor, set its title, or show a text in another order than it has.
 */
const CONTROLS = new RegExp(
  String.raw`[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069]`,
  "g",
);

/**
 * A text as it may be shown, whoever wrote it: what would control a terminal stands as `\u001b`. Within JSON that is the
 * same value, escaped. Line feeds stay: they are of our own formatting.
 */
export function visible(text: string): string {
  return text.replaceAll(CONTROLS, escaped);
}

/** The same for what must not begin a line of its own. */
export function oneLine(text: string): string {
  return visible(text).replaceAll("\n", String.raw`\u000a`);
}

/** The same for a sentence that may have been written over several lines. */
export function folded(text: string): string {
  return visible(text.replaceAll(/[^\S\n]*(?:\r?\n)+\s*/g, " ").trim());
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
}
