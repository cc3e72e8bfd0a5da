/** Writes the pages that are generated from tables: those in PAGES. */
import { writeFile } from "node:fs/promises";
import { COMMON_OPTIONS } from "../src/cli/command.ts";
import type { CommandSpec, OptionSpec } from "../src/cli/command.ts";
import { COMMANDS } from "../src/cli/commands/index.ts";
import { CONFIG_FILE_DEFAULT, CONFIG_FILE_VARIABLE } from "../src/config/file.ts";
import { filePath, SETTINGS } from "../src/config/settings.ts";
import { EXIT_CODES } from "../src/report/exit-codes.ts";
import { licensesPage } from "./licenses.ts";
import { markdownTable } from "./markdown-table.ts";
import { objectsPage } from "./objects-page.ts";

const GENERATED = "<!-- Written by scripts/docs.ts; change the tables in src, then `npm run docs`. -->";

/** The pages by path, relative to the repository's root. */
export const PAGES: Readonly<Record<string, () => string>> = {
  "docs/configuration.md": configurationPage,
  "docs/commands.md": commandsPage,
  "docs/objects.md": () => objectsPage(GENERATED),
  "docs/licenses.md": licensesPage,
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
      `A YAML or JSON file, then the environment, then options of the command line: the later one wins. The file is that of`,
      `\`--config\`, else of \`${CONFIG_FILE_VARIABLE}\`, else \`${CONFIG_FILE_DEFAULT}\` in the working folder if it is there. The`,
      `environment alone is enough. A variable that is set but empty counts as not set.`,
    ].join("\n"),
    [
      "All problems are reported together, each with its place, the value (never a secret's) and what is expected, and the",
      "command exits with code 2 before any call is made. A key of the file or a `PARDOT_*` variable that is not in the table",
      "is a problem too: it is a typo, or would have no effect.",
    ].join("\n"),
    [
      "A setting of type secret may be a reference to where the secret is kept:",
      "",
      "- `aws-secretsmanager:NAME#key` is the text under a key of a secret in AWS Secrets Manager whose value is a JSON object;",
      "  without `#key` the whole value is the secret.",
      "- `aws-ssm:NAME` is the value of a parameter of the AWS parameter store.",
      "",
      "NAME may be an ARN. References are resolved after all other settings are checked and before Pardot is called. Each secret is",
      "read once, by the commands that need it: `run`, `plan`, `check`, `probe`, `objects --live`, and for Snowflake `verify`.",
      "Errors, the required policy and how to rotate secrets: [secrets in AWS](authentication.md#secrets-in-aws).",
    ].join("\n"),
    "## Settings",
    markdownTable(["Variable", "Key in the file", "Type", "Default", "Meaning"], rows),
    [
      "- A duration is a whole number with `s`, `m`, `h` or `d`: `90s`, `5m`, `6h`, `1d`.",
      "- A size is a whole number with `B`, `kB`, `MB`, `GB` (thousands: 16MB is 16,000,000 bytes) or `KiB`, `MiB`, `GiB`.",
      "- A zone is an IANA name, not an offset: an offset would hide the changes to and from summer time.",
      "- A relative path starts at the working folder.",
      "- Plain `http://` is accepted only for loopback addresses; the API host is `*.pardot.com` or loopback.",
      "- Credentials of each flow, and the setup in Salesforce: [authentication](authentication.md).",
      "- AWS credentials, region and endpoints come from the AWS SDK's own chain (`AWS_*`), for S3 and for secrets.",
      "- Behind a proxy: set `HTTPS_PROXY` (`http://host:port`, with user and password if required), `HTTP_PROXY` for plain http, and `NO_PROXY` for hosts reached directly: names including subdomains, `host:port`, or `*`. They apply to Pardot, Salesforce, S3, SNS, secrets, the webhook and Snowflake. TLS goes through a tunnel, so the proxy sees no token; if it intercepts TLS, set its certificate in `NODE_EXTRA_CA_CERTS`.",
      "- `SNOWFLAKE_*` has the official driver's meanings and is read only with `PARDOT_ETL_WAREHOUSE=snowflake`. The best",
      "  login for a job is a key pair: `SNOWFLAKE_USER` with `SNOWFLAKE_PRIVATE_KEY_FILE` or `SNOWFLAKE_PRIVATE_KEY`.",
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
      "`${NAME}` in a text is replaced by the variable of that name; `$${` means a literal `${`. Variables used in this way may",
      "have any name.",
    ].join("\n"),
    "## Overriding the catalog",
    [
      "Section `catalog` overrides the built-in description of an object, by the object's name. Maps are merged, everything else,",
      "including lists, is replaced; `pardot-etl objects NAME --json` shows the result. `pardot-etl probe` prints what your account",
      "needs ([probe](probe.md)).",
    ].join("\n"),
    ["```yaml", "catalog:", "  Tag:", "    v4:", "      query: { limit: 100 }", "```"].join("\n"),
    "**Next:** [the library](library.md)",
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

export function commandsPage(): string {
  const sections = COMMANDS.map(commandSection);
  return [
    "# Commands",
    GENERATED,
    "Every command accepts these options; `--help` and `--version` also work without a command.",
    markdownTable(["Option", "Meaning", "Default"], COMMON_OPTIONS.map(optionRow)),
    "## Choosing objects",
    [
      "Objects after a command and in `PARDOT_ETL_OBJECTS` are chosen by the same words, separated by commas:",
      "",
      "- names in any case: `Tag,visitoractivity`",
      "- groups: `core` (the fourteen core objects), `deletes` (the deleted records of v4), `all`",
      "- patterns, in which `*` is any text and `?` any character: `'Visitor*'` (in quotes, or a shell expands it)",
      "- exclusions, in a list with what they exclude from: `core,-EmailClick`, `'all,-*Stats'`",
      "",
      "Groups and patterns choose from what `PARDOT_API_VERSION` offers. A word that fits nothing, a word whose objects this",
      "version lacks, and a list that leaves no object are exit 2. [All objects](objects.md).",
    ].join("\n"),
    ...sections,
    "## Output and exit codes",
    [
      "Results go to stdout, everything else to stderr: text for people, and [the log](logs.md), whose last line contains the exit\ncode of a run. With `--json` the result is JSON; keys may be added in later versions.",
      'On exit 2, 3, 7 and 8 it contains `"error": {"code", "message", "hint"}`, and `problems` if the configuration is invalid.',
    ].join("\n"),
    markdownTable(
      ["Exit code", "Meaning", "What to do"],
      EXIT_CODES.map(({ code, meaning, todo }) => [String(code), meaning, todo]),
    ),
    [
      "SIGINT or SIGTERM stops a run: work that finishes within `PARDOT_ETL_STOP_GRACE` is committed, the rest is left for the",
      "next run, exit 130. A second signal ends the process at once; no committed data is lost.",
    ].join("\n"),
    "**Next:** [configuration](configuration.md)",
    "",
  ]
    .join("\n\n")
    .trimEnd()
    .concat("\n");
}

function commandSection(command: CommandSpec): string {
  const usage = [
    "pardot-etl",
    command.name,
    command.options.length === 0 ? "" : "[options]",
    command.objects === null ? "" : "[object…]",
  ];
  const text = `\`${usage.filter((part) => part !== "").join(" ")}\`: ${command.summary}.`;
  const rows = [
    ...(command.objects === null ? [] : [["`object`", command.objects, ""]]),
    ...command.options.map(optionRow),
  ];
  const table = rows.length === 0 ? "" : `\n\n${markdownTable(["Argument or option", "Meaning", "Default"], rows)}`;
  return `## ${command.name}\n\n${text}${table}`;
}

function optionRow(option: OptionSpec): readonly string[] {
  const flag = option.value === null ? option.flag : `${option.flag} ${option.value}`;
  return [`\`${flag}\``, option.meaning, option.default ?? ""];
}

if (import.meta.main) {
  const root = new URL("../", import.meta.url);
  for (const [path, page] of Object.entries(PAGES)) await writeFile(new URL(path, root), page());
}
