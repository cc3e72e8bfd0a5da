/** Writes the pages that are generated from tables: those in PAGES. */
import { writeFile } from "node:fs/promises";
import { mayBeExported } from "../src/catalog/facts.ts";
import { entries } from "../src/catalog/index.ts";
import { selectWays } from "../src/catalog/versions.ts";
import { COMMON_OPTIONS } from "../src/cli/command.ts";
import type { CommandSpec, OptionSpec } from "../src/cli/command.ts";
import { GUIDES } from "../src/cli/guide.ts";
import { argumentOf } from "../src/cli/help.ts";
import { COMMANDS } from "../src/cli/commands/index.ts";
import { CONFIG_FILE_DEFAULT, CONFIG_FILE_VARIABLE } from "../src/config/file.ts";
import { filePath, SETTINGS } from "../src/config/settings.ts";
import { EXIT_CODES } from "../src/report/exit-codes.ts";
import { wrapped } from "../src/text.ts";
import { licensesPage } from "./licenses.ts";
import { markdownTable } from "./markdown-table.ts";
import { objectsPage } from "./objects-page.ts";
import { llmsText } from "./site/pages.ts";

const GENERATED = "<!-- Written by scripts/docs.ts; change the tables in src, then `npm run docs`. -->";

/** The pages by path, relative to the repository's root. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "docs/configuration.md": configurationPage,
  "docs/commands.md": commandsPage,
  "docs/objects.md": () => objectsPage(GENERATED),
  "docs/licenses.md": licensesPage,
  // Last: it is made from the pages.
  "docs/llms.txt": llmsText,
};

export function configurationPage(): string {
  const rows = SETTINGS.map((setting) => [
    `\`${setting.env}\``,
    `\`${filePath(setting.env)}\``,
    setting.parser.type,
    setting.default === null ? "" : `\`${setting.default}\``,
    setting.meaning,
  ]);
  return [
    "# Configuration",
    GENERATED,
    [
      `How to configure pardot-etl, with every setting. Settings come from a YAML or JSON file, the environment and options on`,
      `the command line; each overrides the ones before it. The environment alone is enough. The file is the one given by`,
      `\`--config\`, or else by \`${CONFIG_FILE_VARIABLE}\`, or else \`${CONFIG_FILE_DEFAULT}\` in the working folder if it exists. In a`,
      `container without files, \`${CONFIG_FILE_VARIABLE}\` can be the configuration itself: JSON that begins with \`{\`. A variable`,
      `that is set but empty counts as not set.`,
    ].join("\n"),
    [
      "If anything is invalid, the command reports all problems together, each with its place, the value (never a secret's) and",
      "the expected form, and exits with code 2 before it makes any call. A key in the file or a `PARDOT_*` variable that is not",
      "in the table is also reported: it is a typo, or would have no effect.",
    ].join("\n"),
    [
      "A setting of type secret can be a reference to where the secret is stored:",
      "",
      "- `aws-secretsmanager:NAME#key` is the text under a key of a secret in AWS Secrets Manager whose value is a JSON object.",
      "  Without `#key`, the whole value is the secret.",
      "- `aws-ssm:NAME` is the value of a parameter in the AWS parameter store.",
      "",
      "NAME can be an ARN. References are resolved after all other settings are checked and before Pardot is called. Each secret is",
      "read once, by the commands that need it: `run`, `plan`, `check`, `probe`, `objects --live`, and for Snowflake `verify`.",
      "See [secrets in AWS](authentication.md#secrets-in-aws) for errors, the required policy and how to rotate secrets.",
    ].join("\n"),
    "## Settings",
    markdownTable(["Variable", "Key in the file", "Type", "Default", "Meaning"], rows),
    [
      "- A duration is a whole number with `s`, `m`, `h` or `d`: `90s`, `5m`, `6h`, `1d`.",
      "- A size is a whole number with `B`, `kB`, `MB`, `GB` (thousands: 16MB is 16,000,000 bytes) or `KiB`, `MiB`, `GiB`.",
      "- A zone is an IANA name, not an offset: an offset would hide the changes to and from daylight saving time.",
      "- A relative path starts at the working folder.",
      "- Plain `http://` is accepted only for loopback addresses; the API host is `*.pardot.com` or loopback.",
      "- [Authentication](authentication.md) describes the credentials of each flow and the setup in Salesforce.",
      "- AWS credentials, region and endpoints come from the AWS SDK's own chain (`AWS_*`), for S3 and for secrets.",
      "- Behind a proxy: set `HTTPS_PROXY` (`http://host:port`, with user and password if required), `HTTP_PROXY` for plain http, and `NO_PROXY` for hosts reached directly: names including subdomains, `host:port`, or `*`. They apply to Pardot, Salesforce, S3, SNS, secrets, the webhook and Snowflake. TLS goes through a tunnel, so the proxy sees no token; if it intercepts TLS, set its certificate in `NODE_EXTRA_CA_CERTS`.",
      "- `SNOWFLAKE_*` settings have the same meanings as in the official driver and are read only with",
      "  `PARDOT_ETL_WAREHOUSE=snowflake`. The best login for a job is a key pair: `SNOWFLAKE_USER` with `SNOWFLAKE_PRIVATE_KEY_FILE` or `SNOWFLAKE_PRIVATE_KEY`.",
    ].join("\n"),
    "## The file",
    [
      "```yaml",
      "pardot:",
      "  business_unit_id: 0Uv000000000001AAA",
      "  client_id: 3MVG9abc",
      "  client_secret: ${PARDOT_SECRET_OF_ACME}",
      "  refresh_token: ${PARDOT_TOKEN_OF_ACME}",
      "  timezone: America/New_York",
      "etl:",
      "  objects: [VisitorActivity, Tag]",
      "  destination: s3://acme-lake/pardot",
      "```",
    ].join("\n"),
    [
      "`${NAME}` in a text is replaced with the variable of that name; `$${` means a literal `${`. Variables used in this way can",
      "have any name.",
    ].join("\n"),
    ...columnsSection(),
    "## Overriding the catalog",
    [
      "Section `catalog` overrides the built-in description of an object, by the object's name. Maps are merged; everything else,",
      "including lists, is replaced. `pardot-etl objects NAME --json` shows the result. `pardot-etl probe` prints what your account",
      "needs ([probe](probe.md)).",
    ].join("\n"),
    ["```yaml", "catalog:", "  Tag:", "    v4:", "      query: { limit: 100 }", "```"].join("\n"),
    ...exportsSection(),
    "**Next:** [Objects](objects.md): how each one is read, and its columns",
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

/** How values of columns are kept out of files and tables. */
function columnsSection(): readonly string[] {
  return [
    "## Columns that stay at Pardot",
    [
      "Section `columns` of the file keeps the values of columns out of files and tables:",
      "",
      "```yaml",
      "columns:",
      "  Prospect:",
      "    drop: [phone, fax]",
      "    hash: [email, My_Custom_Field]",
      "etl:",
      "  hash_key: ${PARDOT_HASH_KEY}",
      "```",
    ].join("\n"),
    [
      "- The choice for Prospect also covers `ProspectDeleted`, and the names, emails and companies in `prospects` of",
      "  Opportunity; that for ListMembership also covers `ListMembershipDeleted`.",
      "- A dropped column is not requested and not landed. v3/v4 queries return all fields: there its values are removed first.",
      "- In place of a hashed value lands HMAC-SHA-256 of its text, in 64 lower-case hex digits, with the key of",
      "  `PARDOT_ETL_HASH_KEY`. Equal texts have equal hashes, in all objects, so tables can still be joined. Null stays null. In v3/v4",
      "  an empty text is null; in v5 it is hashed. The text is as it would be landed: case and spaces count.",
      "- A hashed column is text in every format, in DuckDB and in `ddl`.",
      "- No value of these columns is written to any file, log, error, reject or temporary file. In `_pardot_etl/rejects` the record",
      "  has hashes, or, if the record can't be read, no text.",
      "- A custom field goes by its name, which need not exist yet. A name close to a column's is refused as a typo; if it is right,",
      "  write it with `__c` (`Phone2__c`). A run warns of names that no field has (`fields.choice-unknown`).",
      "- Keys, watermarks and other columns that reading needs can't be dropped or hashed (exit 2). `email_id` and `list_email_id`",
      "  of VisitorActivity are among them while Email or EmailStats is chosen.",
    ].join("\n"),
    [
      "A change applies to what is landed from then on; older files keep their values. To replace the values in DuckDB, run",
      "`pardot-etl run Prospect --full`, and remove the older files yourself. Columns keep their place in files when they come back.",
      "In Snowflake, columns that were numbers or times must be made VARCHAR before their hashes are loaded. If you stop",
      "hashing a number or a time and replace the DuckDB database, DuckDB refuses the older files: run the object with `--full`.",
    ].join("\n"),
    [
      "Keep the key: with another one, all hashes differ. Who has the key can test guesses, so give it to no one who may not see",
      "the values. A result file with protected values that isn't valid CSV is downloaded up to three times, because no copy of",
      "it is kept.",
    ].join("\n"),
  ];
}

/** How exports of API v5 are switched on, and for which objects. */
function exportsSection(): readonly string[] {
  const exportable = selectWays(entries, "5")
    .filter(mayBeExported)
    .map(({ name }) => name);
  return [
    "## Exports through API v5",
    [
      "By default objects of API v5 are read by pages of 1,000 records. Exports need fewer calls for millions of records, but",
      "their format in API v5 is not documented publicly. An override switches them on for one object:",
    ].join("\n"),
    ["```yaml", "catalog:", "  LifecycleHistory:", "    v5: { process: bulk }", "```"].join("\n"),
    [
      ...wrapped(`Objects: ${exportable.join(", ")}.`, 118, "  ", "- "),
      "  The documents that were found do not list Visitor, nor the arguments of VisitorActivity. Other objects are refused",
      "  with exit code 2.",
      "- Core objects are read through v5 only with `PARDOT_API_VERSION=5`. Columns and UTC times are the same as by the query.",
      "- [`pardot-etl probe`](probe.md) creates an export of one hour of prospects. If its file can be read, the section",
      "  `catalog:` that it prints has the override for Prospect.",
      "- The history is exported by `created_at`, later ranges by the watermark. ProspectAccount can only be exported by",
      "  `created_at`, so the query reads its later ranges.",
      "- If Pardot refuses an export, the query reads the window, with a warning, also in later runs until `--full`. Pardot does",
      "  not name a field that it refuses, so leave out those that `probe` finds missing",
      "  (`v5: { wire: { salesforce_cms_id: null } }`). Custom fields of prospects with several values may be such fields.",
      "- Exports cannot contain lists: ListEmail needs `wire: { sender_options: null, reply_to_options: null }`.",
      "- Times without an offset are read in `PARDOT_TIMEZONE` and written as UTC. If the clock shows an hour twice, they are",
      "  read as the first one. `probe` prints no override for an account with such files (`v5.file-dates`).",
    ].join("\n"),
  ];
}

export function commandsPage(): string {
  const sections = COMMANDS.map(commandSection);
  return [
    "# Commands",
    GENERATED,
    "Every command of pardot-etl, its options and its exit codes. Every command accepts these options; `--help` and `--version`\nalso work without a command. `pardot-etl help` explains a command or prints a page of this manual, wherever it is installed.",
    markdownTable(["Option", "Meaning", "Default"], COMMON_OPTIONS.map(optionRow)),
    "## Choosing objects",
    [
      "Choose objects after a command and in `PARDOT_ETL_OBJECTS` with the same words, separated by commas:",
      "",
      "- names in any case: `Tag,visitoractivity`",
      "- groups: `core` (the fourteen core objects), `deletes` (the deleted records of v4), `all` (without EmailStats where",
      "  ListEmailStats is offered: both cost a call per list email for the same numbers; `all,EmailStats` reads both)",
      "- patterns, in which `*` matches any text and `?` any character: `'Visitor*'` (in quotes, or the shell expands it)",
      "- exclusions, in a list with what to exclude them from: `core,-EmailClick`, `'all,-*Stats'`",
      "",
      "Groups and patterns choose from the objects that `PARDOT_API_VERSION` offers. The command exits with code 2 if a word",
      "matches nothing or only objects that this version lacks, or if no object is left. See [all objects](objects.md).",
    ].join("\n"),
    ...sections,
    "## Output and exit codes",
    [
      "Results go to stdout, everything else to stderr: text for people, and [the log](logs.md), whose last line contains the exit\ncode of a run. With `--json` the result is JSON; later versions may add keys.",
      'On exit 2, 3, 7 and 8 it contains `"error": {"code", "message", "hint"}`, and `problems` if the configuration is invalid.',
    ].join("\n"),
    markdownTable(
      ["Exit code", "Meaning", "What to do"],
      EXIT_CODES.map(({ code, meaning, todo }) => [String(code), meaning, todo]),
    ),
    [
      "SIGINT or SIGTERM stops a run: it commits the work that finishes within `PARDOT_ETL_STOP_GRACE`, leaves the rest for the",
      "next run, and exits with code 130. A second signal ends the process at once; no committed data is lost.",
    ].join("\n"),
    "**Next:** [Configuration](configuration.md)",
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

/** What the options do not say, by command. */
const DETAILS: Readonly<Record<string, string>> = {
  report: [
    "The page is one file without scripts, images or links to anything outside it, in light and dark, for screens of any width. It",
    "is made from the tool's own records: the state, the manifests and the rejects in the destination. Pardot is not called, and",
    "the warehouse is not opened: `verify` proves what is loaded. Values of rejected records are not on the page. It works for",
    "every run that `status` lists or that has a manifest, also for one that died or failed before it could commit.",
    "",
    "The file is replaced in one step. With `--json`: `run_id` and `output` (the file's path). Exit 2: no run yet, or no run",
    "with this id. Exit 7: the file cannot be written. With `PARDOT_ETL_REPORT=true` each run also writes its page to",
    "`_pardot_etl/runs/<run id>/report.html` in the destination.",
  ].join("\n"),
  verify: [
    "With `--json`: `destination`, `runs`, `files`, `rows`, `bytes`, `expired`, `superseded`, `accepted`, `filesRead`, `warehouse`",
    "(`name`, and in `compared` a clause for each table; null without one), `problems`, `exitCode`, and `error` on exit 7. Each",
    "problem has `key` (a file or a table), `problem`, `hint` (what to do) and, for a file in the warehouse, `state`: `missing`,",
    "`loaded again`, `differs` (another number of rows) or `not committed yet` (no manifest names it). The exit code is 6 if there",
    "is a problem, and 7 if the warehouse fails or a table cannot be compared and all else is as committed.",
  ].join("\n"),
};

function commandSection(command: CommandSpec): string {
  const argument = argumentOf(command);
  const usage = ["pardot-etl", command.name, argument?.name ?? "", command.options.length === 0 ? "" : "[options]"];
  const text = `\`${usage.filter((part) => part !== "").join(" ")}\`: ${command.summary}.`;
  const rows = [
    ...(argument === null ? [] : [[`\`${argument.name.replaceAll(/[[\]<>…]/g, "")}\``, argument.meaning, ""]]),
    ...command.options.map(optionRow),
  ];
  const table = rows.length === 0 ? "" : `\n\n${markdownTable(["Argument or option", "Meaning", "Default"], rows)}`;
  const details = [GUIDES[command.name]?.note, DETAILS[command.name], examplesOf(command)].filter(
    (part) => part !== undefined,
  );
  return `## ${command.name}\n\n${text}${table}${details.map((part) => `\n\n${part}`).join("")}`;
}

/** As a block that can be copied. */
function examplesOf({ name }: CommandSpec): string | undefined {
  const examples = GUIDES[name]?.examples;
  if (examples === undefined) return undefined;
  const width = Math.max(...examples.map(([words]) => words.length));
  const lines = examples.map(([words, meaning]) => `pardot-etl ${words.padEnd(width)}  # ${meaning}`);
  return ["```sh", ...lines, "```"].join("\n");
}

function optionRow(option: OptionSpec): readonly string[] {
  const names = option.short === undefined ? option.flag : `${option.flag}, ${option.short}`;
  const flag = option.value === null ? names : `${names} ${option.value}`;
  // A placeholder such as <run id> would be an HTML element, which is not shown.
  return [`\`${flag}\``, option.meaning, (option.default ?? "").replaceAll("<", String.raw`\<`)];
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  for (const [path, page] of Object.entries(PAGES)) await writeFile(new URL(path, root), page());
}
