import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { tag } from "../catalog/objects/tag.ts";
import { DataError } from "../errors.ts";
import type { PageRequest, Pardot, WireRecord } from "../pardot/pardot.ts";
import { readPages, recordId } from "./pages.ts";

// Holds G1: pages bring every record once, however many share a second.

const never = new AbortController().signal;
const window = { field: "updated_at", from: 0, to: Date.parse("2026-03-20T00:00:00Z"), askFrom: 0 } as const;

/** Answers pages from a script, or from a function of the request. */
function scripted(answer: (request: PageRequest, call: number) => readonly WireRecord[]): {
  pardot: Pardot;
  asked: PageRequest[];
} {
  const asked: PageRequest[] = [];
  const queryPage = async (request: PageRequest): Promise<readonly WireRecord[]> => {
    asked.push(request);
    return answer(request, asked.length - 1);
  };
  return { pardot: { queryPage } as unknown as Pardot, asked };
}

const records = (ids: readonly number[]): WireRecord[] => ids.map((id) => ({ id: String(id) }));
const range = (from: number, to: number): number[] => Array.from({ length: to - from + 1 }, (_, i) => from + i);

async function readAll(pardot: Pardot, cursor: string | null = null, stop: AbortSignal = never): Promise<string[]> {
  const ids: string[] = [];
  for await (const page of readPages(pardot, { object: tag, window, zone: "UTC", cursor, stop, signal: never })) {
    ids.push(...page.map((record) => recordId(record, tag)));
  }
  return ids;
}

/** A server that keeps its word: the records after the cursor, `limit` at a time. */
const honest =
  (ids: readonly number[]) =>
  (request: PageRequest): readonly WireRecord[] => {
    const after = Number(request.parameters["id_greater_than"] ?? 0);
    return records(ids.filter((id) => id > after).slice(0, Number(request.parameters["limit"])));
  };

describe("pages of a window", () => {
  it("ask inside a fixed window, by ascending id, from the cursor on", async () => {
    const { pardot, asked } = scripted(honest(range(1, 250)));
    await readAll(pardot);
    expect(asked.map((request) => request.parameters)).toEqual([
      {
        sort_by: "id",
        sort_order: "ascending",
        limit: "200",
        updated_after: "1969-12-31 23:59:59",
        updated_before: "2026-03-20 00:00:00",
      },
      expect.objectContaining({ id_greater_than: "200", updated_before: "2026-03-20 00:00:00" }),
    ]);
  });

  it("bring every record once, and spend no call too many", async () => {
    await fc.assert(
      fc.asyncProperty(fc.uniqueArray(fc.integer({ min: 1, max: 5000 }), { maxLength: 900 }), async (unsorted) => {
        const ids = unsorted.toSorted((a, b) => a - b);
        const { pardot, asked } = scripted(honest(ids));
        expect(await readAll(pardot)).toEqual(ids.map(String));
        // Full pages, then the short one; or, where they end together, an empty page asked for twice.
        const full = Math.floor(ids.length / 200);
        expect(asked).toHaveLength(ids.length % 200 === 0 ? full + 2 : full + 1);
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
    const { pardot } = scripted(() => records([289, 290, 291]));
    expect(await readAll(pardot, "290")).toEqual(["291"]);
  });

  it("fail on a page that brings nothing new, instead of asking for ever", async () => {
    const { pardot } = scripted(() => records(range(1, 200)));
    await expect(readAll(pardot)).rejects.toThrow("brought only records from before it");
  });

  it("fail on an unsorted page, which could hide records behind the cursor", async () => {
    const { pardot } = scripted(() => records([5, 3, 9]));
    await expect(readAll(pardot)).rejects.toThrow(DataError);
  });

  it("fail on a record without an id", async () => {
    const { pardot } = scripted(() => [{ name: "x" }]);
    await expect(readAll(pardot)).rejects.toThrow("without a numeric id");
  });

  it("compare ids as numbers of any size", async () => {
    const ids = ["9007199254740993", "9007199254740995"];
    const { pardot } = scripted(() => ids.map((id) => ({ id })));
    expect(await readAll(pardot, "9007199254740992")).toEqual(ids);
  });

  it("ask for no further page once a stop is wanted", async () => {
    const stop = new AbortController();
    const { pardot, asked } = scripted((request) => {
      stop.abort(new Error("stop"));
      return honest(range(1, 900))(request);
    });
    await expect(readAll(pardot, null, stop.signal)).rejects.toThrow("stop");
    expect(asked).toHaveLength(1);
  });
});
