import type { AuthFlow } from "../../config/config.ts";
import { SETTING_BY_NAME } from "../../config/settings.ts";
import type { SettingName } from "../../config/settings.ts";
import type { ShortAnswers } from "../../config/short-file.ts";
import { CancelledError } from "../../errors.ts";
import { textTable } from "../../report/text-table.ts";
import type { Io } from "../io.ts";

interface Question {
  readonly setting: SettingName;
  readonly title: string;
  /** Where the answer is found, or what it decides. */
  readonly help: readonly string[];
  /** Words that may be chosen by number too; others are allowed where the setting allows them. */
  readonly choices?: readonly (readonly [word: string, meaning: string])[];
  /** Taken for an empty answer; null: there must be one. */
  readonly default: string | null;
}

const FLOWS: readonly (readonly [AuthFlow, string])[] = [
  ["jwt", "a certificate; recommended for servers"],
  ["client_credentials", "the app's secret and your My Domain host"],
  ["refresh_token", "a person has consented once in a browser"],
  ["password", "old orgs only; Salesforce is retiring it"],
];
const NO_LIMIT = "none";

/** `zone`: this machine's time zone. */
function questions(zone: string): readonly Question[] {
  return [
    {
      setting: "PARDOT_BUSINESS_UNIT_ID",
      title: "Id of the business unit",
      help: ["In Salesforce under Setup > Business Unit Setup; it starts with 0Uv."],
      default: null,
    },
    {
      setting: "PARDOT_AUTH_FLOW",
      title: "Login",
      help: ["`pardot-etl help authentication` compares the ways to log in to Salesforce."],
      choices: FLOWS,
      default: "jwt",
    },
    {
      setting: "PARDOT_TIMEZONE",
      title: "Time zone of the API user",
      help: [
        "As in Account Engagement; API v3 and v4 never report it.",
        "A wrong one shifts every timestamp; `pardot-etl check` tests it.",
      ],
      default: zone,
    },
    {
      setting: "PARDOT_ETL_DESTINATION",
      title: "Destination of the files",
      help: ["s3://bucket/prefix, or a folder."],
      default: "./data",
    },
    {
      setting: "PARDOT_ETL_WAREHOUSE",
      title: "Warehouse",
      help: ["Its tables say where each run starts."],
      choices: [
        ["none", "the destination's own record decides"],
        ["duckdb:./pardot.duckdb", "loaded by every run; any other path too"],
        ["snowflake", "loads the files itself, with the SQL of `ddl`"],
      ],
      default: "none",
    },
    {
      setting: "PARDOT_DAILY_CALL_BUDGET",
      title: "API calls a day",
      help: [
        "All integrations share the account's quota; this tool stops at its budget.",
        `A number, or ${NO_LIMIT} for no limit of its own.`,
      ],
      default: "5000",
    },
  ];
}

/** Asks six questions, each until its answer is valid. Throws `CancelledError` when there are no more answers. */
export async function askForConfig(io: Io, zone: string): Promise<ShortAnswers> {
  const all = questions(zone);
  const answers = new Map<SettingName, string>();
  for (const [index, question] of all.entries()) {
    answers.set(question.setting, await ask(question, `${index + 1}/${all.length}`, io));
  }
  const answerTo = (setting: SettingName): string => answers.get(setting) ?? "";
  const budget = answerTo("PARDOT_DAILY_CALL_BUDGET");
  return {
    businessUnitId: answerTo("PARDOT_BUSINESS_UNIT_ID"),
    flow: answerTo("PARDOT_AUTH_FLOW") as AuthFlow,
    timeZone: answerTo("PARDOT_TIMEZONE"),
    destination: answerTo("PARDOT_ETL_DESTINATION"),
    warehouse: answerTo("PARDOT_ETL_WAREHOUSE"),
    dailyCallBudget: budget === NO_LIMIT ? null : budget,
  };
}

async function ask(question: Question, place: string, io: Io): Promise<string> {
  const { setting, title, help, choices = [] } = question;
  const set = io.env[setting]?.trim() ?? "";
  const isSet = set !== "" && problemOf(setting, set, io.cwd) === null;
  const byDefault = isSet ? set : question.default;
  const rows = choices.map(([word, meaning], index) => ["  ", String(index + 1), word, meaning]);
  io.stderr.write(`\n${place}  ${title}\n${help.map((line) => `     ${line}\n`).join("")}${textTable(rows)}`);
  for (;;) {
    const given = await io.stdin.ask(byDefault === null ? "  > " : `  [${byDefault}] > `);
    if (given === null) {
      throw new CancelledError("stopped before the last answer", {
        code: "init.cancelled",
        hint: "Nothing was written. Without a terminal, or with --all, `pardot-etl init` asks nothing.",
      });
    }
    const typed = given.trim();
    const chosen = choices[Number(typed) - 1]?.[0];
    const answer = chosen ?? (typed === "" ? (byDefault ?? "") : typed);
    const problem = problemOf(setting, answer, io.cwd);
    if (problem === null) return answer;
    io.stderr.write(`     Expected ${problem}.\n`);
  }
}

/** What is expected instead of an answer; null if it is valid. */
function problemOf(setting: SettingName, answer: string, cwd: string): string | null {
  if (setting === "PARDOT_DAILY_CALL_BUDGET" && answer === NO_LIMIT) return null;
  const parsed = SETTING_BY_NAME.get(setting)?.parser.parse(answer, { cwd, objects: [] });
  return parsed?.ok === false ? parsed.expected : null;
}
