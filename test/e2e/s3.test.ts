import { mkdir, rm, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { GetObjectCommand, paginateListObjectsV2, S3Client } from "@aws-sdk/client-s3";
import { describe, expect, it, onTestFinished } from "vitest";
import { newBucket } from "../kit/servers/bucket.ts";
import type { S3Server } from "../kit/servers/ceph.ts";
import { s3Server, whereS3Runs } from "../kit/servers/s3.ts";
import { runCli } from "../kit/cli.ts";
import { expectExactly, expectTruth, OBJECTS, scene, wholeManifests } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// A real S3 server, through the real command line. Holds G1 and G6 there.

const PREFIX = "team/pardot";

/** The variables by which the SDK's own chain finds the test server. */
function access(server: S3Server): Environment {
  return {
    AWS_ENDPOINT_URL_S3: server.endpoint,
    AWS_ACCESS_KEY_ID: server.accessKeyId,
    AWS_SECRET_ACCESS_KEY: server.secretAccessKey,
    AWS_REGION: "us-east-1",
    AWS_CONFIG_FILE: "/dev/null",
    AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    AWS_EC2_METADATA_DISABLED: "true",
  };
}

async function start(env: Environment): Promise<Scene> {
  const at = await scene({ rows: { Tag: 1200 } }, env);
  onTestFinished(() => at.close());
  return at;
}

/** Copies the objects below the prefix into `at.data`, to be compared like a folder. Returns the SHA-256s. */
async function copyDown(server: S3Server, bucket: string, at: Scene): Promise<Map<string, string | undefined>> {
  const { endpoint, ...credentials } = server;
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const hashes = new Map<string, string | undefined>();
  await rm(at.data, { recursive: true, force: true });
  try {
    for await (const page of paginateListObjectsV2({ client }, { Bucket: bucket })) {
      for (const { Key = "" } of page.Contents ?? []) {
        const { Body, Metadata } = await client.send(new GetObjectCommand({ Bucket: bucket, Key }));
        expect(Key.startsWith(`${PREFIX}/`)).toBe(true);
        const path = join(at.data, Key.slice(PREFIX.length + 1));
        await mkdir(dirname(path), { recursive: true });
        await writeFile(path, (await Body?.transformToByteArray()) ?? "");
        hashes.set(Key.slice(PREFIX.length + 1), Metadata?.["sha256"]);
      }
    }
  } finally {
    client.destroy();
  }
  return hashes;
}

whereS3Runs(() => {
  describe("a bucket", () => {
    it("G1 receives the account, then a simulated day, like a folder", async () => {
      const server = await s3Server();
      const bucket = await newBucket(server);
      const at = await start({ ...access(server), PARDOT_ETL_DESTINATION: `s3://${bucket}/${PREFIX}` });
      expect(await runCli(["run"], at.env, { cwd: at.root })).toMatchObject({ code: 0 });
      const hashes = await copyDown(server, bucket, at);
      for (const name of OBJECTS) await expectExactly(at, name);
      const [first] = await wholeManifests(at.data);
      expect(first?.status).toBe("complete");
      for (const { key, sha256 } of first?.objects.flatMap(({ files }) => files) ?? []) {
        expect(hashes.get(key)).toBe(sha256);
      }
      expect(first?.api_calls.total).toBe(at.simulator.stats().calls);

      at.simulator.advance(1);
      expect(await runCli(["run"], at.env, { cwd: at.root })).toMatchObject({ code: 0 });
      await copyDown(server, bucket, at);
      for (const name of OBJECTS) await expectTruth(at, name);
      const { exports } = at.simulator.stats();
      expect(exports.at(-1)?.arguments).toHaveProperty("updated_after");
      const [, second] = await wholeManifests(at.data);
      expect((first?.api_calls.total ?? 0) + (second?.api_calls.total ?? 0)).toBe(at.simulator.stats().calls);

      // status reports the contents of the bucket, without a call.
      const { code, stdout } = await runCli(["status", "--json"], at.env, { cwd: at.root });
      expect(code).toBe(0);
      const { runs } = JSON.parse(stdout) as { runs: { run_id: string; status: string }[] };
      expect(runs.map((run) => [run.run_id, run.status])).toEqual([
        [first?.run_id, "complete"],
        [second?.run_id, "complete"],
      ]);
    });

    it("that does not exist ends the run with exit 7 before any call, and is named", async () => {
      const server = await s3Server();
      const at = await start({ ...access(server), PARDOT_ETL_DESTINATION: "s3://no-such-bucket-here/x" });
      const { code, stdout, stderr } = await runCli(["run", "--json"], at.env, { cwd: at.root });
      expect({ code, stderr }).toEqual({ code: 7, stderr: expect.stringContaining("no-such-bucket-here") as string });
      expect(JSON.parse(stdout)).toMatchObject({
        error: { code: "storage.bucket-missing", hint: expect.stringContaining("bucket") as string },
      });
      expect(at.simulator.stats().requests).toEqual([]);
    });

    it("that refuses the keys ends the run with exit 7 before any call, without showing a key", async () => {
      const server = await s3Server();
      const bucket = await newBucket(server);
      const keys = { AWS_ACCESS_KEY_ID: "canary-id", AWS_SECRET_ACCESS_KEY: "canary-secret" };
      const at = await start({ ...access(server), ...keys, PARDOT_ETL_DESTINATION: `s3://${bucket}` });
      const { code, stdout, stderr } = await runCli(["run", "--json"], at.env, { cwd: at.root });
      expect(code).toBe(7);
      expect(stdout + stderr).not.toContain("canary-secret");
      expect(at.simulator.stats().requests).toEqual([]);
    });
  });
});

describe("an unreachable S3 endpoint", () => {
  it("ends the run with exit 7 before any call", async () => {
    const nobody = { endpoint: "http://127.0.0.1:9", accessKeyId: "id", secretAccessKey: "canary-secret" };
    const at = await start({ ...access(nobody), PARDOT_ETL_DESTINATION: "s3://bucket" });
    const { code, stdout, stderr } = await runCli(["run", "--json"], at.env, { cwd: at.root });
    expect({ code, stderr }).toEqual({ code: 7, stderr: expect.stringContaining("hint: ") as string });
    expect(JSON.parse(stdout)).toMatchObject({ error: { code: expect.stringMatching(/^storage\./) as string } });
    expect(stdout + stderr).not.toContain("canary-secret");
    expect(at.simulator.stats().requests).toEqual([]);
  });
});
