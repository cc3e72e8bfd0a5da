import { describe, expect, test } from "vitest";
import { GOOD, load, pathsOf, problemsOf, useConfigFolder } from "../../test/kit/config-rig.ts";

useConfigFolder();

const snowflake = {
  PARDOT_ETL_WAREHOUSE: "snowflake",
  SNOWFLAKE_ACCOUNT: "acme-prod",
  SNOWFLAKE_USER: "ETL",
  SNOWFLAKE_PASSWORD: "s3cr3t-client",
  SNOWFLAKE_DATABASE: "LAKE",
  SNOWFLAKE_SCHEMA: "PARDOT",
};

describe("quotes around a value", () => {
  test.each([
    ["PARDOT_ETL_DESTINATION", '"s3://acme-lake/pardot"'],
    ["PARDOT_ETL_DESTINATION", "'./data'"],
    ["PARDOT_ETL_DESTINATION", '"./data'],
    ["PARDOT_TIMEZONE", '"Europe/Berlin"'],
    ["PARDOT_CLIENT_ID", "'3MVG9.key'"],
    ["PARDOT_CLIENT_ID", '""'],
    ["PARDOT_BUSINESS_UNIT_ID", '"0Uv000000000001AAA"'],
    ["PARDOT_ETL_OBJECTS", "'core,Tag'"],
    ["PARDOT_ETL_OVERLAP", '"1d"'],
    ["PARDOT_TOKEN_FILE", '"/var/token"'],
    ["PARDOT_ETL_TMPDIR", "“/tmp”"],
    ["PARDOT_ETL_WAREHOUSE", '"duckdb:x.duckdb"'],
    ["PARDOT_ETL_WAREHOUSE", 'duckdb:"x.duckdb"'],
    ["PARDOT_API_URL", '"https://pi.pardot.com"'],
  ])("of %s, %s, are refused with the reason", async (name, value) => {
    const problems = await problemsOf({ env: { ...GOOD, [name]: value } });
    expect(problems.filter(({ path }) => path === name)).toEqual([
      { path: name, value, expected: expect.stringContaining("--env-file") as string },
    ]);
  });

  test("of a secret are refused without showing it, but a quote at one end is part of it", async () => {
    for (const name of ["PARDOT_CLIENT_SECRET", "PARDOT_REFRESH_TOKEN"]) {
      for (const value of ['"s3cr3t-client"', "'s3cr3t-client'", '""']) {
        expect(await problemsOf({ env: { ...GOOD, [name]: value } })).toEqual([
          { path: name, value: "***", expected: expect.stringContaining("--env-file") as string },
        ]);
      }
    }
    for (const value of ['"s3cr3t', "s3cr3t'", "\"s3cr3t'"]) {
      const { pardot } = await load({ env: { ...GOOD, PARDOT_CLIENT_SECRET: value } });
      expect(pardot.auth).toMatchObject({ clientSecret: expect.anything() as unknown });
    }
  });

  test("of a value in the file are refused together with all other problems", async () => {
    const file = `etl: { destination: '"./data"', overlap: "'1d'" }\npardot: { timezone: EST }\n`;
    const { PARDOT_ETL_DESTINATION: _, ...env } = GOOD;
    expect(await pathsOf({ env, file })).toEqual([
      "etl.destination (pardot-etl.yaml)",
      "etl.overlap (pardot-etl.yaml)",
      "pardot.timezone (pardot-etl.yaml)",
    ]);
  });

  test("of variables that AWS and proxies use are refused, never shown", async () => {
    const env = { ...GOOD, AWS_REGION: '"eu-central-1"', AWS_SECRET_ACCESS_KEY: '"s3cr3t-client"', HTTPS_PROXY: "'x'" };
    const problems = await problemsOf({ env });
    expect(problems.map(({ path, value }) => [path, value])).toEqual([
      ["AWS_REGION", "***"],
      ["AWS_SECRET_ACCESS_KEY", "***"],
      ["HTTPS_PROXY", "***"],
    ]);
  });

  test("of a name in Snowflake are part of it if they are double", async () => {
    await load({ env: { ...GOOD, ...snowflake, SNOWFLAKE_SCHEMA: '"my schema"' } });
    const quoted = { ...GOOD, ...snowflake, SNOWFLAKE_SCHEMA: "'PARDOT'", SNOWFLAKE_USER: '"ETL"' };
    expect(await pathsOf({ env: quoted })).toEqual(["SNOWFLAKE_SCHEMA", "SNOWFLAKE_USER"]);
  });

  test("of the configuration file's name are refused with the reason", async () => {
    const problems = await problemsOf({ env: { ...GOOD, PARDOT_ETL_CONFIG: '"a.yaml"' } });
    expect(problems).toEqual([
      { path: "PARDOT_ETL_CONFIG", value: '"a.yaml"', expected: expect.stringContaining("--env-file") as string },
    ]);
  });
});

describe("a mistaken destination is refused", () => {
  test.each([
    "~/data",
    "~",
    "$HOME/data",
    "${DATA_DIR}/x",
    "./${X}/y",
    "s3:/acme-lake/pardot",
    "s3:acme-lake/pardot",
    "s3//acme-lake/pardot",
    "S3:/acme-lake",
    "arn:aws:s3:::acme-lake/pardot",
    "gs:/acme-lake",
    "file:/data",
    "s3://$BUCKET/pardot",
    "s3://acme-lake/${PREFIX}",
    "s3a://acme-lake/pardot",
    "S3://acme-lake/pardot",
  ])("%s", async (value) => {
    expect(await pathsOf({ env: { ...GOOD, PARDOT_ETL_DESTINATION: value } })).toEqual(["PARDOT_ETL_DESTINATION"]);
  });

  test.each(["./data", "/data", "data", "./~/data", "./a:b", "../$x", "C:\\data", "s3://acme-lake/a:b", "."])(
    "but %s is accepted",
    async (value) => {
      await load({ env: { ...GOOD, PARDOT_ETL_DESTINATION: value } });
    },
  );
});

test.each([
  ["PARDOT_ETL_TMPDIR", "~/tmp"],
  ["PARDOT_ETL_TMPDIR", "$TMPDIR"],
  ["PARDOT_TOKEN_FILE", "~/token"],
  ["PARDOT_TOKEN_FILE", "${HOME}/token"],
  ["PARDOT_TOKEN_FILE", "file:///var/token"],
  ["PARDOT_ETL_WAREHOUSE", "duckdb:~/x.duckdb"],
  ["PARDOT_ETL_WAREHOUSE", "duckdb:$HOME/x.duckdb"],
  ["PARDOT_ETL_WAREHOUSE", "duckdb://x.duckdb"],
  ["PARDOT_ETL_WAREHOUSE", "duckdb:///var/x.duckdb"],
  ["PARDOT_ETL_WAREHOUSE", "duckdb: ./x.duckdb"],
  ["PARDOT_ETL_WAREHOUSE", "duckdb:s3://acme/x.duckdb"],
  ["PARDOT_ETL_WAREHOUSE", "duckdb::memory:named"],
])("a mistaken path is refused: %s=%s", async (name, value) => {
  expect(await pathsOf({ env: { ...GOOD, [name]: value } })).toEqual([name]);
});

describe("a zone that hides summer time is refused", () => {
  test.each(
    "EST est MST HST PST IST Etc/GMT+5 etc/gmt-14 Etc/GMT+12 GMT+05:30 GMT+5 UTC+2 +02:00 -0500 SystemV/EST5".split(
      " ",
    ),
  )("%s", async (zone) => {
    for (const name of ["PARDOT_TIMEZONE", "PARDOT_ACCOUNT_TIMEZONE"]) {
      expect(await pathsOf({ env: { ...GOOD, [name]: zone } })).toEqual([name]);
    }
  });

  test.each(
    "UTC utc Etc/UTC GMT Etc/GMT GMT0 GMT+0 Etc/GMT-0 Zulu CET EST5EDT Japan Asia/Kolkata America/Phoenix US/Eastern".split(
      " ",
    ),
  )("but %s is accepted", async (zone) => {
    await load({ env: { ...GOOD, PARDOT_TIMEZONE: zone } });
  });

  test.each([
    ["america/new_york", "America/New_York"],
    ["utc", "UTC"],
    ["US/Eastern", "US/Eastern"],
  ])("and %s is read as %s", async (zone, expected) => {
    const { pardot } = await load({ env: { ...GOOD, PARDOT_TIMEZONE: zone } });
    expect(pardot.timeZone).toBe(expected);
  });
});

test.each([
  ["PARDOT_LOGIN_URL", "https://pi.pardot.com", "PARDOT_API_URL"],
  ["PARDOT_LOGIN_URL", "https://PI.demo.pardot.com", "PARDOT_API_URL"],
  ["PARDOT_LOGIN_URL", "https://acme.lightning.force.com", "my.salesforce.com"],
  ["PARDOT_LOGIN_URL", "https://acme.my.salesforce-setup.com", "my.salesforce.com"],
  ["PARDOT_API_URL", "https://login.salesforce.com", "PARDOT_LOGIN_URL"],
  ["PARDOT_API_URL", "https://acme.my.salesforce.com", "PARDOT_LOGIN_URL"],
  ["PARDOT_API_URL", "https://acme.lightning.force.com", "PARDOT_LOGIN_URL"],
])("a host in place of the other is refused and the right one named: %s=%s", async (name, value, named) => {
  expect(await problemsOf({ env: { ...GOOD, [name]: value } })).toEqual([
    { path: name, value, expected: expect.stringContaining(named) as string },
  ]);
});

test("the share of the quota is a percentage, 80 % by default", async () => {
  expect((await load({ env: GOOD })).pardot.quotaShare).toBe(0.8);
  for (const [text, share] of [
    ["1%", 0.01],
    ["55%", 0.55],
    ["100%", 1],
  ] as const) {
    expect((await load({ env: { ...GOOD, PARDOT_QUOTA_SHARE: text } })).pardot.quotaShare).toBe(share);
    const file = `pardot: { quota_share: ${text} }\n`;
    expect((await load({ env: GOOD, file })).pardot.quotaShare).toBe(share);
  }
  for (const text of ["0%", "101%", "0.8", "80", "80 %", "-5%", "1e1%", "eighty"]) {
    expect(await problemsOf({ env: { ...GOOD, PARDOT_QUOTA_SHARE: text } })).toEqual([
      { path: "PARDOT_QUOTA_SHARE", value: text, expected: "a percentage such as 80%, from 1% to 100%" },
    ]);
  }
});
