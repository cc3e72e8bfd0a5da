import { DeleteObjectCommand, DeleteObjectsCommand } from "@aws-sdk/client-s3";
import type { S3Client } from "@aws-sdk/client-s3";
import { isTransient, readFailure } from "../../aws/failure.ts";
import { AttemptsFailed } from "../../aws/retry.ts";
import type { S3Object } from "./read.ts";
import type { S3Retries } from "./retries.ts";

/** Most objects of one DeleteObjects (AWS docs, "DeleteObjects"). */
const TOGETHER_MAX = 1000;

export interface Removal {
  readonly client: S3Client;
  readonly objects: readonly S3Object[];
  readonly retries: S3Retries;
  /** One of the keys, on whose importance the number of attempts depends. */
  readonly key: string;
}

/**
 * Removes the objects of one bucket that exist, a thousand with one request. Those that the store does not remove that way
 * are removed one by one: all of them if it refuses the request, which not every store knows. Throws `AttemptsFailed`.
 */
export async function removeObjects(removal: Removal, signal: AbortSignal): Promise<void> {
  const { client, objects, retries, key } = removal;
  for (let start = 0; start < objects.length; start += TOGETHER_MAX) {
    const some = objects.slice(start, start + TOGETHER_MAX);
    for (const object of some.length === 1 ? some : await removeTogether({ ...removal, objects: some }, signal)) {
      const command = new DeleteObjectCommand(object);
      await retries.repeat(key, () => client.send(command, { abortSignal: signal }), signal);
    }
  }
}

/** Returns the objects that were not removed. */
async function removeTogether(
  { client, objects, retries, key }: Removal,
  signal: AbortSignal,
): Promise<readonly S3Object[]> {
  const names = objects.map((object) => ({ Key: object.Key }));
  const command = new DeleteObjectsCommand({ Bucket: objects[0]?.Bucket, Delete: { Objects: names, Quiet: true } });
  try {
    const response = await retries.repeat(key, () => client.send(command, { abortSignal: signal }), signal);
    const refused = new Set(response.Errors?.map((error) => error.Key));
    return objects.filter((object) => refused.has(object.Key));
  } catch (error) {
    if (error instanceof AttemptsFailed && !isTransient(readFailure(error.cause))) return objects;
    throw error;
  }
}
