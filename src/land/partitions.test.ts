import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { systemRandom } from "../platform/random.ts";
import type { ScratchOptions } from "../storage/scratch.ts";
import { Partitions, PARTITIONS_MAX } from "./partitions.ts";

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pardot-etl-partitions-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const options = (): ScratchOptions => ({ dir, random: systemRandom, signal: new AbortController().signal });

async function whole(chunks: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const chunk of chunks) parts.push(chunk.slice());
  return Buffer.concat(parts);
}

describe("partitions", () => {
  it("keep the bytes of each separate and in order, in one file", async () => {
    const additions = fc.array(fc.tuple(fc.nat(9), fc.uint8Array({ maxLength: 40_000 })), { maxLength: 40 });
    await fc.assert(
      fc.asyncProperty(additions, async (added) => {
        const partitions = await Partitions.open(10, options());
        try {
          for (const [number, bytes] of added) await partitions.add(number, bytes);
          expect(await readdir(dir)).toHaveLength(1);
          await partitions.finish();
          for (let number = 0; number < 10; number += 1) {
            const expected = Buffer.concat(added.filter(([own]) => own === number).map(([, bytes]) => bytes));
            const part = partitions.part(number);
            expect(part.bytes).toBe(expected.length);
            expect(expected.equals(await whole(part.read()))).toBe(true);
          }
        } finally {
          await partitions.discard();
        }
        expect(await readdir(dir)).toEqual([]);
      }),
      { numRuns: 40 },
    );
  });

  it("use blocks of 64 KiB when there are few partitions, and smaller ones for many", async () => {
    for (const [count, unwritten] of [
      [2, 65_535],
      [PARTITIONS_MAX, 4095],
    ] as const) {
      const partitions = await Partitions.open(count, options());
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
