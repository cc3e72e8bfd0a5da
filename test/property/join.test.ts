import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { csvRow } from "../../src/encode/csv-write.ts";
import type { Cell, Row } from "../../src/encode/canonical.ts";
import { joinGroups } from "../../src/land/join.ts";
import type { JoinedRecord, JoinFile, JoinGroup, JoinOptions } from "../../src/land/join.ts";
import { systemRandom } from "../../src/platform/random.ts";

// Holds G1 and G6: field groups are joined without losing a row or a value, to the same bytes.

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), "pardot-etl-join-"));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

const never = new AbortController().signal;
const hardText = fc
  .array(fc.constantFrom(",", '"', "\n", "\r\n", " ", "\\", "a", "é", "😀", "\uFEFF", "0"), { maxLength: 6 })
  .map((parts) => parts.join(""));
const cell: fc.Arbitrary<Cell> = fc.oneof(
  { weight: 1, arbitrary: fc.constant(null) },
  { weight: 3, arbitrary: hardText },
);

/** One group: its rows in the order of the files, and the number of rows after which each file ends. */
interface Group {
  readonly width: number;
  readonly key: number;
  readonly rows: readonly Row[];
  readonly cuts: readonly number[];
  readonly crlf: boolean;
}

const group: fc.Arbitrary<Group> = fc
  .record({ width: fc.integer({ min: 1, max: 4 }), crlf: fc.boolean() })
  .chain(({ width, crlf }) =>
    fc
      .record({
        width: fc.constant(width),
        crlf: fc.constant(crlf),
        key: fc.nat(width - 1),
        rows: fc.uniqueArray(fc.tuple(fc.nat(40), fc.array(cell, { minLength: width, maxLength: width })), {
          selector: ([id]) => id,
          maxLength: 30,
        }),
        cuts: fc.array(fc.nat(30), { maxLength: 3 }),
      })
      .map(({ rows, key, ...rest }) => ({
        ...rest,
        key,
        rows: rows.map(([id, cells]) => cells.map((value, i) => (i === key ? String(1000 + id) : value))),
      })),
  );

/** A file in memory that comes in chunks of any size. */
function scratchOf(bytes: Buffer, sizes: readonly number[]): JoinFile["scratch"] {
  return {
    bytes: bytes.length,
    async *read() {
      for (let from = 0, i = 0; from < bytes.length; i += 1) {
        const to = from + (sizes[i % sizes.length] ?? 1);
        yield bytes.subarray(from, to);
        from = to;
      }
    },
    discard: async () => {},
  };
}

function filesOf({ width, key, rows, cuts, crlf }: Group, sizes: readonly number[]): JoinGroup {
  const bounds = [0, ...cuts.toSorted((a, b) => a - b).map((cut) => Math.min(cut, rows.length)), rows.length];
  const files = bounds.slice(1).map((to, i) => {
    const own = rows.slice(bounds[i], to);
    const text = own.map((row) => (crlf ? csvRow(row).replace(/\n$/, "\r\n") : csvRow(row))).join("");
    return { scratch: scratchOf(Buffer.from(text), sizes), records: own.length };
  });
  return { columns: width, key, files };
}

async function joined(groups: readonly JoinGroup[], limits: Partial<JoinOptions>): Promise<JoinedRecord[]> {
  const options = { subject: "test", scratch: { dir, random: systemRandom, signal: never }, ...limits };
  const records: JoinedRecord[] = [];
  for await (const record of joinGroups(groups, options)) records.push(record);
  return records;
}

/** The expected result, by a map in memory. */
function naive(groups: readonly Group[]): Map<string, readonly (Row | null)[]> {
  const keys = new Set(groups.flatMap(({ rows, key }) => rows.map((row) => row[key] ?? "")));
  return new Map(
    [...keys].map((id) => [id, groups.map(({ rows, key }) => rows.find((row) => row[key] === id) ?? null)]),
  );
}

const limits = fc.record({
  partitionBytes: fc.integer({ min: 1, max: 400 }),
  partitionRecords: fc.integer({ min: 1, max: 40 }),
});
const sizes = fc.array(fc.integer({ min: 1, max: 60 }), { minLength: 1, maxLength: 5 });

describe("joining groups of fields", () => {
  test("returns each record once with the values of all groups, for any distribution over files and partitions", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(group, { minLength: 1, maxLength: 4 }), sizes, limits, async (groups, cut, limit) => {
        const records = await joined(
          groups.map((one) => filesOf(one, cut)),
          limit,
        );
        const expected = naive(groups);
        expect(records).toHaveLength(expected.size);
        for (const { key, parts } of records) expect(parts).toEqual(expected.get(key));
        expect(await readdir(dir)).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });

  test("G6 returns the same records in the same order for any chunks", async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(group, { minLength: 2, maxLength: 3 }), sizes, limits, async (groups, cut, limit) => {
        const once = await joined(
          groups.map((one) => filesOf(one, cut)),
          limit,
        );
        const again = await joined(
          groups.map((one) => filesOf(one, [1_000_000])),
          limit,
        );
        expect(again).toEqual(once);
      }),
      { numRuns: 100 },
    );
  });

  test("leaves nothing on disk if it ends early or is aborted", async () => {
    const rows = Array.from({ length: 200 }, (_, i): Row => [String(i), "x".repeat(50)]);
    const one: Group = { width: 2, key: 0, rows, cuts: [50], crlf: false };
    const groups = [filesOf(one, [64]), filesOf(one, [64])];
    const options: JoinOptions = {
      subject: "test",
      scratch: { dir, random: systemRandom, signal: never },
      partitionBytes: 1000,
    };
    for await (const record of joinGroups(groups, options)) {
      expect(record.parts).not.toContain(null);
      expect((await readdir(dir)).length).toBe(2);
      break;
    }
    expect(await readdir(dir)).toEqual([]);
    const stopped = AbortSignal.abort(new Error("stop"));
    const aborted = joinGroups(groups, { ...options, scratch: { ...options.scratch, signal: stopped } });
    await expect(aborted.next()).rejects.toThrow("stop");
    expect(await readdir(dir)).toEqual([]);
  });

  test.each([1, 1000])(
    "joins records of 300 KiB, the first too (partitions of %i records)",
    async (partitionRecords) => {
      const long = "x".repeat(300 * 1024);
      const rows: Row[] = ["1", "2"].map((id) => [id, long]);
      const one: Group = { width: 2, key: 0, rows, cuts: [], crlf: false };
      const records = await joined([filesOf(one, [65_536]), filesOf(one, [65_536])], { partitionRecords });
      expect(records.toSorted((a, b) => Number(a.key) - Number(b.key))).toEqual(
        rows.map((row) => ({ key: row[0], parts: [row, row] })),
      );
    },
  );

  test.each([1, 1000])("refuses a record without a key in any group (partitions of %i records)", async (records) => {
    const good: Group = {
      width: 2,
      key: 0,
      rows: [
        ["1", "a"],
        ["2", "b"],
      ],
      cuts: [],
      crlf: false,
    };
    const bad: Group = {
      ...good,
      rows: [
        ["1", "a"],
        [null, "b"],
      ],
    };
    for (const groups of [
      [bad, good],
      [good, bad],
    ]) {
      await expect(
        joined(
          groups.map((one) => filesOf(one, [9])),
          { partitionRecords: records },
        ),
      ).rejects.toMatchObject({ code: "data.record-without-id" });
    }
    expect(await readdir(dir)).toEqual([]);
  });
});
