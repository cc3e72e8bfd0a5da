import { readCsv } from "../encode/csv-read.ts";
import type { Row } from "../encode/row.ts";
import type { Scratch, ScratchOptions } from "../storage/scratch.ts";
import { Partitions, PARTITIONS_MAX } from "./partitions.ts";
import { keyedRecords, missingKeyError, RecordIndex } from "./record-index.ts";

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
  const [first, ...later] = groups;
  if (first === undefined) return;
  const count = partitionCount(later, options);
  if (count === 1) {
    yield* joinPartition(first, filesOf(first), later.map(filesOf), later, options.subject);
    return;
  }
  const partitioned: Partitions[] = [];
  try {
    for (const group of groups) {
      const partitions = await Partitions.open(count, options.scratch);
      partitioned.push(partitions);
      await sortInto(partitions, group, options.subject);
    }
    for (let number = 0; number < count; number += 1) {
      const [firstPart, ...laterParts] = partitioned.map((partitions) => ({
        bytes: partitions.sizeOf(number),
        streams: [partitions.read(number)],
      }));
      if (firstPart !== undefined) yield* joinPartition(first, firstPart, laterParts, later, options.subject);
    }
  } finally {
    for (const partitions of partitioned) await partitions.discard();
  }
}

interface Part {
  readonly bytes: number;
  readonly streams: readonly AsyncIterable<Uint8Array>[];
}

function filesOf(group: JoinGroup): Part {
  return {
    bytes: group.files.reduce((sum, { scratch }) => sum + scratch.bytes, 0),
    streams: group.files.map(({ scratch }) => scratch.read()),
  };
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

async function* joinPartition(
  first: JoinGroup,
  firstPart: Part,
  laterParts: readonly Part[],
  later: readonly JoinGroup[],
  subject: string,
): AsyncGenerator<JoinedRecord, void, undefined> {
  const indexes: RecordIndex[] = [];
  for (const [i, { columns, key }] of later.entries()) {
    const part = laterParts[i] ?? { bytes: 0, streams: [] };
    indexes.push(await RecordIndex.load(part.streams, part.bytes, { subject, columns, key }));
  }
  for (const stream of firstPart.streams) {
    for await (const row of readCsv(stream, { subject, hasHeader: false, atStart: false })) {
      const key = row[first.key] ?? "";
      if (key === "") throw missingKeyError(subject);
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
