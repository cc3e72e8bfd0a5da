import type { CatalogEntry, CatalogObject } from "../catalog/catalog.ts";
import { entries as builtIn } from "../catalog/index.ts";
import { selectWays } from "../catalog/versions.ts";
import type { Parsed, Problem } from "../errors.ts";
import { assert, ConfigError, invalid } from "../errors.ts";
import { NEVER, systemClock } from "../platform/clock.ts";
import type { Clock } from "../platform/clock.ts";
import { systemRandom } from "../platform/random.ts";
import type { Random } from "../platform/random.ts";
import { isReference, readReference } from "../secrets/reference.ts";
import { Secret } from "../secrets/secret.ts";
import type { Config, NotifyConfig } from "./config.ts";
import { protectedCatalog } from "./columns.ts";
import type { ConfigFile } from "./file.ts";
import { CONFIG_FILE_VARIABLE, readConfigFile } from "./file.ts";
import type { Environment, Layer, OptionTexts } from "./layers.ts";
import { environmentLayer, fileLayer, optionLayer } from "./layers.ts";
import type { ParseContext, Parser } from "./parsers.ts";
import { EVERYTHING, readWebhookUrl, resolveObjects } from "./sections.ts";
import type { ConfigPart } from "./sections.ts";
import { SettingsReader } from "./settings-reader.ts";
import type { GivenSetting, ReadSettings } from "./settings-reader.ts";
import type { SettingName } from "./settings.ts";
import { SETTING_BY_NAME, SETTINGS } from "./settings.ts";
import type { WarehouseChoice } from "./special-parsers.ts";

/** Where a configuration comes from; later layers win: file, environment, options. */
export interface ConfigInput {
  /** The environment; the command line passes the process's own. */
  readonly env: Environment;
  /** The working folder: relative paths start here, and `pardot-etl.yaml` is looked for. */
  readonly cwd: string;
  /** `--config`; null: `PARDOT_ETL_CONFIG` (a path, or the JSON itself), else `pardot-etl.yaml` if it is there. */
  readonly configFile: string | null;
  /** The command line's texts for single settings. */
  readonly options: OptionTexts;
  /** Ends waiting for AWS while references are followed. Default: never aborted. */
  readonly signal?: AbortSignal;
  /** For pauses between attempts to reach AWS. Default: this machine's. */
  readonly clock?: Clock;
  readonly random?: Random;
  /** Called with each secret that was read, so that it can be kept out of all output. */
  readonly onSecret?: (secret: Secret) => void;
}

/**
 * Loads the configuration, all that a run needs or one part. Throws one `ConfigError` that lists every problem, before
 * any call is made. Then follows the references to secrets that the part needs; `resolveReferences` throws one error
 * that lists all that fail.
 */
export async function loadConfig<Result>(input: ConfigInput, part: ConfigPart<Result>): Promise<Result>;
export async function loadConfig(input: ConfigInput): Promise<Config>;
export async function loadConfig(input: ConfigInput, part: ConfigPart<unknown> = EVERYTHING): Promise<unknown> {
  const problems: Problem[] = [];
  const { settings, catalog } = await readSettings(input, problems);
  // Before references are followed, so that all other problems are reported before any call to AWS.
  const result = await part.resolve(new SettingsReader(settings, problems), catalog);
  if (problems.length > 0) throw configError(problems);
  const followed = await follow(settings, part.needsSecret, input, problems);
  if (followed === settings) return complete(result);
  const whole = await part.resolve(new SettingsReader(followed, problems), catalog);
  if (problems.length > 0) throw configError(problems);
  return complete(whole);
}

/**
 * The catalog as PARDOT_API_VERSION reads it, with the overrides of the configuration file, if there is one; and the
 * objects that the command line names, all without names. Reads no other setting. Throws `ConfigError` for a file that
 * cannot be read, and for a version, names or overrides that do not fit.
 */
export async function loadCatalog(
  input: ConfigInput,
): Promise<{ readonly catalog: readonly CatalogObject[]; readonly objects: readonly string[] }> {
  const problems: Problem[] = [];
  const file = await readConfigFile(namedFile(input), input.cwd, problems);
  const fromFile = fileLayer(file, input.env, []);
  problems.push(...fromFile.catalogProblems);
  const entries = await readCatalog(fromFile.catalog, file, problems);
  const context: ParseContext = { cwd: input.cwd, objects: entries };
  const environment = environmentLayer(input.env, fromFile.references, []);
  const options = optionLayer({ PARDOT_ETL_OBJECTS: { option: "", text: "*" }, ...input.options });
  const given = new Map([
    ...readLayers([fromFile.layer, environment], context, problems, ["PARDOT_API_VERSION"]),
    ...readLayers([options], context, problems, ["PARDOT_ETL_OBJECTS"]),
  ]);
  const columns = { given: fromFile.columns, file: file.name ?? "" };
  const configuredObjects = given.get("PARDOT_ETL_OBJECTS");
  const read = { given, followed: [], configuredObjects, columns, isWhole: file.isWhole };
  const settings = new SettingsReader(read, problems);
  const selected = resolveObjects(settings, entries);
  const offered = selectWays(entries, settings.get("PARDOT_API_VERSION") ?? "auto");
  const catalog = protectedCatalog(offered, { entries, chosen: [], columns }, problems);
  if (problems.length > 0) throw configError(problems);
  return { catalog, objects: complete(selected).objects };
}

/**
 * The channels that are notified of a run whose configuration is invalid, those of them that are valid themselves.
 * Follows a reference in place of the webhook's address. Never throws.
 */
export async function loadNotify(
  input: ConfigInput,
): Promise<{ readonly businessUnitId: string | null; readonly notify: NotifyConfig }> {
  const { settings: read } = await readSettings(input, []);
  const name = "PARDOT_ETL_WEBHOOK_URL";
  const followed = await follow(read, (wanted) => wanted === name, input, []).catch(() => read);
  const settings = new SettingsReader(followed, []);
  const webhook = settings.get(name);
  const isUsable = webhook !== null && readWebhookUrl(webhook.reveal()) !== null;
  const notify = {
    about: settings.get("PARDOT_ETL_NOTIFY") ?? "all",
    snsTopic: settings.get("PARDOT_ETL_SNS_TOPIC_ARN"),
    webhookUrl: isUsable ? webhook : null,
  };
  return { businessUnitId: settings.get("PARDOT_BUSINESS_UNIT_ID"), notify };
}

/** Reads each setting alone, and the catalog. */
async function readSettings(
  input: ConfigInput,
  problems: Problem[],
): Promise<{ readonly settings: ReadSettings; readonly catalog: readonly CatalogEntry[] }> {
  const file = await readConfigFile(namedFile(input), input.cwd, problems);
  const fromFile = fileLayer(file, input.env, problems);
  const layers = [
    fromFile.layer,
    environmentLayer(input.env, fromFile.references, problems),
    optionLayer(input.options),
  ];
  problems.push(...fromFile.catalogProblems);
  const catalog = await readCatalog(fromFile.catalog, file, problems);
  const context: ParseContext = { cwd: input.cwd, objects: catalog };
  // Without the names on the command line. Problems of these layers are reported below, with those of all layers.
  const configuredObjects = readLayers(layers.slice(0, -1), context, []).get("PARDOT_ETL_OBJECTS");
  const given = readLayers(layers, context, problems);
  const columns = { given: fromFile.columns, file: file.name ?? "" };
  const settings = { given, followed: [], configuredObjects, columns, isWhole: file.isWhole };
  for (const { value } of settings.given.values()) if (value instanceof Secret) input.onSecret?.(value);
  return { settings, catalog };
}

/**
 * Reads every value of every layer, so that an invalid one is reported even if a later layer hides it; the last layer
 * that gives a setting wins. The settings of Snowflake are read only for that warehouse, because other programs share
 * them.
 */
function readLayers(
  layers: readonly Layer[],
  context: ParseContext,
  problems: Problem[],
  names?: readonly SettingName[],
): ReadonlyMap<SettingName, GivenSetting> {
  const settings = new Map<SettingName, GivenSetting>();
  for (const { env, parser, default: fallback } of SETTINGS) {
    if (names?.includes(env) === false) continue;
    const warehouse = settings.get("PARDOT_ETL_WAREHOUSE")?.value as WarehouseChoice | undefined;
    if (env.startsWith("SNOWFLAKE_") && warehouse?.kind !== "snowflake") continue;
    if (fallback !== null) {
      const parsed = parser.parse(fallback, context);
      if (parsed.ok) settings.set(env, { path: null, value: parsed.value, reference: null });
    }
    for (const { path, text, shown, isReported } of layers.flatMap((layer) => layer.get(env) ?? [])) {
      const isMeant = parser.isSecret === true && text !== null && isReference(text);
      const reference = isMeant ? readReference(text) : null;
      const parsed = reference ?? parseGiven(text, parser, context);
      if (!parsed.ok && !isReported) problems.push({ path, value: shown, expected: parsed.expected });
      settings.set(env, {
        path,
        value: parsed.ok && reference === null ? parsed.value : undefined,
        reference: reference?.ok === true ? reference.value : null,
      });
    }
  }
  return settings;
}

/** Parses a text; refuses an empty one, and a value that is not text. */
function parseGiven(text: string | null, parser: Parser<unknown>, context: ParseContext): Parsed<unknown> {
  const parsed = parser.parse(text ?? "", context);
  if (text !== null && text !== "") return parsed;
  return parsed.ok ? invalid("text; put it in quotes") : parsed;
}

/** Puts the secrets in place of the wanted references; returns the same settings if there are none. */
async function follow(
  settings: ReadSettings,
  isWanted: (name: SettingName) => boolean,
  input: ConfigInput,
  problems: Problem[],
): Promise<ReadSettings> {
  const wanted = [...settings.given].flatMap(([name, { path, reference }]) =>
    reference !== null && isWanted(name) ? [{ name, path: path ?? name, reference }] : [],
  );
  if (wanted.length === 0) return settings;
  // Loaded here because most configurations hold no reference.
  const { resolveReferences } = await import("../secrets/resolve.ts");
  const { clock = systemClock, random = systemRandom, signal = NEVER } = input;
  const secrets = await resolveReferences(wanted, { clock, random, signal });
  const given = new Map(settings.given);
  for (const { name, path, reference } of wanted) {
    const secret = secrets.get(reference.text);
    const setting = SETTING_BY_NAME.get(name);
    assert(secret !== undefined && setting !== undefined, `there is a secret for ${reference.text}`);
    input.onSecret?.(secret);
    const parsed = setting.parser.parse(secret.reveal(), { cwd: input.cwd, objects: [] });
    if (parsed.ok) given.set(name, { path, value: parsed.value, reference });
    else problems.push({ path, value: reference.text, expected: parsed.expected });
  }
  return { ...settings, given, followed: wanted.map(({ reference }) => reference) };
}

function complete<Result>(result: Result | null): Result {
  assert(result !== null, "a configuration without problems is complete");
  return result;
}

function configError(problems: readonly Problem[]): ConfigError {
  const count = problems.length === 1 ? "1 problem" : `${problems.length} problems`;
  return new ConfigError(`read the configuration: ${count}`, problems, {
    hint: "Correct these settings and try again; `pardot-etl help configuration` describes every setting.",
  });
}

async function readCatalog(
  overrides: unknown,
  file: ConfigFile,
  problems: Problem[],
): Promise<readonly CatalogEntry[]> {
  if (overrides === undefined || overrides === null) return builtIn;
  // Loaded here because the schema library costs more than everything else that reads a configuration.
  const { overrideCatalog } = await import("./catalog-overrides.ts");
  return overrideCatalog(builtIn, overrides, { name: file.name ?? "", written: file.root["catalog"] }, problems);
}

function namedFile({ configFile, env }: ConfigInput): { readonly path: string; readonly origin: string } | null {
  if (configFile !== null) return { path: configFile, origin: "--config" };
  const path = env[CONFIG_FILE_VARIABLE] ?? "";
  return path === "" ? null : { path, origin: CONFIG_FILE_VARIABLE };
}
