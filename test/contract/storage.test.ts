import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { FolderStorage } from "../../src/storage/folder/folder.ts";
import { openMemoryStorage } from "../kit/fakes/memory-storage.ts";
import { S3Storage } from "../../src/storage/s3/s3.ts";
import { newBucket } from "../kit/servers/bucket.ts";
import { s3Server, whereS3Runs } from "../kit/servers/s3.ts";
import { describeStorage } from "./storage-contract.ts";
import type { StorageRig } from "./storage-contract.ts";

// Holds G6: a name never gets other bytes.

const random = systemRandom;
const clock = systemClock;

async function newTmpDir(): Promise<{ readonly tmpDir: string; readonly dispose: () => Promise<void> }> {
  const tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-contract-"));
  return { tmpDir, dispose: () => rm(tmpDir, { recursive: true, force: true }) };
}

describeStorage("memory", async () => {
  const storage = openMemoryStorage();
  return { open: () => storage, ...(await newTmpDir()) };
});

describeStorage("folder", async () => {
  const { tmpDir, dispose } = await newTmpDir();
  const path = join(tmpDir, "made", "on", "demand");
  return { open: () => new FolderStorage({ path, clock, random }), tmpDir, dispose };
});

describeStorage("folder on another file system than the spools", async () => {
  const { tmpDir, dispose } = await newTmpDir();
  const path = await mkdtemp("/dev/shm/pardot-etl-contract-");
  return {
    open: () => new FolderStorage({ path, clock, random }),
    tmpDir,
    dispose: async () => {
      await rm(path, { recursive: true, force: true });
      await dispose();
    },
  };
});

whereS3Runs(() => {
  describeStorage("S3 (Ceph RADOS Gateway)", async () => {
    const server = await s3Server();
    const bucket = await newBucket(server);
    const open = () =>
      new S3Storage({ bucket, prefix: "some where", endpoint: server.endpoint, pathStyle: null, clock, random });
    return { open, ...(await newTmpDir()) };
  });

  const races = "Ceph 16.2 ignores If-None-Match on CompleteMultipartUpload";
  const inParts = async (): Promise<StorageRig> => {
    const server = await s3Server();
    const bucket = await newBucket(server);
    const open = () =>
      new S3Storage({ bucket, prefix: "", endpoint: server.endpoint, pathStyle: null, putBytesMax: 0, clock, random });
    return { open, ...(await newTmpDir()) };
  };
  describeStorage("S3 in parts", inParts, races);
});
