import { StorageError } from "../errors.ts";

/** A small document is read whole, so one that something else blew up must not take the memory with it. */
export const DOCUMENT_BYTES_MAX: number = 64 * 1024 * 1024;

export function documentTooLarge(location: string, key: string, bytes: number): StorageError {
  return new StorageError(`read ${key} in ${location}: ${bytes} bytes are more than a document of this tool has`, {
    code: "storage.document-too-large",
    hint: "something else wrote this file; move it away and run again",
    context: { key, bytes, limit: DOCUMENT_BYTES_MAX },
  });
}
