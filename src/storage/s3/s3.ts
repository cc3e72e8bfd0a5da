import { createHash } from "node:crypto";
import { extname } from "node:path";
import { Readable } from "node:stream";
import { GetObjectCommand, HeadObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import type { PutObjectCommandInput, S3Client } from "@aws-sdk/client-s3";
import { isAmbiguous, readFailure } from "../../aws/failure.ts";
import { AttemptsFailed } from "../../aws/retry.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { checkKey, checkPrefix, compareKeys } from "../key.ts";
import { spooledBytes, verifySpooled } from "../spooled-bytes.ts";
import { documentTooLarge, DOCUMENT_BYTES_MAX, missingError, requireSame } from "../storage.ts";
import type { SpooledFile, Storage, StoredFile } from "../storage.ts";
import { openS3Client, signPayload } from "./client.ts";
import type { S3ClientOptions } from "./client.ts";
import { endless, s3Error, unordered } from "./errors.ts";
import { uploadParts } from "./parts.ts";
import { readObject } from "./read.ts";
import type { S3Object } from "./read.ts";
import { removeObjects } from "./remove.ts";
import { S3Retries } from "./retries.ts";

/** One PutObject carries at most 5 GiB (AWS docs, "Uploading objects"). */
const PUT_BYTES_MAX: number = 5 * 1024 ** 3;
const CHUNK_BYTES = 128 * 1024;

/** Pages without a key, in a row: a bucket with versions has some where thousands of keys were removed. */
const EMPTY_PAGES_MAX = 1000;

export interface S3Options extends S3ClientOptions {
  readonly bucket: string;
  /** Without slashes at its ends; empty for the whole bucket. */
  readonly prefix: string;
  readonly clock: Clock;
  readonly random: Random;
  /** Files above this size are sent in parts. Default: 5 GiB, the most that one PutObject carries. */
  readonly putBytesMax?: number;
  /** Size of such a part, at least 5 MiB. Default: 64 MiB, more for files above 562 GiB. */
  readonly partBytes?: number;
}

/**
 * "taken": the name existed before our first attempt. "unclear": it exists, and an attempt of ours whose response was
 * lost may have created it.
 */
type Put = "written" | "taken" | "unclear";

/**
 * A destination in an S3 bucket. Every write is one PutObject with `If-None-Match: *`, so the store itself refuses a
 * taken name. The SHA-256 is sent three times: signed as the payload's hash (which the store checks with the signature),
 * as x-amz-checksum-sha256, and as metadata for later comparisons. Files above 5 GiB are sent in parts, and appear by one
 * CompleteMultipartUpload with the same condition. Not every store honors it there (Ceph 16.2 does not), so the name is
 * checked first. On such a store two writers within the same second could both write it, which the lease forbids, and
 * equal names mean equal bytes anyway.
 *
 * Credentials and region come from the SDK's own chain (AWS_*). src/aws/retry.ts repeats requests.
 */
export class S3Storage implements Storage {
  readonly location: string;
  readonly #options: S3Options;
  /** Empty, or with a slash at its end. */
  readonly #prefix: string;
  readonly #client: S3Client;
  readonly #retries: S3Retries;

  constructor(options: S3Options) {
    const prefix = options.prefix.replaceAll(/^\/+|\/+$/g, "");
    this.#options = options;
    this.#prefix = prefix === "" ? "" : `${prefix}/`;
    this.location = `s3://${options.bucket}${prefix === "" ? "" : `/${prefix}`}`;
    this.#client = openS3Client(options);
    this.#retries = new S3Retries(options);
  }

  async publish(key: string, file: SpooledFile, signal: AbortSignal): Promise<"written" | "already-there"> {
    const object = this.#object(key);
    signal.throwIfAborted();
    return this.#named(`publish ${key} to`, signal, async () => {
      const put =
        file.bytes > (this.#options.putBytesMax ?? PUT_BYTES_MAX)
          ? await this.#putInParts(key, file, signal)
          : await this.#putExclusively(key, () => this.#putFile(object, file, signal), signal);
      if (put === "written") return "written";
      requireSame(this.location, key, file, await this.#fingerprint(key, file, signal));
      return put === "unclear" ? "written" : "already-there";
    });
  }

  async create(key: string, bytes: Uint8Array, signal: AbortSignal): Promise<"written" | "exists"> {
    const object = this.#object(key);
    signal.throwIfAborted();
    const sha256 = createHash("sha256").update(bytes).digest("hex");
    const input = { ...object, Body: bytes, ContentLength: bytes.length };
    return this.#named(`create ${key} in`, signal, async () => {
      const put = await this.#putExclusively(key, () => this.#put(input, sha256, signal), signal);
      if (put !== "unclear") return put === "written" ? "written" : "exists";
      const found = await this.#readDocument(key, signal);
      return found !== null && Buffer.compare(found, bytes) === 0 ? "written" : "exists";
    });
  }

  async read(key: string, signal: AbortSignal): Promise<Uint8Array | null> {
    return this.#named(`read ${key} in`, signal, () => this.#readDocument(key, signal));
  }

  async *open(key: string, signal: AbortSignal): AsyncIterable<Uint8Array> {
    try {
      yield* this.#readBytes(key, signal);
    } catch (error) {
      throw this.#failed(`open ${key} in`, error, signal);
    }
  }

  async stat(key: string, signal: AbortSignal): Promise<StoredFile | null> {
    return this.#named(`stat ${key} in`, signal, () => this.#head(key, signal));
  }

  async *list(below: string, signal: AbortSignal, after?: string): AsyncIterable<StoredFile> {
    checkPrefix(below);
    try {
      yield* this.#listBelow(below, signal, after);
    } catch (error) {
      throw this.#failed(`list ${below} in`, error, signal);
    }
  }

  async remove(keys: readonly string[], signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    const [key = ""] = keys;
    const objects = keys.map((each) => this.#object(each));
    const removal = { client: this.#client, objects, retries: this.#retries, key };
    const which = keys.length === 1 ? key : `${keys.length} files, such as ${key},`;
    await this.#named(`remove ${which} from`, signal, () => removeObjects(removal, signal));
  }

  /** A PutObject that was cut leaves nothing behind. */
  async tidy(): Promise<{ readonly removed: 0; readonly kept: 0 }> {
    return { removed: 0, kept: 0 };
  }

  #object(key: string): S3Object {
    checkKey(key);
    return { Bucket: this.#options.bucket, Key: this.#prefix + key };
  }

  async #named<T>(operation: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    try {
      return await work();
    } catch (error) {
      throw this.#failed(operation, error, signal);
    }
  }

  #failed(operation: string, error: unknown, signal: AbortSignal): unknown {
    const [cause, attempts] = error instanceof AttemptsFailed ? [error.cause, error.attempts] : [error, 1];
    return s3Error(`${operation} ${this.location}`, cause, attempts, signal);
  }

  async #putExclusively(key: string, send: () => Promise<void>, signal: AbortSignal): Promise<Put> {
    let inDoubt = false;
    try {
      await this.#retries.repeat(key, send, signal, (failure) => {
        inDoubt ||= isAmbiguous(failure);
      });
      return "written";
    } catch (error) {
      if (!(error instanceof AttemptsFailed)) throw error;
      if (readFailure(error.cause).status === 412) return inDoubt ? "unclear" : "taken";
      // The last attempt may have succeeded. If even that cannot be determined, the first failure is the one to report.
      if (inDoubt && (await this.#head(key, signal).catch(() => null)) !== null) return "unclear";
      throw error;
    }
  }

  async #putInParts(key: string, file: SpooledFile, signal: AbortSignal): Promise<Put> {
    if ((await this.#head(key, signal)) !== null) {
      await verifySpooled(file, signal);
      return "taken";
    }
    const upload = await uploadParts(
      {
        client: this.#client,
        object: this.#object(key),
        file,
        contentType: contentType(key),
        retries: this.#retries,
        partBytes: this.#options.partBytes ?? null,
      },
      signal,
    );
    let put: Put | null = null;
    try {
      // A missing upload was completed by an attempt whose response was lost.
      put = await this.#putExclusively(key, () => upload.complete(signal), signal);
      return put;
    } finally {
      if (put !== "written") await upload.abandon().catch(() => undefined);
    }
  }

  async #putFile(object: S3Object, file: SpooledFile, signal: AbortSignal): Promise<void> {
    const cut = new AbortController();
    // Opened again for every attempt: a stream cannot be rewound.
    const body = Readable.from(spooledBytes(file, signal), { objectMode: false, highWaterMark: CHUNK_BYTES });
    // The SDK does not watch the body for errors, and would wait for the missing bytes.
    body.once("error", (error) => cut.abort(error));
    try {
      const input = { ...object, Body: body, ContentLength: file.bytes };
      await this.#put(input, file.sha256, AbortSignal.any([signal, cut.signal]));
    } catch (error) {
      // A store that refuses early leaves a half-sent request behind, and its socket.
      cut.abort(error);
      throw body.errored ?? error;
    } finally {
      body.destroy();
    }
  }

  async #put(input: PutObjectCommandInput, sha256: string, signal: AbortSignal): Promise<void> {
    const command = new PutObjectCommand({
      ...input,
      IfNoneMatch: "*",
      ContentType: contentType(input.Key ?? ""),
      Metadata: { sha256 },
      ChecksumSHA256: Buffer.from(sha256, "hex").toString("base64"),
    });
    command.middlewareStack.add(...signPayload(sha256));
    await this.#client.send(command, { abortSignal: signal });
  }

  async #head(key: string, signal: AbortSignal): Promise<StoredFile | null> {
    const command = new HeadObjectCommand(this.#object(key));
    return absentAsNull(async () => {
      const send = () => this.#client.send(command, { abortSignal: signal });
      const response = await this.#retries.repeat(key, send, signal);
      return { key, bytes: response.ContentLength ?? 0, sha256: response.Metadata?.["sha256"] ?? null };
    });
  }

  /** Size and SHA-256 of an object; read in full only where the store has no hash of it. */
  async #fingerprint(key: string, file: SpooledFile, signal: AbortSignal): Promise<StoredFile | null> {
    const found = await this.#head(key, signal);
    if (found === null || found.sha256 !== null || found.bytes !== file.bytes) return found;
    const hash = createHash("sha256");
    for await (const chunk of this.#readBytes(key, signal)) hash.update(chunk);
    return { ...found, sha256: hash.digest("hex") };
  }

  async *#readBytes(key: string, signal: AbortSignal): AsyncGenerator<Uint8Array> {
    try {
      yield* readObject(this.#client, key, this.#object(key), this.#retries, signal);
    } catch (error) {
      const isMissing = error instanceof AttemptsFailed && readFailure(error.cause).name === "NoSuchKey";
      throw isMissing ? missingError(this.location, key) : error;
    }
  }

  async #readDocument(key: string, signal: AbortSignal): Promise<Uint8Array | null> {
    const command = new GetObjectCommand(this.#object(key));
    const read = async (): Promise<Uint8Array> => {
      const { Body: body, ContentLength: bytes = 0 } = await this.#client.send(command, { abortSignal: signal });
      if (bytes > DOCUMENT_BYTES_MAX) {
        (body as Readable).destroy();
        throw documentTooLarge(this.location, key, bytes);
      }
      return (await body?.transformToByteArray()) ?? new Uint8Array();
    };
    return absentAsNull(() => this.#retries.repeat(key, read, signal));
  }

  async *#listBelow(below: string, signal: AbortSignal, after?: string): AsyncGenerator<StoredFile> {
    const start = after === undefined ? {} : { StartAfter: this.#prefix + after };
    const input = { Bucket: this.#options.bucket, Prefix: this.#prefix + below, ...start };
    let page: string | undefined;
    let last = "";
    let emptyPages = 0;
    do {
      const command = new ListObjectsV2Command({ ...input, ContinuationToken: page });
      const send = () => this.#client.send(command, { abortSignal: signal });
      const response = await this.#retries.repeat(below, send, signal);
      for (const { Key: found, Size: bytes = 0 } of response.Contents ?? []) {
        // Consoles make empty objects such as "Campaign/" to show a folder.
        if (found === undefined || found.endsWith("/")) continue;
        const key = found.slice(this.#prefix.length);
        if (last !== "" && compareKeys(last, key) >= 0) throw unordered(this.location, below);
        last = key;
        emptyPages = -1;
        signal.throwIfAborted();
        yield { key, bytes, sha256: null };
      }
      const next = response.NextContinuationToken;
      // A truncated list without a next page would pass for the whole list.
      if (response.IsTruncated === true && (next === undefined || next === page)) throw unordered(this.location, below);
      page = next;
      emptyPages += 1;
      if (emptyPages === EMPTY_PAGES_MAX) throw endless(this.location, below, EMPTY_PAGES_MAX);
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
  ".html": "text/html; charset=utf-8",
  ".jsonl": "application/x-ndjson",
  ".parquet": "application/vnd.apache.parquet",
  ".gz": "application/gzip",
  ".zst": "application/zstd",
};

/** No Content-Encoding for a compressed file: clients would decompress it without the loader's knowledge. */
function contentType(key: string): string {
  return CONTENT_TYPES[extname(key)] ?? "application/octet-stream";
}
