import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Problem } from "../errors.ts";
import { ConfigError } from "../errors.ts";
import type { Config } from "./config.ts";
import type { GivenOptions } from "./layers.ts";
import { loadConfig } from "./load.ts";

const GOOD = {
  PARDOT_BUSINESS_UNIT_ID: "0Uv000000000001AAA",
  PARDOT_CLIENT_ID: "3MVG9.key",
  PARDOT_CLIENT_SECRET: "s3cr3t-client",
  PARDOT_REFRESH_TOKEN: "s3cr3t-refresh",
  PARDOT_ETL_DESTINATION: "./data",
};
const SECRETS = ["s3cr3t-client", "s3cr3t-refresh"];

let cwd: string;
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-config-"));
});
afterEach(() => rm(cwd, { recursive: true }));

interface Case {
  readonly env?: Readonly<Record<string, string>>;
  /** Written as pardot-etl.yaml. */
  readonly file?: string;
  readonly options?: GivenOptions;
  readonly configFile?: string;
}

async function load({ env = {}, file, options = {}, configFile }: Case): Promise<Config> {
  if (file !== undefined) await writeFile(join(cwd, configFile ?? "pardot-etl.yaml"), file);
  return loadConfig({ env, cwd, options, configFile: configFile ?? null });
}

/** `path: value: expected` of every problem, sorted by path. */
async function problemsOf(given: Case): Promise<readonly Problem[]> {
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

async function pathsOf(given: Case): Promise<readonly string[]> {
  return (await problemsOf(given)).map((problem) => problem.path).toSorted();
}

describe("a bad configuration", () => {
  test("is reported whole: every place, value and expectation", async () => {
    const problems = await problemsOf({
      env: {
        PARDOT_BUSINESS_UNIT_ID: "0Uv1",
        PARDOT_CLIENT_SECRET: "s3cr3t-client",
        PARDOT_MAX_CONCURENCY: "9",
        PARDOT_TIMEZONE: "Mars/Olympus",
      },
      file: "pardot: { max_concurrency: 9 }\netl: { objects: Tagg, overlap: 0s, colour: red }\n",
    });
    expect(problems).toEqual([
      { path: "etl.colour (pardot-etl.yaml)", value: "***", expected: "a key that this version knows" },
      {
        path: "PARDOT_MAX_CONCURENCY",
        value: "***",
        expected: "a variable that this version knows; did you mean PARDOT_MAX_CONCURRENCY?",
      },
      {
        path: "PARDOT_BUSINESS_UNIT_ID",
        value: "0Uv1",
        expected: "18 letters and digits that start with 0Uv",
      },
      { path: "PARDOT_TIMEZONE", value: "Mars/Olympus", expected: expect.stringContaining("IANA") as string },
      {
        path: "pardot.max_concurrency (pardot-etl.yaml)",
        value: "9",
        expected: "a whole number from 1 to 5",
      },
      {
        path: "etl.objects (pardot-etl.yaml)",
        value: "Tagg",
        expected: expect.stringMatching(/^core, all or names among .*; did you mean Tag\?$/) as string,
      },
      {
        path: "etl.overlap (pardot-etl.yaml)",
        value: "0s",
        expected: "a duration such as 90s, 5m, 6h or 1d, from 1s to 364d",
      },
      {
        path: "PARDOT_ETL_DESTINATION",
        value: null,
        expected: "s3://bucket/prefix or a folder (here or as etl.destination in the file)",
      },
      {
        path: "PARDOT_CLIENT_ID",
        value: null,
        expected: "the consumer key of the app (here or as pardot.client_id in the file)",
      },
      {
        path: "PARDOT_AUTH_FLOW",
        value: null,
        expected: expect.stringMatching(
          /^the credentials of a flow: .*jwt.*refresh_token.*client_credentials/,
        ) as string,
      },
    ]);
  });

  test("shows a value of the wrong type, unless it is a secret's or too large to be shown", async () => {
    const problems = await problemsOf({
      env: GOOD,
      file: "pardot: { client_secret: 4711 }\netl: { destination: 5, overlap: true, tmpdir: [s3cr3t-client] }\n",
    });
    expect(problems.map(({ path, value }) => [path.split(" ")[0], value])).toEqual([
      ["pardot.client_secret", "***"],
      ["etl.destination", "5"],
      ["etl.overlap", "true"],
      ["etl.tmpdir", "a list"],
    ]);
  });

  const cases: readonly (readonly [string, Case, readonly string[]])[] = [
    [
      "nothing at all",
      {},
      ["PARDOT_AUTH_FLOW", "PARDOT_BUSINESS_UNIT_ID", "PARDOT_CLIENT_ID", "PARDOT_ETL_DESTINATION"],
    ],
    [
      "a file that is no YAML, and a bad variable beside it",
      { file: "etl: { overlap: 1d\npardot:", env: { PARDOT_TIMEZONE: "+02:00" } },
      ["PARDOT_TIMEZONE", "pardot-etl.yaml line 2, column 1"],
    ],
    ["a file that is a list", { env: GOOD, file: "- etl" }, ["pardot-etl.yaml"]],
    ["an alias without anchor", { env: GOOD, file: "pardot: { client_secret: *s3cr3t-client }" }, ["pardot-etl.yaml"]],
    [
      "a tag that nobody knows",
      { env: GOOD, file: "pardot: { client_secret: !s3cr3t-client x }" },
      ["pardot-etl.yaml line 1, column 26"],
    ],
    ["a key given twice", { env: GOOD, file: "etl: {}\netl: {}\n" }, ["pardot-etl.yaml line 2, column 1"]],
    [
      "sections that are none",
      { env: GOOD, file: "etl: [1]\npardot: 3\npardot_client_secret: s3cr3t-client\nPARDOT_ETL_OVERLAP: 1d" },
      [
        "PARDOT_ETL_OVERLAP (pardot-etl.yaml)",
        "etl (pardot-etl.yaml)",
        "pardot (pardot-etl.yaml)",
        "pardot_client_secret (pardot-etl.yaml)",
      ],
    ],
    [
      "wrong types",
      {
        env: GOOD,
        file: "pardot: { client_id: 12, client_secret: 34, refresh_token: [s3cr3t-refresh] }\netl: { overlap: 86400, objects: { a: 1 }, tmpdir: true }",
      },
      [
        "etl.objects (pardot-etl.yaml)",
        "etl.overlap (pardot-etl.yaml)",
        "etl.tmpdir (pardot-etl.yaml)",
        "pardot.client_id (pardot-etl.yaml)",
        "pardot.client_secret (pardot-etl.yaml)",
        "pardot.refresh_token (pardot-etl.yaml)",
      ],
    ],
    [
      "references to variables that are not set",
      {
        env: GOOD,
        file: "etl: { destination: '${NOPE}/${NADA}', tmpdir: '${}' }\ncatalog: { Tag: { key: '${NIX}' } }",
      },
      [
        "catalog.Tag.key (pardot-etl.yaml)",
        "catalog.Tag.key (pardot-etl.yaml)",
        "etl.destination (pardot-etl.yaml)",
        "etl.destination (pardot-etl.yaml)",
        "etl.tmpdir (pardot-etl.yaml)",
      ],
    ],
    [
      "variables of later versions and of nobody",
      { env: { ...GOOD, PARDOT_ACCESS_TOKEN: "s3cr3t-client", PARDOT_ETL_FOO: "1" } },
      ["PARDOT_ACCESS_TOKEN", "PARDOT_ETL_FOO"],
    ],
    [
      "values of later versions",
      {
        env: {
          ...GOOD,
          PARDOT_API_VERSION: "5",
          PARDOT_AUTH_FLOW: "device",
          PARDOT_ETL_FORMAT: "parquet",
        },
      },
      ["PARDOT_API_VERSION", "PARDOT_AUTH_FLOW", "PARDOT_ETL_FORMAT"],
    ],
    [
      "references that lead nowhere, each in its layer",
      {
        env: { ...GOOD, PARDOT_CLIENT_SECRET: "aws-secretsmanager:", PARDOT_REFRESH_TOKEN: "aws-ssm:/pardot#token" },
        file: "pardot: { client_secret: 'aws-secretsmanager:acme#' }",
      },
      ["PARDOT_CLIENT_SECRET", "PARDOT_REFRESH_TOKEN", "pardot.client_secret (pardot-etl.yaml)"],
    ],
    [
      "whatever else is wrong beside good references, before they are followed",
      {
        env: {
          ...GOOD,
          PARDOT_CLIENT_SECRET: "aws-secretsmanager:acme/pardot#client_secret",
          PARDOT_REFRESH_TOKEN: "aws-secretsmanager:acme/pardot#refresh_token",
          PARDOT_TIMEZONE: "nowhere",
          PARDOT_ETL_WAREHOUSE: "snowflake",
          SNOWFLAKE_ACCOUNT: "acme-prod",
          SNOWFLAKE_AUTHENTICATOR: "PROGRAMMATIC_ACCESS_TOKEN",
          SNOWFLAKE_PASSWORD: "aws-ssm:/acme/snowflake",
          SNOWFLAKE_SCHEMA: "pardot",
        },
      },
      ["PARDOT_TIMEZONE", "SNOWFLAKE_DATABASE"],
    ],
    [
      "numbers out of bounds",
      {
        env: {
          ...GOOD,
          PARDOT_MAX_CONCURRENCY: "6",
          PARDOT_MAX_WAITING_EXPORTS: "0",
          PARDOT_DAILY_CALL_BUDGET: "-1",
          PARDOT_ETL_ROWS_PER_FILE: "1e3",
          PARDOT_ETL_BYTES_PER_FILE: "16",
          PARDOT_REQUEST_TIMEOUT: "0s",
        },
      },
      [
        "PARDOT_DAILY_CALL_BUDGET",
        "PARDOT_ETL_BYTES_PER_FILE",
        "PARDOT_ETL_ROWS_PER_FILE",
        "PARDOT_MAX_CONCURRENCY",
        "PARDOT_MAX_WAITING_EXPORTS",
        "PARDOT_REQUEST_TIMEOUT",
      ],
    ],
    [
      "hosts that tokens must not go to",
      {
        env: {
          ...GOOD,
          PARDOT_API_URL: "https://pi.pardot.com.evil.example",
          PARDOT_LOGIN_URL: "http://login.salesforce.com",
        },
      },
      ["PARDOT_API_URL", "PARDOT_LOGIN_URL"],
    ],
    [
      "addresses with a path or credentials",
      {
        env: {
          ...GOOD,
          PARDOT_API_URL: "https://me:s3cr3t-client@pi.pardot.com",
          PARDOT_LOGIN_URL: "https://a.example/x",
        },
      },
      ["PARDOT_API_URL", "PARDOT_LOGIN_URL"],
    ],
    ["S3 without a bucket", { env: { ...GOOD, PARDOT_ETL_DESTINATION: "s3:///prefix" } }, ["PARDOT_ETL_DESTINATION"]],
    [
      "a bucket that cannot be",
      { env: { ...GOOD, PARDOT_ETL_DESTINATION: "s3://Acme_Lake" } },
      ["PARDOT_ETL_DESTINATION"],
    ],
    [
      "a prefix that climbs",
      { env: { ...GOOD, PARDOT_ETL_DESTINATION: "s3://acme/a/../b" } },
      ["PARDOT_ETL_DESTINATION"],
    ],
    ["an unknown store", { env: { ...GOOD, PARDOT_ETL_DESTINATION: "gs://acme" } }, ["PARDOT_ETL_DESTINATION"]],
    [
      "a flow without its credentials",
      { env: { ...GOOD, PARDOT_AUTH_FLOW: "refresh_token", PARDOT_REFRESH_TOKEN: "" } },
      ["PARDOT_REFRESH_TOKEN"],
    ],
    [
      "client credentials on a host that does not take them",
      { env: { ...GOOD, PARDOT_AUTH_FLOW: "client_credentials", PARDOT_LOGIN_URL: "https://test.salesforce.com" } },
      ["PARDOT_LOGIN_URL"],
    ],
    [
      "exports looked at less often than they time out",
      { env: { ...GOOD, PARDOT_EXPORT_POLL_INTERVAL: "1h", PARDOT_EXPORT_TIMEOUT: "30m" } },
      ["PARDOT_EXPORT_POLL_INTERVAL"],
    ],
    ["a warehouse in memory", { env: { ...GOOD, PARDOT_ETL_WAREHOUSE: "duckdb::memory:" } }, ["PARDOT_ETL_WAREHOUSE"]],
    [
      "a warehouse in the place of the destination",
      { env: { ...GOOD, PARDOT_ETL_WAREHOUSE: "duckdb:data" } },
      ["PARDOT_ETL_WAREHOUSE"],
    ],
    [
      "a bad value in the file that a good variable hides",
      { env: { ...GOOD, PARDOT_ETL_OVERLAP: "1d" }, file: "etl: { overlap: never }" },
      ["etl.overlap (pardot-etl.yaml)"],
    ],
    [
      "a bad value in the file, and one over it that does not fit the rest",
      {
        env: { ...GOOD, PARDOT_EXPORT_POLL_INTERVAL: "1h", PARDOT_EXPORT_TIMEOUT: "30m" },
        file: "pardot: { export_poll_interval: never }",
      },
      ["PARDOT_EXPORT_POLL_INTERVAL", "pardot.export_poll_interval (pardot-etl.yaml)"],
    ],
    [
      "a bad option over a good variable",
      { env: GOOD, options: { PARDOT_BUSINESS_UNIT_ID: { option: "--business-unit", text: "" } } },
      ["--business-unit"],
    ],
    ["no objects", { env: { ...GOOD, PARDOT_ETL_OBJECTS: "," } }, ["PARDOT_ETL_OBJECTS"]],
  ];
  test.each(cases)("%s", async (_name, given, paths) => {
    expect(await pathsOf(given)).toEqual(paths);
  });

  test("shows no secret that was refused, however it was given", async () => {
    const env = { ...GOOD, PARDOT_CLIENT_SECRET: "aws-ssm:s3cr3t-client#" };
    const options = { PARDOT_REFRESH_TOKEN: { option: "--x", text: "aws-ssm:s3cr3t-refresh#" } };
    const problems = await problemsOf({ env, options, file: "pardot: { client_secret: 'aws-ssm:s3cr3t client' }" });
    expect(problems.map((problem) => problem.value)).toEqual(["***", "***", "***"]);
  });

  test("names the file that cannot be read", async () => {
    const env = { ...GOOD, PARDOT_ETL_CONFIG: "nope.yaml" };
    expect(await problemsOf({ env })).toEqual([
      { path: "PARDOT_ETL_CONFIG", value: "nope.yaml", expected: "a file that can be read (ENOENT)" },
    ]);
  });

  test("refuses a file of more than 1 MB unread", async () => {
    expect(await problemsOf({ env: GOOD, file: `# ${"x".repeat(1_000_000)}` })).toEqual([
      { path: "pardot-etl.yaml", value: "pardot-etl.yaml", expected: "a file of at most 1 MB" },
    ]);
  });

  test("shows a text of the file as it stands there, not what a variable brought in", async () => {
    const env = { ...GOOD, OTHER: "s3cr3t-client" };
    expect(await problemsOf({ env, file: "etl: { overlap: '${OTHER}' }" })).toMatchObject([{ value: "${OTHER}" }]);
    const catalogFile = "catalog: { Tag: { key: '${OTHER}', v4: { process: '${OTHER}' } } }";
    expect(await problemsOf({ env, file: catalogFile })).toMatchObject([{ value: "${OTHER}" }]);
    const address = { ...GOOD, PARDOT_API_URL: "https://a:b@c.example?t=1" };
    expect(await problemsOf({ env: address, file: "" })).toMatchObject([{ value: "https://***@c.example?***" }]);
  });

  test("has its catalogue overrides refused with every fault's path", async () => {
    const file = `
catalog:
  Tagg: {}
  Account: 7
  Tag:
    name: Label
    key: nope
  VisitorActivity:
    waternark: created_at
    watermark: sometime
    v4: { query: { limit: 500, colour: red }, export: { windowDaysMax: "1" } }
`;
    expect(await problemsOf({ env: GOOD, file })).toEqual([
      {
        path: "catalog.Tagg (pardot-etl.yaml)",
        value: null,
        expected: "an object of the catalogue; did you mean Tag?",
      },
      {
        path: "catalog.VisitorActivity.watermark (pardot-etl.yaml)",
        value: "sometime",
        expected: expect.stringContaining("created_at") as string,
      },
      {
        path: "catalog.VisitorActivity.v4.query.limit (pardot-etl.yaml)",
        value: "500",
        expected: expect.stringContaining("200") as string,
      },
      {
        path: "catalog.VisitorActivity.v4.query.colour (pardot-etl.yaml)",
        value: null,
        expected: "a key that a catalogue entry has",
      },
      {
        path: "catalog.VisitorActivity.v4.export.windowDaysMax (pardot-etl.yaml)",
        value: "1",
        expected: expect.stringContaining("number") as string,
      },
      {
        path: "catalog.VisitorActivity.waternark (pardot-etl.yaml)",
        value: null,
        expected: "a key that a catalogue entry has",
      },
      {
        path: "catalog.Tag.name (pardot-etl.yaml)",
        value: null,
        expected: "Tag: an entry keeps its name",
      },
      { path: "catalog.Tag.key (pardot-etl.yaml)", value: null, expected: "the name of a column" },
      { path: "catalog.Account (pardot-etl.yaml)", value: null, expected: "a map of what differs" },
    ]);
  });
});

describe("who hears of a run", () => {
  test.each([
    "arn:aws:sns:eu-central-1:123456789012:pardot-etl.fifo",
    "arn:aws:sqs:eu-central-1:123456789012:pardot-etl",
    "arn:aws:sns:eu-central-1:1234:pardot-etl",
    "arn:aws:sns::123456789012:pardot-etl",
    "pardot-etl",
  ])("is no topic like %s", async (arn) => {
    const problems = await problemsOf({ env: { ...GOOD, PARDOT_ETL_SNS_TOPIC_ARN: arn } });
    expect(problems).toEqual([
      { path: "PARDOT_ETL_SNS_TOPIC_ARN", value: arn, expected: expect.stringContaining("standard topic") as string },
    ]);
  });

  test.each([
    "http://hooks.slack.com/s3cr3t-client",
    "ftp://127.0.0.1/s3cr3t-client",
    "https://me:s3cr3t-client@example.com/",
    "https://example.com/#s3cr3t-client",
    "s3cr3t-client",
  ])("is no webhook like %s, and its address is not shown", async (address) => {
    const problems = await problemsOf({ env: { ...GOOD, PARDOT_ETL_WEBHOOK_URL: address } });
    expect(problems).toEqual([
      {
        path: "PARDOT_ETL_WEBHOOK_URL",
        value: "***",
        expected: expect.stringContaining("an https:// address") as string,
      },
    ]);
  });

  test.each(["http://127.0.0.1:9/a", "http://localhost/a?b=c", "https://example.com:8443/a"])(
    "may be %s",
    async (address) => {
      const { notify } = await load({ env: { ...GOOD, PARDOT_ETL_WEBHOOK_URL: address } });
      expect(notify.webhookUrl?.reveal()).toBe(address);
    },
  );
});
