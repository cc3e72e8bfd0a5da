import { spawnSync } from "node:child_process";
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { systemClock as clock } from "../../src/platform/clock.ts";
import { systemRandom as random } from "../../src/platform/random.ts";
import { FolderStorage } from "../../src/storage/folder/folder.ts";
import { openSpool } from "../../src/storage/spool.ts";
import { mountSmallDisk } from "../kit/servers/small-disk.ts";
import type { SmallDisk } from "../kit/servers/small-disk.ts";
import { CALM, keysOf, noise, spooled, textOf } from "./spooled.ts";

const DISK_BYTES = 1024 * 1024;

let tmpDir: string;
beforeEach(async () => {
  tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-full-"));
});
afterEach(async () => rm(tmpDir, { recursive: true, force: true }));

const trial = mountSmallDisk(DISK_BYTES);
if (typeof trial === "string") {
  const reason = `tests on a full and on a read-only disk skipped, mounting is not permitted here: ${trial}`;
  console.warn(reason);
  it.skip(reason, () => {});
} else {
  trial.unmount();
  describe("a disk of one megabyte", () => {
    let disk: SmallDisk;
    beforeEach(() => {
      const mounted = mountSmallDisk(DISK_BYTES);
      if (typeof mounted === "string") throw new Error(mounted);
      disk = mounted;
    });
    afterEach(() => disk.unmount());

    it("that fills up under the destination shows nothing, keeps nothing, and takes a file that fits", async () => {
      const storage = new FolderStorage({ path: disk.path, clock, random });
      const large = await spooled(tmpDir, noise(2 * DISK_BYTES));
      const full = { exitCode: 7, code: "storage.full", hint: expect.stringContaining("Free space") as string };
      await expect(storage.publish("Tag/large.csv", large, CALM)).rejects.toMatchObject(full);
      await expect(storage.create("Tag/large.json", noise(2 * DISK_BYTES), CALM)).rejects.toMatchObject(full);
      expect(await keysOf(storage)).toEqual([]);
      expect(await readdir(join(disk.path, "_pardot_etl", "tmp"))).toEqual([]);
      expect(await storage.publish("Tag/small.csv", await spooled(tmpDir, "small"), CALM)).toBe("written");
      expect(await textOf(storage, "Tag/small.csv")).toBe("small");
    });

    it.each(["none", "gzip", "zstd"] as const)(
      "that fills up under a spool (%s) is reported as full",
      async (compression) => {
        const spool = await openSpool({ dir: disk.path, compression, random, signal: CALM });
        const chunk = noise(128 * 1024);
        const filling = async (): Promise<void> => {
          // Incompressible noise, many times the size of the disk.
          for (let written = 0; written < 8 * DISK_BYTES; written += chunk.length)
            await spool.write(chunk.map((byte, i) => byte ^ (written >> 17) ^ i));
          await spool.finish();
        };
        await expect(filling()).rejects.toMatchObject({
          exitCode: 7,
          code: "storage.tmp-full",
          hint: expect.stringContaining("PARDOT_ETL_TMPDIR") as string,
        });
        await expect(spool.write(chunk)).rejects.toMatchObject({ exitCode: 7 });
        await spool.discard();
        expect(await readdir(disk.path)).toEqual([]);
      },
    );

    it("that is read-only is reported as such", async () => {
      disk.makeReadOnly();
      const storage = new FolderStorage({ path: join(disk.path, "data"), clock, random });
      const hint = expect.any(String) as string;
      const readOnly = { exitCode: 7, code: "storage.read-only", hint };
      await expect(storage.publish("Tag/a.csv", await spooled(tmpDir, "x"), CALM)).rejects.toMatchObject(readOnly);
      await expect(storage.create("Tag/a.csv", Buffer.from("x"), CALM)).rejects.toMatchObject(readOnly);
      const spooling = openSpool({ dir: disk.path, compression: "none", random, signal: CALM });
      await expect(spooling).rejects.toMatchObject({ exitCode: 7, code: "storage.tmp-read-only" });
    });
  });
}

/** Needs no privileges: the kernel refuses a file above the limit during a write, like a full disk. */
describe("a process with a file size limit of 256 KiB", () => {
  it("lands nothing of a larger file and reports the cause", async () => {
    const root = join(tmpDir, "data");
    const program = `
      import { createHash } from "node:crypto";
      import { FolderStorage } from "./src/storage/folder/folder.ts";
      import { systemClock as clock } from "./src/platform/clock.ts";
      import { systemRandom as random } from "./src/platform/random.ts";
      const storage = new FolderStorage({ path: process.argv[1], clock, random });
      const signal = new AbortController().signal;
      const tell = (error) => console.log(error.code, error.exitCode);
      await storage.create("Tag/large.json", Buffer.alloc(1_000_000, "x"), signal).catch(tell);
    `;
    const shell = 'ulimit -f 256; exec "$0" --input-type=module --eval "$1" "$2"';
    const child = spawnSync("bash", ["-c", shell, process.execPath, program, root], { encoding: "utf8" });
    expect(child).toMatchObject({ status: 0, stderr: "", stdout: "storage.too-large 7\n" });
    expect(await readdir(root)).toEqual(["_pardot_etl"]);
    expect(await readdir(join(root, "_pardot_etl", "tmp"))).toEqual([]);
  });
});
