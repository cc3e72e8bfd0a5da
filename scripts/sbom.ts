/**
 * Prints the bill of materials of the published package, in CycloneDX: `npm sbom` on package.json and package-lock.json
 * without packages for development only. `npm sbom --omit dev` alone also omits packages that a development dependency
 * needs too (seen with npm 11.19: zod and yaml, both our dependencies).
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import process from "node:process";

interface Project {
  readonly devDependencies?: unknown;
}

interface Lock {
  readonly packages: Readonly<Record<string, Project & { readonly dev?: boolean }>>;
}

const root = new URL("../", import.meta.url);
const read = (name: string): unknown => JSON.parse(readFileSync(new URL(name, root), "utf8"));

const { devDependencies: _, ...project } = read("package.json") as Project;
const lock = read("package-lock.json") as Lock;
const packages = Object.fromEntries(
  Object.entries(lock.packages)
    .filter(([, locked]) => locked.dev !== true)
    .map(([path, { devDependencies: __, ...locked }]) => [path, locked]),
);

const base = mkdtempSync(join(tmpdir(), "pardot-etl-sbom-"));
// npm uses the folder's name as the package's name.
const folder = join(base, "pardot-etl");
try {
  mkdirSync(folder);
  writeFileSync(join(folder, "package.json"), JSON.stringify(project));
  writeFileSync(join(folder, "package-lock.json"), JSON.stringify({ ...lock, packages }));
  const argv = ["sbom", "--sbom-format", "cyclonedx", "--package-lock-only"];
  const { status } = spawnSync("npm", argv, { cwd: folder, stdio: ["ignore", "inherit", "inherit"] });
  process.exitCode = status ?? 1;
} finally {
  rmSync(base, { recursive: true, force: true });
}
