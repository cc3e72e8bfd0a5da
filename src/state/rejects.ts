import { createHash } from "node:crypto";
import type { Reject } from "../encode/reject.ts";
import type { OpenWindow } from "./open-window.ts";
import type { ObjectState } from "./state.ts";

/** A record of an open window that was set aside. */
export interface WindowReject extends Reject {
  /** The export whose files it is in; null for a query. */
  readonly exportId: string | null;
}

/** Fingerprints of committed rejects that an object remembers. */
const KNOWN_MAX = 1000;

/** The window with the rejects of one more of its files, or of some of its pages. */
export function withRejected(
  window: OpenWindow,
  { exportId, rejects }: { readonly exportId: string | null; readonly rejects: readonly Reject[] },
): OpenWindow {
  if (rejects.length === 0) return window;
  return { ...window, rejects: [...(window.rejects ?? []), ...rejects.map((reject) => ({ ...reject, exportId }))] };
}

/** What an object remembers of its rejects. */
type Rejecting = Pick<ObjectState, "windows" | "knownRejects">;

/** Rejects in the open windows of an object. */
export function rejectsIn(object: Rejecting, ids?: readonly string[]): readonly WindowReject[] {
  return object.windows
    .filter(({ id }) => ids === undefined || ids.includes(id))
    .flatMap(({ rejects = [] }) => rejects);
}

/** How many of them an earlier run has committed: the same record with the same error, read again in the overlap. */
export function countKnown(objectName: string, object: Rejecting, rejects: readonly Reject[]): number {
  const known = new Set(object.knownRejects);
  return rejects.filter((reject) => known.has(fingerprint(objectName, reject))).length;
}

/** The fingerprints that an object keeps when windows are committed. */
export function knownAfter(
  object: Rejecting,
  objectName: string,
  ids: readonly string[],
): { readonly knownRejects?: readonly string[] } {
  const added = rejectsIn(object, ids).map((reject) => fingerprint(objectName, reject));
  if (added.length === 0) return {};
  const known = (object.knownRejects ?? []).filter((text) => !added.includes(text));
  return { knownRejects: [...known, ...new Set(added)].slice(-KNOWN_MAX) };
}

/** The reason contains the value; a record that is refused as a whole counts as a whole. */
function fingerprint(object: string, { id, column, reason, record }: Reject): string {
  const text = JSON.stringify([object, id, column, reason, column === null ? record : null]);
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

export function rejectsKey(runId: string, object: string): string {
  return `_pardot_etl/rejects/${runId}/${object}.jsonl`;
}

/** One line for each, with a fixed order of keys. */
export function rejectsBytes(object: string, rejects: readonly Reject[]): Uint8Array {
  const line = ({ id, column, reason, record }: Reject): string =>
    `${JSON.stringify({ object, id, column, reason, record })}\n`;
  return new TextEncoder().encode(rejects.map(line).join(""));
}
