import { isAbsolute, join } from "node:path";
import { errnoOf } from "../errors.ts";
import type { Problem } from "../errors.ts";
import { NOT_REGULAR, readSmallFile } from "../platform/small-file.ts";
import type { SmallFile } from "../platform/small-file.ts";
import { hasQuote, pathProblem, UNQUOTED } from "./parsers.ts";

/**
 * Names the configuration file, so it cannot be in one; or is the configuration itself, as JSON that begins with `{`, for
 * containers that get variables but no files.
 */
export const CONFIG_FILE_VARIABLE = "PARDOT_ETL_CONFIG";
/** Read from the working folder if neither option nor variable names a file. */
export const CONFIG_FILE_DEFAULT = "pardot-etl.yaml";

/** A configuration file is some kilobytes; anything larger is the wrong file. */
const FILE_BYTES_MAX = 1_000_000;

/** A parsed file: plain data, not checked yet. `root` is an empty map if there is no file. */
export interface ConfigFile {
  /** As the operator named it; null: there is none. */
  readonly name: string | null;
  readonly root: Readonly<Record<string, unknown>>;
  /** Whether the whole file was understood; if not, a missing setting may be in it. */
  readonly isWhole: boolean;
}

const NO_FILE: ConfigFile = { name: null, root: {}, isWhole: true };

/**
 * Reads the named file, or `pardot-etl.yaml` of the working folder if it exists. JSON is read as YAML. Adds every
 * mistake to `problems`.
 */
export async function readConfigFile(
  named: { readonly path: string; readonly origin: string } | null,
  cwd: string,
  problems: Problem[],
): Promise<ConfigFile> {
  if (named?.origin === CONFIG_FILE_VARIABLE && named.path.trimStart().startsWith("{")) {
    return parseFile(named.path, CONFIG_FILE_VARIABLE, problems);
  }
  const name = named?.path ?? CONFIG_FILE_DEFAULT;
  const path = isAbsolute(name) ? name : join(cwd, name);
  const refuse = (expected: string): ConfigFile => {
    problems.push({ path: named?.origin ?? name, value: name, expected });
    return { name, root: {}, isWhole: false };
  };
  const unmeant = named === null ? null : hasQuote(name) ? UNQUOTED : pathProblem(name);
  if (unmeant !== null) return refuse(unmeant);
  let file: SmallFile;
  try {
    file = await readSmallFile(path, FILE_BYTES_MAX);
  } catch (error) {
    const code = errnoOf(error);
    return named === null && code === "ENOENT" ? NO_FILE : refuse(`a file that can be read (${code})`);
  }
  if (file.kind !== "text") return refuse(file.kind === "not-regular" ? NOT_REGULAR : "a file of at most 1 MB");
  return parseFile(file.text, name, problems);
}

async function parseFile(text: string, name: string, problems: Problem[]): Promise<ConfigFile> {
  const root = await parse(text, name, problems);
  return root === null ? { name, root: {}, isWhole: false } : { name, root, isWhole: true };
}

async function parse(text: string, name: string, problems: Problem[]): Promise<Record<string, unknown> | null> {
  // Loaded here because a container configured by its environment needs no parser.
  const { LineCounter, parseDocument } = await import("yaml");
  const lines = new LineCounter();
  // The parser's own messages quote the file and any secret in it; place and kind are enough to find the mistake.
  const document = parseDocument(text, { prettyErrors: false, lineCounter: lines });
  const faults = [...document.errors, ...document.warnings];
  for (const fault of faults) {
    const { line, col } = lines.linePos(fault.pos[0]);
    const kind = fault.code.toLowerCase().replaceAll("_", " ");
    problems.push({ path: `${name} line ${line}, column ${col}`, value: null, expected: `YAML or JSON (${kind})` });
  }
  if (faults.length > 0) return null;
  let data: unknown;
  try {
    data = document.toJS();
  } catch {
    problems.push({
      path: name,
      value: null,
      expected: "YAML in which every alias (*name) follows its anchor (&name)",
    });
    return null;
  }
  if (data === null || data === undefined) return {};
  if (isMap(data)) return data;
  problems.push({ path: name, value: null, expected: "a map with the sections pardot, etl, columns and catalog" });
  return null;
}

/** The kind of a value that may hold anything, for a message. */
export function describeValue(raw: unknown): string {
  if (Array.isArray(raw)) return "a list";
  return isMap(raw) ? "a map" : `a ${typeof raw}`;
}

export function isMap(data: unknown): data is Record<string, unknown> {
  return typeof data === "object" && data !== null && !Array.isArray(data) && !(data instanceof Date);
}
