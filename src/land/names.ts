import { DataError } from "../errors.ts";
import type { Compression } from "../storage/spool.ts";
import { compactInstant } from "../time/instant.ts";
import type { Instant, Span } from "../time/instant.ts";

/** `Tag/Tag_api_<from>_<to>_<first 12 hex of the SHA-256>`: same bytes, same name. */
export function queryFileName(object: string, span: Span, sha256: string): string {
  return `${object}/${object}_api_${spanText(span)}_${sha256.slice(0, 12)}`;
}

/**
 * `VisitorActivity/VisitorActivity_bulk_<from>_<to>_<export id>-<file id>`, with a suffix `-<8 hex>` of the
 * transformation's fingerprint when the bytes are not Pardot's own.
 */
export function exportFileName(
  object: string,
  span: Span,
  ids: { readonly exportId: string; readonly fileId: string },
  fingerprint: string | null,
): string {
  // Both ids come from Pardot and become part of a path.
  if (!isPlain(ids.exportId) || !isPlain(ids.fileId)) {
    throw new DataError(`name a file of ${object}: invalid export or file id "${ids.exportId}-${ids.fileId}"`, {
      code: "data.result-address",
      hint: "Pardot's export or file ids have an unknown form. Open an issue with this message.",
    });
  }
  const transformed = fingerprint === null ? "" : `-${fingerprint.slice(0, 8)}`;
  return `${object}/${object}_bulk_${spanText(span)}_${ids.exportId}-${ids.fileId}${transformed}`;
}

/** Last suffix of a file's key. */
export const COMPRESSION_SUFFIX: Readonly<Record<Compression, string>> = { none: "", gzip: ".gz", zstd: ".zst" };

/** `<from>_<to>`, the form of a window in names. */
export function spanText(span: Span): string {
  return `${compactInstant(span.from)}_${compactInstant(span.to)}`;
}

/** The window in the name of a landed file; null for another kind of name: other files in an object's folder are not ours. */
export function landedSpan(object: string, key: string): Span | null {
  const start = `${object}/${object}_`;
  const name = key.slice(start.length);
  if (!key.startsWith(start) || !LANDED.test(name)) return null;
  const [, from = "", to = ""] = name.split("_");
  const span = { from: parseCompact(from), to: parseCompact(to) };
  return Number.isNaN(span.from + span.to) ? null : span;
}

function parseCompact(text: string): Instant {
  return Date.parse(text.replace(/^(\d{4})(\d\d)(\d\dT\d\d)(\d\d)(\d\dZ)$/, "$1-$2-$3:$4:$5"));
}

const LANDED =
  /^(?:api_\d{8}T\d{6}Z_\d{8}T\d{6}Z_[0-9a-f]{12}|bulk_\d{8}T\d{6}Z_\d{8}T\d{6}Z_\w{1,64}-\w{1,64}(?:-[0-9a-f]{8})?)\.(?:(?:csv|jsonl)(?:\.gz|\.zst)?|parquet)$/;

function isPlain(id: string): boolean {
  return /^[A-Za-z0-9_]{1,64}$/.test(id);
}
