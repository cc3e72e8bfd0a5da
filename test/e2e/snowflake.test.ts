import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { check } from "../../src/operations/check/check.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { startSnowflake } from "../kit/servers/snowflake.ts";
import type { SnowflakeServer, SnowflakeTable } from "../kit/servers/snowflake.ts";
import { byKeyPair, PASSWORD, place, PUBLIC_KEY, SECRETS } from "../kit/snowflake.ts";
import { startCli } from "../kit/cli.ts";
import { filesBelow, landedRecords, scene, truth } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import type { Cells } from "../kit/records.ts";

// Holds G1, G2 and G8 for ranges that start from tables in Snowflake: the real driver, against the stand-in.

const EMPTY = { rows: [] };
const ALL_EMPTY = { PARDOT_VISITORACTIVITY: EMPTY, PARDOT_TAG: EMPTY, PARDOT_ACCOUNT: EMPTY };

let server: SnowflakeServer;
let at: Scene | null;
beforeEach(async () => {
  server = await startSnowflake({ users: [{ name: "ETL", publicKey: PUBLIC_KEY, password: PASSWORD }] });
  at = null;
});
afterEach(async () => {
  await at?.close();
  await server.close();
});

async function start(tables: Readonly<Record<string, SnowflakeTable>>, timezone = "UTC"): Promise<Scene> {
  for (const [name, table] of Object.entries(tables)) server.tables.set(name, table);
  at = await scene({ timezone }, byKeyPair(server));
  return at;
}

/** Loads the landed records of an object into its table, like Snowpipe. */
async function pipe(from: Scene, object: string): Promise<void> {
  const rows = (await landedRecords(from.data, object)).map(upperCase);
  server.tables.set(`PARDOT_${object.toUpperCase()}`, { rows });
}

function upperCase(row: Cells): Cells {
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [name.toUpperCase(), value]));
}

/** The lower bounds that the simulator has seen so far: of tags, and of exports of visitor activities. */
function bounds({ simulator }: Scene): { readonly tags: readonly unknown[]; readonly exports: readonly unknown[] } {
  const stats = simulator.stats();
  const tags = stats.requests.filter(({ kind, parameters }) => kind === "tag query" && parameters["limit"] !== "1");
  return {
    tags: [...new Set(tags.map(({ parameters }) => parameters["updated_after"]))],
    exports: stats.exports.map((each) => each.arguments["updated_after"] ?? each.arguments["created_after"]),
  };
}

function newestOf(table: string): string {
  const times = (server.tables.get(table)?.rows ?? []).map((row) => row["UPDATED_AT"] ?? "");
  return times.reduce((newest, time) => (time > newest ? time : newest));
}

/** In UTC; Pardot's bounds are exclusive, so a second more than the overlap. */
function dayAndSecondBefore(time: string): string {
  const instant = Date.parse(`${time.replace(" ", "T")}Z`) - 86_401_000;
  return new Date(instant).toISOString().slice(0, 19).replace("T", " ");
}

describe("a range that starts from a table in Snowflake", () => {
  it.each(["UTC", "America/New_York", "Australia/Lord_Howe"])(
    "starts at its MAX minus a day, in %s",
    async (timezone) => {
      const tables = {
        ...ALL_EMPTY,
        PARDOT_VISITORACTIVITY: {
          rows: [{ UPDATED_AT: "2026-03-02 00:00:00" }, { UPDATED_AT: "2026-02-27 23:00:00" }],
        },
        PARDOT_TAG: { rows: [{ UPDATED_AT: "2026-03-09 01:45:00" }] },
      };
      const started = await start(tables, timezone);
      const { error } = await started.run();
      expect(error).toBeNull();
      // Pardot's bounds are exclusive: a second earlier.
      expect(bounds(started)).toMatchObject({ tags: ["2026-03-08 01:44:59"], exports: ["2026-02-28 23:59:59"] });
    },
  );

  it("follows the tables as they fill", async () => {
    const started = await start(ALL_EMPTY);
    await started.run();
    for (const object of ["VisitorActivity", "Tag", "Account"]) await pipe(started, object);
    const before = bounds(started);
    started.simulator.advance(1);
    expect((await started.run()).error).toBeNull();
    const after = bounds(started);
    expect(after.tags.at(-1)).toBe(dayAndSecondBefore(newestOf("PARDOT_TAG")));
    expect(after.exports).toEqual([...before.exports, dayAndSecondBefore(newestOf("PARDOT_VISITORACTIVITY"))]);
    const ids = new Set((await landedRecords(started.data, "Tag")).map((row) => row["id"]));
    for (const row of truth(started.simulator, "Tag")) expect(ids).toContain(row["id"]);
  });

  it("is the whole history for an empty table, but not again after files were committed", async () => {
    const started = await start(ALL_EMPTY);
    const first = await started.run();
    expect(first.manifest.objects.find(({ object }) => object === "Tag")?.windows[0]?.from).toMatch(/^1900-01-01/);
    started.simulator.advance(1);
    const second = await started.run();
    expect(second.error).toBeNull();
    expect(second.manifest.objects.find(({ object }) => object === "Tag")?.windows[0]?.from).not.toMatch(/^1900/);
    const warned = second.manifest.warnings.filter(({ code }) => code === "warehouse.table-empty");
    expect(new Set(warned.map(({ object }) => object))).toEqual(new Set(["VisitorActivity", "Tag"]));
    expect(warned[0]?.message).toMatch(/--full/);
  });

  it("fails only its object, with exit 7 and the fix, if its table does not exist", async () => {
    const { PARDOT_TAG: _tag, PARDOT_ACCOUNT: _account, ...tables } = ALL_EMPTY;
    const started = await start(tables);
    const result = await started.run();
    expect(result.exitCode).toBe(7);
    expect(result.manifest.status).toBe("partial");
    const outcomes = result.manifest.objects.map(({ object, error }) => [object, error?.code ?? null]);
    expect(outcomes).toEqual([
      ["VisitorActivity", null],
      ["Tag", "warehouse.table-missing"],
      ["Account", "warehouse.table-missing"],
    ]);
    expect(result.manifest.objects[1]?.error?.hint).toMatch(/pardot-etl ddl Tag/);
    expect((await landedRecords(started.data, "VisitorActivity")).length).toBeGreaterThan(0);
    expect(await filesBelow(join(started.data, "Tag"))).toEqual([]);
  });

  it("warns if the type of its watermark leaves the time zone open", async () => {
    const tables = {
      ...ALL_EMPTY,
      PARDOT_TAG: { timestamps: "LTZ", rows: [{ UPDATED_AT: "2026-03-09 09:45:00" }] },
    } as const;
    const { manifest } = await (await start(tables)).run();
    const codes = manifest.warnings.map(({ code, object }) => [code, object]);
    expect(codes).toContainEqual(["warehouse.watermark-zone", "Tag"]);
  });
});

describe("emails with Snowflake", () => {
  it("are those of its activities that are missing in its table of emails", async () => {
    const started = await start({ PARDOT_ACCOUNT: EMPTY });
    const activities = truth(started.simulator, "VisitorActivity").map(upperCase);
    const lists = new Set(activities.map((row) => row["LIST_EMAIL_ID"]).filter((id) => id !== null));
    const [known = ""] = lists;
    server.tables.set("PARDOT_VISITORACTIVITY", { rows: activities });
    server.tables.set("PARDOT_EMAIL", { rows: [{ EMAIL_ID: "1", LIST_EMAIL_ID: known }] });
    const { error } = await started.run({ env: { PARDOT_ETL_OBJECTS: "Email" } });
    expect(error).toBeNull();
    const landed = (await landedRecords(started.data, "Email")).map((row) => row["list_email_id"]);
    expect(lists.size).toBeGreaterThan(1);
    expect(landed).toHaveLength(lists.size - 1);
    expect(new Set([known, ...landed])).toEqual(lists);
  });
});

describe("check with Snowflake", () => {
  async function warehouseLine(env: Environment): Promise<unknown> {
    const config = await at?.config(env);
    if (config === undefined) throw new Error("no scene");
    const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: config.pardot };
    const { lines } = await withRuntime(wishes, (surroundings) => check(config, surroundings));
    return lines.find(({ name }) => name === "warehouse");
  }

  it("reports existing tables, missing tables, and what to change", async () => {
    await start(ALL_EMPTY);
    expect(await warehouseLine({})).toMatchObject({ status: "ok", message: "snowflake responds; every table exists" });

    const byPassword = { ...place(server), SNOWFLAKE_PASSWORD: PASSWORD };
    const noKey = { SNOWFLAKE_PRIVATE_KEY: "", SNOWFLAKE_PRIVATE_KEY_PASSPHRASE: "" };
    expect(await warehouseLine({ ...byPassword, ...noKey })).toMatchObject({
      status: "warning",
      hint: expect.stringMatching(/only a password/) as string,
    });

    server.tables.delete("PARDOT_TAG");
    server.tables.delete("PARDOT_ACCOUNT");
    expect(await warehouseLine({})).toMatchObject({
      status: "failed",
      exitCode: 7,
      message: "snowflake responds; missing: PARDOT_TAG, PARDOT_ACCOUNT",
      hint: expect.stringMatching(/pardot-etl ddl/) as string,
    });

    expect(await warehouseLine({ SNOWFLAKE_SCHEMA: "NONE" })).toMatchObject({ status: "failed", exitCode: 7 });
  });
});

describe("the command line with Snowflake", () => {
  it("shows no secret on its streams, in its log, in landed files or in the state", async () => {
    const started = await start({ ...ALL_EMPTY, PARDOT_TAG: EMPTY });
    const few = { PARDOT_ETL_OBJECTS: "Tag,Account" };
    const env = { ...started.env, ...few, SNOWFLAKE_PASSWORD: PASSWORD, SNOWFLAKE_AUTHENTICATOR: "SNOWFLAKE" };
    let said = "";
    for (const args of [["check"], ["run", "--json", "--log-level", "debug"]]) {
      const { code, stdout, stderr } = await startCli(args, env, { cwd: started.root }).ended;
      expect([args[0], code]).toEqual([args[0], 0]);
      said += stdout + stderr;
    }
    server.fail("login", { kind: "refuse", code: "390100", message: `Incorrect: ${PASSWORD}` });
    const refused = await startCli(["run", "--json"], env, { cwd: started.root }).ended;
    expect(refused.code).toBe(7);
    expect(JSON.parse(refused.stdout)).toMatchObject({ error: { code: "warehouse.login-refused" } });
    said += refused.stdout + refused.stderr;
    expect(said).toContain("warehouse.password");
    const files = await filesBelow(started.root);
    expect(files.length).toBeGreaterThan(5);
    for (const name of files) said += `${name}\n${await readFile(join(started.root, name), "utf8")}`;
    for (const secret of SECRETS) expect(said.includes(secret)).toBe(false);
  });
});
