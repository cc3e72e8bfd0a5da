import { appendFile, truncate } from "node:fs/promises";
import { setImmediate as tick } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { DataError, StorageError } from "../../src/errors.ts";
import type { SpooledFile, Storage } from "../../src/storage/storage.ts";
import { allOf, CALM, digestOf, keysOf, listed, noise, sha256Of, spooled, textOf } from "./spooled.ts";

/** An empty destination for one test. */
export interface StorageRig {
  /** Opens the destination; each call returns another instance, as two processes would have. */
  readonly open: () => Storage;
  /** Folder of this test's spooled files. */
  readonly tmpDir: string;
  readonly dispose: () => Promise<void>;
}

/** The contract of `Storage` (src/storage/storage.ts): every adapter passes the same cases. */
export function describeStorage(
  name: string,
  make: () => Promise<StorageRig>,
  /** Reason why this server cannot handle concurrent writers; null if it can. */
  racesBecause: string | null = null,
): void {
  describe(`storage contract: ${name}`, () => {
    let rig: StorageRig;
    let storage: Storage;
    beforeEach(async () => {
      rig = await make();
      storage = rig.open();
    });
    afterEach(async () => rig.dispose());

    describe("publish", () => {
      it("writes a complete file under its name", async () => {
        const file = await spooled(rig.tmpDir, "Id,Name\n1,Ä\n");
        expect(await storage.publish("Tag/Tag_api_1.csv", file, CALM)).toBe("written");
        expect(await textOf(storage, "Tag/Tag_api_1.csv")).toBe("Id,Name\n1,Ä\n");
        expect(await keysOf(storage)).toEqual(["Tag/Tag_api_1.csv"]);
      });

      it("reports the same bytes under the same name as already there", async () => {
        await storage.publish("Tag/a.csv", await spooled(rig.tmpDir, "same"), CALM);
        const again = await spooled(rig.tmpDir, "same");
        expect(await rig.open().publish("Tag/a.csv", again, CALM)).toBe("already-there");
      });

      it("refuses other bytes of the same length under the same name and keeps the first", async () => {
        await storage.publish("Tag/a.csv", await spooled(rig.tmpDir, "first"), CALM);
        const other = await spooled(rig.tmpDir, "other");
        await expect(storage.publish("Tag/a.csv", other, CALM)).rejects.toMatchObject({
          exitCode: 6,
          code: "storage.different-bytes",
          hint: expect.any(String) as string,
        });
        expect(await textOf(storage, "Tag/a.csv")).toBe("first");
      });

      it("refuses bytes of a different length under the same name and keeps the first", async () => {
        await storage.publish("Tag/a.csv", await spooled(rig.tmpDir, "first"), CALM);
        const longer = await spooled(rig.tmpDir, "first and more");
        await expect(storage.publish("Tag/a.csv", longer, CALM)).rejects.toBeInstanceOf(DataError);
        expect(await textOf(storage, "Tag/a.csv")).toBe("first");
      });

      it("writes an empty file", async () => {
        expect(await storage.publish("Tag/empty.csv", await spooled(rig.tmpDir, ""), CALM)).toBe("written");
        expect(await listed(storage)).toMatchObject([{ key: "Tag/empty.csv", bytes: 0 }]);
        expect(await digestOf(storage, "Tag/empty.csv")).toEqual({ bytes: 0, sha256: sha256Of("") });
      });

      it("streams a file of 30 MB unchanged", async () => {
        const file = await spooled(rig.tmpDir, noise(30_000_000));
        expect(await storage.publish("VisitorActivity/big.csv", file, CALM)).toBe("written");
        expect(await digestOf(storage, "VisitorActivity/big.csv")).toEqual({ bytes: file.bytes, sha256: file.sha256 });
        expect(await storage.publish("VisitorActivity/big.csv", file, CALM)).toBe("already-there");
      });

      const only = racesBecause === null ? "" : ` (not here: ${racesBecause})`;
      it.skipIf(racesBecause !== null)(
        `lets exactly one of several concurrent writers say that it wrote it${only}`,
        async () => {
          const files = await Promise.all(Array.from({ length: 6 }, () => spooled(rig.tmpDir, noise(300_000))));
          const answers = await Promise.all(files.map((file) => rig.open().publish("Tag/raced.csv", file, CALM)));
          expect(answers.toSorted()).toEqual([...Array.from({ length: 5 }, () => "already-there"), "written"]);
        },
      );

      const lies: readonly (readonly [string, number, (file: SpooledFile) => SpooledFile | Promise<SpooledFile>])[] = [
        ["a wrong sha-256", 1000, (file) => ({ ...file, sha256: sha256Of("something else") })],
        ["a wrong sha-256 of a file of many chunks", 5_000_000, (file) => ({ ...file, sha256: sha256Of("else") })],
        ["a length that is too long", 1000, (file) => ({ ...file, bytes: file.bytes + 1 })],
        ["a length that is far too long", 5_000_000, (file) => ({ ...file, bytes: file.bytes + 3_000_000 })],
        ["a length that is too short", 1000, (file) => ({ ...file, bytes: file.bytes - 1 })],
        ["a length that is far too short", 5_000_000, (file) => ({ ...file, bytes: 1_000_000 })],
        ["a length of nothing", 1000, (file) => ({ ...file, bytes: 0 })],
        ["a file that grew since", 5_000_000, async (file) => (await appendFile(file.path, "more"), file)],
        ["a file that was cut since", 5_000_000, async (file) => (await truncate(file.path, 4_000_000), file)],
      ];
      it.each(lies)("never shows a file declared with %s", async (_lie, bytes, declare) => {
        const declared = await declare(await spooled(rig.tmpDir, noise(bytes)));
        await expect(storage.publish("Tag/lie.csv", declared, CALM)).rejects.toMatchObject({
          exitCode: 6,
          code: "storage.spool-changed",
        });
        expect(await storage.stat("Tag/lie.csv", CALM)).toBeNull();
        expect(await keysOf(storage)).toEqual([]);
      });

      it("names the temporary folder if the spooled file is gone", async () => {
        const gone = { path: `${rig.tmpDir}/gone`, bytes: 3, sha256: sha256Of("abc") };
        await expect(storage.publish("Tag/gone.csv", gone, CALM)).rejects.toMatchObject({
          exitCode: 7,
          code: "storage.tmp-missing",
          hint: expect.stringContaining("PARDOT_ETL_TMPDIR") as string,
        });
        expect(await keysOf(storage)).toEqual([]);
      });

      it("leaves nothing visible if it is aborted midway", async () => {
        const file = await spooled(rig.tmpDir, noise(30_000_000));
        const controller = new AbortController();
        const reason = new Error("stop");
        const published = storage.publish("Tag/aborted.csv", file, controller.signal);
        for (let turn = 0; turn < 5; turn += 1) await tick();
        controller.abort(reason);
        await expect(published).rejects.toBe(reason);
        expect(await storage.stat("Tag/aborted.csv", CALM)).toBeNull();
        expect(await keysOf(storage)).toEqual([]);
        expect(await storage.publish("Tag/aborted.csv", file, CALM)).toBe("written");
      });
    });

    describe("create", () => {
      it("writes a document once", async () => {
        expect(await storage.create("_pardot_etl/state/0001.json", Buffer.from("{}"), CALM)).toBe("written");
        expect(await storage.create("_pardot_etl/state/0001.json", Buffer.from("[]"), CALM)).toBe("exists");
        expect(await textOf(storage, "_pardot_etl/state/0001.json")).toBe("{}");
      });

      it("reports that a name is taken even if the bytes are equal", async () => {
        await storage.create("_pardot_etl/lease/1", Buffer.from("me"), CALM);
        expect(await rig.open().create("_pardot_etl/lease/1", Buffer.from("me"), CALM)).toBe("exists");
      });

      it("lets exactly one of many concurrent creators win", async () => {
        for (let round = 0; round < 5; round += 1) {
          const key = `_pardot_etl/lease/${round}`;
          const answers = await Promise.all(
            Array.from({ length: 8 }, (_, index) => rig.open().create(key, Buffer.from(`writer ${index}`), CALM)),
          );
          expect(answers.filter((answer) => answer === "written")).toHaveLength(1);
          expect(await textOf(storage, key)).toBe(`writer ${answers.indexOf("written")}`);
        }
      });

      it("does not keep the caller's buffer", async () => {
        const bytes = Buffer.from("before");
        await storage.create("_pardot_etl/a", bytes, CALM);
        bytes.fill("x");
        expect(await textOf(storage, "_pardot_etl/a")).toBe("before");
      });
    });

    describe("list", () => {
      it("returns every key in ascending byte order", async () => {
        const keys = [
          "a b/c d.csv",
          "a-b",
          "a.csv",
          "a/b.csv",
          "a/b/c",
          "a0",
          "ä/ö ü.csv",
          "日本.csv",
          "\uFFFC",
          "😀/x",
          "Z",
        ];
        const ordered = keys.toSorted((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
        for (const key of keys) await storage.create(key, Buffer.from(key), CALM);
        expect(await keysOf(storage)).toEqual(ordered);
        expect(await listed(storage)).toMatchObject(ordered.map((key) => ({ key, bytes: Buffer.byteLength(key) })));
        for (const key of keys) expect(await textOf(storage, key)).toBe(key);
      });

      it("returns only keys of the requested folder", async () => {
        for (const key of ["a/1", "a/b/2", "ab/3", "b/4"]) await storage.create(key, Buffer.from("x"), CALM);
        expect(await keysOf(storage, "a/")).toEqual(["a/1", "a/b/2"]);
        expect(await keysOf(storage, "a/b/")).toEqual(["a/b/2"]);
        expect(await keysOf(storage, "none/")).toEqual([]);
      });

      it("begins after a key, whether that exists or not", async () => {
        for (const key of ["a/1", "a/2", "a/20", "a/3", "b/4"]) await storage.create(key, Buffer.from("x"), CALM);
        const after = async (key: string): Promise<string[]> =>
          (await allOf(storage.list("a/", CALM, key))).map((file) => file.key);
        expect(await after("a/2")).toEqual(["a/20", "a/3"]);
        expect(await after("a/2/")).toEqual(["a/20", "a/3"]);
        expect(await after("a/")).toEqual(["a/1", "a/2", "a/20", "a/3"]);
        expect(await after("a/3")).toEqual([]);
      });

      it("returns more keys than one page of a store contains", async () => {
        const keys = Array.from({ length: 1_050 }, (_, index) => `many/${String(index).padStart(5, "0")}`);
        for (let start = 0; start < keys.length; start += 50) {
          const batch = keys.slice(start, start + 50);
          await Promise.all(batch.map((key) => storage.create(key, Buffer.from("x"), CALM)));
        }
        expect(await keysOf(storage, "many/")).toEqual(keys);
      });

      it("stops if it is aborted between two keys", async () => {
        for (const key of ["a", "b", "c"]) await storage.create(key, Buffer.from("x"), CALM);
        const controller = new AbortController();
        const seen: string[] = [];
        const reading = async (): Promise<void> => {
          for await (const file of storage.list("", controller.signal)) {
            seen.push(file.key);
            controller.abort(new Error("enough"));
          }
        };
        await expect(reading()).rejects.toThrow("enough");
        expect(seen).toEqual(["a"]);
      });
    });

    describe("reading and removing", () => {
      it("finds nothing in an empty destination", async () => {
        expect(await storage.read("Tag/none.csv", CALM)).toBeNull();
        expect(await storage.stat("Tag/none.csv", CALM)).toBeNull();
        const opening = digestOf(storage, "Tag/none.csv");
        await expect(opening).rejects.toBeInstanceOf(StorageError);
        await expect(opening).rejects.toMatchObject({ code: "storage.missing", exitCode: 7 });
      });

      it("does not treat a key's parent folder as a file", async () => {
        await storage.create("a/b", Buffer.from("x"), CALM);
        expect(await storage.read("a", CALM)).toBeNull();
        expect(await storage.stat("a", CALM)).toBeNull();
      });

      it("returns the size and either the correct SHA-256 or none", async () => {
        const file = await spooled(rig.tmpDir, "Id\n1\n");
        await storage.publish("Tag/a.csv", file, CALM);
        const found = await storage.stat("Tag/a.csv", CALM);
        expect(found).toMatchObject({ key: "Tag/a.csv", bytes: 5 });
        expect([null, file.sha256]).toContain(found?.sha256);
      });

      it("forgets a removed key, even if it is removed twice, and accepts the name again", async () => {
        await storage.create("_pardot_etl/state/1", Buffer.from("one"), CALM);
        await storage.create("_pardot_etl/state/2", Buffer.from("two"), CALM);
        await storage.remove(["_pardot_etl/state/1"], CALM);
        await storage.remove(["_pardot_etl/state/1"], CALM);
        expect(await keysOf(storage)).toEqual(["_pardot_etl/state/2"]);
        expect(await storage.read("_pardot_etl/state/1", CALM)).toBeNull();
        expect(await storage.create("_pardot_etl/state/1", Buffer.from("new"), CALM)).toBe("written");
      });

      it("removes more keys than one request names, whether they exist or not, and no other", async () => {
        const keys = Array.from({ length: 1003 }, (_, number) => `_pardot_etl/state/${number}`);
        const kept = ["_pardot_etl/state/1002x", "_pardot_etl/state2/1"];
        for (const key of [...keys.slice(0, 2), ...keys.slice(-2), ...kept])
          await storage.create(key, Buffer.from("x"), CALM);
        await storage.remove(keys, CALM);
        expect(await keysOf(storage)).toEqual(kept);
        await storage.remove([], CALM);
      });

      it("keeps landed files and documents when tidying", async () => {
        await storage.publish("Tag/a.csv", await spooled(rig.tmpDir, "x"), CALM);
        await storage.create("_pardot_etl/state/1", Buffer.from("y"), CALM);
        await storage.tidy(CALM);
        expect(await keysOf(storage)).toEqual(["Tag/a.csv", "_pardot_etl/state/1"]);
      });
    });

    it("does nothing if the signal is already aborted", async () => {
      const reason = new Error("stopped before");
      const signal = AbortSignal.abort(reason);
      const file = await spooled(rig.tmpDir, "x");
      await storage.create("kept", Buffer.from("kept"), CALM);
      await expect(storage.publish("Tag/a.csv", file, signal)).rejects.toBe(reason);
      await expect(storage.create("Tag/b.csv", Buffer.from("x"), signal)).rejects.toBe(reason);
      await expect(storage.remove(["kept"], signal)).rejects.toBe(reason);
      await expect(storage.read("kept", signal)).rejects.toBe(reason);
      await expect(storage.stat("kept", signal)).rejects.toBe(reason);
      await expect(allOf(storage.list("", signal))).rejects.toBe(reason);
      await expect(allOf(storage.open("kept", signal))).rejects.toBe(reason);
      expect(await keysOf(storage)).toEqual(["kept"]);
    });

    const malformed = ["", "/a", "a/", "a//b", "a/../b", "./a", "a\\b", "a\nb", "_pardot_etl/tmp/x", "x".repeat(801)];
    it.each(malformed.map((key) => [key.slice(0, 20), key] as const))("refuses the key %j as a bug", async (_, key) => {
      await expect(storage.create(key, Buffer.from("x"), CALM)).rejects.toThrow("assertion failed");
      expect(await keysOf(storage)).toEqual([]);
    });
  });
}
