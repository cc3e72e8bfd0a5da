import { CreateBucketCommand, S3Client } from "@aws-sdk/client-s3";
import { systemRandom } from "../../../src/platform/random.ts";
import type { S3Server } from "./ceph.ts";

/** A new bucket on the test server. It is never removed: the server goes, and everything with it. */
export async function newBucket(server: S3Server): Promise<string> {
  const { endpoint, ...credentials } = server;
  const client = new S3Client({ endpoint, credentials, region: "us-east-1", forcePathStyle: true });
  const Bucket = `b${systemRandom.hex(10)}`;
  try {
    await client.send(new CreateBucketCommand({ Bucket }));
    return Bucket;
  } finally {
    client.destroy();
  }
}
