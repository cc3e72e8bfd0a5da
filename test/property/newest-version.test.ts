import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { columns } from "../../src/catalog/entry.ts";
import type { DdlObject } from "../../src/warehouse/ddl/statement.ts";
import { newestFirst, table, view } from "../../src/warehouse/ddl/snowflake-tables.ts";
import { inDuckdb, SnowflakeInDuckdb } from "../kit/snowflake-in-duckdb.ts";

// Holds G10 for Snowflake: rule R1 (docs/snowflake-reference.md, "Which version is the newest") shows the version that was read
// last, for any history of changes, readings and landings. The printed view is executed in DuckDB's words.

const OBJECT: DdlObject = {
  name: "Tag",
  table: "PARDOT_TAG",
  key: "id",
  watermark: "updated_at",
  columns: columns("id:integer name updated_at:datetime"),
  core: 3,
  zone: "UTC",
  api: "v4",
  isExported: false,
  deletes: null,
  formats: ["csv"],
};

/** Zones, and an instant at which their clocks go back: by an hour, or by half of one. */
const CLOCKS = [
  ["Europe/Berlin", "2026-10-25T01:00:00Z"],
  ["America/New_York", "2026-11-01T06:00:00Z"],
  ["Australia/Lord_Howe", "2026-04-04T15:00:00Z"],
  ["UTC", "2026-03-20T09:30:00Z"],
] as const;

/** `touched`: something else changes, and `updated_at` stays. */
type Change = "none" | "changed" | "touched";

interface Step {
  /** Seconds before it. */
  readonly wait: number;
  /** The records that are read into one file, in this order, and what happens to each just before. A record may occur twice. */
  readonly rows: readonly { readonly id: number; readonly change: Change }[];
  /** How many later files land before this one: an export that a later run takes over. */
  readonly late: number;
}

interface History {
  readonly clock: (typeof CLOCKS)[number];
  /** Seconds from the first reading to the turn of the clocks. */
  readonly before: number;
  /** Records that have no `updated_at` until they change. */
  readonly undated: readonly number[];
  readonly steps: readonly Step[];
  /** Order in which the files are loaded. */
  readonly loading: readonly number[];
}

interface Version {
  readonly id: number;
  readonly name: string;
  readonly updatedAt: string | null;
  /** Of its file, in the order in which the files were read. */
  readonly reading: number;
  readonly row: number;
  readonly landed: number;
}

const IDS = [1, 2, 3];
const id = fc.constantFrom(...IDS);

function history(late: fc.Arbitrary<number>): fc.Arbitrary<History> {
  return fc.record({
    clock: fc.constantFrom(...CLOCKS),
    before: fc.nat(7200),
    undated: fc.uniqueArray(id),
    steps: fc.array(
      fc.record({
        wait: fc.oneof(fc.integer({ min: 1, max: 900 }), fc.integer({ min: 900, max: 7200 })),
        rows: fc.array(fc.record({ id, change: fc.constantFrom<Change>("none", "changed", "touched") }), {
          minLength: 1,
          maxLength: 4,
        }),
        late,
      }),
      { minLength: 1, maxLength: 8 },
    ),
    loading: fc.array(fc.nat(100), { minLength: 8, maxLength: 8 }),
  });
}

/** The clock in that zone, as Pardot writes it. */
function local(instant: number, zone: string): string {
  return new Date(instant).toLocaleString("sv-SE", { timeZone: zone });
}

/** Everything that lands, in the order of reading. */
function play({ clock: [zone, turn], before, undated, steps }: History): readonly Version[] {
  let now = Date.parse(turn) - before * 1000;
  const records = new Map(
    IDS.map((each) => [each, { version: 0, updatedAt: undated.includes(each) ? null : local(now, zone) }]),
  );
  const read: Omit<Version, "landed">[] = [];
  const landed = new Map<number, number>();
  const waiting: { readonly reading: number; left: number }[] = [];
  const land = (isDue: (left: number) => boolean): void => {
    for (const file of waiting) {
      if (landed.has(file.reading)) continue;
      if (!isDue(file.left)) {
        file.left -= 1;
        continue;
      }
      now += 1000;
      landed.set(file.reading, now);
    }
  };
  for (const [reading, { wait, rows, late }] of steps.entries()) {
    now += wait * 1000;
    for (const [row, { id: each, change }] of rows.entries()) {
      now += 1000;
      const record = records.get(each) ?? { version: 0, updatedAt: null };
      if (change !== "none") record.version += 1;
      if (change === "changed") record.updatedAt = local(now, zone);
      read.push({ id: each, name: String(record.version), updatedAt: record.updatedAt, reading, row });
    }
    waiting.push({ reading, left: late });
    land((left) => left === 0);
  }
  land(() => true);
  return read.map((version) => ({ ...version, landed: landed.get(version.reading) ?? 0 }));
}

function lastRead(versions: readonly Version[]): ReadonlyMap<number, Version> {
  return new Map(versions.map((version) => [version.id, version]));
}

let database: SnowflakeInDuckdb;
beforeAll(async () => {
  database = await SnowflakeInDuckdb.open();
  await database.run([table(OBJECT), view(OBJECT)]);
});
afterAll(() => {
  database.close();
});

function values({ id: key, name, updatedAt, reading, row, landed }: Version): string {
  const time = updatedAt === null ? "NULL" : `'${updatedAt}'`;
  // Names of files end in a hash: their order means nothing.
  const file = `${String((reading * 7) % 11)}-${String(reading)}.csv`;
  return `(${key}, '${name}', ${time}, '${file}', ${row + 2}, epoch_ms(${landed}), now())`;
}

/** The version that the view shows of each record, once everything is loaded. */
async function shown(versions: readonly Version[], { loading }: History): Promise<ReadonlyMap<number, Version>> {
  const loaded = versions.toSorted((a, b) => (loading[a.reading] ?? 0) - (loading[b.reading] ?? 0));
  await database.query("DELETE FROM PARDOT_TAG");
  await database.query(`INSERT INTO PARDOT_TAG VALUES ${loaded.map(values).join(", ")}`);
  const rows = await database.query(
    `SELECT ID::INTEGER AS id, _PARDOT_ETL_FILE AS file, _PARDOT_ETL_ROW::INTEGER AS place FROM PARDOT_TAG_CURRENT`,
  );
  const found = rows.flatMap(({ id: key, file, place }) =>
    versions.filter(
      (version) =>
        version.id === key &&
        String(version.reading) === String(file).split(/[-.]/)[1] &&
        version.row + 2 === Number(place),
    ),
  );
  expect(found.length).toBe(rows.length);
  return new Map(found.map((version) => [version.id, version]));
}

const inOrder = history(fc.constant(0));
const withLateExports = history(fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 4 })));

/** Whether the view shows what was read last of every record that is in it. */
async function isLastRead(drawn: History): Promise<boolean> {
  const versions = play(drawn);
  const found = await shown(versions, drawn);
  return [...lastRead(versions)].every(([key, { name }]) => found.get(key)?.name === name);
}

/** The known limit: both changed in one hour of the clock (or have no time), and the older one landed later. */
function isBeyondAnyOrder(version: Version | undefined, last: Version): boolean {
  const hourOf = ({ updatedAt }: Version): string | null => updatedAt?.slice(0, "YYYY-MM-DD HH".length) ?? null;
  return version !== undefined && hourOf(version) === hourOf(last) && version.landed > last.landed;
}

describe("G10 the version that the view for Snowflake shows", () => {
  test("is the one that was read last, if files land in the order in which they were read", async () => {
    await fc.assert(fc.asyncProperty(inOrder, isLastRead), { numRuns: 100 });
  });

  test("is the one that was read last, although exports land late, unless both versions changed in one hour of the clock", async () => {
    let overtaken = 0;
    await fc.assert(
      fc.asyncProperty(withLateExports, async (drawn) => {
        const versions = play(drawn);
        const found = await shown(versions, drawn);
        for (const [key, last] of lastRead(versions)) {
          const version = found.get(key);
          if (version?.name === last.name) {
            // Something older of it landed later, and does not hide it.
            if (versions.some((other) => other.id === key && other.name !== last.name && other.landed > last.landed)) {
              overtaken += 1;
            }
          } else expect(isBeyondAnyOrder(version, last)).toBe(true);
        }
      }),
      { numRuns: 100 },
    );
    expect(overtaken).toBeGreaterThan(0);
  });

  test.each([
    ["the watermark alone", inOrder, `T."UPDATED_AT" DESC NULLS LAST`],
    ["the watermark, then the landing", inOrder, `T."UPDATED_AT" DESC NULLS LAST, T."_PARDOT_ETL_LANDED_AT" DESC`],
    ["the hour of the watermark alone", inOrder, `DATE_TRUNC('HOUR', T."UPDATED_AT") DESC NULLS LAST`],
    ["the landing alone", withLateExports, `T."_PARDOT_ETL_LANDED_AT" DESC, T."_PARDOT_ETL_ROW" DESC`],
  ])("would not always be the one that was read last with %s as the order", async (_title, histories, order) => {
    const { sql } = view(OBJECT);
    const rule = newestFirst(OBJECT.watermark, "T.");
    expect(sql).toContain(rule);
    await database.query(inDuckdb(sql.replace(rule, order)));
    const outcome = await fc.check(
      fc.asyncProperty(histories, async (drawn) => {
        const versions = play(drawn);
        const found = await shown(versions, drawn);
        for (const [key, last] of lastRead(versions)) {
          const version = found.get(key);
          if (version?.name !== last.name && !isBeyondAnyOrder(version, last)) return false;
        }
        return true;
      }),
      { numRuns: 300, endOnFailure: true },
    );
    await database.query(inDuckdb(sql));
    expect(outcome.failed).toBe(true);
  });
});
