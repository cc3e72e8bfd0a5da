import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FakeRecord } from "../../test/kit/fakes/exporting-pardot.ts";
import { opportunity, tag } from "../../test/kit/fakes/objects.ts";
import { queryScene } from "../../test/kit/fakes/query-scene.ts";
import type { Answer } from "../../test/kit/fakes/query-scene.ts";
import { page, range } from "../../test/kit/fakes/scripted-pages.ts";
import { RemoteError } from "../errors.ts";
import { gapsOf, parseCursor } from "../state/cursor.ts";
import { HISTORY_START } from "../time/instant.ts";

// Holds G1, G3 and G6: ranges of ids that lanes read at the same time bring every record once, also after a stop.

const END = Date.parse("2026-03-20T00:00:00Z");
const PAGE = 200;

const tags = (ids: readonly number[]): FakeRecord[] =>
  ids.map((id) => ({ id: String(id), name: "a", updated_at: "2026-03-01 00:00:00" }));
/** 180 pages; every other id is missing. */
const many = (): FakeRecord[] => tags(range(1, 180 * PAGE).map((n) => 2 * n));
const idsIn = (records: readonly FakeRecord[]): string[] => records.map(({ id }) => String(id)).toSorted();
const soon = (): Promise<null> => new Promise((resolve) => setImmediate(resolve, null));

describe("a long window", () => {
  it("is read in ranges by several lanes, every record once, for few calls more", async () => {
    const t = await queryScene(tag, many(), { answer: soon });
    expect((await t.run(HISTORY_START, END)).toSorted()).toEqual(idsIn(t.records));
    expect(t.most()).toBe(4);
    // Besides 180 pages: the end, before the cut and in the last range, an empty page, and a page at the end of each of
    // four ranges that is partly another's.
    expect(t.asked.length).toBeLessThanOrEqual(187);
    expect(t.asked.filter(({ sort }) => sort?.isDescending)).toHaveLength(2);
  });

  it("gives the same files in whatever order the pages come, and with one lane", async () => {
    const slow: Answer = async ({ afterId }) => {
      for (let n = Number(afterId) % 7; n > 0; n -= 1) await soon();
      return null;
    };
    const files = await Promise.all(
      (
        [
          [4, () => null],
          [4, slow],
          [1, slow],
        ] as const
      ).map(async ([lanes, answer]) => {
        const t = await queryScene(tag, many(), { answer, lanes, rowsPerFile: 700 });
        await t.run(HISTORY_START, END);
        expect(t.most()).toBe(lanes);
        return t.events.flatMap((event) => (event.type === "file-landed" ? [event.key] : [])).toSorted();
      }),
    );
    expect(files[1]).toEqual(files[0]);
    expect(files[2]).toEqual(files[0]);
    expect(files[0]?.length).toBeGreaterThan(28);
  });

  it("is read in one range where the rest is short, by its total or by its last id", async () => {
    for (const counts of [true, false]) {
      const t = await queryScene(tag, tags(range(1, 35 * PAGE)), { counts });
      await t.run(HISTORY_START, END);
      // The pages, an empty one, and one from the end.
      expect(t.asked).toHaveLength(37);
    }
  });

  it("is read in two ranges from 24 pages on, for at most two calls more", async () => {
    for (const pages of [36, 60, 83]) {
      const t = await queryScene(tag, tags(range(1, pages * PAGE)), { answer: soon });
      expect((await t.run(HISTORY_START, END)).toSorted()).toEqual(idsIn(t.records));
      expect(t.most()).toBe(2);
      expect(t.asked.length).toBeLessThanOrEqual(pages + 4);
    }
  });

  it("is read in one range where Pardot refuses to sort by descending id", async () => {
    const refuse: Answer = ({ sort }) => {
      if (sort?.isDescending) throw new RemoteError("no", { code: "pardot.call-refused", pardotCode: 51 });
      return null;
    };
    const t = await queryScene(tag, many(), { answer: refuse });
    expect((await t.run(HISTORY_START, END)).toSorted()).toEqual(idsIn(t.records));
    expect(t.asked).toHaveLength(183);
  });

  it("costs no call for a range that another one's last page has passed over", async () => {
    // One record far behind the others.
    const t = await queryScene(tag, tags([...range(1, 14 * PAGE), 1_000_000]));
    expect((await t.run(HISTORY_START, END)).toSorted()).toEqual(idsIn(t.records));
    expect(t.asked.length).toBeLessThan(30);
  });

  it("is read to its end if records are added and deleted behind the last id that was looked up", async () => {
    const records = many();
    const change: Answer = (_, call) => {
      if (call === 30) records.push(...tags(range(72_001, 72_500)));
      if (call === 40) records.splice(records.length - 900, 300);
      return null;
    };
    const t = await queryScene(tag, records, { answer: change });
    const read = await t.run(HISTORY_START, END);
    expect(new Set(read)).toEqual(new Set([...read, ...idsIn(records)]));
    expect(read).toHaveLength(new Set(read).size);
  });
});

describe("a range", () => {
  it("does not end with an empty page before its end", async () => {
    const t = await queryScene(tag, many(), {
      answer: ({ afterId, sort }) =>
        Number(afterId) > 20_000 && Number(afterId) < 22_000 && sort == null ? page([]) : null,
    });
    await expect(t.run(HISTORY_START, END)).rejects.toMatchObject({
      code: "data.total-without-rows",
      message: expect.stringMatching(/no record came after id \d+, but the record 72000 follows/) as string,
    });
    expect(t.windows()).toMatchObject([{ done: false }]);
  });

  it("that fails stops the others, which land what they have", async () => {
    const failure = new RemoteError("no", { code: "pardot.call-failed" });
    let calls = 0;
    const t = await queryScene(tag, many(), {
      answer: async (_, call) => {
        calls = call;
        if (call === 40) throw failure;
        return soon();
      },
    });
    await expect(t.run(HISTORY_START, END)).rejects.toBe(failure);
    // Each other lane has a page in flight, and one that it lands.
    expect(calls).toBeLessThan(60);
    const landed = t.windows().flatMap(({ files }) => files.flatMap(({ key }) => t.idsOf(key)));
    expect(landed.length).toBeGreaterThan(25 * PAGE);
    // Another run reads the rest, and nothing again.
    const before = t.asked.length;
    const all = await t.goOn(END);
    expect(all.toSorted()).toEqual(idsIn(t.records));
    expect(t.asked.length - before).toBeLessThan(188 - landed.length / PAGE + 4);
  });

  it("keeps its rejects for the end of the window, each once", async () => {
    const records = many().map((record, i) => (i % 1000 === 999 ? { ...record, created_at: "not a date" } : record));
    const t = await queryScene(tag, records);
    await t.run(HISTORY_START, END);
    const rejects = t.events.flatMap((event) => {
      const isReject = event.type === "warning" && event.code === "data.rejected";
      return isReject ? [Number(/^\d+/.exec(event.message)?.[0] ?? 1)] : [];
    });
    expect(rejects.length).toBeGreaterThan(1);
    expect(rejects.reduce((sum, count) => sum + count, 0)).toBe(36);
  });
});

describe("the total of a window", () => {
  it("is compared with the records of all ranges", async () => {
    const t = await queryScene(tag, many(), { counts: true });
    await t.run(HISTORY_START, END);
    expect(t.events.filter((event) => event.type === "warning")).toEqual([]);
  });

  it.each([
    ["in the middle are hidden", (id: number) => id > 20_000 && id <= 20_400, 201],
    ["at the end are hidden", (id: number) => id > 71_000, 501],
  ])("shows that records %s", async (_, isHidden, least) => {
    const t = await queryScene(tag, many(), {
      answer: ({ afterId, limit, sort }) => {
        const after = many().filter(({ id }) => Number(id) > Number(afterId ?? 0));
        const seen = after.slice(0, limit).filter(({ id }) => !isHidden(Number(id)));
        if (sort?.isDescending === true)
          return page(
            many()
              .filter(({ id }) => !isHidden(Number(id)))
              .slice(-1),
            { total: 36_000 },
          );
        return page(seen.length === 0 ? [] : seen, { total: 36_000 });
      },
    });
    const outcome = await t.run(HISTORY_START, END).catch((error: unknown) => error);
    if (Array.isArray(outcome)) {
      expect(t.events).toContainEqual(expect.objectContaining({ code: "data.total-differs" }));
      expect(36_000 - outcome.length).toBeLessThan(least);
    } else expect(outcome).toMatchObject({ code: "data.total-without-rows" });
  });

  it("fails the window if a counted record follows the last one that came", async () => {
    const t = await queryScene(tag, many(), {
      counts: true,
      answer: ({ afterId, sort }) => (Number(afterId) >= 71_600 && sort == null ? page([], { total: 36_000 }) : null),
    });
    await expect(t.run(HISTORY_START, END)).rejects.toMatchObject({ code: "data.total-without-rows" });
  });
});

it("brings every record once, whatever the ids, the pages and the moments at which runs are stopped", async () => {
  const gaps = fc.array(
    fc.oneof({ weight: 30, arbitrary: fc.integer({ min: 1, max: 3 }) }, fc.integer({ min: 1, max: 5000 })),
    {
      minLength: 300,
      maxLength: 900,
    },
  );
  const small = { ...opportunity, way: { ...opportunity.way, query: { ...opportunity.way.query, limit: 3 } } };
  await fc.assert(
    fc.asyncProperty(
      gaps,
      fc.array(fc.integer({ min: 1, max: 60 }), { maxLength: 4 }),
      fc.integer({ min: 2, max: 5 }),
      fc.constantFrom(7, 40, 200),
      fc.infiniteStream(fc.nat(3)),
      async (steps, stops, lanes, rowsPerFile, turns) => {
        let id = 0;
        const records = steps.map((step) => ({
          id: String((id += step)),
          name: "a",
          updated_at: "2026-03-01 00:00:00",
        }));
        let stop = new AbortController();
        let left = Infinity;
        const answer: Answer = async () => {
          const [wait] = turns.take(1);
          for (let n = wait ?? 0; n > 0; n -= 1) await soon();
          left -= 1;
          if (left === 0) stop.abort(new Error("stopped"));
          return null;
        };
        const t = await queryScene(small, records, { lanes, rowsPerFile, answer });
        left = stops.shift() ?? Infinity;
        let read: readonly string[] | null = await t.run(HISTORY_START, END, stop.signal).catch(() => null);
        while (read === null) {
          // What has not landed is between what the cursor covers.
          const landed = new Set(t.windows().flatMap(({ files }) => files.flatMap(({ key }) => t.idsOf(key))));
          const open = gapsOf(parseCursor(t.windows()[0]?.cursor ?? null));
          const isOpen = (one: number): boolean =>
            open.some(({ after, through }) => one > Number(after ?? 0) && one <= Number(through ?? Infinity));
          for (const record of records) expect(isOpen(Number(record.id))).toBe(!landed.has(record.id));
          stop = new AbortController();
          left = stops.shift() ?? Infinity;
          read = await t.goOn(END, stop.signal).catch(() => null);
        }
        expect(read.toSorted()).toEqual(idsIn(records));
      },
    ),
    { numRuns: 25 },
  );
});
