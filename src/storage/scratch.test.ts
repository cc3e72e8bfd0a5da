import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StorageError } from "../errors.ts";
import { systemRandom } from "../platform/random.ts";
import { openPartitions, PARTITIONS_MAX } from "./partitions.ts";
import { openScratch } from "./scratch.ts";
import type { ScratchOptions } from "./scratch.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pardot-etl-scratch-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const never = new AbortController().signal;
const options = (signal: AbortSignal = never): ScratchOptions => ({ dir, random: systemRandom, signal });

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return Buffer.concat(parts);
}

describe("a scratch file", () => {
  it("gives back what was written, whole or in part, is nobody else's to read, and is gone in the end", async () => {
    const scratch = await openScratch(options());
    const bytes = Buffer.from(Array.from({ length: 600_000 }, (_, i) => i % 251));
    await scratch.write(bytes.subarray(0, 7));
    await scratch.write(bytes.subarray(7));
    expect(scratch.bytes).toBe(bytes.length);
    expect(bytes.equals(await whole(scratch.read()))).toBe(true);
    expect(await scratch.readAt(5, 4)).toEqual(bytes.subarray(5, 9));
    const [name = ""] = await readdir(dir);
    expect((await stat(join(dir, name))).mode & 0o777).toBe(0o600);
    await scratch.discard();
    await scratch.discard();
    expect(await readdir(dir)).toEqual([]);
  });

  it("stops when it is told to, and is removed all the same", async () => {
    const stopping = new AbortController();
    const scratch = await openScratch(options(stopping.signal));
    await scratch.write(new Uint8Array(3));
    stopping.abort(new Error("enough"));
    await expect(scratch.write(new Uint8Array(1))).rejects.toThrow("enough");
    await expect(scratch.readAt(0, 1)).rejects.toThrow("enough");
    await scratch.discard();
    expect(await readdir(dir)).toEqual([]);
  });

  it("names PARDOT_ETL_TMPDIR when there is no such folder", async () => {
    const error = await openScratch({ ...options(), dir: join(dir, "no", "where") }).catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(StorageError);
    expect((error as StorageError).hint).toContain("PARDOT_ETL_TMPDIR");
    await chmod(dir, 0o700);
  });
});

describe("partitions", () => {
  it("keep the bytes of each apart and in order, in one file", async () => {
    const additions = fc.array(fc.tuple(fc.nat(9), fc.uint8Array({ maxLength: 40_000 })), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(additions, async (added) => {
        const partitions = await openPartitions(10, options());
        try {
          for (const [number, bytes] of added) await partitions.add(number, bytes);
          expect(await readdir(dir)).toHaveLength(1);
          await partitions.finish();
          for (let number = 0; number < 10; number += 1) {
            const expected = Buffer.concat(added.filter(([own]) => own === number).map(([, bytes]) => bytes));
            expect(partitions.sizeOf(number)).toBe(expected.length);
            expect(expected.equals(await whole(partitions.read(number)))).toBe(true);
          }
        } finally {
          await partitions.discard();
        }
        expect(await readdir(dir)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("hold blocks of 64 KiB while they are few, and small ones when they are many", async () => {
    for (const [count, unwritten] of [
      [2, 65_535],
      [PARTITIONS_MAX, 4095],
    ] as const) {
      const partitions = await openPartitions(count, options());
      const [name = ""] = await readdir(dir);
      const onDisk = async (): Promise<number> => (await stat(join(dir, name))).size;
      await partitions.add(1, new Uint8Array(unwritten));
      expect(await onDisk()).toBe(0);
      await partitions.add(1, new Uint8Array(1));
      expect(await onDisk()).toBe(unwritten + 1);
      await partitions.discard();
    }
  });
});
