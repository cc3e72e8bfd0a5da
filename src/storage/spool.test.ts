import { spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, utimes, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { gunzipSync, zstdDecompressSync } from "node:zlib";
import fc from "fast-check";
import { unprivileged } from "../../test/kit/unprivileged.ts";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Clock } from "../platform/clock.ts";
import { systemRandom as random } from "../platform/random.ts";
import { openSpool, tidySpools } from "./spool.ts";
import { stampOf } from "./spooled-bytes.ts";
import type { SpoolOptions } from "./spool.ts";

const signal = new AbortController().signal;
const DAY_MS = 86_400_000;

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), "pardot-etl-spool-"));
});
afterEach(async () => rm(dir, { recursive: true, force: true }));

async function spoolOf(compression: SpoolOptions["compression"], chunks: readonly Uint8Array[]): Promise<Buffer> {
  const spool = await openSpool({ dir, compression, random, signal });
  for (const chunk of chunks) await spool.write(chunk);
  const file = await spool.finish();
  const bytes = await readFile(file.path);
  expect(file).toEqual({
    path: spool.path,
    bytes: bytes.length,
    sha256: createHash("sha256").update(bytes).digest("hex"),
    stamp: stampOf(await stat(file.path, { bigint: true })),
  });
  await spool.discard();
  expect(await readdir(dir)).toEqual([]);
  return bytes;
}

function unpack(compression: SpoolOptions["compression"], bytes: Buffer): Buffer {
  if (compression === "none") return bytes;
  return compression === "gzip" ? gunzipSync(bytes) : zstdDecompressSync(bytes);
}

const COMPRESSIONS = ["none", "gzip", "zstd"] as const;

describe.each(COMPRESSIONS)("a spool with compression %s", (compression) => {
  it("contains the written bytes and returns size and SHA-256 of the file on disk", async () => {
    const text = Buffer.from("Id,Name\n1,Ä\n".repeat(50_000));
    expect(unpack(compression, await spoolOf(compression, [text])).equals(text)).toBe(true);
  });

  it("is empty when nothing was written", async () => {
    expect(unpack(compression, await spoolOf(compression, []))).toHaveLength(0);
  });

  it("gives the same file for any chunks", async () => {
    const text = Buffer.from(Array.from({ length: 30_000 }, (_, row) => `${row},${row % 97}\n`).join(""));
    const whole = await spoolOf(compression, [text]);
    const cuts = fc.uniqueArray(fc.integer({ min: 1, max: text.length - 1 }), { maxLength: 12 });
    await fc.assert(
      fc.asyncProperty(cuts, async (unordered) => {
        const bounds = [0, ...unordered.toSorted((a, b) => a - b), text.length];
        const chunks = bounds.slice(1).map((end, index) => text.subarray(bounds[index], end));
        expect((await spoolOf(compression, chunks)).equals(whole)).toBe(true);
      }),
      { numRuns: 20 },
    );
  });

  it("lets the caller reuse a chunk's memory", async () => {
    const chunk = Buffer.alloc(100_000, "a");
    const spool = await openSpool({ dir, compression, random, signal });
    await spool.write(chunk);
    chunk.fill("b");
    await spool.write(chunk);
    const file = await spool.finish();
    const expected = Buffer.concat([Buffer.alloc(100_000, "a"), Buffer.alloc(100_000, "b")]);
    expect(unpack(compression, await readFile(file.path)).equals(expected)).toBe(true);
    await spool.discard();
  });

  it("is removed by discard when half-written, also twice", async () => {
    const spool = await openSpool({ dir, compression, random, signal });
    await spool.write(Buffer.alloc(1_000_000, "x"));
    await spool.discard();
    await spool.discard();
    expect(await readdir(dir)).toEqual([]);
    await expect(spool.write(Buffer.from("x"))).rejects.toThrow("assertion failed");
  });

  it("rejects once its signal is aborted", async () => {
    const controller = new AbortController();
    const spool = await openSpool({ dir, compression, random, signal: controller.signal });
    const reason = new Error("stop");
    controller.abort(reason);
    await expect(spool.write(Buffer.from("x"))).rejects.toBe(reason);
    await expect(spool.finish()).rejects.toBe(reason);
    await spool.discard();
    expect(await readdir(dir)).toEqual([]);
  });
});

describe("a spool", () => {
  it("is readable by its owner only, under a unique name", async () => {
    const [one, other] = await Promise.all([1, 2].map(() => openSpool({ dir, compression: "none", random, signal })));
    const { mode } = await stat(one?.path ?? "");
    expect(mode & 0o777).toBe(0o600);
    expect(one?.path).not.toBe(other?.path);
    await Promise.all([one?.discard(), other?.discard()]);
  });

  it("names PARDOT_ETL_TMPDIR when its folder is missing or not a folder", async () => {
    const hint = expect.stringContaining("PARDOT_ETL_TMPDIR") as string;
    const options = { compression: "none", random, signal } as const;
    const missing = openSpool({ ...options, dir: join(dir, "none") });
    await expect(missing).rejects.toMatchObject({ exitCode: 7, code: "storage.tmp-missing", hint });
    const file = join(dir, "file");
    await writeFile(file, "");
    const notFolder = openSpool({ ...options, dir: file });
    await expect(notFolder).rejects.toMatchObject({ exitCode: 7, code: "storage.tmp-not-a-folder", hint });
  });
});

/** A spool's name as another writer would have made it. */
async function leftover(change: { place?: string; pid?: number; process?: string }, touched: Date): Promise<string> {
  const spool = await openSpool({ dir, compression: "none", random, signal });
  const [place, pid, token, ...rest] = basename(spool.path).split("-");
  await spool.discard();
  const name = [change.place ?? place, change.pid ?? pid, change.process ?? token, ...rest].join("-");
  await writeFile(join(dir, name), "half");
  await utimes(join(dir, name), touched, touched);
  return name;
}

/** The id of a process that has been and is no more. */
function deadPid(): number {
  return spawnSync(process.execPath, ["--version"]).pid;
}

describe("tidying spools", () => {
  const now = 1_800_000_000_000;
  const clock: Clock = { now: () => now, monotonic: () => 0, sleep: async () => {} };
  const recently = new Date(now - 1_000);

  it("removes spools of dead processes, also of an earlier one with our own id", async () => {
    await leftover({ pid: deadPid() }, recently);
    await leftover({ process: "00000000" }, recently);
    expect(await tidySpools(dir, clock, signal)).toEqual({ removed: 2, kept: 0 });
    expect(await readdir(dir)).toEqual([]);
  });

  it("keeps the files of living processes, of other hosts and of other programs", async () => {
    const ours = await openSpool({ dir, compression: "none", random, signal });
    const kept = [
      basename(ours.path),
      await leftover({ pid: process.ppid }, recently),
      await leftover({ place: "00000000", pid: deadPid() }, recently),
    ];
    await writeFile(join(dir, "somebody-elses.tmp"), "x");
    await utimes(join(dir, "somebody-elses.tmp"), new Date(0), new Date(0));
    expect(await tidySpools(dir, clock, signal)).toEqual({ removed: 0, kept: 0 });
    expect((await readdir(dir)).toSorted()).toEqual([...kept, "somebody-elses.tmp"].toSorted());
    await ours.discard();
  });

  it("removes another host's file after a day without a change", async () => {
    const before = new Date(now - DAY_MS - 1_000);
    await leftover({ place: "00000000" }, before);
    const within = await leftover({ place: "00000000" }, new Date(now - DAY_MS + 1_000));
    expect(await tidySpools(dir, clock, signal)).toEqual({ removed: 1, kept: 0 });
    expect(await readdir(dir)).toEqual([within]);
  });

  it("skips a folder with the name of a spool, and removes the rest", async () => {
    const [taken, free] = [
      await leftover({ pid: deadPid() }, recently),
      await leftover({ pid: deadPid(), process: "ffffffff" }, recently),
    ];
    await rm(join(dir, taken));
    await mkdir(join(dir, taken, "within"), { recursive: true });
    expect(await tidySpools(dir, clock, signal)).toEqual({ removed: 1, kept: 1 });
    expect(await readdir(dir)).toEqual([taken]);
    expect(free).not.toBe(taken);
  });

  it("skips another user's leftover in a shared folder, and a folder that may not be listed", async () => {
    const name = await leftover({ pid: deadPid() }, recently);
    await chmod(dir, 0o1777);
    await unprivileged(async () => {
      expect(await tidySpools(dir, clock, signal)).toEqual(
        process.geteuid?.() === 65_534 ? { removed: 0, kept: 1 } : { removed: 1, kept: 0 },
      );
    });
    await chmod(dir, 0o733);
    await unprivileged(async () => expect((await tidySpools(dir, clock, signal)).removed).toBe(0));
    await chmod(dir, 0o700);
    if (process.geteuid?.() === 0) expect(await readdir(dir)).toEqual([name]);
  });

  it("finds nothing in a folder that does not exist", async () => {
    expect(await tidySpools(join(dir, "none"), clock, signal)).toEqual({ removed: 0, kept: 0 });
  });
});
