import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { isQueried } from "../catalog/catalog.ts";
import { catalog } from "../catalog/index.ts";
import type { Config } from "./config.ts";
import type { OptionTexts } from "./layers.ts";
import { loadConfig, loadNotify } from "./load.ts";
import { DESTINATION } from "./sections.ts";

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
  readonly options?: OptionTexts;
  readonly configFile?: string;
}

async function load({ env = {}, file, options = {}, configFile }: Case): Promise<Config> {
  if (file !== undefined) await writeFile(join(cwd, configFile ?? "pardot-etl.yaml"), file);
  return loadConfig({ env, cwd, options, configFile: configFile ?? null });
}

describe("a good configuration", () => {
  test("loads from the environment alone, with the documented defaults", async () => {
    const config = await load({ env: GOOD });
    expect(config.pardot).toMatchObject({
      businessUnitId: "0Uv000000000001AAA",
      apiUrl: new URL("https://pi.pardot.com"),
      loginUrl: new URL("https://login.salesforce.com"),
      apiVersion: "auto",
      v4Format: null,
      timeZone: "UTC",
      accountTimeZone: "UTC",
      maxConcurrency: 4,
      maxWaitingExports: 4,
      dailyCallBudget: null,
      exportPollIntervalMs: 60_000,
      exportTimeoutMs: 21_600_000,
      requestTimeoutMs: 60_000,
    });
    expect(config.etl).toEqual({
      objects: config.catalog.filter((object) => object.core).map((object) => object.name),
      configuredObjects: config.catalog.filter((object) => object.core).map((object) => object.name),
      destination: { kind: "folder", path: join(cwd, "data") },
      s3PathStyle: null,
      format: "csv",
      compression: "none",
      rowsPerFile: null,
      bytesPerFile: null,
      warehouse: { kind: "none" },
      overlapMs: 86_400_000,
      v5LagMs: 300_000,
      report: false,
      retentionMs: null,
      maxRejects: 100,
      leaseTtlMs: 60_000,
      stopGraceMs: 25_000,
      tmpDir: tmpdir(),
    });
    const { auth } = config.pardot;
    expect(auth.flow === "refresh_token" && auth.refreshToken?.reveal()).toBe("s3cr3t-refresh");
    for (const secret of SECRETS) expect(inspect(config, { depth: 10 }) + JSON.stringify(config)).not.toContain(secret);
  });

  test("applies the file, then the environment, then the options", async () => {
    const file = [
      "pardot: { business_unit_id: 0Uv000000000002AAA, api_version: 3, max_concurrency: 2, max_waiting_exports: 7 }",
      "etl: { objects: [Account, Tag], destination: 's3://${BUCKET}/raw/pardot/', s3_path_style: true, overlap: 2d }",
    ].join("\n");
    const config = await load({
      file,
      env: { ...GOOD, PARDOT_ETL_DESTINATION: "", PARDOT_MAX_CONCURRENCY: "3", BUCKET: "acme-lake" },
      options: { PARDOT_BUSINESS_UNIT_ID: { option: "--business-unit", text: "0Uv000000000003AAA" } },
    });
    expect(config.pardot).toMatchObject({
      businessUnitId: "0Uv000000000003AAA",
      apiVersion: "3",
      maxConcurrency: 3,
      maxWaitingExports: 7,
    });
    expect(config.etl).toMatchObject({
      destination: { kind: "s3", bucket: "acme-lake", prefix: "raw/pardot" },
      s3PathStyle: true,
      overlapMs: 172_800_000,
    });
    expect(config.etl.objects.toSorted()).toEqual(["Account", "Tag"]);
    expect(config.etl.configuredObjects).toEqual(config.etl.objects);
  });

  test("loads from JSON, named by variable or option", async () => {
    const file = JSON.stringify({ etl: { rows_per_file: 5 } });
    expect((await load({ env: GOOD, file, configFile: "a.json" })).etl.rowsPerFile).toBe(5);
    const env = { ...GOOD, PARDOT_ETL_CONFIG: "a.json" };
    expect((await loadConfig({ env, cwd, options: {}, configFile: null })).etl.rowsPerFile).toBe(5);
  });

  test("loads from JSON in the variable itself, for containers without files", async () => {
    const text = JSON.stringify({ etl: { rows_per_file: 6 }, columns: { Prospect: { drop: ["phone"] } } });
    const env = { ...GOOD, PARDOT_ETL_CONFIG: ` ${text}` };
    const config = await loadConfig({ env, cwd, options: {}, configFile: null });
    expect(config.etl.rowsPerFile).toBe(6);
    const prospect = config.catalog.find(({ name }) => name === "Prospect");
    expect(prospect?.columns.map(({ name }) => name)).not.toContain("phone");
  });

  test("chooses the flow by the credentials given", async () => {
    const { PARDOT_REFRESH_TOKEN: _, ...rest } = GOOD;
    const env = { ...rest, PARDOT_LOGIN_URL: "https://acme.my.salesforce.com" };
    expect((await load({ env })).pardot.auth.flow).toBe("client_credentials");
    expect((await load({ env: { ...env, ...GOOD } })).pardot.auth.flow).toBe("refresh_token");
  });

  test("allows plain HTTP to loopback, and unknown variables that the file refers to", async () => {
    const config = await load({
      env: {
        ...GOOD,
        PARDOT_API_URL: "http://127.0.0.1:8080",
        PARDOT_LOGIN_URL: "http://[::1]:1",
        PARDOT_MY_ROWS: "9",
      },
      file: "etl: { rows_per_file: '${PARDOT_MY_ROWS}' }",
    });
    expect(config.pardot.apiUrl.origin).toBe("http://127.0.0.1:8080");
    expect(config.etl.rowsPerFile).toBe(9);
  });

  test("treats empty variables and keys as not given", async () => {
    const config = await load({ env: { ...GOOD, PARDOT_MAX_CONCURRENCY: " " }, file: "etl:\n  overlap:\npardot:\n" });
    expect(config.pardot.maxConcurrency).toBe(4);
    expect(config.etl.overlapMs).toBe(86_400_000);
  });

  test("needs no credentials for the destination part", async () => {
    const env = { PARDOT_ETL_DESTINATION: "/srv/data" };
    const { etl } = await loadConfig({ env, cwd, options: {}, configFile: null }, DESTINATION);
    expect(etl.destination).toEqual({ kind: "folder", path: "/srv/data" });
    await expect(loadConfig({ env: {}, cwd, options: {}, configFile: null }, DESTINATION)).rejects.toThrow(
      /1 problem$/,
    );
  });
});

describe("catalog overrides", () => {
  test("accept every catalog entry unchanged", async () => {
    const file = JSON.stringify({ catalog: Object.fromEntries(catalog.map((object) => [object.name, {}])) });
    expect((await load({ env: GOOD, file })).catalog).toEqual(catalog);
  });

  test("merge maps, replace lists, and keep the rest of the entry", async () => {
    const before = (await load({ env: GOOD })).catalog.find((object) => object.name === "Tag");
    if (before === undefined || !isQueried(before)) throw new Error("tags are read by the query");
    const file = "catalog: { Tag: { v4: { query: { limit: 50, sortBy: [id] } } } }";
    const config = await load({ env: GOOD, file });
    const tag = config.catalog.find((object) => object.name === "Tag");
    const query = { ...before.way.query, limit: 50, sortBy: ["id"] };
    expect(tag).toEqual({ ...before, way: { ...before.way, query } });
  });

  test("refuse the table of another object, in any case, and let two objects swap theirs", async () => {
    const renamed = (tables: string): string => `catalog: ${tables}`;
    await expect(load({ env: GOOD, file: renamed("{ Tag: { table: pardot_list } }") })).rejects.toMatchObject({
      exitCode: 2,
      problems: [
        {
          path: expect.stringMatching(/^catalog\.Tag\.table /) as string,
          expected: "another table: List has this one",
        },
      ],
    });
    const swapped = "{ Tag: { table: PARDOT_LIST }, List: { table: PARDOT_TAG } }";
    const { catalog: offered } = await load({ env: GOOD, file: renamed(swapped) });
    expect(offered.find(({ name }) => name === "List")?.table).toBe("PARDOT_TAG");
  });
});

describe("notification channels", () => {
  const ARN = "arn:aws-cn:sns:cn-north-1:123456789012:pardot_etl-1";
  const URL_ = "https://hooks.slack.com/services/T0/B0/s3cr3t-hook";
  const NOTIFIED = { PARDOT_ETL_SNS_TOPIC_ARN: ARN, PARDOT_ETL_WEBHOOK_URL: URL_ };

  test("are null unless given, and the topic's region is the ARN's", async () => {
    expect((await load({ env: GOOD })).notify).toEqual({ about: "all", snsTopic: null, webhookUrl: null });
    const { notify } = await load({ env: { ...GOOD, ...NOTIFIED, AWS_REGION: "us-east-1" } });
    expect(notify.snsTopic).toEqual({ arn: ARN, region: "cn-north-1" });
    expect(notify.webhookUrl?.reveal()).toBe(URL_);
    expect(inspect(notify) + JSON.stringify(notify)).not.toContain("s3cr3t-hook");
  });

  test("load even if everything else is wrong", async () => {
    const env = {
      ...NOTIFIED,
      PARDOT_BUSINESS_UNIT_ID: GOOD.PARDOT_BUSINESS_UNIT_ID,
      PARDOT_TIMEZONE: "Mars",
      PARDOT_X: "1",
    };
    await writeFile(join(cwd, "broken.yaml"), "etl: {\n");
    for (const configFile of [null, "broken.yaml"]) {
      const { businessUnitId, notify } = await loadNotify({ env, cwd, configFile, options: {} });
      expect(businessUnitId).toBe(GOOD.PARDOT_BUSINESS_UNIT_ID);
      expect([notify.snsTopic?.arn, notify.webhookUrl?.reveal()]).toEqual([ARN, URL_]);
    }
  });

  test("are dropped one by one if they are invalid themselves", async () => {
    const env = { PARDOT_ETL_SNS_TOPIC_ARN: ARN, PARDOT_ETL_WEBHOOK_URL: "http://example.com/s3cr3t-hook" };
    const { businessUnitId, notify } = await loadNotify({ env, cwd, configFile: null, options: {} });
    expect([businessUnitId, notify.snsTopic?.arn, notify.webhookUrl]).toEqual([null, ARN, null]);
  });
});
