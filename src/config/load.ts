import { tmpdir } from "node:os";
import type { CatalogObject } from "../catalog/catalog.ts";
import { catalog as builtIn } from "../catalog/index.ts";
import type { Problem } from "../errors.ts";
import { ConfigError } from "../errors.ts";
import type { Config, DestinationConfig } from "./config.ts";
import type { ConfigFile } from "./file.ts";
import { readConfigFile } from "./file.ts";
import type { Values } from "./given.ts";
import type { Environment, GivenOptions, Layer } from "./layers.ts";
import { environmentLayer, fileLayer, optionLayer } from "./layers.ts";
import { resolveConfig, resolveDestination } from "./resolve.ts";
import type { Setting, SettingName } from "./settings.ts";
import { CONFIG_FILE_VARIABLE, SETTINGS } from "./settings.ts";
import type { ReadContext, Reading, WarehouseChoice } from "./values.ts";
import { readValue } from "./values.ts";

/** Where a configuration comes from; later layers win: file, environment, options. */
export interface ConfigInput {
  /** The environment; the command line passes the process's own. */
  readonly env: Environment;
  /** The working folder: relative paths start here, and `pardot-etl.yaml` is looked for. */
  readonly cwd: string;
  /** `--config`; null: `PARDOT_ETL_CONFIG`, else `pardot-etl.yaml` if it is there. */
  readonly configFile: string | null;
  /** What the command line says of single settings. */
  readonly options: GivenOptions;
}

/** Loads all that a run needs. Throws one `ConfigError` that lists every problem; makes no call to anyone. */
export async function loadConfig(input: ConfigInput): Promise<Config> {
  return load(input, resolveConfig);
}

/** Loads what a look at the destination needs: no credentials and no business unit. Else as `loadConfig`. */
export async function loadDestination(input: ConfigInput): Promise<DestinationConfig> {
  return load(input, resolveDestination);
}

/**
 * The catalogue with the overrides of the configuration file, if there is one. Throws `ConfigError` for a file that
 * cannot be read or overrides that do not fit; no setting is looked at.
 */
export async function loadCatalog(input: ConfigInput): Promise<readonly CatalogObject[]> {
  const problems: Problem[] = [];
  const file = await readConfigFile(namedFile(input), input.cwd, problems);
  const { catalog: overrides, catalogProblems } = fileLayer(file, input.env, []);
  problems.push(...catalogProblems);
  const catalog = await readCatalog(overrides, file, problems);
  if (problems.length > 0) throw configError(problems);
  return catalog;
}

async function load<Result>(
  input: ConfigInput,
  resolve: (
    values: Values,
    catalog: readonly CatalogObject[],
    problems: Problem[],
  ) => Result | null | Promise<Result | null>,
): Promise<Result> {
  const problems: Problem[] = [];
  const file = await readConfigFile(namedFile(input), input.cwd, problems);
  const fromFile = fileLayer(file, input.env, problems);
  const layers = [
    fromFile.layer,
    environmentLayer(input.env, fromFile.references, problems),
    optionLayer(input.options),
  ];
  problems.push(...fromFile.catalogProblems);
  const catalog = await readCatalog(fromFile.catalog, file, problems);
  const context: ReadContext = { cwd: input.cwd, objects: catalog };
  const values = readLayers(layers, context, file.isWhole, problems);
  const result = await resolve(values, catalog, problems);
  if (problems.length === 0 && result !== null) return result;
  throw configError(problems);
}

function configError(problems: readonly Problem[]): ConfigError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new ConfigError(`read the configuration: ${count}`, problems, {
    hint: "correct what is named here, then try again; docs/configuration.md describes every setting",
  });
}

async function readCatalog(
  overrides: unknown,
  file: ConfigFile,
  problems: Problem[],
): Promise<readonly CatalogObject[]> {
  if (overrides === undefined || overrides === null) return builtIn;
  // Loaded here because the schema library costs more than all else that reads a configuration.
  const { overrideCatalog } = await import("./catalog-overrides.ts");
  return overrideCatalog(builtIn, overrides, { name: file.name ?? "", written: file.root["catalog"] }, problems);
}

function namedFile({ configFile, env }: ConfigInput): { readonly path: string; readonly origin: string } | null {
  if (configFile !== null) return { path: configFile, origin: "--config" };
  const path = env[CONFIG_FILE_VARIABLE] ?? "";
  return path === "" ? null : { path, origin: CONFIG_FILE_VARIABLE };
}

/**
 * Reads every value of every layer, so that a bad one is reported even where a later layer hides it; the last layer
 * that gives a setting decides.
 */
function readLayers(layers: readonly Layer[], context: ReadContext, isWhole: boolean, problems: Problem[]): Values {
  const values = new Map<string, unknown>();
  const paths = new Map<string, string>();
  const bad = new Set<string>();
  for (const setting of SETTINGS as readonly Setting[]) {
    const warehouse = values.get("PARDOT_ETL_WAREHOUSE" satisfies SettingName) as WarehouseChoice | undefined;
    if (setting.onlyFor !== undefined && setting.onlyFor !== warehouse?.kind) continue;
    for (const layer of layers) {
      const given = layer.get(setting.env);
      if (given === undefined) continue;
      paths.set(setting.env, given.path);
      bad.delete(setting.env);
      const reading = readGiven(given.text, setting, context);
      if (reading.ok) {
        values.set(setting.env, reading.value);
        continue;
      }
      bad.add(setting.env);
      if (!given.isReported) problems.push({ path: given.path, value: given.shown, expected: reading.expected });
    }
    if (!paths.has(setting.env) && setting.default !== null) {
      const reading = readValue(setting.kind, setting.default, setting, context);
      if (reading.ok) values.set(setting.env, reading.value);
    }
  }
  return {
    get: (name) => (bad.has(name) ? null : ((values.get(name) ?? null) as never)),
    isOpen: (name: SettingName) => bad.has(name) || (!isWhole && !paths.has(name)),
    pathOf: (name) => paths.get(name) ?? name,
    tmpDirDefault: tmpdir(),
  };
}

/** Any text but an empty one is its reader's to judge; the empty one and what is no text are refused for all. */
function readGiven(text: string | null, setting: Setting, context: ReadContext): Reading<unknown> {
  const reading = readValue(setting.kind, text ?? "", setting, context);
  if (text !== null && text !== "") return reading;
  return { ok: false, expected: reading.ok ? "text; put it in quotes" : reading.expected };
}
