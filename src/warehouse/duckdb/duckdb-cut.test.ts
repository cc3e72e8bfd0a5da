import { spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { open } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { describe, expect, test, vi } from "vitest";
import {
  columns,
  database,
  fileOf,
  folder,
  refusal,
  rowsOf,
  signal,
  tag,
  useDatabase,
  warehouse,
} from "../../../test/kit/duckdb-rig.ts";
import type { LoadFile } from "../warehouse.ts";

useDatabase();

async function expectOldRows(): Promise<void> {
  expect(await rowsOf("SELECT id, name FROM PARDOT_THING")).toEqual([["1", "old"]]);
  expect(await rowsOf("SELECT file_key FROM _PARDOT_ETL_LOADS")).toEqual([["a"]]);
}

/** A file that DuckDB opens and then waits for: a pipe. Resolves once DuckDB reads it, the first file being staged. */
async function pipe(): Promise<{ file: LoadFile; reached: Promise<() => Promise<void>> }> {
  const path = join(folder, "pipe");
  expect(spawnSync("mkfifo", [path]).status).toBe(0);
  const reached = open(path, "w").then((handle) => () => handle.close());
  return {
    file: { key: "pipe", path, format: "csv", compression: "none", rows: 1, columns, runId: null, readAt: null },
    reached,
  };
}

describe("an interrupted load", () => {
  test("a killed process fails the load, leaves the database as it was, and the next call starts another", async () => {
    await warehouse.load(tag, [await fileOf("a", "1,old,,,,\n", 1)], signal);
    const b = await fileOf("b", "1,new,,,,\n2,new,,,,\n", 2);
    const { file, reached } = await pipe();
    const loading = refusal(warehouse.load(tag, [b, file], signal));
    const release = await reached;
    process.kill(warehouse.processId ?? 0, "SIGKILL");
    const error = await loading;
    expect(error).toMatchObject({ code: "warehouse.process-died", retryable: true });
    expect(error.message).toContain(`load PARDOT_THING into duckdb:${database}: the DuckDB process ended by SIGKILL`);
    await release();
    await expectOldRows();
    expect(await warehouse.load(tag, [b], signal)).toMatchObject({ rows: 2 });
  });

  test("an abort kills the process and rejects with the signal's reason", async () => {
    await warehouse.load(tag, [await fileOf("a", "1,old,,,,\n", 1)], signal);
    const { file, reached } = await pipe();
    const controller = new AbortController();
    const loading = warehouse.load(tag, [await fileOf("b", "1,new,,,,\n", 1), file], controller.signal);
    const release = await reached;
    const pid = warehouse.processId ?? 0;
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(loading).rejects.toBe(reason);
    expect(() => process.kill(pid, 0)).toThrow("ESRCH");
    await release();
    await expectOldRows();
    await expect(warehouse.load(tag, [], controller.signal)).rejects.toBe(reason);
  });

  test("the process does not outlive the one that started it", async () => {
    await warehouse.load(tag, [await fileOf("a", "1,old,,,,\n", 1)], signal);
    await warehouse.close();
    const { file, reached } = await pipe();
    const script = `
      import { DuckdbWarehouse } from ${JSON.stringify(fileURLToPath(new URL("./duckdb.ts", import.meta.url)))};
      const warehouse = new DuckdbWarehouse(${JSON.stringify(database)}, ${JSON.stringify({ tmpDir: join(folder, "tmp") })});
      const { signal } = new AbortController();
      const object = ${JSON.stringify(tag)};
      await warehouse.load(object, [], signal);
      console.log(warehouse.processId);
      await warehouse.load(object, ${JSON.stringify([await fileOf("b", "1,new,,,,\n", 1), file])}, signal);`;
    const parent = spawn(process.execPath, ["--input-type=module", "-e", script], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const [line] = (await once(parent.stdout, "data")) as [Buffer];
    const release = await reached;
    parent.kill("SIGKILL");
    expect(Number(line.toString("utf8"))).toBeGreaterThan(0);
    // The lock on the database is the sign of life: it falls with the process, and nothing else frees it.
    await vi.waitFor(() => warehouse.check(signal), { timeout: 30_000, interval: 50 });
    await release();
    await expectOldRows();
  });
});
