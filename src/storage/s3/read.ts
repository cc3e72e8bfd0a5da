import { GetObjectCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { isTransient, readFailure } from "../../aws/failure.ts";
import { AttemptsFailed, pause } from "../../aws/retry.ts";
import type { S3Retries } from "./retries.ts";

export interface S3Object {
  readonly Bucket: string;
  readonly Key: string;
}

/**
 * The bytes of an object as they arrive. After a broken connection it continues where it broke, with the same version of
 * the object (If-Match), at most `attemptsMax` times without a byte in between. Memory: one network chunk. Throws
 * `AttemptsFailed`.
 */
export async function* readObject(
  client: S3Client,
  key: string,
  object: S3Object,
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
      const response = await client.send(new GetObjectCommand({ ...object, ...rest }), { abortSignal: signal });
      bytes ??= response.ContentLength ?? 0;
      version ??= response.ETag;
      for await (const chunk of response.Body as AsyncIterable<Uint8Array>) {
        offset += chunk.length;
        attempt = 1;
        yield chunk;
        signal.throwIfAborted();
      }
      if (offset !== bytes) throw cutShort(object.Key, offset, bytes);
    } catch (error) {
      signal.throwIfAborted();
      const failure = readFailure(error);
      if (attempt >= retries.attemptsMax(key) || !isTransient(failure)) throw new AttemptsFailed(attempt, error);
      await pause(attempt, retries.pauses, signal);
      attempt += 1;
    }
  }
}

function cutShort(key: string, offset: number, bytes: number): Error {
  return Object.assign(new Error(`body of ${key} ended after ${offset} of ${bytes} bytes`), { code: "ECONNRESET" });
}
