import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  afterOf,
  honest,
  limitOf,
  never,
  page,
  range,
  readAll,
  records,
  scripted,
  window,
} from "../../../test/kit/fakes/scripted-pages.ts";
import { tag } from "../../../test/kit/fakes/objects.ts";
import { DataError, LimitError, RemoteError, TransportError } from "../../errors.ts";
import { Turn } from "../../http/gate.ts";
import type { PageRequest } from "../../pardot/pardot.ts";
import { HISTORY_START } from "../../time/instant.ts";
import { pagesOf, readPages } from "./pages.ts";

// Holds G1: pages bring every record once, however many share a second.

const BOUNDS = { field: "updated_at", from: 0, to: window.to };

describe("pages of a window", () => {
  it("are requested inside a fixed window, by ascending id, from the cursor on", async () => {
    const { pardot, asked } = scripted(honest(range(1, 250)));
    await readAll(pardot);
    // No page names an order: by ascending id is the default.
    const common = { way: tag.way, fields: null, filters: {}, bounds: BOUNDS, limit: 200 };
    const first = { ...common, afterId: null, turn: expect.any(Turn) as Turn };
    // A short page is followed by one from the end, because the next page may be empty without being the last.
    const end = { ...common, sort: { field: "id", isDescending: true }, limit: 20 };
    expect(asked).toEqual([first, { ...first, afterId: "200" }, end]);
  });

  it("return every record once, without an extra call", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 900 }), async (unsorted) => {
        const ids = unsorted.toSorted((a, b) => a - b);
        const { pardot, asked } = scripted(honest(ids));
        expect(await readAll(pardot)).toEqual(ids.map(String));
        // The pages with records, one from the end, and an empty one after a full page or where it is the first.
        expect(asked).toHaveLength(pagesOf(ids.length, tag.way.query));
      }),
      { numRuns: 40 },
    );
  });

  it("go on after an empty page in mid-run", async () => {
    const answer = honest(range(1, 450));
    const { pardot } = scripted((request, call) => (call === 1 ? [] : answer(request)));
    expect(await readAll(pardot)).toHaveLength(450);
  });

  it("go on from a cursor", async () => {
    const { pardot } = scripted(honest(range(1, 300)));
    expect(await readAll(pardot, "290")).toEqual(range(291, 300).map(String));
  });

  it("drop stale records at or below the cursor", async () => {
    const { pardot } = scripted((request) => (afterOf(request) < 291 ? records([289, 290, 291]) : []));
    expect(await readAll(pardot, "290")).toEqual(["291"]);
  });

  it("fail on a page without a new record, instead of requesting forever", async () => {
    const { pardot } = scripted(() => records(range(1, 200)));
    await expect(readAll(pardot)).rejects.toThrow("contains only records from before it");
  });

  it("fail on an unsorted page, which could hide records before the cursor", async () => {
    const { pardot } = scripted(() => records([5, 3, 9]));
    await expect(readAll(pardot)).rejects.toThrow(DataError);
  });

  it("fail on a record without an id", async () => {
    const { pardot } = scripted(() => [{ name: "x" }]);
    await expect(readAll(pardot)).rejects.toThrow("without a numeric id");
  });

  it.each([
    ["9007199254740992", ["9007199254740993", "9007199254740995"]],
    ["999999999999998", ["999999999999999", "1000000000000000", "1000000000000001"]],
  ])("compare ids as numbers of any size, after %s", async (cursor, ids) => {
    const { pardot, asked } = scripted((_, call) => (call === 0 ? [cursor, ...ids].map((id) => ({ id })) : []));
    expect(await readAll(pardot, cursor)).toEqual(ids);
    expect(asked.at(-1)?.afterId).toBe(ids.at(-1));
  });

  it("end before the next request on a stop request", async () => {
    const stop = new AbortController();
    const { pardot, asked } = scripted((request) => {
      stop.abort(new Error("stop"));
      return honest(range(1, 900))(request);
    });
    await expect(readAll(pardot, null, { stop: stop.signal })).rejects.toThrow("stop");
    expect(asked).toHaveLength(1);
  });

  it("yield the page that arrived before a stop request, then end", async () => {
    const stop = new AbortController();
    const { pardot } = scripted((request) => {
      stop.abort(new Error("stop"));
      return honest(range(1, 900))(request);
    });
    const seen: number[] = [];
    const request = { pardot, object: tag, window, fields: null, cursor: null, drain: stop.signal, abort: never };
    const reading = async (): Promise<void> => {
      for await (const step of readPages({ ...request, onEvent: () => undefined })) {
        seen.push(step.type === "records" ? step.records.length : -1);
      }
    };
    await expect(reading()).rejects.toThrow("stop");
    expect(seen).toEqual([200]);
  });

  it("send no bounds in a history, so that records without the field come too", async () => {
    const { pardot, asked } = scripted(honest(range(1, 3)));
    await readAll(pardot, null, { span: { ...window, from: HISTORY_START, askFrom: HISTORY_START } });
    expect(asked[0]).toMatchObject({ bounds: null, filters: {}, limit: 200, afterId: null });
  });

  it("end at a page with only the record at the cursor, if a server takes the bound as inclusive", async () => {
    const { pardot } = scripted((request) =>
      records(
        range(1, 250)
          .filter((id) => id >= afterOf(request))
          .slice(0, 200),
      ),
    );
    expect(await readAll(pardot)).toHaveLength(250);
  });
});

describe("a short page", () => {
  it("does not end the window: records may be hidden, and a server may cap its pages", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 900 }),
        fc.integer({ min: 1, max: 250 }),
        fc.integer({ min: 2, max: 500 }),
        async (unsorted, cap, hidden) => {
          const ids = unsorted.toSorted((a, b) => a - b).filter((_, i) => i < 3 || i % cap !== 0);
          const { pardot } = scripted((request) => {
            // Hidden inside the page, after the limit was applied; the last one of a page is visible.
            const after = ids.filter((id) => id > afterOf(request));
            const sorted = request.sort?.isDescending === true ? after.toReversed() : after;
            const cut = sorted.slice(0, Math.min(cap, limitOf(request)));
            return records(cut.filter((id) => id % hidden !== 0 || id === cut.at(-1)));
          });
          const read = await readAll(pardot);
          expect(new Set(read).size).toBe(read.length);
          expect(read).toEqual(expect.arrayContaining(ids.filter((id) => id % hidden !== 0).map(String)));
        },
      ),
      { numRuns: 60 },
    );
  });

  it("costs one more request, or two after a full page", async () => {
    const short = scripted(honest(range(1, 450)));
    await readAll(short.pardot);
    expect(short.asked).toHaveLength(4);
    const full = scripted(honest(range(1, 400)));
    await readAll(full.pardot);
    expect(full.asked).toHaveLength(4);
    expect([450, 400, 0].map((count) => pagesOf(count, tag.way.query))).toEqual([4, 4, 2]);
  });

  it("and an empty one in mid-run: the reading goes on after any empty page that follows a full one", async () => {
    for (const at of [0, 1, 2]) {
      const answer = honest(range(1, 450));
      const { pardot } = scripted((request, call) => (call === at ? [] : answer(request)));
      expect(await readAll(pardot)).toHaveLength(450);
    }
  });
});

describe("a page whose records are all hidden", () => {
  /** Hidden after the page was cut, with a total or, as with `output=bulk`, without. */
  const hiding = (isVisible: (id: number) => boolean, total: number | null) => (request: PageRequest) => {
    const seen = honest(range(1, 450))(request);
    return page(
      seen.filter(({ id }) => isVisible(Number(id))),
      { total },
    );
  };

  describe.each([null, 450])("and a total of %s", (total) => {
    it.each([
      ["a short page", (id: number) => id < 200 || id > 400],
      ["a full page", (id: number) => id <= 200 || id > 400],
    ])("fails the window if it follows %s and a visible record follows it", async (_, isVisible) => {
      const { pardot, asked } = scripted(hiding(isVisible, total));
      await expect(readAll(pardot)).rejects.toMatchObject({
        code: "data.total-without-rows",
        message: expect.stringMatching(/no record came after id (199|200), but the record 450 follows/) as string,
      });
      // Two pages, the empty one twice, and twice the end: its record may have left the window.
      expect(asked).toHaveLength(5);
    });

    it("is passed over if it was empty by mistake, after a short or a full page", async () => {
      const honestly = hiding(() => true, total);
      for (const at of [1, 2, 3]) {
        const { pardot } = scripted((request, call) => {
          const seen = honestly(request);
          // The first page is short in every other case.
          const shown = call === 0 && at !== 2 ? seen.records.slice(0, 150) : seen.records;
          return { ...seen, records: call === at ? [] : shown };
        });
        expect(await readAll(pardot)).toEqual(range(1, 450).map(String));
      }
    });

    it("ends the window at the last visible record", async () => {
      const { pardot, asked } = scripted(hiding((id) => id <= 390, total));
      expect(await readAll(pardot)).toHaveLength(390);
      // The last 20 records are hidden, so the end is looked for among 200.
      expect(asked.map(limitOf)).toEqual([200, 200, 20, 200]);
    });
  });

  it("is the first one only by mistake if visible records are at the end, behind hidden ones", async () => {
    for (const visible of [range(1, 130), range(201, 300)]) {
      const { pardot } = scripted((request, call) =>
        call === 0
          ? []
          : records(range(1, 320).toSorted((a, b) => (request.sort?.isDescending === true ? b - a : a - b)))
              .filter(({ id }) => Number(id) > afterOf(request))
              .slice(0, limitOf(request))
              .filter(({ id }) => visible.includes(Number(id))),
      );
      const read = readAll(pardot);
      if (visible.includes(1)) expect(await read).toEqual(visible.map(String));
      else await expect(read).rejects.toMatchObject({ code: "data.total-without-rows" });
    }
  });

  it("is passed over in a range before its end, also where the end of the window is not known", async () => {
    const { pardot } = scripted((request, call) => {
      if (request.sort?.isDescending === true) return [];
      return call === 1 ? [] : honest(range(1, 450))(request).filter(({ id }) => id !== "7");
    });
    const ids = { after: "0", through: "300", onPassed: () => undefined };
    const request = { pardot, object: tag, window, fields: null, cursor: "0", drain: never, abort: never };
    let count = 0;
    for await (const step of readPages({ ...request, range: ids, onEvent: () => undefined })) {
      count += step.type === "records" ? step.records.length : 0;
    }
    expect(count).toBe(299);
  });

  it("ends the window if the last record has left it since its end was read", async () => {
    const hidden = 7;
    const { pardot } = scripted((request, call) =>
      honest(range(1, call > 2 ? 449 : 450))(request).filter(({ id }) => Number(id) !== hidden),
    );
    expect(await readAll(pardot)).toEqual(range(1, 449).flatMap((id) => (id === hidden ? [] : [String(id)])));
  });

  it("ends a window at an empty page where Pardot does not sort by descending id", async () => {
    const refused = new RemoteError("no", { code: "pardot.call-refused", pardotCode: 20 });
    for (const ids of [range(1, 450), range(1, 400), [7]]) {
      const { pardot, asked } = scripted((request) => {
        if (request.sort?.isDescending === true) throw refused;
        return honest(ids)(request);
      });
      expect(await readAll(pardot)).toEqual(ids.map(String));
      expect(asked).toHaveLength(pagesOf(ids.length, tag.way.query) + 1);
      const ignoring = scripted((request) => honest(ids)({ ...request, sort: null }));
      expect(await readAll(ignoring.pardot)).toEqual(ids.map(String));
    }
    const { pardot } = scripted((request) => honest([...range(1, 9)])({ ...request, sort: null }));
    expect(await readAll(pardot, "3")).toEqual(range(4, 9).map(String));
  });
});

describe("a page that takes too long", () => {
  const tooLong = {
    "code 214": new RemoteError("late", { code: "pardot.timed-out", pardotCode: 214 }),
    "HTTP 504": new RemoteError("late", { code: "pardot.timed-out", pardotCode: null, context: { status: 504 } }),
    "no byte in time": new TransportError("late", { code: "http.timeout" }),
    "a page too large to hold": new TransportError("large", { code: "http.body-too-large" }),
  };

  it.each(Object.entries(tooLong))("is requested with half the limit from the same id: %s", async (_, error) => {
    const answer = honest(range(1, 450));
    const { pardot, asked } = scripted((request, call) => {
      if (call > 0 && limitOf(request) > 50) throw error;
      return answer(request);
    });
    expect(await readAll(pardot)).toEqual(range(1, 450).map(String));
    const sent = asked.map((request) => [afterOf(request), limitOf(request)]);
    expect(sent.slice(0, 5)).toEqual([
      [0, 200],
      [200, 200],
      [200, 100],
      [200, 50],
      [250, 50],
    ]);
    const ascending = asked.filter(({ sort }) => sort?.isDescending !== true);
    expect(new Set(ascending.slice(3).map(limitOf))).toEqual(new Set([50]));
    expect(asked.length - ascending.length).toBe(1);
  });

  it("fails at 25 records, with the last error", async () => {
    const { pardot, asked } = scripted(() => {
      throw tooLong["code 214"];
    });
    await expect(readAll(pardot)).rejects.toBe(tooLong["code 214"]);
    expect(asked.map(limitOf)).toEqual([200, 100, 50, 25]);
  });

  it("is the only error that leads to a smaller page", async () => {
    for (const error of [
      new LimitError("no call left", { code: "pardot.daily-limit" }),
      new RemoteError("refused", { code: "pardot.refused", pardotCode: 19 }),
      new TransportError("cut", { code: "http.cut" }),
    ]) {
      const { pardot, asked } = scripted(() => {
        throw error;
      });
      await expect(readAll(pardot)).rejects.toBe(error);
      expect(asked).toHaveLength(1);
    }
  });
});
