import { createHash } from "node:crypto";
import { extname } from "node:path";
import { Readable } from "node:stream";
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
} from "@aws-sdk/client-s3";
import type { PutObjectCommandInput } from "@aws-sdk/client-s3";
import { isAmbiguous, readFailure } from "../../aws/failure.ts";
import { AttemptsFailed } from "../../aws/retry.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { differentBytes } from "../different-bytes.ts";
import { documentTooLarge, DOCUMENT_BYTES_MAX } from "../document.ts";
import { checkKey, checkPrefix, compareKeys } from "../key.ts";
import { openS3Client } from "./client.ts";
import { endless, s3Error, unordered } from "./errors.ts";
import { uploadParts } from "./parts.ts";
import { PAYLOAD_HASH, payloadHash } from "./payload-hash.ts";
import { readObject } from "./read.ts";
import { s3Retries } from "./retries.ts";
import { spooledBytes, verifySpooled } from "../spooled-bytes.ts";
import type { SpooledFile, Storage, StoredFile } from "../storage.ts";

/** One PutObject carries at most 5 GiB (AWS docs, "Uploading objects"). */
const PUT_BYTES_MAX: number = 5 * 1024 ** 3;
const IDLE_TIMEOUT_MS = 60_000;
const CHUNK_BYTES = 128 * 1024;

/** Pages without a key, one after another: a bucket with versions has some where thousands of keys were removed. */
const EMPTY_PAGES_MAX = 1000;

export interface S3Options {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  /** Null: what AWS_ENDPOINT_URL_S3, AWS_ENDPOINT_URL or the AWS profile say, else Amazon's. */
  readonly endpoint: string | null;
  /** Null: path-style by itself for an endpoint that is an IP address or localhost. */
  readonly pathStyle: boolean | null;
  readonly clock: Clock;
  readonly random: Random;
  /** Longest silence of a connection in milliseconds before a request counts as lost. Default 60,000. */
  readonly idleTimeoutMs?: number;
  /** Files above this size are sent in parts. Default: 5 GiB, the most that one PutObject carries. */
  readonly putBytesMax?: number;
  /** Size of such a part, at least 5 MiB. Default: 64 MiB, more for files above 562 GiB. */
  readonly partBytes?: number;
}

/**
 * A destination in an S3 bucket. Every write is one PutObject with `If-None-Match: *`, so the store itself refuses a
 * name that is taken; the SHA-256 goes with it three times: signed as the payload's hash (which the store checks as part
 * of the signature), as x-amz-checksum-sha256, and as metadata for later comparisons. Files above 5 GiB are sent in
 * parts, and appear by one CompleteMultipartUpload with the same condition. Not every store honours it there (Ceph 16.2
 * does not), so the name is looked at before: on such a store two writers within the same second could both write it,
 * which the lease forbids and equal names mean equal bytes anyway.
 *
 * Credentials and region come from the SDK's own chain (AWS_*). Requests are repeated by src/aws/retry.ts.
 */
export function openS3Storage(options: S3Options): Storage {
  const { bucket } = options;
  const prefix = options.prefix.replaceAll(/^\/+|\/+$/g, "");
  const location = `s3://${bucket}${prefix === "" ? "" : `/${prefix}`}`;
  const client = openS3Client({
    endpoint: options.endpoint,
    pathStyle: options.pathStyle,
    idleTimeoutMs: options.idleTimeoutMs ?? IDLE_TIMEOUT_MS,
  });
  const retries = s3Retries(options);
  const fullKey = (key: string): string => (prefix === "" ? key : `${prefix}/${key}`);
  const objectOf = (key: string): { readonly Bucket: string; readonly Key: string } => {
    checkKey(key);
    return { Bucket: bucket, Key: fullKey(key) };
  };
  const failed = (operation: string, error: unknown, signal: AbortSignal): unknown =>
    error instanceof AttemptsFailed
      ? s3Error(`${operation} ${location}`, error.cause, error.attempts, signal)
      : s3Error(`${operation} ${location}`, error, 1, signal);

  return {
    location,

    async publish(key, file, signal) {
      const object = objectOf(key);
      signal.throwIfAborted();
      try {
        const answer =
          file.bytes > (options.putBytesMax ?? PUT_BYTES_MAX)
            ? await putInParts(key, object, file, signal)
            : await putExclusively(key, () => putFile(object, file, signal), signal);
        if (answer === "written") return "written";
        const found = await fingerprint(key, file, signal);
        if (found.bytes !== file.bytes || found.sha256 !== file.sha256) {
          throw differentBytes(location, key, file, found);
        }
        return answer === "unclear" ? "written" : "already-there";
      } catch (error) {
        throw failed(`publish ${key} to`, error, signal);
      }
    },

    async create(key, bytes, signal) {
      const object = objectOf(key);
      signal.throwIfAborted();
      const sha256 = createHash("sha256").update(bytes).digest("hex");
      try {
        const send = (): Promise<void> => put({ ...object, Body: bytes, ContentLength: bytes.length }, sha256, signal);
        const answer = await putExclusively(key, send, signal);
        if (answer !== "unclear") return answer === "written" ? "written" : "exists";
        const found = await readDocument(key, signal);
        return found !== null && Buffer.compare(found, bytes) === 0 ? "written" : "exists";
      } catch (error) {
        throw failed(`create ${key} in`, error, signal);
      }
    },

    async read(key, signal) {
      try {
        return await readDocument(key, signal);
      } catch (error) {
        throw failed(`read ${key} in`, error, signal);
      }
    },

    async *open(key, signal) {
      const object = objectOf(key);
      try {
        yield* readObject(client, object, retries, signal);
      } catch (error) {
        throw failed(`open ${key} in`, error, signal);
      }
    },

    async stat(key, signal) {
      try {
        return await head(key, signal);
      } catch (error) {
        throw failed(`stat ${key} in`, error, signal);
      }
    },

    async *list(below, signal) {
      checkPrefix(below);
      try {
        yield* listBelow(below, signal);
      } catch (error) {
        throw failed(`list ${below} in`, error, signal);
      }
    },

    async remove(key, signal) {
      const object = objectOf(key);
      try {
        await retries.repeat(key, () => client.send(new DeleteObjectCommand(object), { abortSignal: signal }), signal);
      } catch (error) {
        throw failed(`remove ${key} from`, error, signal);
      }
    },

    // A PutObject that was cut leaves nothing behind.
    tidy: async () => ({ removed: 0, kept: 0 }),
  };

  /**
   * "taken": the name was there before our first attempt. "unclear": it is there, and an attempt of ours whose answer
   * was lost may have put it there.
   */
  async function putExclusively(
    key: string,
    send: () => Promise<void>,
    signal: AbortSignal,
  ): Promise<"written" | "taken" | "unclear"> {
    let inDoubt = false;
    try {
      await retries.repeat(key, send, signal, (failure) => {
        inDoubt ||= isAmbiguous(failure);
      });
      return "written";
    } catch (error) {
      if (!(error instanceof AttemptsFailed)) throw error;
      if (readFailure(error.cause).status === 412) return inDoubt ? "unclear" : "taken";
      // The last attempt may have gone through; if even that cannot be found out, the first failure is the one to tell.
      if (inDoubt && (await head(key, signal).catch(() => null)) !== null) return "unclear";
      throw error;
    }
  }

  async function putInParts(
    key: string,
    object: { Bucket: string; Key: string },
    file: SpooledFile,
    signal: AbortSignal,
  ): Promise<"written" | "taken" | "unclear"> {
    if ((await head(key, signal)) !== null) {
      await verifySpooled(file, signal);
      return "taken";
    }
    const given = { client, object, file, contentType: contentType(key), retries };
    const upload = await uploadParts({ ...given, partBytes: options.partBytes ?? null }, signal);
    let answer: "written" | "taken" | "unclear" | null = null;
    try {
      // An upload that is gone has been completed by an attempt whose answer was lost.
      answer = await putExclusively(key, () => upload.complete(signal), signal);
      return answer;
    } finally {
      if (answer !== "written") await upload.abandon().catch(() => undefined);
    }
  }

  async function putFile(
    object: { Bucket: string; Key: string },
    file: SpooledFile,
    signal: AbortSignal,
  ): Promise<void> {
    const cut = new AbortController();
    // Made anew for every attempt: a stream cannot be rewound.
    const body = Readable.from(spooledBytes(file, signal), { objectMode: false, highWaterMark: CHUNK_BYTES });
    // The SDK does not watch the body for errors, and would wait for the missing bytes.
    body.once("error", (error) => cut.abort(error));
    try {
      const input = { ...object, Body: body, ContentLength: file.bytes };
      await put(input, file.sha256, AbortSignal.any([signal, cut.signal]));
    } catch (error) {
      // A store that refuses early leaves a half-sent request behind, and its socket.
      cut.abort(error);
      throw body.errored ?? error;
    } finally {
      body.destroy();
    }
  }

  async function put(input: PutObjectCommandInput, sha256: string, signal: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({
      ...input,
      IfNoneMatch: "*",
      ContentType: contentType(input.Key ?? ""),
      Metadata: { sha256 },
      ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64"),
    });
    command.middlewareStack.add(payloadHash(sha256), PAYLOAD_HASH);
    await client.send(command, { abortSignal: signal });
  }

  async function head(key: string, signal: AbortSignal): Promise<StoredFile | null> {
    const command = new HeadObjectCommand(objectOf(key));
    return absentAsNull(async () => {
      const answer = await retries.repeat(key, () => client.send(command, { abortSignal: signal }), signal);
      return { key, bytes: answer.ContentLength ?? 0, sha256: answer.Metadata?.["sha256"] ?? null };
    });
  }

  /** Size and SHA-256 of what stands under a name; read in full only where the store holds no hash of it. */
  async function fingerprint(
    key: string,
    file: SpooledFile,
    signal: AbortSignal,
  ): Promise<{ readonly bytes: number | null; readonly sha256: string | null }> {
    const found = await head(key, signal);
    if (found === null) return { bytes: null, sha256: null };
    if (found.sha256 !== null || found.bytes !== file.bytes) return found;
    const hash = createHash("sha256");
    for await (const chunk of readObject(client, objectOf(key), retries, signal)) hash.update(chunk);
    return { bytes: found.bytes, sha256: hash.digest("hex") };
  }

  async function readDocument(key: string, signal: AbortSignal): Promise<Uint8Array | null> {
    const command = new GetObjectCommand(objectOf(key));
    return absentAsNull(() =>
      retries.repeat(
        key,
        async () => {
          const { Body: body, ContentLength: bytes = 0 } = await client.send(command, { abortSignal: signal });
          if (bytes > DOCUMENT_BYTES_MAX) {
            (body as Readable).destroy();
            throw documentTooLarge(location, key, bytes);
          }
          return (await body?.transformToByteArray()) ?? new Uint8Array();
        },
        signal,
      ),
    );
  }

  async function* listBelow(below: string, signal: AbortSignal): AsyncGenerator<StoredFile> {
    const stripped = fullKey("").length;
    let page: string | undefined;
    let last = "";
    let emptyPages = 0;
    do {
      const command = new ListObjectsV2Command({ Bucket: bucket, Prefix: fullKey(below), ContinuationToken: page });
      const answer = await retries.repeat(below, () => client.send(command, { abortSignal: signal }), signal);
      for (const { Key: found, Size: bytes = 0 } of answer.Contents ?? []) {
        // Consoles make empty objects such as "Campaign/" to show a folder.
        if (found === undefined || found.endsWith("/")) continue;
        const key = found.slice(stripped);
        if (last !== "" && compareKeys(last, key) >= 0) throw unordered(location, below);
        last = key;
        emptyPages = -1;
        signal.throwIfAborted();
        yield { key, bytes, sha256: null };
      }
      const next = answer.NextContinuationToken;
      // Cut short without a way on, it would pass for the whole list.
      if (answer.IsTruncated === true && (next === undefined || next === page)) throw unordered(location, below);
      page = next;
      emptyPages += 1;
      if (emptyPages === EMPTY_PAGES_MAX) throw endless(location, below, EMPTY_PAGES_MAX);
    } while (page !== undefined);
  }
}

async function absentAsNull<T>(send: () => Promise<T>): Promise<T | null> {
  try {
    return await send();
  } catch (error) {
    const failure = readFailure(error instanceof AttemptsFailed ? error.cause : error);
    if (failure.status === 404 && failure.name !== "NoSuchBucket") return null;
    throw error;
  }
}

const CONTENT_TYPES: Readonly<Record<string, string>> = {
  ".csv": "text/csv",
  ".json": "application/json",
  ".jsonl": "application/x-ndjson",
  ".parquet": "application/vnd.apache.parquet",
  ".gz": "application/gzip",
  ".zst": "application/zstd",
};

/** A compressed file is what it is: Content-Encoding would make clients unpack it behind the loader's back. */
function contentType(key: string): string {
  return CONTENT_TYPES[extname(key)] ?? "application/octet-stream";
}
