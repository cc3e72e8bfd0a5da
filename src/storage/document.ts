import { StorageError } from "../errors.ts";

/**
 * A document is read whole, so one that something else blew up must not take the memory with it. The state of a large
 * account has some 30 MB; what writes documents that grow keeps to this limit (src/state/journal.ts).
 */
export const DOCUMENT_BYTES_MAX: number = 128 * 1024 * 1024;

export function documentTooLarge(location: string, key: string, bytes: number): StorageError {
  return new StorageError(
    `read ${key} in ${location}: its ${bytes} bytes are more than the ${DOCUMENT_BYTES_MAX} that a document may have`,
    {
      code: "storage.document-too-large",
      hint: /_pardot_etl\/state\/\d+\.json$/.test(key)
        ? "This version writes no state of this size. Do not remove the file, for the state would be lost: restore _pardot_etl/state from the bucket's versions or a backup."
        : "No run writes a document of this size: another program wrote this file. Move it away and run again.",
      context: { key, bytes, limit: DOCUMENT_BYTES_MAX },
    },
  );
}
