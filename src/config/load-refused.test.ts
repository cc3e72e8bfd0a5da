import { describe, expect, test } from "vitest";
import { GOOD, problemsOf, useConfigFolder } from "../../test/kit/config-rig.ts";

useConfigFolder();

describe("a bad configuration", () => {
  test("shows no refused secret, from whatever layer", async () => {
    const env = { ...GOOD, PARDOT_CLIENT_SECRET: "aws-ssm:s3cr3t-client#" };
    const options = { PARDOT_REFRESH_TOKEN: { option: "--x", text: "aws-ssm:s3cr3t-refresh#" } };
    const problems = await problemsOf({ env, options, file: "pardot: { client_secret: 'aws-ssm:s3cr3t client' }" });
    expect(problems.map((problem) => problem.value)).toEqual(["***", "***", "***"]);
  });

  test("names a file that cannot be read", async () => {
    const env = { ...GOOD, PARDOT_ETL_CONFIG: "nope.yaml" };
    expect(await problemsOf({ env })).toEqual([
      { path: "PARDOT_ETL_CONFIG", value: "nope.yaml", expected: "a file that can be read (ENOENT)" },
    ]);
  });

  test("names the variable and the place of a mistake in the JSON that a variable contains, and not its text", async () => {
    const broken = { ...GOOD, PARDOT_ETL_CONFIG: '{"etl": {"overlap": "s3cr3t"' };
    const [problem] = await problemsOf({ env: broken });
    expect(problem).toMatchObject({ value: null, path: expect.stringMatching(/^PARDOT_ETL_CONFIG line 1,/) as string });
    const unknown = { ...GOOD, PARDOT_ETL_CONFIG: '{"etl": {"overlapp": "1d"}}' };
    expect(await problemsOf({ env: unknown })).toMatchObject([{ path: "etl.overlapp (PARDOT_ETL_CONFIG)" }]);
  });

  test("refuses a file over 1 MB without reading it", async () => {
    expect(await problemsOf({ env: GOOD, file: `# ${"x".repeat(1_000_000)}` })).toEqual([
      { path: "pardot-etl.yaml", value: "pardot-etl.yaml", expected: "a file of at most 1 MB" },
    ]);
  });

  test("shows a text as it is in the file, without the values of variables", async () => {
    const env = { ...GOOD, OTHER: "s3cr3t-client" };
    expect(await problemsOf({ env, file: "etl: { overlap: '${OTHER}' }" })).toMatchObject([{ value: "${OTHER}" }]);
    const catalogFile = "catalog: { Tag: { key: '${OTHER}', v4: { process: '${OTHER}' } } }";
    expect(await problemsOf({ env, file: catalogFile })).toMatchObject([{ value: "${OTHER}" }]);
    const address = { ...GOOD, PARDOT_API_URL: "https://a:b@c.example?t=1" };
    expect(await problemsOf({ env: address, file: "" })).toMatchObject([{ value: "https://***@c.example?***" }]);
  });

  test("reports every problem of catalog overrides with its path", async () => {
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
        expected: "an object of the catalog; did you mean Tag?",
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
        expected: "a key of a catalog entry",
      },
      {
        path: "catalog.VisitorActivity.v4.export.windowDaysMax (pardot-etl.yaml)",
        value: "1",
        expected: expect.stringContaining("number") as string,
      },
      {
        path: "catalog.VisitorActivity.waternark (pardot-etl.yaml)",
        value: null,
        expected: "a key of a catalog entry",
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
