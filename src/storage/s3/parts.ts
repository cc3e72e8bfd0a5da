import { createHash } from "node:crypto";
import type { Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import {
  AbortMultipartUploadCommand,
  CompleteMultipartUploadCommand,
  CreateMultipartUploadCommand,
  UploadPartCommand,
} from "@aws-sdk/client-s3";
import type { CompletedPart, S3Client } from "@aws-sdk/client-s3";
import { NEVER } from "../../platform/clock.ts";
import { tmpError } from "../local-errors.ts";
import { signPayload } from "./client.ts";
import type { S3Object } from "./read.ts";
import type { S3Retries } from "./retries.ts";
import { spoolChanged } from "../spooled-bytes.ts";
import type { SpooledFile } from "../storage.ts";

/** Least size of a part, and most parts of a file (AWS docs, "Multipart upload limits": 10,000). */
const PART_BYTES = 64 * 1024 ** 2;
const PARTS_MAX = 9000;
const CHUNK_BYTES = 128 * 1024;

export interface PartsRequest {
  readonly client: S3Client;
  readonly object: S3Object;
  readonly file: SpooledFile;
  readonly contentType: string;
  readonly retries: S3Retries;
  /** Default: 64 MiB, or what it takes to stay below 9,000 parts. */
  readonly partBytes: number | null;
}

/** A file whose bytes are all at the store, but not visible yet. */
export interface UploadedParts {
  /** Makes it visible in one step, unless its name is taken (412). */
  complete(signal: AbortSignal): Promise<void>;
  /** Removes the parts, if they still exist. */
  abandon(): Promise<void>;
}

/**
 * Sends a file that is too large for one PutObject in parts. The store checks each against its SHA-256, and the whole is
 * checked against `file`. Memory: a few chunks of 128 KiB. Removes the sent parts on a failure.
 */
export async function uploadParts(request: PartsRequest, signal: AbortSignal): Promise<UploadedParts> {
  const { client, object, file, contentType, retries } = request;
  const { size } = await stat(file.path).catch((error: unknown) => {
    throw tmpError("open spooled file", file.path, error);
  });
  if (size !== file.bytes) throw spoolChanged(file, `${size} bytes instead of ${file.bytes}`);
  const open = new CreateMultipartUploadCommand({
    ...object,
    ContentType: contentType,
    Metadata: { sha256: file.sha256 },
  });
  const { UploadId } = await retries.repeat(object.Key, () => client.send(open, { abortSignal: signal }), signal);
  const abandon = async (): Promise<void> => {
    const abort = new AbortMultipartUploadCommand({ ...object, UploadId });
    await retries.repeat(object.Key, () => client.send(abort), NEVER);
  };
  try {
    const parts = await sendParts(request, UploadId, signal);
    const complete = async (aborted: AbortSignal): Promise<void> => {
      const command = new CompleteMultipartUploadCommand({
        ...object,
        UploadId,
        IfNoneMatch: "*",
        MultipartUpload: { Parts: parts },
      });
      await client.send(command, { abortSignal: aborted });
    };
    return { complete, abandon };
  } catch (error) {
    // A lifecycle rule removes leftovers (docs/deploy-aws.md); the first failure is the one to report.
    await abandon().catch(() => undefined);
    throw error;
  }
}

async function sendParts(
  { client, object, file, retries, partBytes }: PartsRequest,
  UploadId: string | undefined,
  signal: AbortSignal,
): Promise<CompletedPart[]> {
  const size = partBytes ?? Math.max(PART_BYTES, Math.ceil(file.bytes / PARTS_MAX));
  const whole = createHash("sha256");
  const parts: CompletedPart[] = [];
  for (let start = 0; start < file.bytes; start += size) {
    const end = Math.min(start + size, file.bytes);
    const sha256 = await hashRange(file, start, end, whole, signal);
    const PartNumber = parts.length + 1;
    const send = async (): Promise<CompletedPart> => {
      const body = createReadStream(file.path, { start, end: end - 1, highWaterMark: CHUNK_BYTES });
      try {
        const command = new UploadPartCommand({
          ...object,
          UploadId,
          PartNumber,
          Body: body,
          ContentLength: end - start,
        });
        command.middlewareStack.add(...signPayload(sha256));
        const { ETag } = await client.send(command, { abortSignal: signal });
        return { PartNumber, ETag };
      } finally {
        body.destroy();
      }
    };
    parts.push(await retries.repeat(object.Key, send, signal));
  }
  const sha256 = whole.digest("hex");
  if (sha256 !== file.sha256) throw spoolChanged(file, `sha-256 ${sha256} instead of ${file.sha256}`);
  return parts;
}

async function hashRange(
  file: SpooledFile,
  start: number,
  end: number,
  whole: Hash,
  signal: AbortSignal,
): Promise<string> {
  const hash = createHash("sha256");
  let bytes = 0;
  try {
    const chunks = createReadStream(file.path, { start, end: end - 1, highWaterMark: CHUNK_BYTES });
    for await (const chunk of chunks as AsyncIterable<Buffer>) {
      signal.throwIfAborted();
      bytes += chunk.length;
      hash.update(chunk);
      whole.update(chunk);
    }
  } catch (error) {
    signal.throwIfAborted();
    throw tmpError("read spooled file", file.path, error);
  }
  if (bytes !== end - start) throw spoolChanged(file, `${start + bytes} bytes instead of ${file.bytes}`);
  return hash.digest("hex");
}
