import { tmpdir } from "node:os";
import { join } from "node:path";
import { defineConfig } from "vitest/config";
import type { ViteUserConfig } from "vitest/config";

/** Folders of tests that hardly wait for a process or a database: they take seconds, as do those beside the sources. */
const QUICK = ["test/cli/**/*.test.ts", "test/property/**/*.test.ts"];
/** Those beside the sources that start the warehouse's process again and again. */
const SLOW_IN_SRC = ["src/warehouse/duckdb/*.test.ts"];
/** Those that watch all that happens in their process: each has one to itself. */
const ALONE = ["test/chaos/*.test.ts"];
/** Disk operations of one process then end in the order in which they were started; see `Turns`. */
const ONE_DISK_THREAD = { UV_THREADPOOL_SIZE: "1" };
/** Starts the S3 server of a project on the first request. */
const S3_SERVER = ["test/kit/servers/global-setup.ts"];

const config: ViteUserConfig = defineConfig({
  test: {
    // Many tests wait for a process or a server: with one file at a time, which is vitest's own choice on two cores, the
    // machine would be idle half of the time.
    maxWorkers: 3,
    // Vitest goes by the names of projects, so what takes long is begun first. Where tests share a process, modules are
    // read once for many files, which is half of the time of quick ones.
    projects: [
      { extends: true, test: { name: "alone", include: ALONE, globalSetup: S3_SERVER, env: ONE_DISK_THREAD } },
      {
        extends: true,
        test: {
          name: "long",
          include: ["test/**/*.test.ts", ...SLOW_IN_SRC],
          exclude: [...QUICK, ...ALONE],
          globalSetup: S3_SERVER,
          isolate: false,
        },
      },
      {
        extends: true,
        test: { name: "quick", include: ["src/**/*.test.ts", ...QUICK], exclude: SLOW_IN_SRC, isolate: false },
      },
    ],
    // Child processes and a real S3 server take their time on a two-core machine; no test asserts on a duration.
    testTimeout: 180_000,
    hookTimeout: 180_000,
    pool: "forks",
    // Every process that a test starts reads the same modules: compiled once, they are kept for the next.
    env: { NODE_COMPILE_CACHE: join(tmpdir(), "pardot-etl-compiled") },
  },
});
export default config;
