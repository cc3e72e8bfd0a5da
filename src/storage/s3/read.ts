import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { isTransient, readFailure } from "../../aws/failure.ts";
import { AttemptsFailed, pause } from "../../aws/retry.ts";
import { StorageError } from "../../errors.ts";
import type { S3Retries } from "./retries.ts";

/**
 * The bytes of an object as they come. A connection that breaks is taken up where it broke, of the same version of the
 * object (If-Match), at most `attemptsMax` times without a byte in between. One network chunk is in memory at a time.
 */
export async function* readObject(
  client: S3Client,
  object: { readonly Bucket: string; readonly Key: string },
  retries: S3Retries,
  signal: AbortSignal,
): AsyncGenerator<Uint8Array> {
  let offset = 0;
  let bytes: number | null = null;
  let version: string | undefined;
  let attempt = 1;
  while (bytes === null || offset < bytes) {
    signal.throwIfAborted();
    try {
      const rest = offset === 0 ? {} : { Range: `bytes=${offset}-`, IfMatch: version };
      const answer = await client.send(new GetObjectCommand({ ...object, ...rest }), { abortSignal: signal });
      bytes ??= answer.ContentLength ?? 0;
      version ??= answer.ETag;
      for await (const chunk of answer.Body as AsyncIterable<Uint8Array>) {
        offset += chunk.length;
        attempt = 1;
        yield chunk;
        signal.throwIfAborted();
      }
      if (offset !== bytes) throw cutShort(object.Key, offset, bytes);
    } catch (error) {
      signal.throwIfAborted();
      const failure = readFailure(error);
      if (failure.name === "NoSuchKey") throw missing(object);
      if (attempt >= retries.attemptsMax(object.Key) || !isTransient(failure)) throw new AttemptsFailed(attempt, error);
      await pause(attempt, retries.pauses, signal);
      attempt += 1;
    }
  }
}

function cutShort(key: string, offset: number, bytes: number): Error {
  return Object.assign(new Error(`body of ${key} ended after ${offset} of ${bytes} bytes`), { code: "ECONNRESET" });
}

function missing(object: { readonly Bucket: string; readonly Key: string }): StorageError {
  return new StorageError(`open s3://${object.Bucket}/${object.Key}: there is no such object`, {
    code: "storage.missing",
    hint: "a file that was landed is gone; restore it, or load its object again with --full",
    context: { key: object.Key },
  });
}
