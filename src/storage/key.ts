import { assert } from "../errors.ts";

/** Where a folder keeps unfinished files. Keys below it are never listed. */
export const TEMPORARY_PREFIX = "_pardot_etl/tmp/";

/** S3 keys end at 1,024 bytes (AWS docs, "Naming Amazon S3 objects"); the rest is room for the operator's prefix. */
const KEY_BYTES_MAX = 800;

/** Control characters, a backslash, half a surrogate pair. */
const UNFIT = new RegExp(String.raw`[\u0000-\u001f\u007f\\]|\p{Surrogate}`, "u");

/**
 * Asserts that a key means the same in a folder and in a bucket: segments between single slashes, none of them empty,
 * `.` or `..`, no control characters, no backslash. A violation is our bug, not an operator's mistake.
 */
export function checkKey(key: string): void {
  const problem = keyProblem(key);
  assert(problem === null, `storage key ${problem}: ${JSON.stringify(key)}`);
}

/** Whether a text from a document, which others may have written, is a valid key by the same rules. */
export function isKey(text: string): boolean {
  return keyProblem(text) === null;
}

function keyProblem(key: string): string | null {
  if (key === "" || Buffer.byteLength(key) > KEY_BYTES_MAX) return `is not 1 to ${KEY_BYTES_MAX} bytes`;
  if (key.split("/").some((segment) => ["", ".", ".."].includes(segment))) return "has an empty or dot segment";
  if (UNFIT.test(key)) return "has a control character or a backslash";
  return key.startsWith(TEMPORARY_PREFIX) ? "is in the folder of unfinished files" : null;
}

/** Asserts that `prefix` names a folder: empty (everything) or a key followed by `/`. */
export function checkPrefix(prefix: string): void {
  if (prefix === "") return;
  assert(prefix.endsWith("/"), `storage prefix ends in a slash: ${prefix}`);
  checkKey(prefix.slice(0, -1));
}

/** Ascending order of the UTF-8 bytes, as object stores list; JavaScript's own order differs beyond U+FFFF. */
export function compareKeys(a: string, b: string): number {
  return Buffer.compare(Buffer.from(a), Buffer.from(b));
}
