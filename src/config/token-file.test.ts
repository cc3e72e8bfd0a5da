import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { Secret } from "./secret.ts";
import { readTokenFile, whyNotWritable, writeTokenFile } from "./token-file.ts";

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
  test("is written for its owner alone, whatever stood there, and nothing is left beside it", async () => {
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

  test("may not be there yet, or be empty", async () => {
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

  test("is a small file that can be read", async () => {
    expect(await readTokenFile(folder)).toEqual({ ok: false, expected: "a file that can be read (EISDIR)" });
    await writeFile(path, "x".repeat(16_385));
    expect(await readTokenFile(path)).toMatchObject({ expected: expect.stringMatching(/too large/) as string });
    await symlink(path, join(folder, "link"));
    await writeFile(path, "linked");
    const reading = await readTokenFile(join(folder, "link"));
    expect(reading.ok && reading.value.token?.reveal()).toBe("linked");
  });

  test("can be written where files can be created, which leaves nothing behind", async () => {
    expect(await whyNotWritable(path)).toBeNull();
    expect(await readdir(folder)).toEqual([]);
    expect(await whyNotWritable(join(folder, "none", "token"))).toMatch(/create files \(ENOENT\)/);
    await writeFile(path, "");
    expect(await whyNotWritable(join(path, "token"))).toMatch(/create files \(ENOTDIR\)/);
  });

  test("keeps its old content when it cannot be replaced, and no copy of the new one stays", async () => {
    await mkdir(path);
    await expect(writeTokenFile(path, new Secret("new"))).rejects.toMatchObject({ code: "EISDIR" });
    expect(await readdir(folder)).toEqual(["token"]);
  });
});
