import { once } from "node:events";
import { createServer } from "node:http";
import type { Server } from "node:http";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { systemRandom as random } from "../../src/platform/random.ts";
import { S3Storage } from "../../src/storage/s3/s3.ts";
import type { S3Options } from "../../src/storage/s3/s3.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { newBucket } from "../kit/servers/bucket.ts";
import { s3Server, whereS3Runs } from "../kit/servers/s3.ts";
import { CALM, digestOf, keysOf } from "./spooled.ts";

const clock = { now: () => 0, monotonic: () => 0, sleep: async () => {} };
const hint = expect.any(String) as string;

function storageAt(endpoint: string | null, options: Partial<S3Options> = {}): Storage {
  return new S3Storage({ bucket: "bucket", prefix: "p", endpoint, pathStyle: true, clock, random, ...options });
}

beforeEach(() => {
  // No setting of a developer's machine may reach the SDK.
  for (const name of ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_S3"]) {
    vi.stubEnv(name, undefined);
  }
  vi.stubEnv("AWS_CONFIG_FILE", "/dev/null");
  vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null");
  vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
  vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "not-to-be-seen");
  vi.stubEnv("AWS_REGION", "us-east-1");
});
afterEach(() => {
  vi.unstubAllEnvs();
});

whereS3Runs(() => {
  describe("a refusal by a store (Ceph RADOS Gateway)", () => {
    it("is reported as a missing bucket", async () => {
      const { endpoint } = await s3Server();
      const storage = storageAt(endpoint, { bucket: "no-such-bucket" });
      const refusal = { exitCode: 7, code: "storage.bucket-missing", hint };
      await expect(storage.create("a", Buffer.from("x"), CALM)).rejects.toMatchObject(refusal);
      await expect(storage.read("a", CALM)).rejects.toMatchObject(refusal);
      await expect(keysOf(storage)).rejects.toMatchObject(refusal);
      await expect(digestOf(storage, "a")).rejects.toMatchObject(refusal);
    });

    it.each([
      ["AWS_ACCESS_KEY_ID", "nobody"],
      ["AWS_SECRET_ACCESS_KEY", "not-the-secret"],
    ])("is reported as credentials with a wrong %s, without showing them", async (name, value) => {
      const server = await s3Server();
      const bucket = await newBucket(server);
      vi.stubEnv(name, value);
      const failed: unknown = await storageAt(server.endpoint, { bucket })
        .create("a", Buffer.from("x"), CALM)
        .catch((error: unknown) => error);
      expect(failed).toMatchObject({ exitCode: 7, code: "storage.credentials-invalid", hint });
      expect(String(failed)).not.toContain(server.secretAccessKey);
      expect(String(failed)).not.toContain("not-the-secret");
    });
  });
});

describe("an attempt to reach a store", () => {
  it("is reported as missing credentials", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
    const created = storageAt("http://127.0.0.1:9").create("a", Buffer.from("x"), CALM);
    await expect(created).rejects.toMatchObject({ exitCode: 7, code: "storage.no-credentials", hint });
  });

  it("is reported as a missing region", async () => {
    vi.stubEnv("AWS_REGION", undefined);
    vi.stubEnv("AWS_DEFAULT_REGION", undefined);
    const created = storageAt("http://127.0.0.1:9").create("a", Buffer.from("x"), CALM);
    await expect(created).rejects.toMatchObject({ exitCode: 7, code: "storage.no-region", hint });
  });

  it("is reported as an unreachable endpoint, after a few attempts", async () => {
    const port = await freePort();
    const created = storageAt(`http://127.0.0.1:${port}`).create("a", Buffer.from("x"), CALM);
    await expect(created).rejects.toMatchObject({
      exitCode: 7,
      code: "storage.unreachable",
      context: { name: "ECONNREFUSED", attempts: 5 },
    });
  });
});

function xml(code: string): string {
  return `<?xml version="1.0"?><Error><Code>${code}</Code><Message>because</Message></Error>`;
}

/** A server with one response for everything, for cases that the real one cannot produce. */
describe("a response of another store", () => {
  let server: Server;
  let endpoint: string;
  let answer: { readonly status: number; readonly body: string; readonly headers?: Readonly<Record<string, string>> };
  let requests: number;

  beforeEach(async () => {
    requests = 0;
    server = createServer((request, response) => {
      requests += 1;
      request.resume().once("end", () => {
        response.writeHead(answer.status, { "content-type": "application/xml", ...answer.headers });
        response.end(request.method === "HEAD" ? "" : answer.body);
      });
    });
    endpoint = `http://127.0.0.1:${await listening(server)}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await once(server, "close");
  });

  const cases: readonly (readonly [string, number, string, string, RegExp])[] = [
    ["access denied", 403, xml("AccessDenied"), "storage.no-permission", /s3:PutObject/],
    ["an expired token", 400, xml("ExpiredToken"), "storage.credentials-invalid", /AWS_SESSION_TOKEN/],
    ["another region", 301, xml("PermanentRedirect"), "storage.wrong-region", /AWS_REGION=eu-west-1/],
    ["a name that no bucket has", 400, xml("InvalidBucketName"), "storage.bucket-invalid", /PARDOT_ETL_DESTINATION/],
    ["a wrong clock", 403, xml("RequestTimeTooSkewed"), "storage.clock-skew", /clock/],
    ["a full store", 507, xml("InsufficientStorage"), "storage.full", /space/],
    ["a server other than S3", 405, "<html><body>nginx</body></html>", "storage.refused", /AWS_ENDPOINT_URL_S3/],
  ];
  it.each(cases)("is reported as %s", async (_name, status, body, code, says) => {
    answer = { status, body, headers: { "x-amz-bucket-region": "eu-west-1" } };
    const failed = storageAt(endpoint).create("a", Buffer.from("x"), CALM);
    const words = expect.stringMatching(says) as string;
    await expect(failed).rejects.toMatchObject({ exitCode: 7, code, hint: words });
    expect(requests).toBe(code === "storage.clock-skew" ? 9 : 1);
  });

  it("to a HEAD is reported by its status alone", async () => {
    answer = { status: 403, body: "" };
    await expect(storageAt(endpoint).stat("a", CALM)).rejects.toMatchObject({ code: "storage.no-permission" });
  });

  it("is refused if its keys are not sorted", async () => {
    const contents = ["b", "a"].map((key) => `<Contents><Key>p/${key}</Key><Size>1</Size></Contents>`).join("");
    answer = { status: 200, body: `<ListBucketResult>${contents}</ListBucketResult>` };
    await expect(keysOf(storageAt(endpoint))).rejects.toMatchObject({ code: "storage.unordered-list", exitCode: 7 });
  });

  it("is refused if a list does not end", async () => {
    const more = "<IsTruncated>true</IsTruncated><NextContinuationToken>same</NextContinuationToken>";
    answer = { status: 200, body: `<ListBucketResult>${more}</ListBucketResult>` };
    await expect(keysOf(storageAt(endpoint))).rejects.toMatchObject({ code: "storage.unordered-list" });
    expect(requests).toBe(2);
  });

  it.each([
    ["with nothing on them", ""],
    ["that only mark folders", "<Contents><Key>p/Tag/</Key><Size>0</Size></Contents>"],
  ])("is refused if pages %s do not end, each with another token", async (_, contents) => {
    const next = (): string =>
      `<IsTruncated>true</IsTruncated><NextContinuationToken>${requests}</NextContinuationToken>`;
    answer = {
      status: 200,
      get body() {
        return `<ListBucketResult>${contents}${next()}</ListBucketResult>`;
      },
    };
    const refusal = { code: "storage.endless-list", exitCode: 7, hint };
    await expect(keysOf(storageAt(endpoint))).rejects.toMatchObject(refusal);
    expect(requests).toBe(1000);
  });

  it("is refused if a truncated list has no token", async () => {
    const contents = "<Contents><Key>p/a</Key><Size>1</Size></Contents>";
    answer = {
      status: 200,
      get body() {
        const way = requests === 1 ? "<NextContinuationToken>t</NextContinuationToken>" : "";
        return `<ListBucketResult>${requests === 1 ? contents : ""}<IsTruncated>true</IsTruncated>${way}</ListBucketResult>`;
      },
    };
    await expect(keysOf(storageAt(endpoint))).rejects.toMatchObject({ code: "storage.unordered-list" });
  });

  it("is not listed if it only marks a folder", async () => {
    const keys = ["p/Tag/", "p/Tag/a.csv"];
    const contents = keys.map((key) => `<Contents><Key>${key}</Key><Size>0</Size></Contents>`).join("");
    answer = { status: 200, body: `<ListBucketResult>${contents}</ListBucketResult>` };
    expect(await keysOf(storageAt(endpoint))).toEqual(["Tag/a.csv"]);
  });
});

async function listening(server: Server): Promise<number> {
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const address = server.address();
  return typeof address === "object" && address !== null ? address.port : 0;
}

async function freePort(): Promise<number> {
  const server = createServer();
  const port = await listening(server);
  server.close();
  await once(server, "close");
  return port;
}
