import type { Destination } from "../config/config.ts";

/** `s3://bucket/prefix` or the folder. */
export function destinationText(destination: Destination): string {
  if (destination.kind === "folder") return destination.path;
  return ["s3:/", destination.bucket, destination.prefix].filter((part) => part !== "").join("/");
}
