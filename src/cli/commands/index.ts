import { SIMULATOR_OPTIONS } from "../../simulator/option-table.ts";
import type { CommandSpec, OptionSpec } from "../command.ts";

const CHOSEN = "objects, groups or patterns, instead of PARDOT_ETL_OBJECTS";
/** Options for another range than that of a plain run. */
const RANGE_OPTIONS: readonly OptionSpec[] = [
  { flag: "--full", value: null, meaning: "read from the start of the history, whatever earlier runs have read" },
  {
    flag: "--since",
    value: "T",
    meaning:
      "read from this time on: 7d or 36h (before Pardot's time), yesterday, today, 2026-01-31 or 2026-01-31 12:00:00 (in the API user's zone), or 2026-01-31T12:00:00Z; the next plain run fills the gap it leaves",
  },
  {
    flag: "--until",
    value: "T",
    meaning: "read up to this time, exclusive; the same forms",
    default: "now, by Pardot's clock",
  },
  { flag: "--accept-gap", value: null, meaning: "with --since: do not fill the gap it leaves" },
];
const VERIFY_OPTIONS: readonly OptionSpec[] = [
  { flag: "--files-only", value: null, meaning: "skip the warehouse" },
  { flag: "--warehouse-only", value: null, meaning: "compare only the warehouse; do not reread files" },
  {
    flag: "--wait",
    value: "D",
    meaning:
      "time for the warehouse to load a file after its run: asks again while younger files are missing: 90s, 20m",
  },
  {
    flag: "--accept",
    value: "KEY",
    meaning: "write off a file that is missing or differs: verify and loading ignore it from then on",
  },
];
const LIVE_OPTION: OptionSpec = {
  flag: "--live",
  value: null,
  meaning: "also list the custom fields of this account; makes one or two calls and needs the whole configuration",
};
const DDL_OPTIONS: readonly OptionSpec[] = [
  {
    flag: "--target",
    value: "WHAT",
    meaning:
      "snowflake; duckdb: views straight over the files of the destination; dbt: a file of sources with freshness and tests",
    default: "snowflake",
  },
  {
    flag: "--load",
    value: "HOW",
    meaning: "how Snowflake loads: pipe (at once, by events of the bucket), task (once a day) or none",
    default: "pipe",
  },
  {
    flag: "--profile",
    value: "fivetran",
    meaning:
      "views with the names and columns of Fivetran's connector, so that dbt_pardot runs unchanged; nothing else",
  },
  {
    flag: "--with-account",
    value: null,
    meaning: "first what an administrator creates once per Snowflake account: the storage integration",
  },
  {
    flag: "--diff",
    value: null,
    meaning:
      "reads the schema in Snowflake and prints only what it lacks, with the load of files that have a new column already",
  },
  LIVE_OPTION,
];
const SIMULATE_OPTIONS: readonly OptionSpec[] = [
  {
    flag: "--env",
    value: null,
    meaning:
      'serve in the background, and print the variables that lead there as lines of export: eval "$(pardot-etl simulate --env)"; kill $SIMULATOR_PID stops it',
  },
  ...SIMULATOR_OPTIONS.map(({ flag, repeatable, ...option }): OptionSpec => ({
    ...option,
    flag: `--${flag}`,
    isRepeatable: repeatable,
  })),
];
const MAX_AGE_OPTION: OptionSpec = {
  flag: "--max-age",
  value: "D",
  meaning: "exit 9 unless all configured objects were complete in one run within this time: 26h, 2d",
};

/** The table of commands: it feeds the command line, its help, docs/commands.md and their tests. */
export const COMMANDS: readonly CommandSpec[] = [
  {
    name: "run",
    summary: "extracts new and changed records since the last run, then lands, commits and loads them",
    objects: CHOSEN,
    options: [
      ...RANGE_OPTIONS,
      { flag: "--dry-run", value: null, meaning: "only show what the run would do, like plan" },
    ],
    load: () => import("./run.ts"),
  },
  {
    name: "plan",
    summary: "shows what run would do: windows, why, expected calls and their share of the day's quota",
    objects: CHOSEN,
    options: RANGE_OPTIONS,
    load: () => import("./plan.ts"),
  },
  {
    name: "check",
    summary:
      "tests secrets kept in AWS, credentials, business unit, quota, clock, time zone, destination and warehouse, one line each",
    objects: null,
    options: [],
    load: () => import("./check.ts"),
  },
  {
    name: "probe",
    summary:
      "tests on your account what the vendor's documentation leaves open, with at most 60 calls that only read; prints a report without values and a section for the configuration file",
    objects: null,
    options: [],
    load: () => import("./probe.ts"),
  },
  {
    name: "objects",
    summary:
      "lists the objects as PARDOT_API_VERSION reads them: how each is read, its columns and how its deletions show",
    objects: "objects, groups or patterns; named objects are shown in full",
    options: [LIVE_OPTION],
    load: () => import("./objects.ts"),
  },
  {
    name: "status",
    summary:
      "shows whether the destination is healthy: last success and its age, runs and why they failed, watermarks, coverage and gaps, exports in progress and the day's calls",
    objects: null,
    options: [MAX_AGE_OPTION],
    load: () => import("./status.ts"),
  },
  {
    name: "verify",
    summary:
      "rereads every committed file and verifies its rows, bytes and hash; proves that DuckDB or Snowflake has loaded each exactly once, and prints the statements that repair it",
    objects: "objects, groups or patterns, instead of everything committed",
    options: VERIFY_OPTIONS,
    load: () => import("./verify.ts"),
  },
  {
    name: "report",
    summary:
      "writes one HTML page about a run: whether all is well or what to do, what changed, rows by day, coverage, calls, exports, drift, rejects, files and warnings; the page loads nothing and links nowhere",
    objects: null,
    argument: { name: "[run-id]", meaning: "the run, as status lists it; by default the newest" },
    options: [
      {
        flag: "--output",
        value: "FILE",
        meaning: "file to write or replace, or - for stdout",
        default: "pardot-etl-report-<run id>.html in the working folder",
      },
    ],
    load: () => import("./report.ts"),
  },
  {
    name: "ddl",
    summary:
      "prints the SQL that creates tables, loading and views in the warehouse, and runs nothing; each statement can be run again",
    objects: CHOSEN,
    options: DDL_OPTIONS,
    load: () => import("./ddl.ts"),
  },
  {
    name: "init",
    summary:
      "writes a configuration file, pardot-etl.yaml or the one named by --config or PARDOT_ETL_CONFIG: on a terminal a short one that works, from six questions, elsewhere one with a comment on every setting; never overwrites a file",
    objects: null,
    options: [{ flag: "--all", value: null, meaning: "ask nothing, and write every setting with a comment" }],
    load: () => import("./init.ts"),
  },
  {
    name: "simulate",
    summary: "serves a simulated Pardot on a loopback port, and prints its address and credentials as one JSON line",
    objects: null,
    options: SIMULATE_OPTIONS,
    readsEnvironment: false,
    load: () => import("./simulate.ts"),
  },
  {
    name: "demo",
    summary: "shows a full load, a simulated day and an incremental load, without an account, cloud or server",
    objects: null,
    options: [],
    load: () => import("./demo.ts"),
  },
  {
    name: "help",
    summary: "explains pardot-etl or one of its commands, or prints a page of this manual",
    objects: null,
    argument: {
      name: "[topic]",
      meaning:
        "a command, or a page such as authentication; authentication#2-scopes is one section, and objects.md the page objects, not the command",
    },
    options: [],
    load: () => import("./help.ts"),
  },
  {
    name: "completion",
    summary: "prints a script that completes commands, options and objects in a shell",
    objects: null,
    argument: { name: "<shell>", meaning: "bash, zsh or fish" },
    options: [],
    load: () => import("./completion.ts"),
  },
];
