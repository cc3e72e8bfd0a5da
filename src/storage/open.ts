import type { Destination } from "../config/config.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Storage } from "./storage.ts";

export interface OpenStorageOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Config `etl.s3PathStyle`; null: path-style by itself for an endpoint that is an IP address or localhost. */
  readonly s3PathStyle: boolean | null;
}

/**
 * Opens the destination. It makes no call and writes nothing: a bucket or folder that cannot be used is reported by the
 * first operation on it. The S3 SDK (about 100 ms and 35 MB) is loaded only when the destination is a bucket.
 */
export async function openStorage(destination: Destination, options: OpenStorageOptions): Promise<Storage> {
  const { clock, random } = options;
  if (destination.kind === "folder") {
    const { openFolderStorage } = await import("./folder/folder.ts");
    return openFolderStorage({ path: destination.path, clock, random });
  }
  const { openS3Storage } = await import("./s3/s3.ts");
  const { bucket, prefix } = destination;
  return openS3Storage({ bucket, prefix, endpoint: null, pathStyle: options.s3PathStyle, clock, random });
}
