import type { Config, DestinationConfig } from "./config/config.ts";
import { loadConfig } from "./config/load.ts";
import type { ConfigInput } from "./config/load.ts";
import { redact, secretsIn, secretsOfProcess } from "./config/redact.ts";
import { COMMITTED, DESTINATION, REPORT } from "./config/sections.ts";
import type { SettingName } from "./config/settings.ts";
import type { OnEvent } from "./events.ts";
import { run } from "./notify/run.ts";
import type {
  CheckResult,
  PlanResult,
  RunOptions,
  RunResult,
  StatusOptions,
  StatusResult,
  VerifyOptions,
  VerifyResult,
} from "./operations/api.ts";
import { check } from "./operations/check/check.ts";
import { plan } from "./operations/plan/plan.ts";
import { report } from "./operations/report/report.ts";
import { rows } from "./operations/rows.ts";
import type { Row } from "./operations/rows.ts";
import { withRuntime } from "./operations/runtime.ts";
import type { Runtime } from "./operations/runtime.ts";
import { status } from "./operations/status/status.ts";
import { verify } from "./operations/verify/verify.ts";
import { runPage } from "./report/page/page.ts";
import { NEVER, systemClock } from "./platform/clock.ts";
import { ownEnvironment } from "./platform/environment.ts";
import { systemRandom } from "./platform/random.ts";

/** Settings by the name of their environment variable (docs/configuration.md), as text. */
export type Settings = { readonly [Name in SettingName]?: string };

export interface PardotEtlOptions {
  /** Override the environment and the file. */
  readonly settings?: Settings;
  /** Default: the process's own. */
  readonly env?: ConfigInput["env"];
  /** Relative paths start here. Default: the working folder. */
  readonly cwd?: string;
  /** A configuration file. Default: `PARDOT_ETL_CONFIG` (a path, or the JSON itself), else `pardot-etl.yaml` if it is there. */
  readonly configFile?: string;
  /** Aborted to stop: nothing new is started, and what is in flight gets `PARDOT_ETL_STOP_GRACE`. */
  readonly signal?: AbortSignal;
  /** Called with everything that happens. Default: nothing listens. */
  readonly onEvent?: OnEvent;
}

/** Options of a run, and which objects: names, groups and patterns; default: `PARDOT_ETL_OBJECTS`. */
export type ObjectOptions = RunOptions & { readonly objects?: readonly string[] };

/** The commands as functions. Each loads the configuration and throws `ConfigError` with every problem of it. */
export interface PardotEtl {
  /** One incremental run; a failure of an object is in the result, one that keeps the run from starting is thrown. */
  run(options?: ObjectOptions): Promise<RunResult>;
  /** What `run` would do, with a few calls. */
  plan(options?: ObjectOptions): Promise<PlanResult>;
  check(): Promise<CheckResult>;
  status(options?: Partial<StatusOptions>): Promise<StatusResult>;
  /** Rereads the committed files; `objects` are names, groups and patterns. Makes no call to Pardot. */
  verify(options?: Partial<VerifyOptions>): Promise<VerifyResult>;
  /**
   * The run as one self-contained page of HTML; default: the newest run. Makes no call to Pardot. Throws `UsageError` if
   * there is no such run.
   */
  report(runId?: string): Promise<string>;
  /** The rows of an object's committed files, the newest version of a record last. Makes no call to Pardot. */
  rows(object: string): AsyncIterable<Row>;
}

/** Opens nothing and makes no call: each function does, and closes what it has opened. */
export function createPardotEtl(options: PardotEtlOptions = {}): PardotEtl {
  const { signal = NEVER, onEvent = (): void => undefined } = options;
  const load = async (objects?: readonly string[]): Promise<Config> => loadConfig(inputOf(options, objects));
  const withPardot = async <T>(config: Config, work: (runtime: Runtime) => Promise<T>): Promise<T> =>
    withRuntime({ signal, onEvent, pardot: config.pardot }, work);
  return {
    async run({ objects, ...range } = {}) {
      const config = await load(objects);
      return withPardot(config, (runtime) => run(config, range, runtime));
    },
    async plan({ objects, ...range } = {}) {
      const config = await load(objects);
      return withPardot(config, (runtime) => plan(config, range, runtime));
    },
    async check() {
      const config = await load();
      return withPardot(config, (runtime) => check(config, runtime));
    },
    async status({ maxAgeMs = null } = {}) {
      const config: DestinationConfig = await loadConfig(inputOf(options), DESTINATION);
      return withRuntime({ signal, onEvent, pardot: null }, (runtime) => status(config, runtime, { maxAgeMs }));
    },
    async verify({ objects: given, ...wishes } = {}) {
      const config = await loadConfig(inputOf(options, given ?? []), COMMITTED);
      const objects = (given ?? []).length === 0 ? null : config.etl.objects;
      return withRuntime({ signal, onEvent, pardot: null }, (runtime) =>
        verify(config, { ...wishes, objects }, runtime),
      );
    },
    async report(runId) {
      const config = await loadConfig(inputOf(options), REPORT);
      const found = await withRuntime({ signal, onEvent, pardot: null }, (runtime) =>
        report(config, runId ?? null, runtime),
      );
      const secrets = [...secretsIn(config), ...secretsOfProcess()];
      return runPage(found, (text) => redact(text, secrets));
    },
    async *rows(object) {
      const config: DestinationConfig = await loadConfig(inputOf(options), DESTINATION);
      yield* rows(config, object, { signal, clock: systemClock, random: systemRandom });
    },
  };
}

function inputOf(options: PardotEtlOptions, objects: readonly string[] = []): ConfigInput {
  const { settings = {}, env = ownEnvironment(), cwd = process.cwd(), configFile = null, signal } = options;
  // As arguments of the command line, which do not change which objects a complete run has.
  const chosen = objects.length === 0 ? {} : { PARDOT_ETL_OBJECTS: { option: "objects", text: objects.join(",") } };
  const input = { env: { ...env, ...settings }, cwd, configFile, options: chosen };
  return signal === undefined ? input : { ...input, signal };
}
