import {
  chmod,
  link,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  readlink,
  rm,
  stat,
  symlink,
  writeFile,
} from "node:fs/promises";
import { execFileSync } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { unprivileged } from "../../test/kit/unprivileged.ts";
import { Secret } from "./secret.ts";
import { readTokenFile, writeProblem, writeTokenFile } from "./token-file.ts";

let folder = "";
let path = "";
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pardot-etl-token-"));
  path = join(folder, "token");
});
afterEach(() => rm(folder, { recursive: true }));

async function modeOf(name: string): Promise<number> {
  return (await stat(name)).mode & 0o777;
}

describe("the token file", () => {
  test("is written for its owner only, whatever it held, and leaves no other file", async () => {
    await writeFile(path, "old\n", { mode: 0o666 });
    await chmod(path, 0o666);
    await writeTokenFile(path, new Secret("new"));
    expect([await readFile(path, "utf8"), await modeOf(path), await readdir(folder)]).toEqual([
      "new\n",
      0o600,
      ["token"],
    ]);
    const reading = await readTokenFile(path);
    expect(reading.ok && [reading.value.token?.reveal(), reading.value.isOpen]).toEqual(["new", false]);
  });

  test("may not exist yet, or be empty", async () => {
    expect(await readTokenFile(path)).toEqual({ ok: true, value: { token: null, isOpen: false } });
    await writeFile(path, " \n", { mode: 0o600 });
    expect(await readTokenFile(path)).toEqual({ ok: true, value: { token: null, isOpen: false } });
  });

  test.each([0o640, 0o620, 0o604, 0o602])("is open with mode %o", async (mode) => {
    await writeFile(path, "t");
    await chmod(path, mode);
    expect(await readTokenFile(path)).toMatchObject({ value: { isOpen: true } });
  });

  test.each([
    ["two tokens", "canary-one\ncanary-two\n"],
    ["JSON", '{ "refresh_token": "canary" }'],
    ["bytes", "can\u0000ary"],
    ["letters that are no token's", "canaryé"],
  ])("does not hold %s", async (_what, content) => {
    await writeFile(path, content);
    expect(await readTokenFile(path)).toEqual({
      ok: false,
      expected: "a file with one refresh token and nothing else",
    });
  });

  test("must be a small file that can be read", async () => {
    expect(await readTokenFile(folder)).toEqual({ ok: false, expected: "a file that can be read (EISDIR)" });
    await writeFile(path, "x".repeat(16_385));
    expect(await readTokenFile(path)).toMatchObject({ expected: expect.stringMatching(/too large/) as string });
    await symlink(path, join(folder, "link"));
    await writeFile(path, "linked");
    const reading = await readTokenFile(join(folder, "link"));
    expect(reading.ok && reading.value.token?.reveal()).toBe("linked");
  });

  test("passes the write check in a writable folder, which leaves nothing behind", async () => {
    expect(await writeProblem(path)).toBeNull();
    expect(await readdir(folder)).toEqual([]);
    expect(await writeProblem(join(folder, "none", "token"))).toMatch(/create files \(ENOENT\)/);
    await writeFile(path, "");
    expect(await writeProblem(join(path, "token"))).toMatch(/create files \(ENOTDIR\)/);
  });

  test("is written to the target of symbolic links, which stay", async () => {
    const volume = join(folder, "volume");
    await mkdir(volume);
    await writeFile(join(volume, "kept"), "old\n", { mode: 0o600 });
    await symlink("volume", join(folder, "through"));
    await symlink(join("through", "kept"), join(folder, "near"));
    await symlink("near", path);
    expect(await writeProblem(path)).toBeNull();
    await writeTokenFile(path, new Secret("new"));
    expect(await readlink(path)).toBe("near");
    expect(await readFile(join(volume, "kept"), "utf8")).toBe("new\n");
    expect(await readdir(volume)).toEqual(["kept"]);
  });

  test("is created at the target of a dangling link", async () => {
    await mkdir(join(folder, "volume"));
    await symlink(join("volume", "kept"), path);
    expect(await readTokenFile(path)).toEqual({ ok: true, value: { token: null, isOpen: false } });
    expect(await writeProblem(path)).toBeNull();
    await writeTokenFile(path, new Secret("first"));
    expect(await readFile(join(folder, "volume", "kept"), "utf8")).toBe("first\n");
    expect(await readlink(path)).toBe(join("volume", "kept"));
  });

  test("fails the write check for a link to a missing folder, a loop, or a file with a second name", async () => {
    await symlink(join("none", "kept"), path);
    expect(await writeProblem(path)).toMatch(/ENOENT/);
    await rm(path);
    await symlink("token", path);
    expect(await writeProblem(path)).toMatch(/ELOOP/);
    await rm(path);
    await writeFile(join(folder, "kept"), "t");
    await link(join(folder, "kept"), join(folder, "other"));
    await symlink("kept", path);
    expect(await writeProblem(path)).toMatch(/2 hard links/);
    expect((await readdir(folder)).toSorted()).toEqual(["kept", "other", "token"]);
  });

  test("fails the write check if another user owns the target folder", async () => {
    const volume = join(folder, "volume");
    await mkdir(volume);
    await writeFile(join(volume, "kept"), "t");
    await symlink(join(volume, "kept"), path);
    await chmod(volume, 0o555);
    await chmod(folder, 0o755);
    await unprivileged(async () => expect(await writeProblem(path)).toMatch(/create files \(EACCES\)/));
    await chmod(volume, 0o1777);
    await unprivileged(async () => {
      const reason = await writeProblem(path);
      if (process.geteuid?.() === 65_534) expect(reason).toMatch(/only its owner may replace it/);
    });
    await chmod(volume, 0o700);
  });

  test("is refused if it is a pipe or a device, without waiting for it", { timeout: 5000 }, async () => {
    execFileSync("mkfifo", [path]);
    for (const name of [path, "/dev/zero"]) {
      expect(await readTokenFile(name)).toEqual({ ok: false, expected: expect.stringContaining("pipe") as string });
    }
  });

  test("keeps its old content if it cannot be replaced, and leaves no copy of the new one", async () => {
    await mkdir(path);
    await expect(writeTokenFile(path, new Secret("new"))).rejects.toMatchObject({ code: "EISDIR" });
    expect(await readdir(folder)).toEqual(["token"]);
  });
});
