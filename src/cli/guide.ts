/** What help shows of a command in addition to its row in the table of commands. */
export interface Guide {
  /** Its line in the list of commands; at most 62 characters. */
  readonly brief: string;
  /** What to know before it is used, as a sentence. */
  readonly note?: string;
  /** Words after `pardot-etl`, and what they do. */
  readonly examples: readonly (readonly [words: string, meaning: string])[];
  /** Pages of docs/ that explain more. */
  readonly pages: readonly string[];
}

/** The commands by what they are for, in the order in which they are needed; others follow. */
export const GROUPS: readonly { readonly title: string; readonly commands: readonly string[] }[] = [
  { title: "Start here", commands: ["demo", "init", "check"] },
  { title: "Extract", commands: ["plan", "run"] },
  { title: "Inspect", commands: ["status", "report", "verify", "objects"] },
  { title: "Warehouse", commands: ["ddl"] },
  { title: "Try and test", commands: ["simulate", "probe"] },
  { title: "Help", commands: ["help", "completion"] },
];

/** First steps, for the help of the program. */
export const FIRST_STEPS: Guide["examples"] = [
  ["demo", "see it work, in ten seconds"],
  ["init", "configure your own account"],
  ["check && pardot-etl plan", "test the setup, price a run"],
  ["run Tag Campaign", "something small first"],
];

/** By command. */
export const GUIDES: Readonly<Record<string, Guide>> = {
  run: {
    brief: "extract what is new and changed, and load it",
    note: "It makes API calls, which count against the account's daily quota: `pardot-etl plan` shows how many.",
    examples: [
      ["run", "everything new"],
      ["run Tag 'Visitor*'", "only these objects"],
      ["run core,-EmailClick", "all but one of them"],
      ["run Prospect --since 7d", "a week again"],
      ["run --since 2025-01-01 --until 2025-07-01", "half a year"],
    ],
    pages: ["quickstart", "logs", "notifications"],
  },
  plan: {
    brief: "show what a run would do, and how many API calls it costs",
    note: "It makes about one call for each object.",
    examples: [
      ["plan", "what `run` would do now"],
      ["plan Prospect --full", "what a full read would cost"],
      ["plan --json", "the same for a program"],
    ],
    pages: ["quickstart"],
  },
  check: {
    brief: "test credentials, quota, time zone, destination, warehouse",
    examples: [
      ["check", "test everything that a run needs"],
      ["check --config acme.yaml", "with this configuration file"],
    ],
    pages: ["authentication", "configuration"],
  },
  probe: {
    brief: "test on your account what the documentation leaves open",
    examples: [["probe > report.txt", "a report without values, which you can publish"]],
    pages: ["probe"],
  },
  objects: {
    brief: "list the objects, their columns and how they are read",
    examples: [
      ["objects", "every object"],
      ["objects Prospect", "one in full, with its columns"],
      ["objects Prospect --live", "with its custom fields"],
      ["objects core --json", "the same for a program"],
    ],
    pages: ["objects"],
  },
  status: {
    brief: "show whether the destination is healthy",
    note: "It makes no API call.",
    examples: [
      ["status", "last success, runs, coverage, the day's calls"],
      ["status --max-age 26h", "exit 9 if the last success is older"],
    ],
    pages: ["glossary"],
  },
  verify: {
    brief: "prove that every committed file is whole and loaded once",
    note: "It makes no API call.",
    examples: [
      ["verify", "every committed file, and the warehouse"],
      ["verify Prospect --warehouse-only", "one object's table only"],
      ["verify --wait 20m", "give Snowflake time to load"],
    ],
    pages: ["snowflake", "duckdb", "spec"],
  },
  report: {
    brief: "show a run as one page of HTML",
    note: "It makes no API call.",
    examples: [
      ["report", "the newest run"],
      ["report --output page.html", "into this file"],
    ],
    pages: ["glossary"],
  },
  ddl: {
    brief: "print the SQL that creates tables, loading and views",
    examples: [
      ["ddl --with-account > tables.sql", "everything that Snowflake needs"],
      ["ddl --load task", "load once a day"],
      ["ddl --target duckdb", "views over the files of the destination"],
      ["ddl --target dbt", "a file of dbt sources"],
    ],
    pages: ["snowflake", "snowflake-reference", "duckdb", "dbt"],
  },
  init: {
    brief: "write a configuration file",
    examples: [
      ["init", "six questions, then pardot-etl.yaml"],
      ["init --config acme.yaml", "another file"],
      ["init --all", "every setting, with comments"],
    ],
    pages: ["configuration", "authentication"],
  },
  simulate: {
    brief: "serve a simulated Pardot account on this machine",
    note: 'For a shell: `eval "$(pardot-etl simulate --env)"` starts one in the background and sets the variables that lead there; `kill $SIMULATOR_PID` stops it.',
    examples: [
      ["simulate --port 8765", "serve until Ctrl-C"],
      ["simulate --env > env.sh", "variables for `. ./env.sh`"],
      ["simulate --scale medium --latency-ms 40", "a larger account"],
      ["simulate --rows Tag=5 --daily-limit 100", "few tags, few calls"],
    ],
    pages: ["quickstart", "library"],
  },
  demo: {
    brief: "see a full load and a daily one, without an account",
    examples: [["demo", "about ten seconds"]],
    pages: ["quickstart"],
  },
  help: {
    brief: "explain a command, or print a page of the manual",
    examples: [
      ["help run", "the options of a command"],
      ["help authentication", "a page of the manual"],
      ["help authentication#2-scopes", "one section of it"],
      ["help objects.md", "a page that has the name of a command"],
    ],
    pages: [],
  },
  completion: {
    brief: "complete words in bash, zsh or fish",
    note: 'For ~/.bashrc: `eval "$(pardot-etl completion bash)"`; for ~/.zshrc, after compinit: `eval "$(pardot-etl completion zsh)"`; for config.fish: `pardot-etl completion fish | source`.',
    examples: [
      ["completion bash", "print the script"],
      ["completion fish", "for fish"],
    ],
    pages: [],
  },
};
