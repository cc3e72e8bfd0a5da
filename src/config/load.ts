import { tmpdir } from "node:os";
import type { CatalogObject } from "../catalog/catalog.ts";
import { catalog as builtIn } from "../catalog/index.ts";
import type { Problem } from "../errors.ts";
import { assert, ConfigError } from "../errors.ts";
import { systemClock } from "../platform/clock.ts";
import type { Clock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import type { Random } from "../platform/random.ts";
import { isReference, readReference } from "../secrets/reference.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { CommittedConfig, Config, DestinationConfig, NotifyConfig } from "./config.ts";
import type { ConfigFile } from "./file.ts";
import { CONFIG_FILE_VARIABLE, readConfigFile } from "./file.ts";
import type { Values } from "./given.ts";
import type { Environment, GivenOptions, Layer } from "./layers.ts";
import { environmentLayer, fileLayer, optionLayer } from "./layers.ts";
import { readWebhookUrl } from "./notify.ts";
import { resolveCommitted, resolveConfig, resolveDestination } from "./resolve.ts";
import { Secret } from "../secrets/secret.ts";
import type { Setting, SettingName } from "./settings.ts";
import { SETTINGS } from "./settings.ts";
import type { ReadContext, WarehouseChoice } from "./values.ts";
import { readValue } from "./values.ts";
import type { Parsed } from "../errors.ts";

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
  /** Ends the waiting for AWS where references are followed. Default: nothing does. */
  readonly signal?: AbortSignal;
  /** The time and dice of pauses between attempts to reach AWS. Default: this machine's. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Told of each secret that was read, so that it can be kept out of whatever is printed. */
  readonly onSecret?: (secret: Secret) => void;
}

/**
 * Loads all that a run needs. Throws one `ConfigError` that lists every problem, before any call is made; then the
 * references to secrets are followed, and what `followReferences` throws lists every one that cannot be.
 */
export async function loadConfig(input: ConfigInput): Promise<Config> {
  return load(input, resolveConfig, () => true);
}

/** Loads what reading again all that was committed needs: nothing of Pardot's. Else as `loadConfig`. */
export async function loadCommitted(input: ConfigInput): Promise<CommittedConfig> {
  return load(input, resolveCommitted, (setting) => setting.onlyFor === "snowflake");
}

/** Loads what a look at the destination needs: no credentials and no business unit, and no reference is followed. */
export async function loadDestination(input: ConfigInput): Promise<DestinationConfig> {
  return load(input, resolveDestination, () => false);
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

/**
 * Who hears of a run whose configuration is faulty, as far as their own settings are good; a reference in their place is
 * followed. Never throws.
 */
export async function loadNotify(
  input: ConfigInput,
): Promise<{ readonly businessUnitId: string | null; readonly notify: NotifyConfig }> {
  const { given, isWhole } = await readSettings(input, []);
  const wanted = [...given.references.values()].filter(
    ({ setting }) => setting.env === ("PARDOT_ETL_WEBHOOK_URL" satisfies SettingName),
  );
  const followed = wanted.length === 0 ? given : await follow(given, wanted, input, []).catch(() => given);
  const values = asValues(followed, isWhole);
  const snsTopic = values.get("PARDOT_ETL_SNS_TOPIC_ARN");
  const webhook = values.get("PARDOT_ETL_WEBHOOK_URL");
  const webhookUrl = webhook !== null && readWebhookUrl(webhook.reveal()) !== null ? webhook : null;
  return { businessUnitId: values.get("PARDOT_BUSINESS_UNIT_ID"), notify: { snsTopic, webhookUrl } };
}

async function load<Result>(
  input: ConfigInput,
  resolve: (
    values: Values,
    catalog: readonly CatalogObject[],
    problems: Problem[],
  ) => Result | null | Promise<Result | null>,
  follows: (setting: Setting) => boolean,
): Promise<Result> {
  const problems: Problem[] = [];
  const { given, isWhole, catalog } = await readSettings(input, problems);
  // With the references still open, so that everything else that is wrong is told before AWS is asked for anything.
  const result = await resolve(asValues(given, isWhole), catalog, problems);
  if (problems.length > 0) throw configError(problems);
  const wanted = [...given.references.values()].filter(({ setting }) => follows(setting));
  if (wanted.length === 0) return complete(result);
  const followed = await follow(given, wanted, input, problems);
  const whole = await resolve(asValues(followed, isWhole), catalog, problems);
  if (problems.length > 0) throw configError(problems);
  return complete(whole);
}

/** Each setting by itself, before they are fitted together. */
async function readSettings(
  input: ConfigInput,
  problems: Problem[],
): Promise<{ readonly given: ReadLayers; readonly isWhole: boolean; readonly catalog: readonly CatalogObject[] }> {
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
  // What the command line names for once is not what is configured. Its problems are those of all layers.
  const configured = readLayers(layers.slice(0, -1), context, []).configured;
  const given = { ...readLayers(layers, context, problems), configured };
  const ownSecrets = [...given.values.values()].filter((value) => value instanceof Secret);
  for (const secret of ownSecrets) input.onSecret?.(secret);
  return { given, isWhole: file.isWhole, catalog };
}

/** Puts the secrets in the place of the wanted references. */
async function follow(
  given: ReadLayers,
  wanted: readonly GivenReference[],
  input: ConfigInput,
  problems: Problem[],
): Promise<ReadLayers> {
  // Loaded here because most configurations hold no reference.
  const { followReferences } = await import("../secrets/follow.ts");
  const { clock = systemClock, random = systemRandom, signal = new AbortController().signal } = input;
  const secrets = await followReferences(wanted, { clock, random, signal });
  const values = new Map(given.values);
  const bad = new Set(given.bad);
  const context: ReadContext = { cwd: input.cwd, objects: [] };
  for (const { setting, path, reference } of wanted) {
    const secret = secrets.get(reference.text);
    assert(secret !== undefined, `there is a secret for ${reference.text}`);
    input.onSecret?.(secret);
    const reading = readValue(setting.kind, secret.reveal(), setting, context);
    if (reading.ok) values.set(setting.env, reading.value);
    else problems.push({ path, value: reference.text, expected: reading.expected });
    if (!reading.ok) bad.add(setting.env);
  }
  return { ...given, values, bad, followed: wanted.map(({ reference }) => reference) };
}

function complete<Result>(result: Result | null): Result {
  assert(result !== null, "a configuration without problems is complete");
  return result;
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

/** A reference that stands in the place of a setting's secret. */
interface GivenReference {
  readonly setting: Setting;
  readonly path: string;
  readonly reference: SecretReference;
}

/** What the layers give, by the setting's name. */
interface ReadLayers {
  readonly values: ReadonlyMap<string, unknown>;
  readonly paths: ReadonlyMap<string, string>;
  /** What was given and is bad. */
  readonly bad: ReadonlySet<string>;
  readonly references: ReadonlyMap<string, GivenReference>;
  readonly followed: readonly SecretReference[];
  /** The objects; null when what was given is bad. */
  readonly configured: readonly string[] | null;
}

/**
 * Reads every value of every layer, so that a bad one is reported even where a later layer hides it; the last layer
 * that gives a setting decides.
 */
function readLayers(layers: readonly Layer[], context: ReadContext, problems: Problem[]): ReadLayers {
  const values = new Map<string, unknown>();
  const paths = new Map<string, string>();
  const bad = new Set<string>();
  const references = new Map<string, GivenReference>();
  for (const setting of SETTINGS as readonly Setting[]) {
    const warehouse = values.get("PARDOT_ETL_WAREHOUSE" satisfies SettingName) as WarehouseChoice | undefined;
    if (setting.onlyFor !== undefined && setting.onlyFor !== warehouse?.kind) continue;
    for (const layer of layers) {
      const given = layer.get(setting.env);
      if (given === undefined) continue;
      paths.set(setting.env, given.path);
      for (const earlier of [bad, references]) earlier.delete(setting.env);
      values.delete(setting.env);
      const isElsewhere = setting.kind === "secret" && isReference(given.text ?? "");
      const reference = isElsewhere ? readReference(given.text ?? "") : null;
      const reading = reference ?? readGiven(given.text, setting, context);
      if (!reading.ok) {
        bad.add(setting.env);
        if (!given.isReported) problems.push({ path: given.path, value: given.shown, expected: reading.expected });
      } else if (reference?.ok === true) {
        references.set(setting.env, { setting, path: given.path, reference: reference.value });
      } else {
        values.set(setting.env, reading.value);
      }
    }
    if (!paths.has(setting.env) && setting.default !== null) {
      const reading = readValue(setting.kind, setting.default, setting, context);
      if (reading.ok) values.set(setting.env, reading.value);
    }
  }
  const configured = (values.get("PARDOT_ETL_OBJECTS" satisfies SettingName) as readonly string[] | undefined) ?? null;
  return { values, paths, bad, references, followed: [], configured };
}

function asValues({ values, paths, bad, references, followed, configured }: ReadLayers, isWhole: boolean): Values {
  const isAway = (name: string): boolean => references.has(name) && !values.has(name);
  return {
    get: (name) => (bad.has(name) ? null : ((values.get(name) ?? null) as never)),
    isOpen: (name: SettingName) => bad.has(name) || isAway(name) || (!isWhole && !paths.has(name)),
    referenceOf: (name) => references.get(name)?.reference ?? null,
    pathOf: (name) => paths.get(name) ?? name,
    followed,
    configuredObjects: configured,
    tmpDirDefault: tmpdir(),
  };
}

/** Any text but an empty one is its reader's to judge; the empty one and what is no text are refused for all. */
function readGiven(text: string | null, setting: Setting, context: ReadContext): Parsed<unknown> {
  const reading = readValue(setting.kind, text ?? "", setting, context);
  if (text !== null && text !== "") return reading;
  return { ok: false, expected: reading.ok ? "text; put it in quotes" : reading.expected };
}
