import { resolve } from "node:path";
import type { CatalogEntry } from "../catalog/catalog.ts";
import { invalid, valid } from "../errors.ts";
import type { Parsed } from "../errors.ts";
import { isReference } from "../secrets/reference.ts";
import { Secret } from "../secrets/secret.ts";

/** How a setting's text becomes its value. A parser also describes itself, for docs, help, template and errors. */
export interface Parser<Value> {
  /** As docs/configuration.md shows it: `duration, 1s to 1h`. */
  readonly type: string;
  /** The words of a choice. */
  readonly choices?: readonly string[];
  /** The value is never shown, and may be given as a reference to where it is kept. */
  readonly isSecret?: true;
  /** What a YAML file may hold instead of text. */
  readonly yaml?: "number" | "boolean" | "list";
  /** Parses a trimmed text. For the empty one, which no caller accepts, `expected` still describes the valid ones. */
  parse(text: string, context: ParseContext): Parsed<Value>;
}

export interface ParseContext {
  /** Relative paths start here: the working folder. */
  readonly cwd: string;
  /** The catalog. */
  readonly objects: readonly CatalogEntry[];
}

/** A parser that refuses quotes around the text before it parses. */
export function parser<Value>(
  type: string,
  parse: Parser<Value>["parse"],
  yaml?: NonNullable<Parser<Value>["yaml"]>,
): Parser<Value> {
  return {
    type,
    ...(yaml === undefined ? {} : { yaml }),
    parse: (text, context) => (hasQuote(text) ? invalid(UNQUOTED) : parse(text, context)),
  };
}

export const text: Parser<string> = parser("text", valid);

/** A name in Snowflake, where double quotes around a name are part of it. */
export const identifier: Parser<string> = {
  type: "text",
  parse: (name) => (/^['`]/.test(name) ? invalid(UNQUOTED) : valid(name)),
};

export const secret: Parser<Secret> = {
  type: "secret",
  isSecret: true,
  parse: (value) => {
    // A secret may begin or end with any character, but hardly with a matching pair of quotes.
    if (isQuoted(value)) return invalid(UNQUOTED);
    // A reference in a setting is followed before (load.ts); this one is where a reference led.
    return isReference(value)
      ? invalid("the secret itself; a reference leads to another reference")
      : valid(new Secret(value));
  },
};

/** An absolute path. */
export const path: Parser<string> = parser("path", parsePath);

export function parsePath(name: string, { cwd }: ParseContext): Parsed<string> {
  const problem = pathProblem(name);
  return problem === null ? valid(resolve(cwd, name)) : invalid(problem);
}

export const boolean: Parser<boolean> = parser(
  "boolean",
  (word) => (word === "true" || word === "false" ? valid(word === "true") : invalid("true or false")),
  "boolean",
);

/** One of the words; with `anyCase`, of words in capitals that may be given in other letters. */
export function choice<const Choice extends string>(
  choices: readonly Choice[],
  { anyCase = false }: { readonly anyCase?: boolean } = {},
): Parser<Choice> {
  const type = choices.map((word) => `\`${word}\``).join(", ");
  const expected = choices.length === 1 ? (choices[0] ?? "") : `one of ${choices.join(", ")}`;
  const parse = (given: string): Parsed<Choice> => {
    const word = choices.find((known) => known === (anyCase ? given.toUpperCase() : given));
    return word === undefined ? invalid(expected) : valid(word);
  };
  return { ...parser(type, parse, "number"), choices };
}

export function integer(min: number, max: number): Parser<number> {
  const read = (digits: string): number | null => (/^-?\d{1,15}$/.test(digits) ? Number(digits) : null);
  return bounded("integer", "a whole number", read, String(min), String(max), "number");
}

/** Milliseconds. */
export function duration(min: string, max: string): Parser<number> {
  return bounded("duration", "a duration such as 90s, 5m, 6h or 1d,", parseDuration, min, max);
}

/** Bytes. */
export function size(min: string, max: string): Parser<number> {
  return bounded("size", "a size such as 16MB or 16MiB,", parseSize, min, max);
}

/** A share, 0 to 1. Plain numbers are refused: 0.8 could be less than one percent. */
export function percent(min: string, max: string): Parser<number> {
  const read = (share: string): number | null => {
    const digits = /^(\d{1,3})%$/.exec(share)?.[1];
    return digits === undefined ? null : Number(digits) / 100;
  };
  return bounded("percent", "a percentage such as 80%,", read, min, max);
}

/** Both bounds are valid themselves. */
function bounded(
  name: string,
  noun: string,
  read: (given: string) => number | null,
  min: string,
  max: string,
  yaml?: "number",
): Parser<number> {
  const [least, most] = [read(min) ?? 0, read(max) ?? 0];
  const parse = (given: string): Parsed<number> => {
    const value = read(given);
    const isWithin = value !== null && value >= least && value <= most;
    return isWithin ? valid(value) : invalid(`${noun} from ${min} to ${max}`);
  };
  return parser(`${name}, ${min} to ${max}`, parse, yaml);
}

const UNIT_MS: Readonly<Record<string, number>> = { s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** Reads `90s`, `5m`, `6h`, `1d` as milliseconds; null for anything else: no fractions, no sign, no sums. */
export function parseDuration(given: string): number | null {
  const [, digits, unit = ""] = /^(\d{1,9})([smhd])$/.exec(given) ?? [];
  return digits === undefined ? null : Number(digits) * (UNIT_MS[unit] ?? Number.NaN);
}

/** The shortest text that `parseDuration` reads back: `90s`, `1d`. Cut to whole seconds. */
export function formatDuration(ms: number): string {
  const unit = ms === 0 ? "s" : (["d", "h", "m"].find((name) => ms % (UNIT_MS[name] ?? 1) === 0) ?? "s");
  return `${Math.floor(ms / (UNIT_MS[unit] ?? 1))}${unit}`;
}

const UNIT_BYTES: Readonly<Record<string, number>> = {
  B: 1,
  kB: 1000,
  KB: 1000,
  MB: 1_000_000,
  GB: 1_000_000_000,
  KiB: 1024,
  MiB: 1_048_576,
  GiB: 1_073_741_824,
};

/** Reads `16MB` (16,000,000 bytes) and `16MiB` (16,777,216 bytes); null for anything else. */
export function parseSize(given: string): number | null {
  const [, digits, unit = ""] = /^(\d{1,12})([kKMG]?i?B)$/.exec(given) ?? [];
  const bytes = UNIT_BYTES[unit];
  return digits === undefined || bytes === undefined ? null : Number(digits) * bytes;
}

// The values below would work, but are always mistakes, so they are refused: they made folders named `~` or
// `"s3:` on a container's own disk, and logins that failed for another reason.

const QUOTES = `"'\`“”‘’`;
export const UNQUOTED =
  "a value without quotes around it (docker's --env-file takes quotes as part of the value; so does a variable set to quoted text)";

/** Whether a text begins or ends with a quote, which a shell would have removed. */
export function hasQuote(given: string): boolean {
  return given !== "" && (QUOTES.includes(given.at(0) ?? "") || QUOTES.includes(given.at(-1) ?? ""));
}

function isQuoted(given: string): boolean {
  if (given.length < 2) return false;
  const ends = `${given.at(0)}${given.at(-1)}`;
  return ends === "“”" || ends === "‘’" || (ends[0] === ends[1] && QUOTES.includes(ends[0] ?? ""));
}

/** Why a text is not a path: a shell, or a program with a protocol of that name, would have read it differently. */
export function pathProblem(name: string): string | null {
  if (name.startsWith("~")) return "a path without ~, which only a shell replaces with a home folder";
  if (name.startsWith("$") || name.includes("${")) return "a path without a variable: variables are not replaced here";
  // One letter before the colon is a Windows drive.
  const scheme = /^([a-z][a-z0-9+.-]+):/i.exec(name)?.[1];
  if (scheme !== undefined) return `a path; for a folder named ${scheme}: write ./${scheme}:`;
  return name === name.trim() ? null : "a path without blanks at its ends";
}
