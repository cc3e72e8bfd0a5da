import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, expect } from "vitest";
import type { Config } from "../../src/config/config.ts";
import type { OptionTexts } from "../../src/config/layers.ts";
import { loadConfig } from "../../src/config/load.ts";
import { ConfigError } from "../../src/errors.ts";
import type { Problem } from "../../src/errors.ts";

/** The least that a configuration needs. */
export const GOOD = {
  PARDOT_BUSINESS_UNIT_ID: "0Uv000000000001AAA",
  PARDOT_CLIENT_ID: "3MVG9.key",
  PARDOT_CLIENT_SECRET: "s3cr3t-client",
  PARDOT_REFRESH_TOKEN: "s3cr3t-refresh",
  PARDOT_ETL_DESTINATION: "./data",
};
const SECRETS = ["s3cr3t-client", "s3cr3t-refresh"];

export interface Case {
  readonly env?: Readonly<Record<string, string>>;
  /** Written as pardot-etl.yaml. */
  readonly file?: string;
  readonly options?: OptionTexts;
  readonly configFile?: string;
}

let cwd: string;

/** Gives each test of a file a folder of its own, in which its configurations are loaded. */
export function useConfigFolder(): void {
  beforeEach(async () => {
    cwd = await mkdtemp(join(tmpdir(), "pardot-etl-config-"));
  });
  afterEach(() => rm(cwd, { recursive: true }));
}

export async function load({ env = {}, file, options = {}, configFile }: Case): Promise<Config> {
  if (file !== undefined) await writeFile(join(cwd, configFile ?? "pardot-etl.yaml"), file);
  return loadConfig({ env, cwd, options, configFile: configFile ?? null });
}

/** Every problem of a configuration that has to be refused with exit code 2, without a secret of `GOOD` in any of them. */
export async function problemsOf(given: Case): Promise<readonly Problem[]> {
  const error: unknown = await load(given).then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ConfigError)) throw new Error(`no ConfigError: ${inspect(error)}`);
  expect(error.exitCode).toBe(2);
  const printed = inspect(error, { depth: 10 }) + JSON.stringify(error.problems);
  for (const secret of SECRETS) expect(printed).not.toContain(secret);
  return error.problems;
}

/** Their paths, sorted. */
export async function pathsOf(given: Case): Promise<readonly string[]> {
  return (await problemsOf(given)).map((problem) => problem.path).toSorted();
}
