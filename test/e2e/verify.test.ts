import { appendFile, copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { DuckDBInstance } from "@duckdb/node-api";
import { afterEach, describe, expect, it } from "vitest";
import { manifestKey } from "../../src/manifest/manifest.ts";
import type { Clock } from "../../src/platform/clock.ts";
import type { VerifyOptions, VerifyResult } from "../../src/operations/api.ts";
import type { Runtime } from "../../src/operations/runtime.ts";
import { CancelledError } from "../../src/errors.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { openStorage } from "../../src/storage/open.ts";
import { verify } from "../../src/operations/verify/verify.ts";
import type { TableProblem, Warehouse } from "../../src/warehouse/warehouse.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { filesBelow, scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G2 and G6 afterwards: the destination contains exactly the committed files.

const opened = scenesUntil(afterEach);

interface VerifyWishes {
  readonly open?: typeof openStorage;
  readonly clock?: Clock;
  readonly openWarehouse?: Runtime["openWarehouse"];
  readonly env?: Environment;
  readonly signal?: AbortSignal;
}

interface Verified extends Scene {
  readonly keys: readonly string[];
  verify(options?: Partial<VerifyOptions>, wishes?: VerifyWishes): Promise<VerifyResult>;
}

async function start(env: Environment = {}): Promise<Verified> {
  const at = await opened({}, env);
  const { manifest } = await at.run();
  return {
    ...at,
    keys: manifest.objects.flatMap(({ files }) => files.map(({ key }) => key)),
    verify: async (options = {}, { open = openStorage, clock, openWarehouse, env: overrides, signal } = {}) => {
      const config = await at.config(overrides);
      const wishes = { signal: signal ?? new AbortController().signal, onEvent: () => undefined, pardot: null };
      const given = {
        ...(clock === undefined ? {} : { clock }),
        ...(openWarehouse === undefined ? {} : { openWarehouse }),
      };
      return withRuntime(wishes, (surroundings) =>
        verify(config, options, { ...surroundings, ...given, openStorage: open }),
      );
    },
  };
}

describe("verify", () => {
  it.each(["none", "gzip", "zstd"])("proves committed files compressed with %s", async (compression) => {
    const at = await start({ PARDOT_ETL_COMPRESSION: compression });
    const calls = at.simulator.stats().calls;
    const result = await at.verify();
    expect(result).toMatchObject({ runs: 1, files: at.keys.length, problems: [], exitCode: 0 });
    expect(result.rows).toBeGreaterThan(1000);
    expect(at.simulator.stats().calls).toBe(calls);
  });

  it("finds changed bytes, lost bytes, a lost file and a stray file", async () => {
    const at = await start();
    const [changed = "", longer = "", lost = ""] = at.keys;
    const text = await readFile(join(at.data, changed), "utf8");
    await writeFile(
      join(at.data, changed),
      text.replace(/(?<=\n)\d/, (digit) => String((Number(digit) + 1) % 10)),
    );
    await appendFile(join(at.data, longer), "\n");
    await rm(join(at.data, lost));
    await copyFile(join(at.data, changed), join(at.data, "Tag", "Tag_copy.csv"));
    const result = await at.verify();
    expect(result.exitCode).toBe(6);
    const found = new Map(result.problems.map(({ key, problem }) => [key, problem]));
    expect(found.get(changed)).toContain("bytes are not those");
    expect(found.get(longer)).toMatch(/cannot be read|bytes, \d+ were committed/);
    expect(found.get(lost)).toBe("it is missing");
    expect(found.get("Tag/Tag_copy.csv")).toBe("no manifest names it");
    expect(found.size).toBe(4);
    expect(result.files).toBe(at.keys.length - 3);
    for (const { hint } of result.problems) expect(hint).toMatch(/^[A-Z].*\.$/);
  });

  it("counts files removed by a lifecycle rule as expired, but not younger ones", async () => {
    const at = await start({ PARDOT_ETL_RETENTION: "1d" });
    const [gone = ""] = at.keys;
    await rm(join(at.data, gone));
    expect(await at.verify()).toMatchObject({
      expired: 1,
      files: at.keys.length - 1,
      problems: [],
      exitCode: 0,
    });
    const kept = await start({ PARDOT_ETL_RETENTION: "36500d" });
    await rm(join(kept.data, kept.keys[0] ?? ""));
    expect((await kept.verify()).problems).toMatchObject([{ key: kept.keys[0], problem: "it is missing" }]);
  });

  it("does not report files as stray that a run lands and commits in the meantime", async () => {
    const at = await start();
    at.simulator.advance(1);
    const openDestination: typeof openStorage = async (...given) => {
      const storage = await openStorage(...given);
      const list = storage.list.bind(storage);
      let isBusy = true;
      // The run comes between the reading of the manifests and the look into the first folder.
      storage.list = async function* listAfterRun(prefix, signal) {
        if (isBusy && !prefix.startsWith("_pardot_etl/")) {
          isBusy = false;
          expect((await at.run()).manifest.objects.flatMap(({ files }) => files).length).toBeGreaterThan(0);
        }
        yield* list(prefix, signal);
      };
      return storage;
    };
    expect(await at.verify({}, { open: openDestination })).toMatchObject({ runs: 1, problems: [], exitCode: 0 });
  });

  it("reports a file in an open window as awaited", async () => {
    const at = await start({ PARDOT_ETL_OBJECTS: "Tag" });
    at.simulator.advance(1);
    at.simulator.faults([{ path: "/tag/version/4/do/query", status: 503, count: 99 }]);
    const { manifest } = await at.run();
    const [window] = manifest.objects[0]?.open_windows ?? [];
    const span = [window?.from ?? "", window?.to ?? ""].map((time) => time.replaceAll(/[-:]/g, "")).join("_");
    const key = `Tag/Tag_api_${span}_0123456789ab.csv`;
    await copyFile(join(at.data, at.keys[0] ?? ""), join(at.data, key));
    const awaited = { key, problem: expect.stringContaining("the next run accounts for it") as string };
    expect((await at.verify()).problems).toMatchObject([awaited]);
  });

  it("names a damaged manifest until it is written off", async () => {
    const at = await start();
    at.simulator.advance(1);
    const second = await at.run();
    const key = manifestKey(second.manifest.run_id);
    await writeFile(join(at.data, key), "{");
    const { problems, exitCode } = await at.verify({ objects: [] });
    expect([problems, exitCode]).toMatchObject([[{ key, hint: expect.stringContaining("--accept") as string }], 6]);
    expect(await at.verify({ objects: [], accept: key })).toMatchObject({ problems: [], exitCode: 0 });
  });

  it("reads only the files of the chosen objects", async () => {
    const at = await start();
    const tags = at.keys.filter((key) => key.startsWith("Tag/"));
    await rm(join(at.data, at.keys.find((key) => !key.startsWith("Tag/")) ?? ""));
    expect(await at.verify({ objects: ["Tag"] })).toMatchObject({ files: tags.length, problems: [], exitCode: 0 });
    expect((await at.verify()).exitCode).toBe(6);
  });

  it("passes again after --full has read the object of a lost file again", async () => {
    const at = await start({ PARDOT_ETL_WAREHOUSE: "duckdb:warehouse.duckdb" });
    const lost = at.keys.find((key) => key.startsWith("Tag/")) ?? "";
    await rm(join(at.data, lost));
    const red = await at.verify();
    expect(red.problems).toMatchObject([
      { key: lost, problem: "it is missing", hint: expect.stringContaining("`pardot-etl run Tag --full`") as string },
    ]);
    at.simulator.advance(1);
    await at.run({ env: { PARDOT_ETL_OBJECTS: "Tag" } });
    expect((await at.verify()).exitCode).toBe(6);
    expect((await at.run({ env: { PARDOT_ETL_OBJECTS: "Tag" }, options: { full: true } })).exitCode).toBe(0);
    const green = await at.verify();
    expect(green).toMatchObject({ problems: [], exitCode: 0 });
    expect(green.superseded).toBeGreaterThan(0);
  });

  it("passes again after a lost file was written off, without counting it", async () => {
    const at = await start();
    const [lost = "", other = ""] = at.keys;
    await rm(join(at.data, lost));
    await rm(join(at.data, other));
    expect(await at.verify({ accept: lost })).toMatchObject({ accepted: 1, problems: [{ key: other }], exitCode: 6 });
    expect(await at.verify({ accept: other })).toMatchObject({ accepted: 2, problems: [], exitCode: 0 });
    expect(await at.verify()).toMatchObject({ accepted: 2, files: at.keys.length - 2, problems: [], exitCode: 0 });
  });

  it.each([
    ["no manifest names", "usage.accept-unknown", () => "Tag/nothing.csv"],
    ["is as committed", "usage.accept-sound", (keys: readonly string[]) => keys[0] ?? ""],
  ])("refuses to write off a key that %s", async (_what, code, keyOf) => {
    const at = await start({ PARDOT_ETL_WAREHOUSE: "duckdb:warehouse.duckdb" });
    const before = await filesBelow(at.data);
    await expect(at.verify({ accept: keyOf(at.keys) })).rejects.toMatchObject({ code, exitCode: 2 });
    expect(await filesBelow(at.data)).toEqual(before);
  });

  it("leaves no file open when it is stopped", async () => {
    const at = await start();
    const stop = new AbortController();
    let reading = 0;
    const openDestination: typeof openStorage = async (...given) => {
      const storage = await openStorage(...given);
      const openWhole = storage.open.bind(storage);
      storage.open = async function* openSlowly(key, signal) {
        if (key.startsWith("_pardot_etl/")) {
          yield* openWhole(key, signal);
          return;
        }
        reading += 1;
        try {
          if (reading === 2) stop.abort(new CancelledError("stopped by SIGINT", { code: "run.cancelled" }));
          // The other lane is slow to hear of it.
          for (let turn = 0; turn < 20; turn += 1) await new Promise((resolve) => setImmediate(resolve));
          yield* openWhole(key, signal);
        } finally {
          reading -= 1;
        }
      };
      return storage;
    };
    const verifying = at.verify({}, { open: openDestination, signal: stop.signal });
    await expect(verifying).rejects.toMatchObject({ exitCode: 130 });
    expect(reading).toBe(0);
  });
});

describe("verify in the warehouse", () => {
  const DUCKDB: Environment = { PARDOT_ETL_WAREHOUSE: "duckdb:warehouse.duckdb" };

  it("reports what it compared, and finds rows missing in a table", async () => {
    const at = await start(DUCKDB);
    const whole = await at.verify();
    expect([whole.problems, whole.exitCode]).toEqual([[], 0]);
    expect(whole.warehouse?.compared.join("\n")).toMatch(/^\d+ files? and \d+ rows of PARDOT_TAG$/m);
    const instance = await DuckDBInstance.create(join(at.root, "warehouse.duckdb"));
    const connection = await instance.connect();
    await connection.run("DELETE FROM PARDOT_TAG WHERE id IN (SELECT MIN(id) FROM PARDOT_TAG)");
    connection.closeSync();
    instance.closeSync();
    const { problems } = await at.verify({ warehouseOnly: true });
    expect(problems).toMatchObject([{ key: "PARDOT_TAG", hint: expect.stringMatching(/\.$/) as string }]);
    expect((await at.verify({ filesOnly: true })).exitCode).toBe(0);
  });

  it("finds a missing database", async () => {
    const at = await start(DUCKDB);
    await rm(join(at.root, "warehouse.duckdb"));
    expect((await at.verify()).problems.map(({ key }) => key)).toContain("PARDOT_TAG");
  });

  it.each([
    ["--warehouse-only", { warehouseOnly: true }, {}],
    ["--wait", { waitMs: 1000 }, {}],
    ["--files-only with --warehouse-only", { filesOnly: true, warehouseOnly: true }, DUCKDB],
    ["--files-only with --wait", { filesOnly: true, waitMs: 1000 }, DUCKDB],
  ] as const)("refuses %s without a warehouse to check", async (_what, options, env) => {
    const at = await start(env);
    await expect(at.verify(options)).rejects.toMatchObject({ code: "usage.verify", exitCode: 2 });
  });

  /** `verify` of tags with a warehouse that reports these problems; `ageMs`: the time since the run. */
  async function verifyWith(
    problems: (at: Verified) => Promise<readonly Pick<TableProblem, "key" | "state">[]>,
    { waitMs = 0, ageMs = 0 } = {},
  ): Promise<VerifyResult & { readonly slept: readonly number[] }> {
    const at = await start({ PARDOT_ETL_OBJECTS: "Tag" });
    const clock = fakeClock(at.simulator.now().getTime() + ageMs);
    const warehouse = {
      name: "elsewhere",
      check: async () => undefined,
      compare: async () => ({
        compared: "",
        problems: (await problems(at)).map((each) => ({ ...each, problem: "it is so", hint: null })),
      }),
      close: async () => undefined,
    } as unknown as Warehouse;
    const result = await at.verify(
      { warehouseOnly: true, waitMs },
      { clock, openWarehouse: async () => warehouse, env: DUCKDB },
    );
    return { ...result, slept: clock.slept };
  }

  it.each([
    ["a file of a run five minutes ago", "missing", 300_000, [590_000, 615_000]],
    ["a file of a run an hour ago", "missing", 3_600_000, [0, 0]],
    ["a file that is loaded again", "loaded again", 300_000, [0, 0]],
  ] as const)(
    "with --wait 15m asks again about %s as long as it is younger",
    async (_what, state, ageMs, [least, most]) => {
      const missing = async ({ keys }: Verified) => [{ key: keys[0] ?? "", state }];
      const { slept, exitCode, problems } = await verifyWith(missing, { waitMs: 900_000, ageMs });
      expect([exitCode, problems[0]?.state]).toEqual([6, state]);
      const waited = slept.reduce((sum, ms) => sum + ms, 0);
      expect(waited).toBeGreaterThanOrEqual(least);
      expect(waited).toBeLessThanOrEqual(most);
    },
  );

  it("does not report files that a run has committed in the meantime, but those that no manifest names", async () => {
    const stray = "Tag/Tag_stray.csv";
    let landed = 0;
    const { problems } = await verifyWith(async (at) => {
      at.simulator.advance(1);
      const { manifest } = await at.run();
      const keys = manifest.objects.flatMap(({ files }) => files.map(({ key }) => key));
      landed = keys.length;
      return [...keys, stray].map((key) => ({ key, state: "not committed yet" as const }));
    });
    expect(landed).toBeGreaterThan(0);
    expect(problems.map(({ key }) => key)).toEqual([stray]);
  });

  it.each([
    [60_000, 0, [15_000, 15_000]],
    [20_000, 6, [15_000, 5000]],
    [0, 6, []],
  ])("waits up to %i ms for missing rows of a table: exit %i", async (waitMs, exitCode, slept) => {
    const at = await start({ PARDOT_ETL_OBJECTS: "Tag" });
    const clock = fakeClock();
    const isLoaded = (): boolean => clock.slept.length >= 2 && waitMs === 60_000;
    const warehouse = {
      name: "slow",
      check: async () => undefined,
      compare: async () => ({
        compared: "1 file of PARDOT_TAG",
        problems: isLoaded() ? [] : [{ key: "PARDOT_TAG", problem: "it lacks a file", hint: null }],
      }),
      close: async () => Promise.reject(new Error("the connection is gone")),
    } as unknown as Warehouse;
    const wishes = { clock, openWarehouse: async () => warehouse, env: DUCKDB };
    const result = await at.verify({ warehouseOnly: true, waitMs }, wishes);
    expect([result.exitCode, clock.slept]).toEqual([exitCode, slept]);
    for (const { hint } of result.problems) expect(hint).toMatch(/\.$/);
  });
});
