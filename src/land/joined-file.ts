import type { Row, WireFields } from "../encode/canonical.ts";
import { normaliseCell } from "../encode/normalise.ts";
import { DataError } from "../errors.ts";
import type { Spool } from "../storage/spool.ts";
import { fingerprint } from "./export-file.ts";
import type { LandedExport } from "./export-file.ts";
import type { GroupFile } from "./group-file.ts";
import { joinGroups } from "./join.ts";
import type { JoinedRecord, JoinGroup } from "./join.ts";
import { EncodedRows, land } from "./land.ts";
import type { FileFacts, Filled, Landing, Tap } from "./land.ts";
import { exportFileName } from "./names.ts";
import { recordOf } from "./rejects.ts";
import type { Rejects } from "./rejects.ts";
import { warnOfMissing, wireName } from "./result-header.ts";
import type { ExpectedFile } from "./result-header.ts";

export interface JoinedFileOptions extends Omit<ExpectedFile, "fields">, FileFacts {
  /** The requested fields of each group, all with the key. */
  readonly groups: readonly (readonly string[])[];
  readonly tap: Tap | null;
  /** Receives the records that cannot be encoded. */
  readonly rejects: Rejects;
}

/**
 * Lands the records of one window, whose fields came in several groups, as one file. It is named after the export and
 * the first file of the first group (of a later group where the first has no file). The fingerprint in its name covers
 * the ids of all files, because together they make the bytes. A record that is missing from a group is landed without
 * those values, counted and reported; one that is unreadable in a group's file is set aside. Without records, lands
 * nothing.
 *
 * `files` are in the order of their groups, those of a group in the order of their ids; the caller discards their
 * scratch. Throws DataError (exit 6) when they do not fit together; then nothing is visible in the destination.
 */
export async function landJoinedFile(
  files: readonly GroupFile[],
  options: JoinedFileOptions,
  landing: Landing,
): Promise<LandedExport> {
  const [first] = files;
  const refused = files.flatMap(({ rejects }) => rejects);
  if (first === undefined || files.every((file) => file.records === 0)) return { file: null, rejects: refused };
  const headers = options.groups.map((fields, group) => headerOf(files, group, fields, options, landing));
  const file = await land(options, landing, (spool) => fill(spool, first, files, headers, options, landing));
  if (file !== null && file.incompleteRows !== undefined && file.incompleteRows > 0) {
    const message = `${file.incompleteRows} rows of ${file.key} changed or were deleted between the exports of their fields: landed with the available values, complete again after their next change`;
    landing.onEvent({ type: "warning", code: "export.rows-incomplete", object: options.object, message });
  }
  return { file, rejects: [...refused, ...options.rejects.take()] };
}

async function fill(
  spool: Spool,
  first: GroupFile,
  files: readonly GroupFile[],
  headers: readonly (readonly string[])[],
  options: JoinedFileOptions,
  landing: Landing,
): Promise<Filled> {
  const { object, columns, key, span, localZone = null } = options;
  const groups = headers.map((header, group): JoinGroup => ({
    columns: header.length,
    key: header.indexOf(key),
    files: files.filter((file) => file.group === group && file.records > 0),
  }));
  const places = columns.map((column) => {
    const group = headers.findIndex((header) => header.includes(wireName(column)));
    return { group, index: headers[group]?.indexOf(wireName(column)) ?? -1 };
  });
  const rowOf = ({ key: id, parts }: JoinedRecord): Row =>
    columns.map((column, i) => {
      const { group, index } = places[i] ?? { group: -1, index: -1 };
      const cell = wireName(column) === key ? id : (parts[group]?.[index] ?? null);
      return normaliseCell(cell, column, object, id, localZone);
    });
  const rows = new EncodedRows(spool, landing.format, options);
  const setAside = new Set(files.flatMap(({ rejects }) => rejects.map(({ id }) => id)));
  let incompleteRows = 0;
  const toRecord = (record: JoinedRecord): WireFields => {
    const known = headers.map((header, group) => recordOf(header, record.parts[group] ?? []));
    return Object.assign({}, ...known, { [key]: record.key }) as WireFields;
  };
  for await (const record of joinGroups(groups, { subject: object, scratch: landing.spool })) {
    if (setAside.has(record.key)) continue;
    const row = options.rejects.encode(record, rowOf, toRecord, { name: key, place: -1 });
    if (row === null) continue;
    if (record.parts.includes(null)) incompleteRows += 1;
    const adding = rows.add(row);
    if (adding !== null) await adding;
  }
  const sources = files.map(({ header, exportId, fileId }) => ({ header, source: `${exportId}-${fileId}` }));
  const transformation = fingerprint(columns, sources, localZone, landing);
  const nameOf = (): string => exportFileName(object, span, first, transformation);
  return { ...(await rows.end()), exportId: first.exportId, incompleteRows, nameOf };
}

/** The common header of all files of a group. */
function headerOf(
  files: readonly GroupFile[],
  group: number,
  fields: readonly string[],
  { object }: JoinedFileOptions,
  { onEvent }: Landing,
): readonly string[] {
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
