import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemClock as clock } from "../../src/platform/clock.ts";
import { systemRandom as random } from "../../src/platform/random.ts";
import { openMemoryStorage } from "../kit/fakes/memory-storage.ts";
import { openStorage } from "../../src/storage/open.ts";
import { probeStorage } from "../../src/storage/probe.ts";
import { S3Storage } from "../../src/storage/s3/s3.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { newBucket } from "../kit/servers/bucket.ts";
import { s3Server, whereS3Runs } from "../kit/servers/s3.ts";
import { CALM, keysOf } from "./spooled.ts";

let tmpDir: string;
beforeEach(async () => {
  tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-probe-"));
});
afterEach(async () => rm(tmpDir, { recursive: true, force: true }));

describe("the destination probe", () => {
  it("writes below _pardot_etl/check/ and leaves nothing behind", async () => {
    const storage = openMemoryStorage();
    await probeStorage(storage, tmpDir, CALM);
    const key = expect.stringMatching(/^_pardot_etl\/check\/[0-9a-f]{32}$/) as string;
    expect(storage.effects).toEqual([
      { type: "publish", key },
      { type: "remove", key },
    ]);
    expect(await readdir(tmpDir)).toEqual([]);
  });

  it("passes on a folder", async () => {
    const path = join(tmpDir, "data");
    const storage = await openStorage({ kind: "folder", path }, { clock, random, s3PathStyle: null });
    await probeStorage(storage, tmpDir, CALM);
    expect(await keysOf(storage)).toEqual([]);
    expect(await readdir(tmpDir)).toEqual(["data"]);
  });

  it.each(["publish", "create"] as const)("detects a store that overwrites at %s, and cleans up", async (method) => {
    const memory = openMemoryStorage();
    const careless: Storage = { ...memory, [method]: async () => "written" };
    const hint = expect.stringContaining("If-None-Match") as string;
    await expect(probeStorage(careless, tmpDir, CALM)).rejects.toMatchObject({
      exitCode: 7,
      code: "storage.overwrites",
      hint,
    });
    expect(await keysOf(memory)).toEqual([]);
  });

  it("detects a store that returns different bytes", async () => {
    const memory = openMemoryStorage();
    const forgetful: Storage = { ...memory, read: async () => Buffer.from("something else") };
    await expect(probeStorage(forgetful, tmpDir, CALM)).rejects.toMatchObject({ code: "storage.lost", exitCode: 7 });
  });

  it("reports that the probe cannot be removed", async () => {
    const storage = openMemoryStorage();
    vi.spyOn(storage, "remove").mockRejectedValue(new Error("not allowed"));
    await expect(probeStorage(storage, tmpDir, CALM)).rejects.toThrow("not allowed");
  });
});

whereS3Runs(() => {
  describe("probing a bucket (Ceph RADOS Gateway)", () => {
    it("passes, and finds the server through the environment like the command", async () => {
      const server = await s3Server();
      const bucket = await newBucket(server);
      process.env["AWS_ENDPOINT_URL_S3"] = server.endpoint;
      try {
        const destination = { kind: "s3", bucket, prefix: "p" } as const;
        const storage = await openStorage(destination, { clock, random, s3PathStyle: null });
        await probeStorage(storage, tmpDir, CALM);
        const all = { bucket, prefix: "", endpoint: server.endpoint, pathStyle: null, clock, random };
        expect(await keysOf(new S3Storage(all))).toEqual([]);
      } finally {
        delete process.env["AWS_ENDPOINT_URL_S3"];
      }
    });
  });
});
