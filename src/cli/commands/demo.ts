import { mkdir } from "node:fs/promises";
import { join, relative } from "node:path";
import type { Config } from "../../config/config.ts";
import { loadConfig } from "../../config/load.ts";
import { DataError, StorageError } from "../../errors.ts";
import { runSummary } from "../../report/run-summary.ts";
import { textTable } from "../../report/text-table.ts";
import type { RunResult } from "../../operations/api.ts";
import { resultOf } from "../../operations/run/outcome.ts";
import type { RunOutcome } from "../../operations/run/outcome.ts";
import { run } from "../../operations/run/run.ts";
import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
  startSimulator,
} from "../../simulator/index.ts";
import type { Simulator } from "../../simulator/index.ts";
import { folderError, isErrno } from "../../storage/local-errors.ts";
import { compactInstant } from "../../time/instant.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { lookOf, writeShown } from "../io.ts";
import { printError } from "../print-error.ts";
import { openReport } from "../report.ts";
import { runOperation } from "../operation.ts";
import { pluralize, formatNumber } from "../../text.ts";

/** Each demo writes to its own folder below this one in the working folder. */
const DEMO_FOLDER = "demo";

/** A zone with daylight saving time, as real accounts often have. */
const DEMO_ZONE = "America/New_York";

/** One of each process: an export, a query by pages, a single read. */
const DEMO_OBJECTS = "VisitorActivity,Tag,Account";

interface Comparison {
  readonly object: string;
  readonly table: string;
  readonly rows: number;
  /** Records that the runs so far could see; those deleted in between stay in the table. */
  readonly truth: number;
}

/**
 * A full load, a simulated day and an incremental load, with embedded parts only; compares the tables with the
 * simulator's data.
 */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const isJson = hasOption(options, "--json");
  const out = isJson ? io.stderr : io.stdout;
  const say = (text: string): void => out.write(text);
  const folder = join(io.cwd, DEMO_FOLDER, compactInstant(io.clock.now()));
  await makeFolder(io.cwd, folder);
  const simulator = await startSimulator({ timezone: DEMO_ZONE, exportSeconds: 1 });
  try {
    say(`A simulated Pardot listens at ${simulator.url}; its time is ${simulator.now().toISOString()}.\n`);
    const config = await demoConfig(simulator, folder);
    const seen = new Map(config.etl.objects.map((object) => [object, new Set<unknown>()]));
    const results: RunResult[] = [];
    let comparisons: readonly Comparison[] = [];
    for (const title of ["1. A full load", "2. A simulated day later, an incremental load"]) {
      if (results.length > 0) simulator.advance(1);
      say(`\n${title}\n\n`);
      for (const [object, ids] of seen) for (const row of simulator.rows(object)) ids.add(row["id"]);
      const outcome = await runOnce(context, config);
      const result = resultOf(outcome);
      results.push(result);
      const destination = relative(io.cwd, join(folder, "data"));
      const { durationMs } = outcome;
      writeShown(out, runSummary(result, { destination, durationMs, warningsShown: false, look: lookOf(out) }));
      if (result.error !== null) return printError(result.error, { isJson }, io);
      comparisons = compare(results, seen);
      say(`\n${comparisonText(comparisons)}`);
    }
    say(whereToLook(relative(io.cwd, folder), results));
    if (isJson) {
      const runs = results.map((result) => result.manifest);
      io.stdout.write(`${JSON.stringify({ folder, runs, tables: comparisons }, null, 2)}\n`);
    }
    assertEqual(comparisons);
    return 0;
  } finally {
    await simulator.close();
  }
}

/** Creates the demo's folder. */
async function makeFolder(cwd: string, folder: string): Promise<void> {
  // One at a time: on a read-only file system, mkdir's own recursion reports that there is no such folder.
  for (const path of [join(cwd, DEMO_FOLDER), folder]) {
    try {
      await mkdir(path);
    } catch (error) {
      if (isErrno(error, "EEXIST")) continue;
      const failure = folderError("create", path, error);
      if (!(failure instanceof StorageError)) throw failure;
      const { message, code, context } = failure;
      const hint = "Run the demo in a folder that you can write to; in the container image, that is /var/pardot-etl.";
      throw new StorageError(message, { code, hint, context, cause: error });
    }
  }
}

/** A configuration by the environment alone, as in a container; ignores the user's own. */
async function demoConfig(simulator: Simulator, folder: string): Promise<Config> {
  const env = {
    PARDOT_BUSINESS_UNIT_ID: SIMULATOR_BUSINESS_UNIT_ID,
    PARDOT_API_URL: simulator.url,
    PARDOT_LOGIN_URL: simulator.url,
    PARDOT_CLIENT_ID: SIMULATOR_CLIENT_ID,
    PARDOT_CLIENT_SECRET: SIMULATOR_CLIENT_SECRET,
    PARDOT_REFRESH_TOKEN: SIMULATOR_REFRESH_TOKEN,
    PARDOT_TIMEZONE: DEMO_ZONE,
    PARDOT_EXPORT_POLL_INTERVAL: "1s",
    PARDOT_ETL_OBJECTS: DEMO_OBJECTS,
    PARDOT_ETL_DESTINATION: join(folder, "data"),
    PARDOT_ETL_WAREHOUSE: `duckdb:${join(folder, "warehouse.duckdb")}`,
  };
  return loadConfig({ env, cwd: folder, configFile: null, options: {} });
}

async function runOnce(context: CommandContext, config: Config): Promise<RunOutcome> {
  const stop = { graceMs: config.etl.stopGraceMs, afterwards: "work that finishes by then is committed" };
  const report = await openReport(context.options, context.io, "person");
  return runOperation(
    context,
    config.pardot,
    stop,
    async (runtime) => {
      const outcome = await run(config, {}, runtime);
      if (outcome.result !== null && context.io.stdout.isTerminal) report.stop("remove");
      return outcome;
    },
    report,
  );
}

/** `seen`: the ids of all records so far, by object. A table that the last run loaded nothing into is unchanged. */
function compare(results: readonly RunResult[], seen: ReadonlyMap<string, ReadonlySet<unknown>>): Comparison[] {
  const loaded = new Map(results.flatMap((result) => result.loaded).map((table) => [table.object, table]));
  return [...seen].map(([object, ids]) => {
    const { table = object, rows = 0 } = loaded.get(object) ?? {};
    return { object, table, rows, truth: ids.size };
  });
}

function comparisonText(comparisons: readonly Comparison[]): string {
  const rows = comparisons.map(({ table, rows: held, truth }) => [
    table,
    formatNumber(held),
    formatNumber(truth),
    held === truth ? "equal" : "NOT EQUAL",
  ]);
  return textTable([["TABLE", "ROWS", "IN THE ACCOUNT", ""], ...rows]);
}

function whereToLook(folder: string, results: readonly RunResult[]): string {
  const calls = results.map((result) => formatNumber(result.manifest.api_calls.total)).join(" and then ");
  const [range] = (results.at(-1)?.manifest.objects ?? []).flatMap(({ object, windows }) =>
    windows.filter(({ field }) => field !== null).map(({ from }) => `${object} only from ${from} on`),
  );
  return [
    "\n3. Where to look\n\n",
    range === undefined ? "" : `The second run requested ${range}: the newest record minus a day.\n`,
    `It took ${calls} API calls; ${pluralize(results.length, "manifest")} below ${join(folder, "data", "_pardot_etl", "runs")}.\n`,
    `Files:  ${join(folder, "data")}\n`,
    `Tables: ${join(folder, "warehouse.duckdb")} (any DuckDB client opens it)\n`,
  ].join("");
}

function assertEqual(comparisons: readonly Comparison[]): void {
  const wrong = comparisons.find(({ rows, truth }) => rows !== truth);
  if (wrong === undefined) return;
  throw new DataError(`compare ${wrong.table} with the simulator: ${wrong.rows} rows instead of ${wrong.truth}`, {
    code: "demo.not-equal",
    hint: "This is a bug in pardot-etl. Report it with the demo's folder.",
  });
}
