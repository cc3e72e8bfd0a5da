import { describe, expect, test } from "vitest";
import { GOOD, pathsOf, problemsOf, useConfigFolder } from "../../test/kit/config-rig.ts";
import type { Case } from "../../test/kit/config-rig.ts";

useConfigFolder();

describe("a bad configuration", () => {
  test("reports every problem with place, value and expectation", async () => {
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
        expected: expect.stringMatching(/^a comma-separated list of objects, .*; did you mean Tag\?$/) as string,
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

  test("shows a value of the wrong type, unless it is a secret or too large", async () => {
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
      "a file that is not YAML, and a bad variable as well",
      { file: "etl: { overlap: 1d\npardot:", env: { PARDOT_TIMEZONE: "+02:00" } },
      ["PARDOT_TIMEZONE", "pardot-etl.yaml line 2, column 1"],
    ],
    ["a file that is a list", { env: GOOD, file: "- etl" }, ["pardot-etl.yaml"]],
    ["an alias without anchor", { env: GOOD, file: "pardot: { client_secret: *s3cr3t-client }" }, ["pardot-etl.yaml"]],
    [
      "an unknown tag",
      { env: GOOD, file: "pardot: { client_secret: !s3cr3t-client x }" },
      ["pardot-etl.yaml line 1, column 26"],
    ],
    ["a key given twice", { env: GOOD, file: "etl: {}\netl: {}\n" }, ["pardot-etl.yaml line 2, column 1"]],
    [
      "unknown sections, and sections that are not maps",
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
      "variables of later versions and unknown ones",
      { env: { ...GOOD, PARDOT_ACCESS_TOKEN: "s3cr3t-client", PARDOT_ETL_FOO: "1" } },
      ["PARDOT_ACCESS_TOKEN", "PARDOT_ETL_FOO"],
    ],
    [
      "values of later versions",
      {
        env: {
          ...GOOD,
          PARDOT_API_VERSION: "6",
          PARDOT_AUTH_FLOW: "device",
          PARDOT_ETL_FORMAT: "avro",
        },
      },
      ["PARDOT_API_VERSION", "PARDOT_AUTH_FLOW", "PARDOT_ETL_FORMAT"],
    ],
    [
      "a compression of Parquet, which is compressed inside",
      { env: { ...GOOD, PARDOT_ETL_COMPRESSION: "zstd" }, file: "etl: { format: parquet }" },
      ["PARDOT_ETL_COMPRESSION"],
    ],
    [
      "malformed references, each in its layer",
      {
        env: { ...GOOD, PARDOT_CLIENT_SECRET: "aws-secretsmanager:", PARDOT_REFRESH_TOKEN: "aws-ssm:/pardot#token" },
        file: "pardot: { client_secret: 'aws-secretsmanager:acme#' }",
      },
      ["PARDOT_CLIENT_SECRET", "PARDOT_REFRESH_TOKEN", "pardot.client_secret (pardot-etl.yaml)"],
    ],
    [
      "all other problems of a configuration with good references, before these are followed",
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
      "hosts that must not receive tokens",
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
    ["an invalid bucket", { env: { ...GOOD, PARDOT_ETL_DESTINATION: "s3://Acme_Lake" } }, ["PARDOT_ETL_DESTINATION"]],
    ["a prefix with ..", { env: { ...GOOD, PARDOT_ETL_DESTINATION: "s3://acme/a/../b" } }, ["PARDOT_ETL_DESTINATION"]],
    ["an unknown store", { env: { ...GOOD, PARDOT_ETL_DESTINATION: "gs://acme" } }, ["PARDOT_ETL_DESTINATION"]],
    [
      "a flow without its credentials",
      { env: { ...GOOD, PARDOT_AUTH_FLOW: "refresh_token", PARDOT_REFRESH_TOKEN: "" } },
      ["PARDOT_REFRESH_TOKEN"],
    ],
    [
      "client credentials on a host that does not support them",
      { env: { ...GOOD, PARDOT_AUTH_FLOW: "client_credentials", PARDOT_LOGIN_URL: "https://test.salesforce.com" } },
      ["PARDOT_LOGIN_URL"],
    ],
    [
      "an export poll interval longer than the time-out",
      { env: { ...GOOD, PARDOT_EXPORT_POLL_INTERVAL: "1h", PARDOT_EXPORT_TIMEOUT: "30m" } },
      ["PARDOT_EXPORT_POLL_INTERVAL"],
    ],
    ["a warehouse in memory", { env: { ...GOOD, PARDOT_ETL_WAREHOUSE: "duckdb::memory:" } }, ["PARDOT_ETL_WAREHOUSE"]],
    [
      "a warehouse at the destination's path",
      { env: { ...GOOD, PARDOT_ETL_WAREHOUSE: "duckdb:data" } },
      ["PARDOT_ETL_WAREHOUSE"],
    ],
    [
      "a bad value in the file that a good variable hides",
      { env: { ...GOOD, PARDOT_ETL_OVERLAP: "1d" }, file: "etl: { overlap: never }" },
      ["etl.overlap (pardot-etl.yaml)"],
    ],
    [
      "a bad value in the file, and a variable over it that does not fit the rest",
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
});
