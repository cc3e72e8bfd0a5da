import { readCsv } from "../encode/csv-scan.ts";
import type { Row } from "../encode/canonical.ts";
import type { Scratch, ScratchOptions } from "../storage/scratch.ts";
import { Partitions, PARTITIONS_MAX } from "./partitions.ts";
import type { Stored } from "./partitions.ts";
import { keyedRecords, missingKeyError, RecordIndex } from "./record-index.ts";
import type { KeyedRecordsOptions } from "./record-index.ts";

/** The files of one group of fields, without their headers and each ending with a line end. */
export interface JoinGroup {
  readonly columns: number;
  /** Index of the key's column. */
  readonly key: number;
  readonly files: readonly JoinFile[];
}

export interface JoinFile {
  readonly scratch: Pick<Scratch, "bytes" | "read" | "discard">;
  readonly records: number;
}

/** One record: its key, and the cells of each group; null where a group has no such record. */
export interface JoinedRecord {
  readonly key: string;
  readonly parts: readonly (Row | null)[];
}

export interface JoinOptions {
  /** Name of the data in messages. */
  readonly subject: string;
  readonly scratch: ScratchOptions;
  /** Target size of a partition: bytes and records of the later groups. */
  readonly partitionBytes?: number;
  readonly partitionRecords?: number;
}

const PARTITION_BYTES = 8 * 1024 * 1024;
const PARTITION_RECORDS = 50_000;

/**
 * Joins the records of several groups of fields by key. Small groups are joined in memory. Large ones are first sorted on
 * disk into partitions by a hash of the key, and joined partition by partition. Each partition yields the records of the
 * first group in their order, then those that only later groups have. The same files give the same order of records.
 *
 * A file's scratch is discarded as soon as its records are in partitions. Disk: the files, and the largest of them once
 * more. Memory: about 30 MB for any number of records (up to 32 GB in the later groups).
 */
export async function* joinGroups(
  groups: readonly JoinGroup[],
  options: JoinOptions,
): AsyncGenerator<JoinedRecord, void, undefined> {
  const { subject } = options;
  const count = partitionCount(groups.slice(1), options);
  if (count === 1) {
    yield* joinParts(
      groups.map(({ columns, key, files }) => ({ subject, columns, key, stored: files.map(({ scratch }) => scratch) })),
    );
    return;
  }
  const partitioned: { readonly group: JoinGroup; readonly partitions: Partitions }[] = [];
  try {
    for (const group of groups) {
      const partitions = await Partitions.open(count, options.scratch);
      partitioned.push({ group, partitions });
      await sortInto(partitions, group, subject);
    }
    for (let number = 0; number < count; number += 1) {
      yield* joinParts(
        partitioned.map(({ group: { columns, key }, partitions }) => ({
          subject,
          columns,
          key,
          stored: [partitions.part(number)],
        })),
      );
    }
  } finally {
    for (const { partitions } of partitioned) await partitions.discard();
  }
}

function partitionCount(later: readonly JoinGroup[], options: JoinOptions): number {
  const files = later.flatMap((group) => group.files);
  const bytes = files.reduce((sum, { scratch }) => sum + scratch.bytes, 0);
  const records = files.reduce((sum, file) => sum + file.records, 0);
  const { partitionBytes = PARTITION_BYTES, partitionRecords = PARTITION_RECORDS } = options;
  return Math.min(PARTITIONS_MAX, Math.max(1, Math.ceil(Math.max(bytes / partitionBytes, records / partitionRecords))));
}

async function sortInto(partitions: Partitions, group: JoinGroup, subject: string): Promise<void> {
  for (const { scratch } of group.files) {
    for await (const batch of keyedRecords(scratch.read(), { subject, columns: group.columns, key: group.key })) {
      for (const { key, bytes } of batch) await partitions.add(hashOf(key) % partitions.count, bytes);
    }
    await scratch.discard();
  }
  await partitions.finish();
}

/** The records of a group, or those in one of its partitions. */
interface Part extends KeyedRecordsOptions {
  readonly stored: readonly Stored[];
}

async function* joinParts(parts: readonly Part[]): AsyncGenerator<JoinedRecord, void, undefined> {
  const [first, ...later] = parts;
  if (first === undefined) return;
  const indexes: RecordIndex[] = [];
  for (const part of later) indexes.push(await RecordIndex.load(part.stored, part));
  for (const stored of first.stored) {
    for await (const row of readCsv(stored.read(), { ...first, hasHeader: false })) {
      const key = row[first.key] ?? "";
      if (key === "") throw missingKeyError(first.subject);
      yield { key, parts: [row, ...indexes.map((index) => index.take(key))] };
    }
  }
  for (const [i, index] of indexes.entries()) {
    const before: null[] = Array.from({ length: i + 1 }, () => null);
    for (const key of index.leftKeys()) {
      yield { key, parts: [...before, ...indexes.slice(i).map((other) => other.take(key))] };
    }
  }
}

/** FNV-1a over UTF-16 units: cheap, and the same on every machine. */
function hashOf(key: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i += 1) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  return hash >>> 0;
}
