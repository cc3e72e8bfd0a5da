import { readFileSync } from "node:fs";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { inspect } from "node:util";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from "vitest";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import { tag } from "../kit/fakes/objects.ts";
import { WarehouseError } from "../../src/errors.ts";
import type { RunEvent } from "../../src/events.ts";
import { openWarehouse } from "../../src/warehouse/open.ts";
import { SnowflakeWarehouse } from "../../src/warehouse/snowflake/snowflake.ts";
import type { CommittedFile, TableState } from "../../src/warehouse/warehouse.ts";
import { startSnowflake } from "../kit/servers/snowflake.ts";
import type { SnowflakeFault, SnowflakeServer, SnowflakeTable } from "../kit/servers/snowflake.ts";
import { byKeyPair, PASSWORD, place, PUBLIC_KEY, SECRETS, TOKEN, warehouseConfig } from "../kit/snowflake.ts";
import type { Variables } from "../kit/snowflake.ts";

// Holds G7 and G8 for Snowflake: the official driver, over its wire protocol, against the stand-in.

/** Later than all times in the tables, except those meant to be in the future. */
const NOW = "2026-11-26 00:00:00";
const { signal } = new AbortController();
const USERS = [
  { name: "ETL", publicKey: PUBLIC_KEY, password: PASSWORD },
  { name: "ROBOT", oauthToken: TOKEN, accessToken: TOKEN },
  { name: "HUMAN", password: PASSWORD, needsSecondFactor: true },
];
const TABLES: Readonly<Record<string, SnowflakeTable>> = {
  PARDOT_TAG: {
    rows: [
      { ID: "1", UPDATED_AT: "2026-03-08 02:30:00" },
      { ID: "2", UPDATED_AT: null },
    ],
  },
};

let tmpDir: string;
let server: SnowflakeServer;
let opened: SnowflakeWarehouse[];

/** A server for each test, or one for all tests of a suite, which then share a session. */
function useServer(before: typeof beforeAll | typeof beforeEach, after: typeof afterAll | typeof afterEach): void {
  before(async () => {
    tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-snowflake-test-"));
    server = await startSnowflake({ users: USERS, rowsPerChunk: 700, timeZone: "Asia/Tokyo" });
    opened = [];
  });
  beforeEach(() => {
    server.tables.clear();
    for (const [name, table] of Object.entries(TABLES)) server.tables.set(name, table);
  });
  after(async () => {
    for (const warehouse of opened) await warehouse.close();
    await server.close();
    expect(await readdir(tmpDir)).toEqual([]);
    await rm(tmpDir, { recursive: true });
  });
}

async function open(env: Variables = byKeyPair(server), onEvent: (event: RunEvent) => void = vi.fn()) {
  const warehouse = await openWarehouse(await warehouseConfig(env), { tmpDir, onEvent });
  if (!(warehouse instanceof SnowflakeWarehouse)) throw new Error(`no Snowflake: ${warehouse.name}`);
  opened.push(warehouse);
  return warehouse;
}

/** The one of the suite. */
async function shared(): Promise<SnowflakeWarehouse> {
  return opened[0] ?? (await open());
}

/** The error instead of a result; it contains no secret, and has the class for the exit code. */
async function failure(work: Promise<unknown>): Promise<WarehouseError> {
  const error: unknown = await work.then(
    (value) => ({ resolved: value }),
    (reason: unknown) => reason,
  );
  if (!(error instanceof WarehouseError)) throw new Error(`no WarehouseError: ${inspect(error)}`);
  const shown = inspect(error, { depth: 10, showHidden: true });
  for (const secret of SECRETS) expect(shown).not.toContain(secret);
  expect(error.exitCode).toBe(7);
  return error;
}

function pairs(warehouse: SnowflakeWarehouse): AsyncIterable<readonly [string, string]> {
  return warehouse.leastBy("PARDOT_VISITORACTIVITY", "list_email_id", "email_id", signal);
}

function known(warehouse: SnowflakeWarehouse): AsyncIterable<string> {
  return warehouse.keys("PARDOT_EMAIL", "list_email_id", signal);
}

async function pairsOf(warehouse: SnowflakeWarehouse): Promise<{ listEmailId: string; emailId: string }[]> {
  const found: { listEmailId: string; emailId: string }[] = [];
  for await (const [listEmailId, emailId] of pairs(warehouse)) found.push({ listEmailId, emailId });
  return found;
}

async function knownOf(warehouse: SnowflakeWarehouse): Promise<string[]> {
  const found: string[] = [];
  for await (const id of known(warehouse)) found.push(id);
  return found;
}

describe("the login to Snowflake", () => {
  useServer(beforeEach, afterEach);
  const ways: readonly (readonly [string, Variables, string])[] = [
    ["an encrypted private key", {}, "SNOWFLAKE_JWT"],
    ["a password", { SNOWFLAKE_USER: "etl", SNOWFLAKE_PASSWORD: PASSWORD }, "SNOWFLAKE"],
    ["an OAuth token", { SNOWFLAKE_AUTHENTICATOR: "oauth", SNOWFLAKE_TOKEN: TOKEN }, "OAUTH"],
    [
      "a programmatic access token",
      { SNOWFLAKE_AUTHENTICATOR: "PROGRAMMATIC_ACCESS_TOKEN", SNOWFLAKE_TOKEN: TOKEN },
      "PROGRAMMATIC_ACCESS_TOKEN",
    ],
  ];
  test.each(ways)("works with %s, and warns about a password", async (_name, credentials, authenticator) => {
    const events: RunEvent[] = [];
    const isKey = Object.keys(credentials).length === 0;
    const env = isKey ? byKeyPair(server) : { ...place(server), ...credentials };
    const warehouse = await open(env, (event) => events.push(event));
    expect(await warehouse.tableState(tag, NOW, signal)).toMatchObject({ exists: true });
    expect(server.logins.map((login) => login.AUTHENTICATOR)).toEqual([authenticator]);
    const warned = events.map((event) => event.type === "warning" && event.code);
    expect(warned).toEqual(authenticator === "SNOWFLAKE" ? ["warehouse.password"] : []);
  });

  test("does not disclose the host, limits and tags every statement, and finally logs out", async () => {
    const warehouse = await open();
    await warehouse.check(signal);
    await warehouse.tableState(tag, NOW, signal);
    expect(server.sessions).toBe(1);
    await warehouse.close();
    expect(server.sessions).toBe(0);
    const query = "POST /queries/v1/query-request";
    expect(server.requests).toEqual(["POST /session/v1/login-request", query, query, "POST /session"]);
    expect(server.logins[0]?.CLIENT_ENVIRONMENT).toMatchObject({ PLATFORM: ["disabled"], APPLICATION: "pardot-etl" });
    expect(server.logins[0]?.SESSION_PARAMETERS).toMatchObject({ CLIENT_SESSION_KEEP_ALIVE: false });
    for (const parameters of server.parameters) {
      expect(parameters).toEqual({
        QUERY_TAG: "pardot-etl",
        STATEMENT_TIMEOUT_IN_SECONDS: 600,
        STATEMENT_QUEUED_TIMEOUT_IN_SECONDS: 300,
      });
    }
  });

  test.skipIf(process.platform !== "linux")("gives the secrets to no argument and no environment", async () => {
    vi.stubEnv("SNOWFLAKE_PASSWORD", PASSWORD);
    try {
      const warehouse = await open();
      await warehouse.check(signal);
      const proc = `/proc/${String(warehouse.processId)}`;
      const shown = readFileSync(`${proc}/cmdline`, "utf8") + readFileSync(`${proc}/environ`, "utf8");
      expect(shown).toContain("snowflake/process");
      for (const secret of SECRETS) expect(shown).not.toContain(secret);
    } finally {
      vi.unstubAllEnvs();
    }
  });

  const refusals: readonly (readonly [string, Variables, string, RegExp])[] = [
    [
      "a wrong password",
      { SNOWFLAKE_USER: "etl", SNOWFLAKE_PASSWORD: "wrong" },
      "warehouse.login-refused",
      /etl in acme/,
    ],
    ["another user's key", { SNOWFLAKE_USER: "robot" }, "warehouse.key-refused", /JWT token is invalid/],
    [
      "a token of the other kind",
      { SNOWFLAKE_AUTHENTICATOR: "OAUTH", SNOWFLAKE_TOKEN: "stale" },
      "warehouse.token-refused",
      /OAUTH token/,
    ],
    [
      "an unknown access token",
      { SNOWFLAKE_AUTHENTICATOR: "PROGRAMMATIC_ACCESS_TOKEN", SNOWFLAKE_TOKEN: "stale" },
      "warehouse.token-refused",
      /PROGRAMMATIC_ACCESS_TOKEN token/,
    ],
    [
      "a user who needs a second factor",
      { SNOWFLAKE_USER: "human", SNOWFLAKE_PASSWORD: PASSWORD },
      "warehouse.mfa-required",
      /second factor/,
    ],
    ["an unknown role", { SNOWFLAKE_ROLE: "NOBODY" }, "warehouse.role-unknown", /role NOBODY/],
    [
      "an unknown database",
      { SNOWFLAKE_DATABASE: "POND" },
      "warehouse.database-unknown",
      /database POND does not exist/,
    ],
    ["an unknown schema", { SNOWFLAKE_SCHEMA: "NONE" }, "warehouse.schema-unknown", /schema lake\.NONE does not exist/],
    [
      "an unknown virtual warehouse",
      { SNOWFLAKE_WAREHOUSE: "XXL" },
      "warehouse.compute-unavailable",
      /XXL cannot be used/,
    ],
  ];
  test.each(refusals)("fails with %s, and names the fix", async (_name, given, code, message) => {
    const isOwn = "SNOWFLAKE_AUTHENTICATOR" in given || "SNOWFLAKE_PASSWORD" in given;
    const warehouse = await open({ ...(isOwn ? place(server) : byKeyPair(server)), ...given });
    const error = await failure(warehouse.check(signal));
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.message).toMatch(/^log in to snowflake: /);
    expect(error.hint).toMatch(/\w/);
    expect(server.sessions).toBe(0);
    expect(warehouse.processId).toBeNull();
  });

  const networks: readonly (readonly [string, readonly SnowflakeFault[], string, RegExp])[] = [
    [
      "an address that no policy allows",
      [
        {
          kind: "refuse",
          code: "390422",
          message: "Incoming request with IP/Token 192.0.2.1 is not allowed to access Snowflake.",
        },
      ],
      "warehouse.network-policy",
      /192\.0\.2\.1/,
    ],
    ["an account that does not exist", [{ kind: "status", status: 403 }], "warehouse.account-unknown", /HTTP 403/],
    [
      "a server other than Snowflake",
      [{ kind: "status", status: 200, body: `<p>${PASSWORD}</p>` }],
      "warehouse.unreachable",
      /response that is not Snowflake's/,
    ],
  ];
  test.each(networks)("fails at %s", async (_name, faults, code, message) => {
    server.fail("login", ...faults);
    const error = await failure(
      (await open({ ...place(server), SNOWFLAKE_USER: "etl", SNOWFLAKE_PASSWORD: PASSWORD })).check(signal),
    );
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
  });

  test("fails after a few tries if the server does not respond", async () => {
    const gone = await startSnowflake({ users: [] });
    await gone.close();
    const error = await failure((await open(byKeyPair(gone))).check(signal));
    expect([error.code, error.retryable]).toEqual(["warehouse.unreachable", true]);
    expect(error.message).toMatch(/cannot be reached: .*ECONNREFUSED/);
  });

  test("survives a short outage of the server", async () => {
    server.fail("login", { kind: "status", status: 503 }, { kind: "reset" });
    await (await open()).check(signal);
    expect(server.requests.filter((request) => request.endsWith("login-request"))).toHaveLength(3);
  });
});

describe("the watermark of a table in Snowflake", () => {
  useServer(beforeAll, afterAll);
  const rows = (...times: readonly string[]) => times.map((time) => ({ ID: "1", UPDATED_AT: time }));
  const states: readonly (readonly [string, SnowflakeTable, Partial<TableState>])[] = [
    [
      "TIMESTAMP_NTZ",
      { rows: rows("2026-03-08 02:30:00.999", "2025-12-31 23:59:59") },
      { watermark: "2026-03-08 02:30:00" },
    ],
    [
      "TIMESTAMP_TZ: the wall clock of the latest instant",
      { timestamps: "TZ", rows: rows("2026-03-08 02:30:00 +0900", "2026-03-08 01:00:00 -0500") },
      { watermark: "2026-03-08 01:00:00" },
    ],
    [
      "text",
      { timestamps: "TEXT", rows: rows("2026-03-08T02:30:00", "2025-01-01") },
      { watermark: "2026-03-08 02:30:00" },
    ],
    ["rows without a time", { rows: [{ ID: "1", UPDATED_AT: null }] }, { watermark: null }],
  ];
  test("is the newest time unchanged, independent of the session's time zone and the column's type", async () => {
    const warehouse = await shared();
    for (const [name, table, state] of states) {
      server.tables.set("PARDOT_TAG", table);
      expect(await warehouse.tableState(tag, NOW, signal), name).toEqual({
        exists: true,
        hasRows: true,
        future: null,
        ...state,
      });
    }
    server.tables.set("PARDOT_TAG", { rows: [] });
    expect(await warehouse.tableState(tag, NOW, signal)).toEqual({
      exists: true,
      hasRows: false,
      watermark: null,
      future: null,
    });
    const account: CatalogObject = { ...tag, watermark: null };
    server.tables.set("PARDOT_TAG", { rows: [{ ID: "7" }] });
    expect(await warehouse.tableState(account, NOW, signal)).toEqual({
      exists: true,
      hasRows: true,
      watermark: null,
      future: null,
    });
  });

  const futures: readonly (readonly [string, SnowflakeTable, Partial<TableState>])[] = [
    [
      "TIMESTAMP_NTZ",
      { rows: rows("2020-01-01 00:00:00", "2099-01-01 00:00:00", "2026-11-26 00:00:00.500") },
      { watermark: "2026-11-26 00:00:00", future: "2099-01-01 00:00:00" },
    ],
    ["all of them", { rows: rows("2099-01-01 00:00:00") }, { watermark: null, future: "2099-01-01 00:00:00" }],
    [
      "text",
      { timestamps: "TEXT", rows: rows("2026-11-26T00:00:00", "2099-01-01T00:00:00") },
      { watermark: "2026-11-26 00:00:00", future: "2099-01-01 00:00:00" },
    ],
  ];
  test("ignores times later than now, and reports the greatest", async () => {
    const warehouse = await shared();
    for (const [name, table, state] of futures) {
      server.tables.set("PARDOT_TAG", table);
      expect(await warehouse.tableState(tag, NOW, signal), name).toEqual({ exists: true, hasRows: true, ...state });
    }
  });

  test("is compared with the newest committed time, even if later rows exist", async () => {
    const warehouse = await shared();
    async function* files(...times: readonly (string | null)[]): AsyncGenerator<CommittedFile> {
      for (const [index, maxWatermark] of times.entries()) yield { key: `Tag/${index}.csv`, rows: 1, maxWatermark };
    }
    server.tables.set("PARDOT_TAG", { rows: rows("2026-03-08 02:30:00", "2099-01-01 00:00:00") });
    const compared = "only the newest updated_at of PARDOT_TAG";
    const late = files("2026-03-07 00:00:00", "2026-03-08 02:30:00", null);
    expect(await warehouse.compare(tag, late, signal)).toEqual({ compared, problems: [] });
    const { problems } = await warehouse.compare(tag, files("2026-03-08 02:30:01"), signal);
    expect(problems).toMatchObject([
      { key: "PARDOT_TAG", problem: "its newest updated_at is 2026-03-08 02:30:00, 2026-03-08 02:30:01 was committed" },
    ]);
    server.tables.set("PARDOT_TAG", { rows: [], columns: ["ID", "UPDATED_AT"] });
    expect((await warehouse.compare(tag, files("2026-03-08 02:30:01", null), signal)).problems).toMatchObject([
      { key: "PARDOT_TAG", problem: "it is empty although 2 files were committed for it" },
    ]);
    expect(await warehouse.compare(tag, files(), signal)).toEqual({ compared: "", problems: [] });
  });

  test("comes with a warning if it depends on the session's time zone", async () => {
    server.tables.set("PARDOT_TAG", { timestamps: "LTZ", rows: rows("2026-03-08 02:30:00") });
    const state = await (await shared()).tableState(tag, NOW, signal);
    expect(state).toMatchObject({
      watermark: "2026-03-08 11:30:00",
      warning: { code: "warehouse.watermark-zone", message: expect.stringMatching(/TIMESTAMP_LTZ/) as string },
    });
  });

  test("is an error that names ddl if the table does not exist", async () => {
    server.tables.clear();
    const error = await failure((await shared()).tableState(tag, NOW, signal));
    expect(error.code).toBe("warehouse.table-missing");
    expect(error.message).toBe(
      "read PARDOT_TAG from snowflake: there is no such table in lake.PARDOT, or the role LOADER may not see it",
    );
    expect(error.hint).toMatch(/pardot-etl ddl Tag/);
  });

  const refusals: readonly (readonly [string, string, string])[] = [
    ["000606", "No active warehouse selected in the current session.", "warehouse.compute-unavailable"],
    [
      "090073",
      "Warehouse 'XS' cannot be resumed because resource monitor 'M' has exceeded its quota.",
      "warehouse.compute-unavailable",
    ],
    [
      "003001",
      "SQL access control error:\nInsufficient privileges to operate on schema 'PARDOT'",
      "warehouse.not-permitted",
    ],
    [
      "000630",
      "Statement reached its statement or warehouse timeout of 600 second(s) and was canceled.",
      "warehouse.query-timeout",
    ],
    [
      "002003",
      "SQL compilation error:\nSchema 'LAKE.PARDOT' does not exist or not authorized.",
      "warehouse.schema-unknown",
    ],
    [
      "002003",
      "SQL compilation error:\nDatabase 'LAKE' does not exist or not authorized.",
      "warehouse.database-unknown",
    ],
    ["000002", "Something new.", "warehouse.snowflake-failed"],
  ];
  test("fails if Snowflake refuses the query, and works afterwards", async () => {
    const warehouse = await shared();
    await warehouse.check(signal);
    for (const [code, message, expected] of refusals) {
      server.fail("query", { kind: "refuse", code, message });
      const error = await failure(warehouse.tableState(tag, NOW, signal));
      expect([code, error.code]).toEqual([code, expected]);
      expect(error.message).toMatch(/^read PARDOT_TAG from snowflake: /);
    }
    server.tables.set("PARDOT_TAG", { timestamps: "TEXT", rows: rows("canary-row") });
    const unreadable = await failure(warehouse.tableState(tag, NOW, signal));
    expect(unreadable.code).toBe("warehouse.watermark-unreadable");
    expect(inspect(unreadable)).not.toContain("canary-row");
    server.tables.set("PARDOT_TAG", { rows: [], columns: ["ID"] });
    expect((await failure(warehouse.tableState(tag, NOW, signal))).code).toBe("warehouse.column-missing");
    server.tables.set("PARDOT_TAG", { rows: [] });
    expect(await warehouse.tableState(tag, NOW, signal)).toMatchObject({ exists: true });
    expect(server.logins).toHaveLength(1);
  });
});

describe("the emails in Snowflake", () => {
  useServer(beforeAll, afterAll);
  test("are each list email with its numerically smallest email id, and the known ones", async () => {
    server.tables.set("PARDOT_VISITORACTIVITY", {
      rows: [
        { LIST_EMAIL_ID: "11", EMAIL_ID: "5" },
        { LIST_EMAIL_ID: "7", EMAIL_ID: "10" },
        { LIST_EMAIL_ID: "7", EMAIL_ID: "9" },
        { LIST_EMAIL_ID: null, EMAIL_ID: "1" },
        { LIST_EMAIL_ID: "12", EMAIL_ID: null },
      ],
    });
    server.tables.set("PARDOT_EMAIL", {
      rows: [{ LIST_EMAIL_ID: "7" }, { LIST_EMAIL_ID: "7" }, { LIST_EMAIL_ID: null }],
    });
    const warehouse = await shared();
    expect(await pairsOf(warehouse)).toEqual([
      { listEmailId: "7", emailId: "9" },
      { listEmailId: "11", emailId: "5" },
    ]);
    expect(await knownOf(warehouse)).toEqual(["7"]);
  });

  test("are none if the tables do not exist", async () => {
    const warehouse = await shared();
    expect(await pairsOf(warehouse)).toEqual([]);
    expect(await knownOf(warehouse)).toEqual([]);
  });

  test("arrive completely, in chunks and pages, between other queries and within the memory bound", async () => {
    const rowsOf = (count: number) =>
      Array.from({ length: count }, (_, id) => ({ LIST_EMAIL_ID: String(id), EMAIL_ID: String(id + 9) }));
    server.tables.set("PARDOT_VISITORACTIVITY", { rows: rowsOf(20_000) });
    const warehouse = await shared();
    let count = 0;
    for await (const [listEmailId, emailId] of pairs(warehouse)) {
      expect([listEmailId, emailId]).toEqual([String(count), String(count + 9)]);
      if (count === 3000) expect(await warehouse.tableState(tag, NOW, signal)).toMatchObject({ hasRows: true });
      count += 1;
    }
    expect(count).toBe(20_000);
    if (process.platform === "linux") {
      const status = readFileSync(`/proc/${String(warehouse.processId)}/status`, "utf8");
      expect(Number(/VmHWM:\s+(\d+)/.exec(status)?.[1])).toBeLessThan(300_000);
    }
  });

  test("can be abandoned early", async () => {
    const rows = Array.from({ length: 9000 }, (_, id) => ({ LIST_EMAIL_ID: String(id) }));
    server.tables.set("PARDOT_EMAIL", { rows });
    const warehouse = await shared();
    const before = server.requests.length;
    for await (const id of known(warehouse)) {
      if (id === "10") break;
    }
    expect(await warehouse.tableState(tag, NOW, signal)).toMatchObject({ exists: true });
    const chunks = server.requests.slice(before).filter((request) => request === "GET /chunks");
    expect(chunks.length).toBeLessThan(12);
  });
});

describe("an interrupted session", () => {
  useServer(beforeEach, afterEach);
  test("is renewed when its token expires, and started again after Snowflake has ended it", async () => {
    const warehouse = await open();
    await warehouse.check(signal);
    server.expireTokens();
    expect(await warehouse.tableState(tag, NOW, signal)).toMatchObject({ exists: true });
    expect(server.requests).toContain("POST /session/token-request");
    expect(server.logins).toHaveLength(1);
    server.endSessions();
    expect(await warehouse.tableState(tag, NOW, signal)).toMatchObject({ exists: true });
    expect(server.logins).toHaveLength(2);
  });

  test("ends with its process, and the next query starts another", async () => {
    const warehouse = await open();
    await warehouse.check(signal);
    const first = warehouse.processId;
    server.fail("query", { kind: "hang" });
    const hung = server.hung("query");
    const asked = failure(warehouse.tableState(tag, NOW, signal));
    await hung;
    process.kill(first ?? 0, "SIGKILL");
    const error = await asked;
    expect([error.code, error.retryable]).toEqual(["warehouse.process-died", true]);
    expect(error.message).toMatch(/^read PARDOT_TAG from snowflake: the Snowflake process ended by SIGKILL/);
    expect(await warehouse.tableState(tag, NOW, signal)).toMatchObject({ exists: true });
    expect(warehouse.processId).not.toBe(first);
  });

  test("is aborted by killing the process, and rejects with the signal's reason", async () => {
    const warehouse = await open();
    await warehouse.check(signal);
    const first = warehouse.processId;
    server.fail("query", { kind: "hang" });
    const hung = server.hung("query");
    const stop = new AbortController();
    const asked = warehouse.tableState(tag, NOW, stop.signal).catch((reason: unknown) => reason);
    await hung;
    stop.abort(new Error("enough"));
    expect(await asked).toEqual(new Error("enough"));
    expect(warehouse.processId).toBeNull();
    expect(() => process.kill(first ?? 0, 0)).toThrow("ESRCH");
    expect(await warehouse.tableState(tag, NOW, signal)).toMatchObject({ exists: true });
    await expect(warehouse.tableState(tag, NOW, stop.signal)).rejects.toThrow("enough");
  });
});
