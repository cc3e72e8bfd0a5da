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
import { tmpError } from "../local-errors.ts";
import { PAYLOAD_HASH, payloadHash } from "./payload-hash.ts";
import type { S3Retries } from "./retries.ts";
import { spoolChanged } from "../spooled-bytes.ts";
import type { SpooledFile } from "../storage.ts";

/** A part is at least so large, and there are at most so many of them (AWS docs, "Multipart upload limits": 10,000). */
const PART_BYTES = 64 * 1024 ** 2;
const PARTS_MAX = 9000;
const CHUNK_BYTES = 128 * 1024;

export interface PartsRequest {
  readonly client: S3Client;
  readonly object: { readonly Bucket: string; readonly Key: string };
  readonly file: SpooledFile;
  readonly contentType: string;
  readonly retries: S3Retries;
  /** Default: 64 MiB, or what it takes to stay below 9,000 parts. */
  readonly partBytes: number | null;
}

/** A file whose every byte is at the store and that nobody sees yet. */
export interface UploadedParts {
  /** Makes it appear in one step, unless its name is taken (412). */
  complete(signal: AbortSignal): Promise<void>;
  /** Gives the parts up; done also when they are gone. */
  abandon(): Promise<void>;
}

/**
 * Sends a file that no single PutObject carries, part by part, each checked by the store against its SHA-256, and the
 * whole against what was declared of it. Memory: a few chunks of 128 KiB. What was sent is given up when it fails.
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
    const never = new AbortController().signal;
    await retries.repeat(
      object.Key,
      () => client.send(new AbortMultipartUploadCommand({ ...object, UploadId })),
      never,
    );
  };
  try {
    const parts = await sendParts(request, UploadId, signal);
    const complete = async (stop: AbortSignal): Promise<void> => {
      const command = new CompleteMultipartUploadCommand({
        ...object,
        UploadId,
        IfNoneMatch: "*",
        MultipartUpload: { Parts: parts },
      });
      await client.send(command, { abortSignal: stop });
    };
    return { complete, abandon };
  } catch (error) {
    // A lifecycle rule gets what is left (docs/deploy-aws.md); the first failure is the one to tell.
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
        command.middlewareStack.add(payloadHash(sha256), PAYLOAD_HASH);
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
