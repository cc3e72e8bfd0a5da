import type { Problem } from "../errors.ts";
import { expand } from "./expand.ts";
import type { ConfigFile } from "./file.ts";
import { CONFIG_FILE_VARIABLE, isMap } from "./file.ts";
import type { Setting, SettingName } from "./settings.ts";
import { fileKey, filePath, SECTIONS, SETTING_BY_NAME, SETTINGS } from "./settings.ts";
import { nearest } from "./suggest.ts";
import { quotedVariable } from "./unmeant.ts";

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the command line says about one setting. */
export interface GivenOption {
  /** For messages: `--business-unit`. */
  readonly option: string;
  readonly text: string;
}
export type GivenOptions = { readonly [Name in SettingName]?: GivenOption };

/** A setting as one layer gives it. */
export interface Given {
  readonly setting: Setting;
  /** For messages: the variable, `etl.overlap (pardot-etl.yaml)` or the option. */
  readonly path: string;
  /** Trimmed; null when it is no text at all, or one that could not be completed. */
  readonly text: string | null;
  /** Whether what is wrong with it stands among the problems already. */
  readonly isReported: boolean;
  /** The text as it may be shown: no secret, nothing that a variable brought in. */
  readonly shown: string;
}

/** What one layer gives, by name. */
export type Layer = ReadonlyMap<string, Given>;

const HIDDEN = "***";
const SHOWN_CHARS_MAX = 100;

/** What a file gives. */
export interface FileLayer {
  readonly layer: Layer;
  /** The section of overrides with variables put in, and what was wrong with that. */
  readonly catalog: unknown;
  readonly catalogProblems: readonly Problem[];
  /** Every variable that a text of the file refers to. */
  readonly references: ReadonlySet<string>;
}

/** What the file gives; what its other sections may not hold goes into `problems`. */
export function fileLayer(file: ConfigFile, env: Environment, problems: Problem[]): FileLayer {
  const name = file.name ?? "";
  const layer = new Map<string, Given>();
  const references = new Set<string>();
  const report = (path: string, value: string | null, expected: string, into: Problem[] = problems): void => {
    into.push({ path: `${path} (${name})`, value, expected });
  };
  const expandAt = (path: string, text: string, into: Problem[] = problems): string | null => {
    const { text: expanded, names, missing } = expand(text, env);
    for (const reference of names) references.add(reference);
    for (const reference of missing) {
      report(path, `\${${reference}}`, `a variable that is set: ${reference} is not`, into);
    }
    return missing.length === 0 ? expanded : null;
  };
  for (const key of Object.keys(file.root)) {
    if (key !== "catalog" && !SECTIONS.some((section) => section === key)) {
      report(key, HIDDEN, unknownKey(key, [...SECTIONS, "catalog"]));
    }
  }
  for (const section of SECTIONS) {
    const data = file.root[section] ?? {};
    if (!isMap(data)) {
      report(section, describe(data), "a map of settings");
      continue;
    }
    const rows = SETTINGS.filter((setting) => fileKey(setting.env).section === section);
    const keys = new Map<string, Setting>(rows.map((setting) => [fileKey(setting.env).key, setting]));
    for (const [key, raw] of Object.entries(data)) {
      const setting = keys.get(key);
      const path = `${section}.${key}`;
      if (setting === undefined) {
        report(path, HIDDEN, unknownKey(path, [...SETTING_BY_NAME.keys()].map(filePath)));
        continue;
      }
      const text = fileText(setting, raw);
      if (raw === null || text === "") continue;
      const expanded = text === null ? null : expandAt(path, text);
      if (text !== null && expanded === null) {
        layer.set(setting.env, { setting, path: `${path} (${name})`, text: null, isReported: true, shown: text });
        continue;
      }
      const shown = text === null ? shownRaw(setting, raw) : shownText(setting, text);
      layer.set(setting.env, {
        setting,
        path: `${path} (${name})`,
        text: expanded?.trim() ?? null,
        isReported: false,
        shown,
      });
    }
  }
  const catalogProblems: Problem[] = [];
  const catalog = expandDeep("catalog", file.root["catalog"], (path, text) => expandAt(path, text, catalogProblems));
  return { layer, catalog, catalogProblems, references };
}

/** What the environment gives. A `PARDOT_*` variable that nobody knows is a problem: it is a slip, or has no effect. */
export function environmentLayer(env: Environment, references: ReadonlySet<string>, problems: Problem[]): Layer {
  const layer = new Map<string, Given>();
  const known: readonly string[] = [...SETTING_BY_NAME.keys(), CONFIG_FILE_VARIABLE];
  for (const [name, value] of Object.entries(env)) {
    const setting = SETTING_BY_NAME.get(name as SettingName);
    const text = value?.trim() ?? "";
    if (setting !== undefined && text !== "") {
      layer.set(name, { setting, path: name, text, isReported: false, shown: shownText(setting, text) });
    }
    const quoted = quotedVariable(name, text);
    if (quoted !== null) problems.push({ path: name, value: HIDDEN, expected: quoted });
    if (name.startsWith("PARDOT_") && !known.includes(name) && !references.has(name)) {
      const guess = nearest(name, known);
      const expected = "a variable that this version knows";
      const tail = guess === null ? "" : `; did you mean ${guess}?`;
      problems.push({ path: name, value: HIDDEN, expected: `${expected}${tail}` });
    }
  }
  return layer;
}

/** What the command line gives. */
export function optionLayer(options: GivenOptions): Layer {
  const layer = new Map<string, Given>();
  for (const setting of SETTINGS) {
    const given = options[setting.env];
    if (given === undefined) continue;
    const shown = shownText(setting, given.text);
    layer.set(setting.env, { setting, path: given.option, text: given.text.trim(), isReported: false, shown });
  }
  return layer;
}

/** A file's value as the text that the reader of its kind takes; null when its type is wrong. */
function fileText(setting: Setting, raw: unknown): string | null {
  if (typeof raw === "string") return raw;
  if (typeof raw === "number" && (setting.kind === "integer" || setting.kind === "choice")) return String(raw);
  if (typeof raw === "boolean" && setting.kind === "boolean") return String(raw);
  const isNames = Array.isArray(raw) && raw.every((item) => typeof item === "string");
  return isNames && setting.kind === "objects" ? raw.join(",") : null;
}

function shownText(setting: Setting, text: string): string {
  if (setting.kind === "secret") return HIDDEN;
  // Credentials and queries do not belong into an address, but people paste them there.
  const safe = text.replace(/\/\/[^/]*@/, `//${HIDDEN}@`).replace(/[?#].*$/s, `?${HIDDEN}`);
  return safe.length > SHOWN_CHARS_MAX ? `${safe.slice(0, SHOWN_CHARS_MAX)}…` : safe;
}

/** A number or a boolean stands as it is; what is larger may hold anything and is only named. */
function shownRaw(setting: Setting, raw: unknown): string {
  return typeof raw === "number" || typeof raw === "boolean" ? shownText(setting, String(raw)) : describe(raw);
}

function describe(raw: unknown): string {
  if (Array.isArray(raw)) return "a list";
  return isMap(raw) ? "a map" : `a ${typeof raw}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const asVariable = SETTING_BY_NAME.get(key.toUpperCase() as SettingName);
  const guess = asVariable === undefined ? nearest(key, known) : filePath(asVariable.env);
  return `a key that this version knows${guess === null ? "" : `; did you mean ${guess}?`}`;
}

/** Expands every text below; one with a missing variable stays as it is (it has been reported). */
function expandDeep(path: string, data: unknown, expandAt: (path: string, text: string) => string | null): unknown {
  if (typeof data === "string") return expandAt(path, data) ?? data;
  if (Array.isArray(data)) return data.map((item, index) => expandDeep(`${path}.${index}`, item, expandAt));
  if (!isMap(data)) return data;
  return Object.fromEntries(
    Object.entries(data).map(([key, value]) => [key, expandDeep(`${path}.${key}`, value, expandAt)]),
  );
}
