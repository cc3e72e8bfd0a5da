import { createHash, randomBytes } from "node:crypto";
import { appendFile, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ListMultipartUploadsCommand, S3Client } from "@aws-sdk/client-s3";
import { expect, it, onTestFinished } from "vitest";
import { systemClock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { S3Storage } from "../../src/storage/s3/s3.ts";
import type { SpooledFile, Storage } from "../../src/storage/storage.ts";
import { newBucket } from "../kit/servers/bucket.ts";
import { s3Server, whereS3Runs } from "../kit/servers/s3.ts";

// Holds G6 for files too large for one PutObject: they also appear complete, checked and once.

const CALM = new AbortController().signal;
const PART = 5 * 1024 ** 2;

async function spool(bytes: Uint8Array): Promise<SpooledFile> {
  const dir = await mkdtemp(join(tmpdir(), "pardot-etl-parts-"));
  onTestFinished(() => rm(dir, { recursive: true }));
  const path = join(dir, "spool");
  await writeFile(path, bytes);
  return { path, bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") };
}

async function open(): Promise<{ readonly storage: Storage; readonly unfinished: () => Promise<number> }> {
  const { endpoint, accessKeyId, secretAccessKey } = await s3Server();
  const bucket = await newBucket(await s3Server());
  const given = { bucket, prefix: "", endpoint, pathStyle: null, clock: systemClock, random: systemRandom };
  const storage = new S3Storage({ ...given, putBytesMax: 1024, partBytes: PART });
  const credentials = { accessKeyId, secretAccessKey };
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  onTestFinished(() => client.destroy());
  const unfinished = async (): Promise<number> => {
    const { Uploads = [] } = await client.send(new ListMultipartUploadsCommand({ Bucket: bucket }));
    return Uploads.length;
  };
  return { storage, unfinished };
}

async function bytesOf(storage: Storage, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  for await (const chunk of storage.open(key, CALM)) chunks.push(Uint8Array.from(chunk));
  return Buffer.concat(chunks);
}

whereS3Runs(() => {
  it("G6 a file of several parts arrives complete, with its hash, and is not sent twice", async () => {
    const { storage, unfinished } = await open();
    const bytes = randomBytes(2 * PART + 12_345);
    const file = await spool(bytes);
    expect(await storage.publish("a/large.csv", file, CALM)).toBe("written");
    expect((await bytesOf(storage, "a/large.csv")).equals(bytes)).toBe(true);
    expect(await storage.stat("a/large.csv", CALM)).toMatchObject({ bytes: file.bytes, sha256: file.sha256 });
    expect(await storage.publish("a/large.csv", file, CALM)).toBe("already-there");
    const other = await spool(randomBytes(PART + 1));
    await expect(storage.publish("a/large.csv", other, CALM)).rejects.toMatchObject({
      code: "storage.different-bytes",
      exitCode: 6,
    });
    expect(await unfinished()).toBe(0);
  });

  it("G6 a file that changes while it is sent never appears, and leaves no parts", async () => {
    const { storage, unfinished } = await open();
    const file = await spool(randomBytes(PART + 10));
    const declared = { ...file, sha256: createHash("sha256").update("another").digest("hex") };
    await expect(storage.publish("a", declared, CALM)).rejects.toMatchObject({ code: "storage.spool-changed" });
    await appendFile(file.path, "more");
    await expect(storage.publish("a", file, CALM)).rejects.toMatchObject({ code: "storage.spool-changed" });
    expect(await storage.stat("a", CALM)).toBeNull();
    expect(await unfinished()).toBe(0);
  });
});
