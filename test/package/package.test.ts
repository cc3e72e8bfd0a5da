import { execFile } from "node:child_process";
import { once } from "node:events";
import { cp, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startSimulator } from "../../src/simulator/index.ts";
import { simulatorAccess } from "../kit/simulator-access.ts";

const execute = promisify(execFile);
const root = fileURLToPath(new URL("../../", import.meta.url));

interface PackageJson {
  readonly version: string;
  readonly bin: Readonly<Record<string, string>>;
  readonly exports: Readonly<Record<string, string | Readonly<Record<string, string>>>>;
  readonly scripts: Readonly<Record<string, string>>;
}

let folder: string;
/** A project that has installed the packed package. */
let app: string;
let installed: string;
let manifest: PackageJson;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "pardot-etl-package-"));
  const source = join(folder, "source");
  await mkdir(source);
  for (const name of ["package.json", "README.md", "LICENSE", "CHANGELOG.md", "docs"])
    await cp(join(root, name), join(source, name), { recursive: true });
  await execute(process.execPath, [join(root, "scripts/build.ts"), join(source, "dist")]);
  await execute("npm", ["pack", "--ignore-scripts", "--pack-destination", folder], { cwd: source });
  app = join(folder, "app");
  installed = join(app, "node_modules", "pardot-etl");
  await mkdir(installed, { recursive: true });
  const tarball = (await readdir(folder)).find((name) => name.endsWith(".tgz")) ?? "";
  await execute("tar", ["-xzf", join(folder, tarball), "-C", installed, "--strip-components", "1"]);
  // The package's dependencies, one folder up, as installed by npm.
  await symlink(join(root, "node_modules"), join(folder, "node_modules"));
  await mkdir(join(app, "node_modules", ".bin"));
  await symlink("../pardot-etl/dist/bin.js", join(app, "node_modules", ".bin", "pardot-etl"));
  manifest = JSON.parse(await readFile(join(installed, "package.json"), "utf8")) as PackageJson;
});
afterAll(() => rm(folder, { recursive: true, force: true }));

/** Runs the packed command through npm's link. */
async function packed(argv: readonly string[], nodeOptions: readonly string[] = []): Promise<string> {
  const bin = join(app, "node_modules", ".bin", "pardot-etl");
  const { stdout } = await execute(process.execPath, [...nodeOptions, bin, ...argv], { cwd: app });
  return stdout;
}

describe("the package", () => {
  test("is built before it is packed, so a fresh checkout never packs an empty one", () => {
    expect(manifest.scripts["prepack"]).toBe(manifest.scripts["build"]);
  });

  test("contains the built files, the manual and the four documents, and no tests or sources", async () => {
    const entries = await readdir(installed, { recursive: true, withFileTypes: true });
    const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    const names = files.map((file) => file.slice(installed.length + 1));
    const pages = (await readdir(join(root, "docs"), { recursive: true })).filter((name) => name.includes("."));
    expect(names.flatMap((name) => (name.startsWith("docs/") ? [name.slice(5)] : [])).toSorted()).toEqual(
      pages.toSorted(),
    );
    expect(names.filter((name) => !/^(?:dist|docs)\//.test(name)).toSorted()).toEqual([
      "CHANGELOG.md",
      "LICENSE",
      "README.md",
      "package.json",
    ]);
    const strange = names.filter((name) => name.startsWith("dist/") && !/^[^.]+\.(js|d\.ts)$/.test(name));
    expect(strange).toEqual([]);
  });

  test("contains every file that it points to, and an executable entry", async () => {
    const targets = Object.values(manifest.exports).flatMap((entry) =>
      typeof entry === "string" ? [entry] : Object.values(entry),
    );
    for (const target of [...targets, ...Object.values(manifest.bin)]) {
      expect((await stat(join(installed, target))).isFile()).toBe(true);
    }
    const bin = join(installed, manifest.bin["pardot-etl"] ?? "");
    expect((await stat(bin)).mode & 0o111).toBe(0o111);
    expect(await readFile(bin, "utf8")).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  test("runs through the link created by npm", async () => {
    expect(await packed(["--version"])).toBe(`${manifest.version}\n`);
    expect(await packed(["objects"])).toContain("PARDOT_VISITORACTIVITY");
    expect(await packed(["help", "authentication#2-scopes"])).toMatch(/^### 2\. Scopes\n/);
  });

  test("can be imported by both of its names", async () => {
    const script = `
      const library = await import("pardot-etl");
      const { startSimulator } = await import("pardot-etl/simulator");
      console.log(typeof library.run, typeof library.loadConfig, typeof library.ConfigError, typeof startSimulator);
    `;
    await writeFile(join(app, "try.mjs"), script);
    const { stdout } = await execute(process.execPath, [join(app, "try.mjs")]);
    expect(stdout).toBe("function function function function\n");
  });
});

test("the first example of docs/library.md runs as written in an empty project", { timeout: 180_000 }, async () => {
  const page = await readFile(new URL("../../docs/library.md", import.meta.url), "utf8");
  const [, example = ""] = /^```ts\n(import \{ createPardotEtl.*?)^```$/ms.exec(page) ?? [];
  await writeFile(join(app, "example.mjs"), example);
  const simulator = await startSimulator({ scale: "tiny" });
  try {
    const env = { PATH: process.env["PATH"], ...simulatorAccess(simulator.url) };
    const { stdout } = await execute(process.execPath, ["example.mjs"], { cwd: app, env });
    const prospects = [...simulator.rows("Prospect")].length;
    expect(stdout).toBe(`complete ${simulator.stats().calls}\n${prospects}\n`);
  } finally {
    await simulator.close();
  }
});

describe("the loaded modules", () => {
  const hook = `
    import { registerHooks } from "node:module";
    const loaded = [];
    registerHooks({ load: (url, context, next) => (loaded.push(url), next(url, context)) });
    process.on("exit", () => process.stderr.write(loaded.join("\\n")));
  `;

  async function modules(argv: readonly string[], env: NodeJS.ProcessEnv = process.env): Promise<readonly string[]> {
    await writeFile(join(app, "hook.mjs"), hook);
    const bin = join(app, "node_modules", ".bin", "pardot-etl");
    const args = ["--import", join(app, "hook.mjs"), bin, ...argv];
    const { stderr } = await execute(process.execPath, args, { cwd: app, env }).catch(
      (failed: { readonly stderr: string }) => failed,
    );
    const files = stderr.split("\n").filter((url) => url.startsWith("file:"));
    return files.map((url) => url.replace(/^.*\/node_modules\//, "")).filter((name) => !name.endsWith("hook.mjs"));
  }

  test.each([[["--help"]], [["-h"]], [["--version"]], [["run", "--help"]], [["help", "run"]]])(
    "for %j are only the command line's, without its parser",
    async (argv) => {
      const loaded = await modules(argv);
      expect(loaded).toContain("pardot-etl/dist/cli/help.js");
      const own = /^pardot-etl\/dist\/(bin|text|report\/style|simulator\/option-table|cli\/.*)\.js$/;
      const works = /^pardot-etl\/dist\/cli\/(?:main|program|parse|io|commands\/(?!index))/;
      expect(loaded.filter((name) => !own.test(name) || works.test(name))).toEqual([]);
    },
  );

  test("for a run until Pardot lets it in are those of its start: none that reads, lands, loads or reports", async () => {
    const login = createServer((_, response) => response.writeHead(400).end('{"error":"invalid_grant"}'));
    login.listen(0, "127.0.0.1");
    await once(login, "listening");
    const { port } = login.address() as AddressInfo;
    const access = simulatorAccess(`http://127.0.0.1:${port}`);
    const destination = { PARDOT_ETL_DESTINATION: join(folder, "data"), PARDOT_ETL_OBJECTS: "Tag" };
    const loaded = await modules(["run"], { PATH: process.env["PATH"], ...access, ...destination });
    login.close();
    expect(loaded).toEqual(
      expect.arrayContaining([
        "pardot-etl/dist/operations/run/connect.js",
        "pardot-etl/dist/state/lease.js",
        "undici/lib/dispatcher/agent.js",
      ]),
    );
    const later =
      /^(?:pardot-etl\/dist\/(?:extract|report\/page\/page|operations\/(?:plan|report|status)|operations\/run\/(?:schedule|commit|load)\b)|undici\/(?:index|lib\/(?:web|mock|cache))|@aws-sdk|@duckdb|snowflake-sdk)/;
    expect(loaded.filter((name) => later.test(name))).toEqual([]);
    expect(loaded.length).toBeLessThan(350);
  });

  test("for a command are more, so the test above can fail", async () => {
    expect(await modules(["objects"])).toEqual(
      expect.arrayContaining(["pardot-etl/dist/cli/commands/objects.js", "pardot-etl/dist/config/load.js"]),
    );
  });
});
