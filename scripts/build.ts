/** Builds dist/ (or the given folder): the output of `tsc` from src, and the entry file, which must be plain JavaScript. */
import { spawnSync } from "node:child_process";
import { chmod, readFile, rm, writeFile } from "node:fs/promises";
import { resolve } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("..", import.meta.url));
const dist = resolve(root, process.argv[2] ?? "dist");

await rm(dist, { recursive: true, force: true });
const tsc = spawnSync(
  process.execPath,
  [`${root}node_modules/typescript/bin/tsc`, "-p", `${root}tsconfig.build.json`, "--outDir", dist],
  {
    cwd: root,
    stdio: "inherit",
  },
);
if (tsc.error !== undefined) throw tsc.error;
if (tsc.status !== 0) process.exit(tsc.status ?? 1);

// From source the entry loads TypeScript, from the package the compiled JavaScript.
const source = await readFile(`${root}src/bin.js`, "utf8");
const parts = source.split("./cli/start.ts");
if (parts.length !== 2) throw new Error("src/bin.js must contain ./cli/start.ts exactly once");
await writeFile(`${dist}/bin.js`, parts.join("./cli/start.js"));
await chmod(`${dist}/bin.js`, 0o755);
