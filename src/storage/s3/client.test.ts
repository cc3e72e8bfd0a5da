import { HeadObjectCommand } from "@aws-sdk/client-s3";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { openS3Client } from "./client.ts";

/** Where a request for object `k` of `bucket` would go, found by stopping it before it is sent. */
async function target(endpoint: string | null, pathStyle: boolean | null): Promise<string> {
  const client = openS3Client({ endpoint, pathStyle, idleTimeoutMs: 1_000 });
  let found = "";
  client.middlewareStack.add(
    () => async (step) => {
      const { hostname, path } = step.request as { readonly hostname: string; readonly path: string };
      found = hostname + path;
      throw new Error("not to be sent");
    },
    { step: "build", name: "stop" },
  );
  await expect(client.send(new HeadObjectCommand({ Bucket: "bucket", Key: "k" }))).rejects.toThrow("not to be sent");
  return found;
}

describe("the address of a bucket", () => {
  beforeEach(() => {
    vi.stubEnv("AWS_REGION", "eu-central-1");
    vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
    vi.stubEnv("AWS_CONFIG_FILE", "/dev/null");
  });
  afterEach(() => {
    vi.unstubAllEnvs();
  });

  const cases: readonly (readonly [string | null, boolean | null, string])[] = [
    ["http://127.0.0.1:9000", null, "127.0.0.1/bucket/k"],
    ["http://[::1]:9000", null, "[::1]/bucket/k"],
    ["http://localhost:9000", null, "localhost/bucket/k"],
    ["https://s3.localhost", null, "s3.localhost/bucket/k"],
    ["https://store.example.com", null, "bucket.store.example.com/k"],
    ["https://store.example.com", true, "store.example.com/bucket/k"],
    ["http://localhost:9000", false, "bucket.localhost/k"],
    [null, null, "bucket.s3.eu-central-1.amazonaws.com/k"],
    [null, true, "s3.eu-central-1.amazonaws.com/bucket/k"],
  ];
  it.each(cases)("endpoint %s, path style %s: %s", async (endpoint, pathStyle, expected) => {
    expect(await target(endpoint, pathStyle)).toBe(expected);
  });

  it.each(["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL"])(
    "addresses by path below a local endpoint from %s",
    async (name) => {
      vi.stubEnv(name, "http://localhost:9000");
      expect(await target(null, null)).toBe("localhost/bucket/k");
    },
  );
});
