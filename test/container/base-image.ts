import { execFile, spawn } from "node:child_process";
import { once } from "node:events";
import { chmod, cp, lstat, mkdir, mkdtemp, realpath, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import process from "node:process";
import { pipeline } from "node:stream/promises";
import { promisify } from "node:util";
import type { Engine } from "./engine.ts";

// Where no registry of images can be reached, an image made of this Debian's own packages, the tests' Node and this
// machine's npm stands in for the official image of Node: the same places of the same programs, and nothing else.

const execute = promisify(execFile);

/** What Debian's minimal image has of them: a shell, its commands, and the libraries of Node and DuckDB. */
const PACKAGES =
  "dash coreutils sed grep findutils libc6 libc-bin libgcc-s1 libstdc++6 libselinux1 libpcre2-8-0 libacl1 libattr1 libgmp10";
const UNUSED = /^\/(?:etc|var)\/|^\/usr\/share\//;
const MERGED = ["bin", "sbin", "lib", "lib64"];
const NAME = "pardot-etl-test-base";
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** Makes the image; resolves with its name. */
export async function standInBase(engine: Engine): Promise<string> {
  const root = await mkdtemp(join(tmpdir(), "pardot-etl-base-"));
  try {
    for (const name of MERGED) {
      await mkdir(join(root, "usr", name), { recursive: true });
      await symlink(`usr/${name}`, join(root, name));
    }
    await copyPackages(root);
    await copyNode(join(root, "usr/local"));
    for (const name of ["etc", "root", "var"]) await mkdir(join(root, name));
    await writeFile(join(root, "etc/passwd"), "root:x:0:0:root:/root:/bin/sh\n");
    await mkdir(join(root, "tmp"));
    await chmod(join(root, "tmp"), 0o1777);
    await importFrom(engine, root);
    return NAME;
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function copyPackages(root: string): Promise<void> {
  const { stdout } = await execute("dpkg", ["--listfiles", ...PACKAGES.split(" ")]);
  const byFolder = new Map<string, string[]>();
  for (const name of new Set(stdout.split("\n"))) {
    if (!name.startsWith("/") || UNUSED.test(name)) continue;
    const found = await lstat(name).catch(() => null);
    const [, top = "", ...rest] = name.split("/");
    if (found === null || found.isDirectory() || rest.length === 0) continue;
    const folder = join(root, MERGED.includes(top) ? "usr" : "", dirname(name));
    byFolder.set(folder, [...(byFolder.get(folder) ?? []), name]);
  }
  for (const [folder, names] of byFolder) {
    await mkdir(folder, { recursive: true });
    await execute("cp", ["--archive", "--target-directory", folder, ...names]);
  }
}

async function copyNode(local: string): Promise<void> {
  await mkdir(join(local, "bin"), { recursive: true });
  await cp(process.execPath, join(local, "bin/node"));
  const { stdout } = await execute("sh", ["-c", "command -v npm"], { env: { ...process.env, PATH } });
  // …/npm/bin/npm-cli.js
  const npm = dirname(dirname(await realpath(stdout.trim())));
  await cp(npm, join(local, "lib/node_modules/npm"), { recursive: true });
  await symlink("../lib/node_modules/npm/bin/npm-cli.js", join(local, "bin/npm"));
}

async function importFrom(engine: Engine, root: string): Promise<void> {
  const pack = spawn("tar", ["--create", "--owner=0", "--group=0", "--numeric-owner", "-C", root, "."], {
    stdio: ["ignore", "pipe", "inherit"],
  });
  const load = engine.load(["import", "--change", `ENV PATH=${PATH}`, "-", NAME]);
  const ended = once(load, "close");
  if (load.stdin !== null) await pipeline(pack.stdout, load.stdin);
  const [code] = (await ended) as [number | null];
  if (code !== 0) throw new Error(`docker import ended with ${code}`);
}
