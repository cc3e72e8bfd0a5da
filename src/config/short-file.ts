import { stringify } from "yaml";
import type { AuthFlow } from "./config.ts";
import { fileKey, SECTIONS } from "./settings.ts";
import type { SettingName } from "./settings.ts";

/** The answers to the questions of `init`, as a person would write them in the file. */
export interface ShortAnswers {
  readonly businessUnitId: string;
  readonly flow: AuthFlow;
  readonly timeZone: string;
  readonly destination: string;
  readonly warehouse: string;
  /** Null: no limit. */
  readonly dailyCallBudget: string | null;
}

/** A short configuration file, and the variables that it takes secrets and names from. */
export interface ShortFile {
  readonly text: string;
  readonly variables: readonly { readonly name: SettingName; readonly meaning: string }[];
}

type Line = readonly [setting: SettingName, meaning: string];

/** What each flow needs beside the consumer key. */
const CREDENTIALS: Readonly<Record<AuthFlow, readonly Line[]>> = {
  jwt: [
    ["PARDOT_USERNAME", "the API user's Salesforce user name"],
    ["PARDOT_PRIVATE_KEY_FILE", "path of the certificate's private key"],
  ],
  client_credentials: [
    ["PARDOT_CLIENT_SECRET", "the app's consumer secret"],
    ["PARDOT_LOGIN_URL", "the My Domain host, such as https://acme.my.salesforce.com"],
  ],
  refresh_token: [
    ["PARDOT_CLIENT_SECRET", "the app's consumer secret"],
    ["PARDOT_REFRESH_TOKEN", "the API user's refresh token"],
  ],
  password: [
    ["PARDOT_CLIENT_SECRET", "the app's consumer secret"],
    ["PARDOT_USERNAME", "the API user's Salesforce user name"],
    ["PARDOT_PASSWORD", "the password followed by the security token"],
  ],
};

const SNOWFLAKE: readonly Line[] = [
  ["SNOWFLAKE_ACCOUNT", "the account identifier, such as acme-prod"],
  ["SNOWFLAKE_USER", "the user of this job"],
  ["SNOWFLAKE_PRIVATE_KEY_FILE", "path of that user's private key"],
  ["SNOWFLAKE_ROLE", "its role"],
  ["SNOWFLAKE_WAREHOUSE", "the warehouse that runs its queries"],
  ["SNOWFLAKE_DATABASE", "the database of the tables"],
  ["SNOWFLAKE_SCHEMA", "the schema of the tables"],
];

/** Writes the file. It has no secrets: they come from the environment, as do names that `init` does not ask for. */
export function shortFile(answers: ShortAnswers): ShortFile {
  const variables: Line[] = [
    ["PARDOT_CLIENT_ID", "the app's consumer key"],
    ...CREDENTIALS[answers.flow],
    ...(answers.warehouse === "snowflake" ? SNOWFLAKE : []),
  ];
  const taken = variables.map(([name, meaning]) => [name, `\${${name}}`, meaning] as const);
  const pardot = taken.filter(([name]) => fileKey(name).section === "pardot");
  const lines: readonly (readonly [SettingName, string, string])[] = [
    ["PARDOT_BUSINESS_UNIT_ID", scalar(answers.businessUnitId), ""],
    ["PARDOT_TIMEZONE", scalar(answers.timeZone), "the API user's, in Account Engagement"],
    ["PARDOT_AUTH_FLOW", answers.flow, ""],
    ...pardot,
    ...(answers.dailyCallBudget === null
      ? []
      : [["PARDOT_DAILY_CALL_BUDGET", answers.dailyCallBudget, "API calls a day"] as const]),
    ["PARDOT_ETL_DESTINATION", scalar(answers.destination), "s3://bucket/prefix or a folder"],
    ["PARDOT_ETL_WAREHOUSE", scalar(answers.warehouse), "none, duckdb:PATH or snowflake"],
    ...taken.filter((line) => !pardot.includes(line)),
  ];
  const head = [
    "# Configuration of pardot-etl. ${NAME} inserts a variable, so this file needs no secrets; the environment overrides it.",
    "# `pardot-etl help configuration` describes every setting.",
  ];
  const sections = SECTIONS.map((section) => {
    const own = lines.filter(([name]) => fileKey(name).section === section);
    return own.length === 0 ? null : [`${section}:`, ...aligned(own)].join("\n");
  }).filter((text) => text !== null);
  return {
    text: `${[...head, ...sections].join("\n")}\n`,
    variables: variables.map(([name, meaning]) => ({ name, meaning })),
  };
}

function aligned(lines: readonly (readonly [SettingName, string, string])[]): string[] {
  const pairs = lines.map(([name, value, meaning]) => [`  ${fileKey(name).key}: ${value}`, meaning] as const);
  const width = Math.max(...pairs.map(([text]) => text.length));
  return pairs.map(([text, meaning]) => (meaning === "" ? text : `${text.padEnd(width)}  # ${meaning}`));
}

/** In quotes where YAML or the file's own `${NAME}` would read something else. */
function scalar(value: string): string {
  return stringify(value.replaceAll("${", "$${"), { lineWidth: 0 }).trimEnd();
}
