import { stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import type { Destination } from "../config/config.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Storage } from "./storage.ts";

export interface OpenStorageOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Config `etl.s3PathStyle`; null: path-style for an endpoint that is an IP address or localhost. */
  readonly s3PathStyle: boolean | null;
}

/**
 * Opens the destination. Makes no call and writes nothing: the first operation reports an unusable bucket or folder. The
 * S3 SDK (about 100 ms and 35 MB) is loaded only for a bucket.
 */
export async function openStorage(destination: Destination, options: OpenStorageOptions): Promise<Storage> {
  const { clock, random } = options;
  if (destination.kind === "folder") {
    const { FolderStorage } = await import("./folder/folder.ts");
    return new FolderStorage({ path: destination.path, clock, random });
  }
  const { S3Storage } = await import("./s3/s3.ts");
  const { bucket, prefix } = destination;
  return new S3Storage({ bucket, prefix, endpoint: null, pathStyle: options.s3PathStyle, clock, random });
}

/** The destination that contains a folder, recognized by its state; null when there is none. */
export async function destinationAround(folder: string): Promise<string | null> {
  for (let inner = folder, outer = dirname(folder); outer !== inner; inner = outer, outer = dirname(outer)) {
    const state = await stat(join(outer, "_pardot_etl", "state")).catch(() => null);
    if (state?.isDirectory() === true) return outer;
  }
  return null;
}
