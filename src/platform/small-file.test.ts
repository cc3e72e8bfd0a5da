import { execFileSync } from "node:child_process";
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { readSmallFile } from "./small-file.ts";

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pardot-etl-small-"));
});
afterEach(() => rm(folder, { recursive: true }));

test("a small file is read whole, also through a link, up to its limit", async () => {
  const path = join(folder, "file");
  await symlink(path, join(folder, "link"));
  for (const [text, kind] of [
    ["", "text"],
    ["é".repeat(50), "text"],
    ["x".repeat(101), "too-large"],
  ] as const) {
    await writeFile(path, text);
    const read = await readSmallFile(join(folder, "link"), 100);
    expect(read.kind).toBe(kind);
    if (read.kind === "text") expect(read.text).toBe(text);
  }
});

test("pipes and devices are refused without waiting or reading", { timeout: 5000 }, async () => {
  const pipe = join(folder, "pipe");
  execFileSync("mkfifo", [pipe]);
  await symlink("/dev/zero", join(folder, "zero"));
  for (const path of [pipe, "/dev/zero", join(folder, "zero"), "/dev/null"]) {
    expect(await readSmallFile(path, 100)).toEqual({ kind: "not-regular" });
  }
});

test.runIf(process.platform === "linux")(
  "files whose reported size is wrong neither fill the memory nor block",
  { timeout: 5000 },
  async () => {
    expect(await readSmallFile("/proc/self/status", 10)).toEqual({ kind: "too-large" });
    expect((await readSmallFile("/proc/self/status", 1_000_000)).kind).toBe("text");
    // Without the right to read it, or emptied by another reader, that is an error; with it, it is more than this.
    const kernel = await readSmallFile("/proc/kmsg", 10).catch((error: NodeJS.ErrnoException) => error.code);
    expect(kernel).toEqual(expect.anything());
  },
);
