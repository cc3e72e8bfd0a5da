import type { Column } from "../catalog/catalog.ts";
import type { LandedFile, OpenWindow } from "../state/state.ts";
import type { WireFields } from "../encode/canonical.ts";
import { normaliseCell } from "../encode/normalise.ts";
import type { Row } from "../encode/row.ts";
import { DataError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { Random } from "../platform/random.ts";
import { openSpool } from "../storage/spool.ts";
import type { Spool } from "../storage/spool.ts";
import type { Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";
import { EncodedRows } from "./encoded-rows.ts";
import { fingerprint } from "./export-file.ts";
import type { LandedExport, Tap } from "./export-file.ts";
import type { GroupFile } from "./group-file.ts";
import { joinGroups } from "./join.ts";
import type { JoinedRecord, JoinGroup } from "./join.ts";
import { recordOf } from "./rejects.ts";
import type { Rejects } from "./rejects.ts";
import { warnOfMissing, wireName } from "./result-header.ts";
import type { ExpectedFile } from "./result-header.ts";
import { exportFileKey } from "./names.ts";
import type { Compression } from "./names.ts";

export interface JoinedFileOptions extends Omit<ExpectedFile, "fields"> {
  /** The fields that each group was asked for, the key in each. */
  readonly groups: readonly (readonly string[])[];
  readonly span: Pick<OpenWindow, "id" | "from" | "to">;
  /** Pardot's time when the first of the exports was created. */
  readonly readAt: Instant;
  readonly tap: Tap | null;
  /** Takes the records that cannot be encoded. */
  readonly rejects: Rejects;
  readonly compression: Compression;
  readonly tmpDir: string;
  readonly random: Random;
  readonly storage: Storage;
  readonly onEvent: OnEvent;
  readonly signal: AbortSignal;
}

/**
 * Lands the records of one window, whose fields came in several groups, as one file. It is named after the first group's
 * export and the first of its files (those of a later group where the first has no file), and the fingerprint in its
 * name covers the ids of all files, for together they make the bytes. A record that a group does not know is landed with
 * what is known, counted and warned about; one that a group's file could not bring whole is set aside. Nothing is landed
 * when no record is left.
 *
 * `files` stand in the order of their groups, those of a group in the order of their ids; their scratch is the caller's
 * to discard. Throws DataError (exit 6) when they do not fit together; nothing is visible in the destination then.
 */
export async function landJoinedFile(files: readonly GroupFile[], options: JoinedFileOptions): Promise<LandedExport> {
  const { object, columns, span, compression, tmpDir, random, storage, onEvent, signal } = options;
  const [first] = files;
  const refused = files.flatMap(({ rejects }) => rejects);
  if (first === undefined || files.every((file) => file.records === 0)) return { file: null, rejects: refused };
  const headers = options.groups.map((fields, group) => headerOf(files, group, fields, options));
  const spool = await openSpool({ dir: tmpDir, compression, random, signal });
  try {
    const { rows, min, max, incomplete } = await fill(spool, files, headers, options);
    const rejects = [...refused, ...options.rejects.take()];
    if (rows === 0) return { file: null, rejects };
    const file = await spool.finish();
    const sources = files.map(({ header, exportId, fileId }) => ({ header, source: `${exportId}-${fileId}` }));
    const key = exportFileKey(object, span, first, fingerprint(columns, sources), compression);
    const outcome = await storage.publish(key, file, signal);
    onEvent({ type: "file-landed", object, window: span.id, key, rows, bytes: file.bytes, outcome });
    if (incomplete > 0) warnOfIncomplete(incomplete, key, options);
    const landed: LandedFile = {
      key,
      rows,
      bytes: file.bytes,
      sha256: file.sha256,
      minWatermark: min,
      maxWatermark: max,
      exportId: first.exportId,
      readAt: options.readAt,
      columns: columns.map((column) => column.name),
      incompleteRows: incomplete,
    };
    return { file: landed, rejects };
  } finally {
    await spool.discard();
  }
}

async function fill(
  spool: Spool,
  files: readonly GroupFile[],
  headers: readonly (readonly string[])[],
  options: JoinedFileOptions,
): Promise<{ rows: number; min: string | null; max: string | null; incomplete: number }> {
  const { object, columns, key, tmpDir: dir, random, signal } = options;
  const groups = headers.map((header, group): JoinGroup => ({
    columns: header.length,
    key: header.indexOf(key),
    files: files.filter((file) => file.group === group && file.records > 0),
  }));
  const places = columns.map((column) => placeOf(wireName(column), key, headers));
  const rows = new EncodedRows(spool, options);
  const setAside = new Set(files.flatMap(({ rejects }) => rejects.map(({ id }) => id)));
  let incomplete = 0;
  for await (const record of joinGroups(groups, { subject: object, scratch: { dir, random, signal } })) {
    if (setAside.has(record.key)) continue;
    let row: Row;
    try {
      row = rowOf(record, columns, places, object);
    } catch (error) {
      const known = headers.map((header, group) => recordOf(header, record.parts[group] ?? []));
      options.rejects.addRefused(error, Object.assign({}, ...known, { [key]: record.key }) as WireFields);
      continue;
    }
    if (record.parts.includes(null)) incomplete += 1;
    await rows.add(row);
  }
  return { ...(await rows.end()), incomplete };
}

/** Where a column's values stand: in which group, and where there. Null where they came from nowhere. */
type Place = { readonly group: number; readonly index: number } | "key" | null;

function placeOf(name: string, key: string, headers: readonly (readonly string[])[]): Place {
  if (name === key) return "key";
  const group = headers.findIndex((header) => header.includes(name));
  return group === -1 ? null : { group, index: headers[group]?.indexOf(name) ?? -1 };
}

function rowOf(record: JoinedRecord, columns: readonly Column[], places: readonly Place[], object: string): Row {
  return columns.map((column, i) => {
    const place = places[i] ?? null;
    const found = place === null || place === "key" ? null : (record.parts[place.group]?.[place.index] ?? null);
    return normaliseCell(place === "key" ? record.key : found, column, object, record.key);
  });
}

/** The header that all files of a group have. */
function headerOf(
  files: readonly GroupFile[],
  group: number,
  fields: readonly string[],
  options: JoinedFileOptions,
): readonly string[] {
  const { object, onEvent } = options;
  const own = files.filter((file) => file.group === group && file.records > 0);
  const header = own[0]?.header ?? [];
  const other = own.find((file) => JSON.stringify(file.header) !== JSON.stringify(header));
  const subject = `${object} export ${own[0]?.exportId ?? ""}`;
  if (other !== undefined) {
    throw new DataError(`join ${subject}: file ${other.fileId} has other columns than file ${own[0]?.fileId ?? ""}`, {
      code: "data.headers-differ",
      hint: "Nothing of this window was landed. Run again; if it happens again, report it: one export's files should have one header.",
    });
  }
  const missing = own.length === 0 ? [] : fields.filter((field) => !header.includes(field));
  warnOfMissing(subject, object, missing, onEvent);
  return header;
}

function warnOfIncomplete(incomplete: number, key: string, options: JoinedFileOptions): void {
  const message = `${incomplete} rows of ${key} changed or were deleted between the exports of their fields: landed with what is known, to come whole with their next change`;
  options.onEvent({ type: "warning", code: "export.rows-incomplete", object: options.object, message });
}
