import { DataError } from "../errors.ts";
import type { SpooledFile } from "./storage.ts";

/** The refusal that every adapter gives when a name already holds other bytes: exit 6, nothing was written. */
export function differentBytes(
  location: string,
  key: string,
  file: SpooledFile,
  found: { readonly bytes: number | null; readonly sha256: string | null },
): DataError {
  const there = found.bytes === null ? "something that is no file" : `${found.bytes} bytes, sha-256 ${found.sha256}`;
  return new DataError(
    `publish ${key} to ${location}: the name already holds ${there}; ours has ${file.bytes} bytes, sha-256 ${file.sha256}`,
    {
      code: "storage.different-bytes",
      hint: "a published name never gets other bytes; find out what wrote the file there, move it away if it is not ours, and run again",
      context: { key, bytes: file.bytes, sha256: file.sha256, foundBytes: found.bytes, foundSha256: found.sha256 },
    },
  );
}
