import { createHash } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { spooledBytes } from "./spooled-bytes.ts";
import type { SpooledFile } from "./storage.ts";

const CHUNK_BYTES = 128 * 1024;
const calm = new AbortController().signal;

let dir: string;
let file: SpooledFile;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pardot-etl-spooled-"));
  const bytes = Buffer.alloc(10 * CHUNK_BYTES, "x");
  file = { path: join(dir, "file"), bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
  await writeFile(file.path, bytes);
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

/** How many bytes were handed out before the end or the error. */
async function handedOut(declared: SpooledFile): Promise<{ readonly bytes: number; readonly code: unknown }> {
  let bytes = 0;
  try {
    for await (const chunk of spooledBytes(declared, calm)) bytes += chunk.length;
    return { bytes, code: null };
  } catch (error) {
    return { bytes, code: (error as { readonly code?: unknown }).code };
  }
}

describe("the bytes of a spooled file", () => {
  it("are read completely when they are the declared ones", async () => {
    expect(await handedOut(file)).toEqual({ bytes: file.bytes, code: null });
  });

  it("end before the declared length when they are not the declared ones", async () => {
    const short = file.bytes - CHUNK_BYTES;
    expect(await handedOut({ ...file, sha256: "0".repeat(64) })).toEqual({
      bytes: short,
      code: "storage.spool-changed",
    });
  });

  it("never exceed the declared length after the file grew", async () => {
    const { bytes, code } = await handedOut({ ...file, bytes: 3 * CHUNK_BYTES });
    expect(code).toBe("storage.spool-changed");
    expect(bytes).toBeLessThan(3 * CHUNK_BYTES);
  });

  it("end between two chunks when the signal is aborted", async () => {
    const controller = new AbortController();
    const reason = new Error("stop");
    const chunks = spooledBytes(file, controller.signal);
    await chunks.next();
    controller.abort(reason);
    await expect(chunks.next()).rejects.toBe(reason);
  });
});
