import type { Problem } from "../errors.ts";
import type { ConfigFile } from "./file.ts";
import { CONFIG_FILE_VARIABLE, describeValue, isMap } from "./file.ts";
import { hasQuote, UNQUOTED } from "./parsers.ts";
import type { Setting, SettingName } from "./settings.ts";
import { filePath, SECTIONS, SETTING_BY_NAME, SETTINGS } from "./settings.ts";
import { didYouMean } from "./suggest.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** The command line's text for one setting. */
export interface OptionText {
  /** For messages: `--business-unit`. */
  readonly option: string;
  readonly text: string;
}
export type OptionTexts = { readonly [Name in SettingName]?: OptionText };

/** A setting as one layer gives it. */
export interface SettingText {
  /** For messages: the variable, `etl.overlap (pardot-etl.yaml)` or the option. */
  readonly path: string;
  /** Trimmed; null when it is not a text, or when a variable in it is not set. */
  readonly text: string | null;
  /** Whether its problem is reported already. */
  readonly isReported: boolean;
  /** The text as it may be shown: no secret, no variable's value. */
  readonly shown: string;
}

/** What one layer gives, by variable. */
export type Layer = ReadonlyMap<string, SettingText>;

const HIDDEN = "***";
const SHOWN_CHARS_MAX = 100;

export interface FileLayer {
  readonly layer: Layer;
  /** The sections of overrides and of columns with variables put in, and the problems of that. */
  readonly catalog: unknown;
  readonly columns: unknown;
  readonly catalogProblems: readonly Problem[];
  /** Every variable that the file refers to. */
  readonly references: ReadonlySet<string>;
}

/** Sections that hold no settings. */
const OTHER_SECTIONS = ["catalog", "columns"] as const;

/** Reads the file's sections. `problems` gets those of all sections that hold settings. */
export function fileLayer(file: ConfigFile, env: Environment, problems: Problem[]): FileLayer {
  const layer = new Map<string, SettingText>();
  const references = new Set<string>();
  const placeOf = (path: string): string => `${path} (${file.name ?? ""})`;
  const expandAt = (path: string, text: string, into: Problem[]): string | null => {
    const { text: expanded, names, missing } = expand(text, env);
    for (const name of names) references.add(name);
    for (const name of missing) {
      into.push({ path: placeOf(path), value: `\${${name}}`, expected: `a variable that is set: ${name} is not` });
    }
    return missing.length === 0 ? expanded : null;
  };
  for (const key of Object.keys(file.root)) {
    if ([...SECTIONS, ...OTHER_SECTIONS].some((section) => section === key)) continue;
    problems.push({ path: placeOf(key), value: HIDDEN, expected: unknownKey(key, [...SECTIONS, ...OTHER_SECTIONS]) });
  }
  for (const section of SECTIONS) {
    const data = file.root[section] ?? {};
    if (!isMap(data)) {
      problems.push({ path: placeOf(section), value: describeValue(data), expected: "a map of settings" });
      continue;
    }
    for (const [key, raw] of Object.entries(data)) {
      const path = `${section}.${key}`;
      const setting = SETTINGS.find(({ env: name }) => filePath(name) === path);
      if (setting === undefined) {
        const expected = unknownKey(path, [...SETTING_BY_NAME.keys()].map(filePath));
        problems.push({ path: placeOf(path), value: HIDDEN, expected });
        continue;
      }
      const text = fileText(setting, raw);
      if (raw === null || text === "") continue;
      const expanded = text === null ? null : expandAt(path, text, problems);
      const isReported = text !== null && expanded === null;
      const shown = text === null ? shownRaw(setting, raw) : isReported ? text : shownText(setting, text);
      layer.set(setting.env, { path: placeOf(path), text: expanded?.trim() ?? null, isReported, shown });
    }
  }
  const catalogProblems: Problem[] = [];
  const [catalog, columns] = OTHER_SECTIONS.map((section) =>
    expandDeep(section, file.root[section], (path, text) => expandAt(path, text, catalogProblems)),
  );
  return { layer, catalog, columns, catalogProblems, references };
}

/**
 * Variables of other programs that decide where data and secrets go, and whose readers take quotes as part of a value.
 */
const OTHERS: ReadonlySet<string> = new Set(
  (
    "AWS_REGION AWS_DEFAULT_REGION AWS_PROFILE AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY AWS_SESSION_TOKEN " +
    "AWS_ENDPOINT_URL AWS_ENDPOINT_URL_S3 HTTPS_PROXY https_proxy HTTP_PROXY http_proxy NO_PROXY no_proxy"
  ).split(" "),
);

/** Reads the environment. An unknown `PARDOT_*` variable is a problem: it is a typo, or has no effect. */
export function environmentLayer(env: Environment, references: ReadonlySet<string>, problems: Problem[]): Layer {
  const layer = new Map<string, SettingText>();
  const known: readonly string[] = [...SETTING_BY_NAME.keys(), CONFIG_FILE_VARIABLE];
  for (const [name, value] of Object.entries(env)) {
    const setting = SETTING_BY_NAME.get(name);
    const text = value?.trim() ?? "";
    if (setting !== undefined && text !== "") {
      layer.set(name, given(setting, name, text));
    }
    if (OTHERS.has(name) && hasQuote(text)) problems.push({ path: name, value: HIDDEN, expected: UNQUOTED });
    if (name.startsWith("PARDOT_") && !known.includes(name) && !references.has(name)) {
      const expected = `a variable that this version knows${didYouMean(name, known)}`;
      problems.push({ path: name, value: HIDDEN, expected });
    }
  }
  return layer;
}

export function optionLayer(options: OptionTexts): Layer {
  const layer = new Map<string, SettingText>();
  for (const setting of SETTINGS) {
    const option = options[setting.env];
    if (option !== undefined) layer.set(setting.env, given(setting, option.option, option.text));
  }
  return layer;
}

function given(setting: Setting, path: string, text: string): SettingText {
  return { path, text: text.trim(), isReported: false, shown: shownText(setting, text) };
}

/** A value of the file as text for its parser; null when its type is wrong. */
function fileText({ parser }: Setting, raw: unknown): string | null {
  if (typeof raw === "string") return raw;
  if (typeof raw === "number" || typeof raw === "boolean") return typeof raw === parser.yaml ? String(raw) : null;
  const isNames = Array.isArray(raw) && raw.every((item) => typeof item === "string");
  return isNames && parser.yaml === "list" ? raw.join(",") : null;
}

function shownText({ parser }: Setting, text: string): string {
  if (parser.isSecret === true) return HIDDEN;
  // Credentials and queries do not belong in an address, but people paste them there.
  const safe = text.replace(/\/\/[^/]*@/, `//${HIDDEN}@`).replace(/[?#].*$/s, `?${HIDDEN}`);
  return safe.length > SHOWN_CHARS_MAX ? `${safe.slice(0, SHOWN_CHARS_MAX)}…` : safe;
}

/** A number or a boolean is shown; a larger value may hold anything and is only named. */
function shownRaw(setting: Setting, raw: unknown): string {
  return typeof raw === "number" || typeof raw === "boolean" ? shownText(setting, String(raw)) : describeValue(raw);
}

function unknownKey(key: string, known: readonly string[]): string {
  const asVariable = SETTING_BY_NAME.get(key.toUpperCase());
  const guess = asVariable === undefined ? didYouMean(key, known) : `; did you mean ${filePath(asVariable.env)}?`;
  return `a key that this version knows${guess}`;
}

const VARIABLE = /\$(\$?)\{([^}]*)\}?/g;

/**
 * Replaces `${NAME}` by the variable's value; `$${` is a literal `${`. `names`: every variable in it. `missing`: those
 * that are not set or empty, and whatever else is between `${` and `}`.
 */
export function expand(text: string, env: Environment): { text: string; names: string[]; missing: string[] } {
  const names: string[] = [];
  const missing: string[] = [];
  const expanded = text.replaceAll(VARIABLE, (whole: string, escape: string, name: string) => {
    if (escape !== "") return whole.slice(1);
    names.push(name);
    const value = whole.endsWith("}") && Object.hasOwn(env, name) ? env[name] : undefined;
    if (value === undefined || value === "") missing.push(name);
    return value ?? "";
  });
  return { text: expanded, names, missing };
}

/** Expands every text below; one with a missing variable stays unchanged (it has been reported). */
function expandDeep(path: string, data: unknown, expandAt: (path: string, text: string) => string | null): unknown {
  if (typeof data === "string") return expandAt(path, data) ?? data;
  if (Array.isArray(data)) return data.map((item, index) => expandDeep(`${path}.${index}`, item, expandAt));
  if (!isMap(data)) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, expandDeep(`${path}.${key}`, value, expandAt)]),
  );
}
