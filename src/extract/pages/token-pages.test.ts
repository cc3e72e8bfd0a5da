import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { never } from "../../../test/kit/fakes/scripted-pages.ts";
import { isQueried } from "../../catalog/catalog.ts";
import { catalog } from "../../catalog/index.ts";
import { assert } from "../../errors.ts";
import type { Page, PageRequest, Pardot, WireRecord } from "../../pardot/pardot.ts";
import { HISTORY_START, isoInstant } from "../../time/instant.ts";
import { recordId } from "./page.ts";
import type { PagesRequest } from "./page.ts";
import { readPages } from "./pages.ts";
import { readTokenPages } from "./token-pages.ts";

// Holds G1 and G3: pages in the order of a date bring every record once, wherever they are cut.

const START = Date.parse("2026-01-01T00:00:00Z");
const object = catalog.find(({ name }) => name === "FormField");

/** A record of each id, dated so many seconds after the start. */
type Dated = readonly [id: number, second: number];

/** API v5: sorted by the date, from its bound on, `limit` at a time, `most` records for each sequence of tokens. */
function server(rows: readonly Dated[], most: number): { readonly pardot: Pardot; readonly asked: PageRequest[] } {
  const sequences: PageRequest[] = [];
  const asked: PageRequest[] = [];
  const queryPage = async (request: PageRequest): Promise<Page> => {
    asked.push(request);
    const [place = String(sequences.push(request) - 1), at = "0"] = request.token?.split(" ") ?? [];
    const { bounds, limit = 1000, sort, afterId } = sequences[Number(place)] ?? request;
    const from = ((bounds?.from ?? START) - START) / 1000;
    const byId = sort === undefined;
    const found = rows
      .filter(([id, second]) => (byId ? id > Number(afterId ?? 0) : second >= from))
      .toSorted((a, b) => (byId ? 0 : a[1] - b[1]) || a[0] - b[0]);
    const end = Math.min(Number(at) + limit, found.length);
    const isCapped = !byId && end < found.length && end >= most;
    const token = end < found.length && !isCapped ? `${place} ${end}` : null;
    const records = found.slice(Number(at), end).map(([id, second]): WireRecord => {
      return { id, updatedAt: isoInstant(START + second * 1000).replace("Z", "+00:00") };
    });
    return {
      records,
      total: null,
      end: token !== null || isCapped ? "more" : "end",
      token,
      isCapped,
      hidesValues: false,
    };
  };
  return { pardot: { queryPage } as unknown as Pardot, asked };
}

interface Read {
  readonly id: string;
  readonly cursor: string | null;
}

async function readAll(
  pardot: Pardot,
  cursor: string | null = null,
  { limit = 1000, read = readTokenPages }: { limit?: number; read?: typeof readTokenPages } = {},
): Promise<Read[]> {
  assert(object !== undefined && isQueried(object) && object.way.api === "v5", "a collection of v5");
  const way = { ...object.way, query: { ...object.way.query, limit } };
  const request: PagesRequest = {
    pardot,
    object: { ...object, way },
    window: { field: "updated_at", from: HISTORY_START, askFrom: HISTORY_START, to: START + 1e9 },
    fields: ["id", "updatedAt"],
    cursor,
    drain: never,
    abort: never,
    onEvent: () => undefined,
  };
  const all: Read[] = [];
  for await (const step of read(request)) {
    if (step.type !== "records") throw new Error(`no step ${step.type} is expected`);
    all.push(...step.records.map((record, i) => ({ id: recordId(record, request.object), cursor: step.cursorAt(i) })));
  }
  return all;
}

const tied = (count: number, second: number, first: number): Dated[] =>
  Array.from({ length: count }, (_, i): Dated => [first + i, second]);
const ids = (read: readonly Read[]): number[] => read.map(({ id }) => Number(id)).toSorted((a, b) => a - b);

describe("pages in the order of a date", () => {
  it("bring every record once, and go on after any record that may land", async () => {
    const rowsOf = fc.array(fc.integer({ min: 0, max: 12 }), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(rowsOf, fc.nat(), async (seconds, n) => {
        const rows = seconds.map((second, i): Dated => [i + 1, second]);
        const most = Math.max(1, ...seconds.map((one) => seconds.filter((other) => other === one).length)) + 1;
        const whole = await readAll(server(rows, most).pardot, null, { limit: 5 });
        expect(ids(whole)).toEqual(rows.map(([id]) => id));
        if (whole.length === 0) return;
        const cut = n % whole.length;
        const cursor = whole[cut]?.cursor ?? null;
        if (cursor === null) return;
        const rest = await readAll(server(rows, most).pardot, cursor, { limit: 5 });
        expect([...whole.slice(0, cut + 1), ...rest].map(({ id }) => id).toSorted()).toEqual(
          whole.map(({ id }) => id).toSorted(),
        );
      }),
      { numRuns: 60 },
    );
  });

  it("have a second for a cursor, however many records share it", async () => {
    const read = await readAll(server([...tied(2500, 1, 1), ...tied(1, 2, 9000)], 100_000).pardot);
    expect(read).toHaveLength(2501);
    expect(new Set(read.map(({ cursor }) => cursor))).toEqual(
      new Set([null, "2026-01-01T00:00:01", "2026-01-01T00:00:02"]),
    );
  });

  it("go past two seconds that are together more than one sequence returns", async () => {
    const rows = [...tied(2000, 1, 1), ...tied(2000, 2, 5000), ...tied(3, 3, 9000)];
    const { pardot, asked } = server(rows, 3000);
    expect(ids(await readAll(pardot))).toEqual(rows.map(([id]) => id));
    expect(asked.length).toBeLessThanOrEqual(6);
    expect(ids(await readAll(server(rows, 3000).pardot, "2026-01-01T00:00:01"))).toEqual(
      rows.slice(2000).map(([id]) => id),
    );
  });

  it("go on from a cursor of earlier versions, which lists the ids of its second", async () => {
    const rows: Dated[] = [
      [1, 1],
      [2, 2],
      [3, 2],
      [4, 2],
      [5, 3],
    ];
    const read = await readAll(server(rows, 100).pardot, "2026-01-01T00:00:02 2,4");
    expect(read).toEqual([
      { id: "3", cursor: "2026-01-01T00:00:02" },
      { id: "5", cursor: "2026-01-01T00:00:03" },
    ]);
  });
});

it("a window that was read by id and by date has landed what either cursor covers", async () => {
  const rows: Dated[] = [
    [1, 5],
    [2, 5],
    [3, 1],
    [4, 9],
    [5, 9],
  ];
  const byDate = await readAll(server(rows, 100).pardot, "2 2026-01-01T00:00:01");
  expect(byDate.map(({ id }) => id)).toEqual(["4", "5"]);
  expect(byDate.at(-1)?.cursor).toBe("2 2026-01-01T00:00:09");
  const byId = await readAll(server(rows, 100).pardot, "2 2026-01-01T00:00:01", { read: readPages });
  expect(byId.map(({ id }) => id)).toEqual(["4", "5"]);
  expect(byId.at(-1)?.cursor).toBe("5 2026-01-01T00:00:01");
});
