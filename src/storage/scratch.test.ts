import { chmod, mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { StorageError } from "../errors.ts";
import { systemRandom } from "../platform/random.ts";
import { Scratch } from "./scratch.ts";
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
  it("returns the written bytes, whole or in part, is private, and is removed by discard", async () => {
    const scratch = await Scratch.open(options());
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

  it("rejects once its signal is aborted, and can still be removed", async () => {
    const stopping = new AbortController();
    const scratch = await Scratch.open(options(stopping.signal));
    await scratch.write(new Uint8Array(3));
    stopping.abort(new Error("enough"));
    await expect(scratch.write(new Uint8Array(1))).rejects.toThrow("enough");
    await expect(scratch.readAt(0, 1)).rejects.toThrow("enough");
    await scratch.discard();
    expect(await readdir(dir)).toEqual([]);
  });

  it("names PARDOT_ETL_TMPDIR when there is no such folder", async () => {
    const error = await Scratch.open({ ...options(), dir: join(dir, "no", "where") }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toBeInstanceOf(StorageError);
    expect((error as StorageError).hint).toContain("PARDOT_ETL_TMPDIR");
    await chmod(dir, 0o700);
  });
});
