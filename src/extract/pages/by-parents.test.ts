import { describe, expect, it } from "vitest";
import {
  afterOf,
  limitOf,
  never,
  page,
  range,
  records,
  scripted,
  sorted,
  window,
} from "../../../test/kit/fakes/scripted-pages.ts";
import { isQueried } from "../../catalog/catalog.ts";
import type { QueriedObject } from "../../catalog/catalog.ts";
import { entries } from "../../catalog/index.ts";
import { selectWays } from "../../catalog/versions.ts";
import { TransportError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import type { Page, PageRequest, Pardot } from "../../pardot/pardot.ts";
import { recordId } from "./page.ts";
import { readWindow } from "./window-pages.ts";

// Holds G1: a query that demands the ids of parents brings the records of all of them once.

const visit = visitsOfV4();

function visitsOfV4(): QueriedObject {
  const found = selectWays(entries, "4").find(({ name }) => name === "Visit");
  if (found === undefined || !isQueried(found)) throw new Error("v4 has no visits");
  return found;
}

interface Read {
  readonly ids: readonly string[];
  /** Places to go on from, with the number of records before them. */
  readonly places: readonly (readonly [number, string])[];
  readonly events: readonly RunEvent[];
}

async function readVisits(pardot: Pardot, cursor: string | null = null, stop: AbortSignal = never): Promise<Read> {
  const ids: string[] = [];
  const places: [number, string][] = [];
  const events: RunEvent[] = [];
  const onEvent = (event: RunEvent): void => void events.push(event);
  const request = { pardot, object: visit, window, fields: null, cursor, drain: stop, abort: never, onEvent };
  for await (const step of readWindow(request)) {
    if (step.type !== "records") throw new Error(`visits have no step ${step.type}`);
    for (const [i, record] of step.records.entries()) {
      ids.push(recordId(record, visit));
      const place = step.cursorAt(i);
      if (place !== null) places.push([ids.length, place]);
    }
  }
  return { ids, places, events };
}

const offsetOf = (request: PageRequest): number => Number(request.filters?.["offset"]);

/** Visitors, and the ids of their visits, as v4 returns them. */
function server(
  visitors: readonly number[],
  visitsOf: (visitor: number) => readonly number[],
): (request: PageRequest) => Page {
  return (request) => {
    if (request.way.urlName === "visitor") {
      const after = visitors.filter((id) => id > afterOf(request));
      return page(records(sorted(after, request).slice(0, limitOf(request))));
    }
    const named = (request.filters?.["visitor_ids"] ?? "").split(",").map(Number);
    const ids = named.flatMap(visitsOf).toSorted((a, b) => a - b);
    const from = offsetOf(request);
    return page(records(ids.slice(from, from + limitOf(request))), { total: ids.length });
  };
}

describe("visits, which v4 lists only by visitor", () => {
  it("come for 200 visitors at a time, with one call where they fit a page", async () => {
    const { pardot, asked } = scripted(server(range(1, 450), (visitor) => (visitor % 4 === 0 ? [visitor * 10] : [])));
    const { ids, places, events } = await readVisits(pardot);
    expect(ids).toEqual(range(1, 112).map((n) => String(n * 40)));
    const asks = asked.filter(({ way }) => way.urlName === "visit");
    expect(asks.map(({ filters }) => filters?.["visitor_ids"]?.split(",").length)).toEqual([200, 200, 50]);
    expect(asks.map(({ sort, afterId, bounds }) => [sort, afterId, bounds])).toEqual(
      range(1, 3).map(() => [null, undefined, null]),
    );
    expect(places).toEqual([
      [50, "200"],
      [100, "400"],
      [112, "450"],
    ]);
    expect(events).toEqual([]);
  });

  it("go on from the visitors that are not read yet", async () => {
    const { pardot } = scripted(server(range(1, 450), (visitor) => [visitor * 10]));
    expect((await readVisits(pardot, "440")).ids).toEqual(range(441, 450).map((visitor) => String(visitor * 10)));
  });

  it("come all from visitors with many of them, and may land only after the last", async () => {
    const { pardot } = scripted(server([1, 2], (visitor) => range(1, 6000).map((n) => n * 2 + visitor)));
    const { ids, places } = await readVisits(pardot);
    expect(ids).toHaveLength(12_000);
    expect(new Set(ids).size).toBe(12_000);
    expect(places).toEqual([[12_000, "2"]]);
  });

  it.each([1, 3, 250])("are not skipped when %i before them are deleted while they are read", async (deleted) => {
    let visits = range(1, 900);
    const answer = server([1], () => visits);
    const { pardot } = scripted((request) => {
      if (request.way.urlName === "visit" && offsetOf(request) > 390) visits = visits.filter((id) => id > deleted);
      return answer(request);
    });
    const { ids } = await readVisits(pardot);
    expect(ids).toEqual(range(1, 900).map(String));
  });

  it("come with empty pages in mid-run, too", async () => {
    const answer = server([1], () => range(1, 500));
    const { pardot } = scripted((request, call) => (call === 1 || call === 3 ? page([]) : answer(request)));
    expect((await readVisits(pardot)).ids).toHaveLength(500);
  });

  it("come when the first page is empty and without a total, too", async () => {
    const answer = server([1], () => range(1, 5));
    let visits = 0;
    const { pardot } = scripted((request) => {
      visits += request.way.urlName === "visit" ? 1 : 0;
      return visits === 1 ? page([]) : answer(request);
    });
    expect((await readVisits(pardot)).ids).toHaveLength(5);
    const none = scripted((request) => (request.way.urlName === "visit" ? page([]) : answer(request)));
    expect((await readVisits(none.pardot)).ids).toEqual([]);
    expect(none.asked.filter(({ way }) => way.urlName === "visit")).toHaveLength(2);
  });

  it("come when a page is cut to its first record by mistake", async () => {
    const answer = server([1], () => range(1, 900));
    let visits = 0;
    const { pardot } = scripted((request) => {
      visits += request.way.urlName === "visit" ? 1 : 0;
      const all = answer(request);
      return visits === 2 || visits === 5 ? { ...all, records: all.records.slice(0, 1) } : all;
    });
    expect((await readVisits(pardot)).ids).toEqual(range(1, 900).map(String));
  });

  it.each([
    ["end at the last visible one", (id: number) => id <= 850, 850],
    ["fail if visible ones follow a page of hidden ones", (id: number) => id <= 300 || id > 600, null],
  ])("%s", async (_, isVisible, count) => {
    const answer = server([1], () => range(1, 900));
    const { pardot } = scripted((request) => {
      const all = answer(request);
      if (request.way.urlName !== "visit") return all;
      return { ...all, records: all.records.filter(({ id }) => isVisible(Number(id))) };
    });
    const read = readVisits(pardot);
    if (count === null) await expect(read).rejects.toMatchObject({ code: "data.total-without-rows" });
    else expect(await read).toMatchObject({ ids: { length: count }, events: [{ code: "data.total-differs" }] });
  });

  it("fail when Pardot counts some and returns none", async () => {
    const answer = server([1], () => [7]);
    const { pardot } = scripted((request) =>
      request.way.urlName === "visit" ? page([], { total: 1 }) : answer(request),
    );
    await expect(readVisits(pardot)).rejects.toMatchObject({ code: "data.total-without-rows" });
  });

  it("are reported when some of those counted are hidden", async () => {
    const answer = server([1], () => range(1, 8));
    const { pardot } = scripted((request) => {
      const all = answer(request);
      return request.way.urlName === "visit" ? { ...all, total: 10 } : all;
    });
    const { ids, events } = await readVisits(pardot);
    expect(ids).toHaveLength(8);
    expect(events).toMatchObject([{ type: "warning", code: "data.total-differs", object: "Visit" }]);
  });

  it("are requested again with half the limit when a page takes too long", async () => {
    const answer = server([1], () => range(1, 300));
    const { pardot, asked } = scripted((request) => {
      if (request.way.urlName === "visit" && limitOf(request) > 100) {
        throw new TransportError("no byte in time", { code: "http.timeout" });
      }
      return answer(request);
    });
    expect((await readVisits(pardot)).ids).toHaveLength(300);
    expect(asked.at(-1)?.limit).toBe(100);
  });

  it("are not requested after a stop", async () => {
    const stop = new AbortController();
    const answer = server(range(1, 600), (visitor) => [visitor]);
    const { pardot, asked } = scripted((request) => {
      if (request.way.urlName === "visit") stop.abort();
      return answer(request);
    });
    await expect(readVisits(pardot, null, stop.signal)).rejects.toThrow();
    expect(asked.filter(({ way }) => way.urlName === "visit")).toHaveLength(1);
  });
});
