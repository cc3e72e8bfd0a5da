import { appendFile, copyFile, readFile, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import { manifestKey } from "../../src/commit/manifest.ts";
import type { VerifyResult } from "../../src/run/api.ts";
import { inTheRealWorld } from "../../src/run/surroundings.ts";
import { openStorage } from "../../src/storage/open.ts";
import { verify } from "../../src/run/verify.ts";
import { scene } from "./harness.ts";
import type { Environment, Scene } from "./harness.ts";

// Holds G2 and G6 after the fact: what was committed is what stands there.

let open: Scene[] = [];
afterEach(async () => {
  await Promise.all(open.map((each) => each.close()));
  open = [];
});

interface Verified extends Scene {
  readonly keys: readonly string[];
  verify(runId?: string | null, open?: typeof openStorage): Promise<VerifyResult>;
}

async function start(env: Environment = {}): Promise<Verified> {
  const at = await scene({}, env);
  open.push(at);
  const { manifest } = await at.run();
  return {
    ...at,
    keys: manifest.objects.flatMap(({ files }) => files.map(({ key }) => key)),
    verify: async (runId = null, openDestination = openStorage) => {
      const config = await at.config();
      const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: null };
      return inTheRealWorld(wishes, (surroundings) =>
        verify(config, runId, { ...surroundings, openStorage: openDestination }),
      );
    },
  };
}

describe("verify", () => {
  it.each(["none", "gzip", "zstd"])("proves what was committed, compressed with %s", async (compression) => {
    const at = await start({ PARDOT_ETL_COMPRESSION: compression });
    const calls = at.simulator.stats().calls;
    const result = await at.verify();
    expect(result).toMatchObject({ runs: 1, files: at.keys.length, problems: [], exitCode: 0 });
    expect(result.rows).toBeGreaterThan(1000);
    expect(at.simulator.stats().calls).toBe(calls);
  });

  it("finds other bytes, lost bytes, a lost file and a file of nobody", async () => {
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
  });

  it("counts what a rule of the destination has removed as expired, and nothing younger", async () => {
    const at = await start({ PARDOT_ETL_RETENTION: "1d" });
    const [gone = ""] = at.keys;
    await rm(join(at.data, gone));
    expect(await at.verify()).toMatchObject({ expired: 1, files: at.keys.length, problems: [], exitCode: 0 });
    const kept = await start({ PARDOT_ETL_RETENTION: "36500d" });
    await rm(join(kept.data, kept.keys[0] ?? ""));
    expect((await kept.verify()).problems).toEqual([{ key: kept.keys[0], problem: "it is missing" }]);
  });

  it("takes nothing for nobody's that a run lands and commits meanwhile", async () => {
    const at = await start();
    at.simulator.advance(1);
    const openDestination: typeof openStorage = async (...given) => {
      const storage = await openStorage(...given);
      let isBusy = true;
      return {
        ...storage,
        // The run comes between the reading of the manifests and the look into the first folder.
        list: async function* list(prefix, signal) {
          if (isBusy && !prefix.startsWith("_pardot_etl/")) {
            isBusy = false;
            expect((await at.run()).manifest.objects.flatMap(({ files }) => files).length).toBeGreaterThan(0);
          }
          yield* storage.list(prefix, signal);
        },
      };
    };
    expect(await at.verify(null, openDestination)).toMatchObject({ runs: 1, problems: [], exitCode: 0 });
  });

  it("says of a file in an open window that it is awaited", async () => {
    const at = await start({ PARDOT_ETL_OBJECTS: "Tag" });
    at.simulator.advance(1);
    at.simulator.faults([{ path: "/tag/version/4/do/query", status: 503, count: 99 }]);
    const { manifest } = await at.run();
    const [window] = manifest.objects[0]?.open_windows ?? [];
    const span = [window?.from ?? "", window?.to ?? ""].map((time) => time.replaceAll(/[-:]/g, "")).join("_");
    const key = `Tag/Tag_api_${span}_0123456789ab.csv`;
    await copyFile(join(at.data, at.keys[0] ?? ""), join(at.data, key));
    const awaited = { key, problem: expect.stringContaining("the next run accounts for it") as string };
    expect((await at.verify()).problems).toEqual([awaited]);
  });

  it("looks at one run alone, and says so when there is none of that name", async () => {
    const at = await start();
    at.simulator.advance(1);
    const second = await at.run();
    const one = await at.verify(second.manifest.run_id);
    expect(one.runs).toBe(1);
    expect((await at.verify()).runs).toBe(2);
    const manifest = join(at.data, manifestKey(second.manifest.run_id));
    await writeFile(manifest, "{");
    const damaged = [
      { key: manifestKey(second.manifest.run_id), problem: expect.stringContaining("damaged") as string },
    ];
    expect(await at.verify(second.manifest.run_id)).toMatchObject({ runs: 0, problems: damaged, exitCode: 6 });
    await expect(at.verify("20200101T000000Z-aaaaaa")).rejects.toMatchObject({ code: "usage.unknown-run" });
  });

  it("finds a table that has not taken up what was committed for it", async () => {
    const at = await start({ PARDOT_ETL_WAREHOUSE: "duckdb:warehouse.duckdb" });
    expect((await at.verify()).problems).toEqual([]);
    await rm(join(at.root, "warehouse.duckdb"));
    const tables = (await at.verify()).problems.map(({ key }) => key);
    expect(tables).toContain("PARDOT_TAG");
  });
});
