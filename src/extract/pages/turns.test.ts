import fc from "fast-check";
import { expect, it } from "vitest";
import { tag } from "../../../test/kit/fakes/objects.ts";
import { honest, never, range, scripted, window } from "../../../test/kit/fakes/scripted-pages.ts";
import { isQueried } from "../../catalog/catalog.ts";
import { catalog } from "../../catalog/index.ts";
import { assert, TransportError } from "../../errors.ts";
import { createGate, Turn } from "../../http/gate.ts";
import type { Gate } from "../../http/gate.ts";
import type { Page, PageRequest, Pardot } from "../../pardot/pardot.ts";
import { isoInstant } from "../../time/instant.ts";
import type { PagesRequest, Step } from "./page.ts";
import { readPages } from "./pages.ts";
import { readTokenPages } from "./token-pages.ts";

// Holds G7: of all lanes, one at a time has a large page in memory, and none waits forever for another.

const dated = catalog.find(({ name }) => name === "FormField");
const IDS = range(1, 800);

type Kind = "id" | "token";

/** 200 of the records, by ascending id or in the order of their dates. */
function pageOf(kind: Kind, request: PageRequest): Page {
  const none = { total: null, token: null, isCapped: false, hidesValues: false };
  if (kind === "id") return { ...none, records: [...honest(IDS)(request)], end: "unknown" };
  const at = Number(request.token ?? 0);
  const ids = IDS.slice(at, at + 200);
  const records = ids.map((id) => ({ id, updatedAt: isoInstant(id * 1000).replace("Z", "+00:00") }));
  return ids.at(-1) === IDS.at(-1)
    ? { ...none, records, end: "end" }
    : { ...none, records, end: "more", token: String(at + 200) };
}

interface Serving {
  readonly gate: Gate;
  readonly isLarge: () => boolean;
  /** The call that fails; default: none. */
  readonly failsAt?: number;
}

/** Reads all pages through a client that lets large ones into memory in turn. */
function read(kind: Kind, { gate, isLarge, failsAt }: Serving): AsyncGenerator<Step> {
  const { pardot, asked } = scripted((request) => pageOf(kind, request));
  const queryPage: Pardot["queryPage"] = async (request, signal) => {
    const turn = request.turn ?? new Turn();
    let isKept = false;
    try {
      await Promise.resolve();
      if (isLarge()) await turn.begin(gate, signal);
      const page = await pardot.queryPage(request, signal);
      if (asked.length === failsAt) throw new TransportError("cut", { code: "http.cut", retryable: true });
      isKept = request.turn !== undefined;
      return page;
    } finally {
      if (!isKept) turn.end();
    }
  };
  const common = { window, cursor: null, drain: never, abort: never, onEvent: () => undefined };
  const request = { ...common, pardot: { queryPage } };
  if (kind === "id") return readPages({ ...request, object: tag, fields: null });
  assert(dated !== undefined && isQueried(dated), "a collection of v5");
  const { query } = dated.way;
  const object = { ...dated, way: { ...dated.way, query: { ...query, limit: 200 } } } as PagesRequest["object"];
  return readTokenPages({ ...request, object, fields: ["id", "updatedAt"] });
}

async function wait(ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
}

it("a reader gives the place of a large page back however the reading ends", async () => {
  const reader = fc.record({
    kind: fc.constantFrom<Kind>("id", "token"),
    stopsAfter: fc.integer({ min: 1, max: 8 }),
    failsAt: fc.integer({ min: 1, max: 12 }),
    ticks: fc.integer({ min: 0, max: 5 }),
  });
  const readers = fc.array(reader, { minLength: 2, maxLength: 5 });
  await fc.assert(
    fc.asyncProperty(readers, fc.infiniteStream(fc.boolean()), async (all, sizes) => {
      const gate = createGate(1);
      const isLarge = (): boolean => sizes.next().value === true;
      const lanes = all.map(async ({ kind, stopsAfter, failsAt, ticks }) => {
        let steps = 0;
        for await (const _step of read(kind, { gate, isLarge, failsAt })) {
          await wait(ticks);
          steps += 1;
          if (steps === stopsAfter) break;
        }
      });
      await Promise.allSettled(lanes);
      expect([gate.inside, gate.waiting]).toEqual([0, 0]);
    }),
  );
});

it.each<Kind>(["id", "token"])("a large page read by %s is alone until its records have been used", async (kind) => {
  const gate = createGate(1);
  let using = 0;
  let most = 0;
  const order: number[] = [];
  const lanes = Array.from({ length: 4 }, async (_none, lane) => {
    let records = 0;
    for await (const step of read(kind, { gate, isLarge: () => true })) {
      if (step.type !== "records") throw new Error(`no step ${step.type} is expected`);
      records += step.records.length;
      // The last record by date waits for the end of its second.
      if (step.records.length < 2) continue;
      order.push(lane);
      using += 1;
      most = Math.max(most, using);
      await wait(50);
      using -= 1;
    }
    return records;
  });
  expect(await Promise.all(lanes)).toEqual([800, 800, 800, 800]);
  expect(most).toBe(1);
  expect(order.slice(0, 8)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
});
