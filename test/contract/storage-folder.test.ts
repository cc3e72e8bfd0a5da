import { chmod, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../src/platform/clock.ts";
import { systemRandom as random } from "../../src/platform/random.ts";
import { openFolderStorage } from "../../src/storage/folder.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { CALM, digestOf, keysOf, noise, spooled, textOf } from "./spooled.ts";

/** What only a folder does: links, modes, leftovers and the ways in which a file system says no. */
const KEY = "Tag/Tag_api_1.csv";
const hint = expect.any(String) as string;

let tmpDir: string;
let root: string;
let storage: Storage;
beforeEach(async () => {
  tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-folder-"));
  root = join(tmpDir, "data");
  storage = openFolderStorage({ path: root, clock, random });
});
afterEach(async () => rm(tmpDir, { recursive: true, force: true }));

async function temporaryFiles(): Promise<string[]> {
  return readdir(join(root, "_pardot_etl", "tmp")).catch(() => []);
}

async function modeOf(path: string): Promise<number> {
  return (await stat(path)).mode & 0o777;
}

/** Runs as a user without rights, where the tests themselves run as root, for whom no permission is missing. */
async function unprivileged<T>(run: () => Promise<T>): Promise<T> {
  if (process.geteuid?.() !== 0) return run();
  process.seteuid?.(65_534);
  try {
    return await run();
  } finally {
    process.seteuid?.(0);
  }
}

describe("landing in a folder", () => {
  it("costs no copy on one file system: the spooled file gets a second name", async () => {
    const file = await spooled(tmpDir, "x");
    await storage.publish(KEY, file, CALM);
    expect((await stat(join(root, KEY))).ino).toBe((await stat(file.path)).ino);
    expect(await temporaryFiles()).toEqual([]);
  });

  it("makes the landed file as readable as the umask says, although spools are private", async () => {
    const file = await spooled(tmpDir, "x");
    expect(await modeOf(file.path)).toBe(0o600);
    const before = process.umask(0o027);
    try {
      const narrow = openFolderStorage({ path: root, clock, random });
      await narrow.publish(KEY, file, CALM);
      await narrow.create("_pardot_etl/state/1", Buffer.from("y"), CALM);
    } finally {
      process.umask(before);
    }
    expect(await modeOf(join(root, KEY))).toBe(0o640);
    expect(await modeOf(join(root, "_pardot_etl/state/1"))).toBe(0o640);
  });

  it("leaves a spooled file that was refused private", async () => {
    await storage.create(KEY, Buffer.from("first"), CALM);
    const file = await spooled(tmpDir, "other");
    await expect(storage.publish(KEY, file, CALM)).rejects.toMatchObject({ code: "storage.different-bytes" });
    expect(await modeOf(file.path)).toBe(0o600);
  });

  it("refuses a name under which a folder stands", async () => {
    await mkdir(join(root, KEY), { recursive: true });
    const publishing = storage.publish(KEY, await spooled(tmpDir, "x"), CALM);
    await expect(publishing).rejects.toMatchObject({ code: "storage.different-bytes", exitCode: 6 });
  });

  it("keeps what it lands when the spooled file is removed", async () => {
    const file = await spooled(tmpDir, "kept");
    await storage.publish(KEY, file, CALM);
    await rm(file.path);
    expect(await textOf(storage, KEY)).toBe("kept");
  });
});

async function refuseLink(): Promise<void> {
  throw Object.assign(new Error("operation not permitted"), { code: "EPERM" });
}

describe("a folder on a file system without hard links", () => {
  beforeEach(() => {
    storage = openFolderStorage({ path: root, clock, random, link: refuseLink });
  });

  it("lands by renaming a whole copy", async () => {
    const file = await spooled(tmpDir, noise(1_000_000));
    expect(await storage.publish(KEY, file, CALM)).toBe("written");
    expect(await storage.publish(KEY, file, CALM)).toBe("already-there");
    expect(await digestOf(storage, KEY)).toEqual({ bytes: file.bytes, sha256: file.sha256 });
    expect(await modeOf(file.path)).toBe(0o600);
    expect(await temporaryFiles()).toEqual([]);
  });

  it("keeps the first of two under one name", async () => {
    expect(await storage.create(KEY, Buffer.from("first"), CALM)).toBe("written");
    expect(await storage.create(KEY, Buffer.from("other"), CALM)).toBe("exists");
    const other = await spooled(tmpDir, "third");
    await expect(storage.publish(KEY, other, CALM)).rejects.toMatchObject({ code: "storage.different-bytes" });
    expect(await textOf(storage, KEY)).toBe("first");
    expect(await temporaryFiles()).toEqual([]);
  });
});

describe("leftovers in a folder", () => {
  it("are never listed, and are removed by tidying when their writer is dead", async () => {
    await storage.create("_pardot_etl/state/1", Buffer.from("x"), CALM);
    const folder = join(root, "_pardot_etl", "tmp");
    const dead = `00000000-1-00000000-${"0".repeat(32)}.pardot-etl`;
    await writeFile(join(folder, dead), "half");
    expect(await keysOf(storage)).toEqual(["_pardot_etl/state/1"]);
    expect(await keysOf(storage, "_pardot_etl/")).toEqual(["_pardot_etl/state/1"]);
    await storage.tidy(CALM);
    expect(await temporaryFiles()).toEqual([dead]);
    const later = { ...clock, now: () => Date.now() + 2 * 86_400_000 };
    await openFolderStorage({ path: root, clock: later, random }).tidy(CALM);
    expect(await temporaryFiles()).toEqual([]);
  });

  it("do not stand in the way of a folder that does not exist yet", async () => {
    await storage.tidy(CALM);
    expect(await keysOf(storage)).toEqual([]);
    await expect(stat(root)).rejects.toMatchObject({ code: "ENOENT" });
  });

  it("that are links are nobody's landed files", async () => {
    await storage.create("a", Buffer.from("x"), CALM);
    await symlink(join(root, "a"), join(root, "b"));
    expect(await keysOf(storage)).toEqual(["a"]);
    expect(await storage.stat("b", CALM)).toBeNull();
  });
});

describe("a folder that cannot be used", () => {
  it("says when a file stands in its place", async () => {
    await writeFile(root, "a file");
    const refusal = { exitCode: 7, code: "storage.not-a-folder", hint };
    await expect(storage.publish(KEY, await spooled(tmpDir, "x"), CALM)).rejects.toMatchObject(refusal);
    await expect(storage.create(KEY, Buffer.from("x"), CALM)).rejects.toMatchObject(refusal);
    await expect(storage.read(KEY, CALM)).rejects.toMatchObject(refusal);
    await expect(keysOf(storage)).rejects.toMatchObject(refusal);
  });

  it("says when a file stands in the place of one of its own folders", async () => {
    await storage.create("Tag", Buffer.from("x"), CALM);
    const publishing = storage.publish(KEY, await spooled(tmpDir, "x"), CALM);
    await expect(publishing).rejects.toMatchObject({ exitCode: 7, code: "storage.not-a-folder", hint });
  });

  it("says when permission is missing, to write or to read", async () => {
    await storage.create("_pardot_etl/state/1", Buffer.from("x"), CALM);
    await chmod(tmpDir, 0o755);
    await chmod(root, 0o555);
    const refusal = { exitCode: 7, code: "storage.no-permission", hint };
    await unprivileged(() => expect(storage.create(KEY, Buffer.from("x"), CALM)).rejects.toMatchObject(refusal));
    await chmod(root, 0o700);
    await chmod(join(root, "_pardot_etl/state/1"), 0o600);
    await chmod(join(root, "_pardot_etl"), 0o000);
    await chmod(root, 0o755);
    await unprivileged(() => expect(keysOf(storage)).rejects.toMatchObject(refusal));
    await chmod(join(root, "_pardot_etl"), 0o755);
  });

  it("says when a name is too long for the file system", async () => {
    const long = "x".repeat(300);
    await expect(storage.create(long, Buffer.from("x"), CALM)).rejects.toMatchObject({
      exitCode: 7,
      code: "storage.name-too-long",
      hint,
    });
  });
});
