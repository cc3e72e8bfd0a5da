import { describe, expect, it } from "vitest";
import { tag } from "../../../test/kit/fakes/objects.ts";
import { afterOf, counting, page, range, readAll, records, scripted } from "../../../test/kit/fakes/scripted-pages.ts";
import { RemoteError } from "../../errors.ts";
import type { RunEvent } from "../../events.ts";
import type { Page, PageRequest } from "../../pardot/pardot.ts";
import { pagesOf } from "./pages.ts";

describe("total_results", () => {
  const late = (): Page => page([], { total: 5000 });

  it("fails a window without a row if it counts some, after a repeated request", async () => {
    const { pardot, asked } = scripted(late);
    await expect(readAll(pardot)).rejects.toMatchObject({ code: "data.total-without-rows", exitCode: 6 });
    // Twice from the beginning, and twice from the end.
    expect(asked).toHaveLength(4);
  });

  it.each(["left", "all"] as const)(
    "fails a reading that ends after a full page, counting what is %s",
    async (kind) => {
      const answer = counting(range(1, 450), kind);
      const { pardot } = scripted((request) => ({
        ...answer(request),
        ...(afterOf(request) < 200 ? {} : { records: [] }),
      }));
      await expect(readAll(pardot)).rejects.toMatchObject({ code: "data.total-without-rows" });
    },
  );

  it.each(["left", "all"] as const)("causes no warning if it agrees, counting what is %s", async (kind) => {
    for (const count of [0, 1, 199, 200, 400, 450]) {
      const events: RunEvent[] = [];
      const { pardot, asked } = scripted(counting(range(1, count), kind));
      expect(await readAll(pardot, null, { events })).toHaveLength(count);
      expect(events).toEqual([]);
      expect(asked).toHaveLength(pagesOf(count, tag.way.query));
    }
  });

  it.each(["left", "all"] as const)(
    "warns when records are hidden, also the last ones, counting what is %s",
    async (kind) => {
      for (const hidden of [7, 200, 450]) {
        const events: RunEvent[] = [];
        const { pardot } = scripted(counting(range(1, 450), kind, (id) => id !== hidden));
        expect(await readAll(pardot, null, { events })).toHaveLength(449);
        expect(events).toMatchObject([{ type: "warning", code: "data.total-differs", object: "Tag" }]);
      }
    },
  );

  it.each(["left", "all"] as const)(
    "does not mislead a reading that goes on from a cursor, counting what is %s",
    async (kind) => {
      for (const cursor of ["290", "450"]) {
        const events: RunEvent[] = [];
        const { pardot } = scripted(counting(range(1, 450), kind));
        expect(await readAll(pardot, cursor, { events })).toHaveLength(450 - Number(cursor));
        expect(events).toEqual([]);
      }
    },
  );

  it("of an empty page in mid-run is not that of the window", async () => {
    for (const kind of ["left", "all"] as const) {
      const events: RunEvent[] = [];
      const answer = counting(range(1, 450), kind);
      const { pardot } = scripted((request, call) => (call === 0 ? page([], { total: 0 }) : answer(request)));
      expect(await readAll(pardot, null, { events })).toHaveLength(450);
      expect(events).toEqual([]);
    }
  });

  it("that counts records before the cursor keeps no window open whose other records have left it", async () => {
    const { pardot } = scripted(counting([3], "all"));
    expect(await readAll(pardot, "5")).toEqual([]);
  });

  it.each(["left", "all"] as const)(
    "warns of records hidden before a short page where Pardot refuses to sort by descending id, counting what is %s",
    async (kind) => {
      const events: RunEvent[] = [];
      const answer = counting(range(1, 450), kind, (id) => id !== 100);
      const { pardot } = scripted((request) => {
        if (request.sort?.isDescending !== true) return answer(request);
        throw new RemoteError("no", { code: "pardot.call-refused", pardotCode: 20 });
      });
      expect(await readAll(pardot, null, { events })).toHaveLength(449);
      expect(events).toMatchObject([{ code: "data.total-differs" }]);
    },
  );

  it("fails a reading from a cursor that finds no row if the total counts those after the cursor", async () => {
    const answer = counting(range(1, 450), "left");
    const { pardot } = scripted((request) =>
      afterOf(request) === 0 ? answer(request) : page([], { total: answer(request).total }),
    );
    await expect(readAll(pardot, "290")).rejects.toMatchObject({ code: "data.total-without-rows" });
  });
});

describe("records that are counted and hidden behind the last visible one", () => {
  /** A server that filters what this user may not see before it cuts pages. */
  const filtering = (visible: number, hidden: number, kind: "left" | "all") => {
    const answer = counting(range(1, visible), kind);
    return (request: PageRequest): Page => {
      const seen = answer(request);
      return { ...seen, total: (seen.total ?? 0) + hidden };
    };
  };

  it.each(["left", "all"] as const)(
    "end a window after a full page and one from a cursor, by one request from the end, counting what is %s",
    async (kind) => {
      for (const cursor of [null, "290", "400"]) {
        const events: RunEvent[] = [];
        const { pardot, asked } = scripted(filtering(400, 1, kind));
        expect(await readAll(pardot, cursor, { events })).toHaveLength(400 - Number(cursor));
        const fromTheEnd = asked.filter(({ sort }) => sort?.isDescending === true);
        expect(fromTheEnd).toMatchObject([{ sort: { field: "id" }, limit: 20 }]);
        expect(fromTheEnd.every(({ afterId }) => afterId === undefined)).toBe(true);
        // A total of all records, seen from a cursor only, does not show that one is hidden.
        const isSeen = cursor === null || kind === "left";
        expect(events.map((event) => event.type)).toEqual(isSeen ? ["warning"] : []);
      }
    },
  );

  it.each([
    ["a later record", (): readonly number[] => [401, 400]],
    ["no record", (): readonly number[] => []],
    ["records in ascending order, as if the order was ignored", (): readonly number[] => range(1, 200)],
  ])("are an error when the request from the end returns %s", async (_, end) => {
    const answer = filtering(400, 50, "left");
    const { pardot } = scripted((request) =>
      request.sort?.isDescending === true ? page(records(end()), { total: 450 }) : answer(request),
    );
    await expect(readAll(pardot, "400")).rejects.toMatchObject({ code: "data.total-without-rows" });
    await expect(readAll(pardot)).rejects.toMatchObject({ code: "data.total-without-rows" });
  });

  it("are not looked for once a stop is requested", async () => {
    const stop = new AbortController();
    const { pardot, asked } = scripted((_, call) => {
      if (call === 1) stop.abort(new Error("stopped"));
      return page([], { total: 1 });
    });
    await expect(readAll(pardot, "400", { stop: stop.signal })).rejects.toThrow("stopped");
    expect(asked).toHaveLength(2);
  });
});
