import { queryObjects } from "node:v8";
import fc from "fast-check";
import { expect, it } from "vitest";
import { tag } from "../../../test/kit/fakes/objects.ts";
import { honest, never, range, records, scripted, window } from "../../../test/kit/fakes/scripted-pages.ts";
import { isQueried } from "../../catalog/catalog.ts";
import type { QueriedObject } from "../../catalog/catalog.ts";
import { entries } from "../../catalog/index.ts";
import { selectWays } from "../../catalog/versions.ts";
import { assert, RemoteError, TransportError } from "../../errors.ts";
import { createGate, Turn } from "../../http/gate.ts";
import type { Gate } from "../../http/gate.ts";
import type { Page, PageRequest, Pardot } from "../../pardot/pardot.ts";
import { isoInstant } from "../../time/instant.ts";
import type { PagesRequest, Step } from "./page.ts";
import { WideQuery } from "./wide-query.ts";
import { readWindow } from "./window-pages.ts";

// Holds G7: of all lanes, one at a time has a large page in memory, and none waits forever for another.

const IDS = range(1, 800);
const LIMIT = 200;
/** More than one address takes. */
const FIELDS = ["id", ...Array.from({ length: 400 }, (_, n) => `custom_field_${n}__c`)];

/** Ways of reading pages. */
const KINDS = ["id", "date", "no order", "parents", "each parent", "groups"] as const;
type Kind = (typeof KINDS)[number];

function objectOf(version: "4" | "5", name: string): QueriedObject {
  const object = selectWays(entries, version).find((one) => one.name === name);
  assert(object !== undefined && isQueried(object), "an object that is queried");
  return { ...object, way: { ...object.way, query: { ...object.way.query, limit: LIMIT } } } as QueriedObject;
}

const READ: Readonly<Record<Kind, Pick<PagesRequest, "object" | "fields">>> = {
  id: { object: tag, fields: null },
  date: { object: objectOf("5", "FormField"), fields: ["id", "updatedAt"] },
  "no order": { object: objectOf("5", "TaggedObject"), fields: ["id"] },
  parents: { object: objectOf("4", "Visit"), fields: null },
  "each parent": { object: objectOf("5", "DynamicContentVariation"), fields: ["id", "updatedAt"] },
  groups: { object: objectOf("5", "Prospect"), fields: FIELDS },
};

function pageOf(kind: Kind, request: PageRequest): Page {
  const none = { total: null, token: null, isCapped: false, hidesValues: false };
  const { filters = {}, token = null } = request;
  // A visit of each visitor.
  if (filters["offset"] !== undefined) {
    const found = records((filters["visitor_ids"] ?? "").split(",").map(Number)).slice(Number(filters["offset"]));
    return { ...none, records: found, end: "unknown" };
  }
  if (kind === "each parent" && request.way.urlName !== "dynamic-contents") {
    if (filters["dynamicContentId"] === undefined) throw new RemoteError("lacks", { code: "lacks", pardotCode: 13 });
    return { ...none, records: [{ id: filters["dynamicContentId"] }], end: "end" };
  }
  if (kind === "id" || kind === "parents") return { ...none, records: [...honest(IDS)(request)], end: "unknown" };
  const after = Number(token ?? request.afterId ?? 0);
  const found = IDS.slice(after, after + LIMIT);
  const isLast = found.at(-1) === IDS.at(-1);
  const dated = found.map((id) => ({ id, updatedAt: isoInstant(id * 1000).replace("Z", "+00:00") }));
  return { ...none, records: dated, end: isLast ? "end" : "more", token: isLast ? null : String(after + LIMIT) };
}

/** What a client has for all of its calls: places for those in flight, and one for a large page in memory. */
interface Client {
  readonly calls: Gate;
  readonly large: Gate;
  readonly isLarge: () => boolean;
}

/** A call as a client makes it. `turn`: that of `PageRequest`. */
async function call<T>(
  { calls, large, isLarge }: Client,
  turn: Turn | undefined,
  respond: () => Promise<T>,
): Promise<T> {
  const own = turn ?? new Turn();
  own.end();
  const release = await calls.enter(never);
  let isKept = false;
  try {
    await wait(1);
    if (isLarge()) await own.begin(large, never);
    const response = await respond();
    isKept = turn !== undefined;
    return response;
  } finally {
    if (!isKept) own.end();
    release();
  }
}

function read(kind: Kind, client: Client, failsAt = Infinity): AsyncGenerator<Step> {
  const { pardot, asked } = scripted((request) => pageOf(kind, request));
  const queryPage: Pardot["queryPage"] = async (request, signal) =>
    call(client, request.turn, async () => {
      const page = await pardot.queryPage(request, signal);
      if (asked.length === failsAt) throw new TransportError("cut", { code: "http.cut", retryable: true });
      return page;
    });
  return readWindow(requestOf(kind, queryPage));
}

function requestOf(kind: Kind, queryPage: Pardot["queryPage"]): PagesRequest {
  const pardot = new WideQuery(READ[kind].object, { queryPage });
  return { ...READ[kind], pardot, window, cursor: null, drain: never, abort: never, onEvent: () => undefined };
}

async function wait(ticks: number): Promise<void> {
  for (let tick = 0; tick < ticks; tick += 1) await Promise.resolve();
}

/** Whether all end before no work is left. */
async function end(lanes: readonly Promise<unknown>[]): Promise<boolean> {
  // Between two turns of the event loop every promise is settled that can be.
  const idle = async (): Promise<boolean> => {
    for (let turn = 0; turn < 3; turn += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
    return false;
  };
  return Promise.race([Promise.allSettled(lanes).then(() => true), idle()]);
}

it("no reader waits forever, and none keeps a place, however the readings end and whatever else calls", async () => {
  const reader = fc.record({
    kind: fc.constantFrom(...KINDS),
    stopsAfter: fc.integer({ min: 1, max: 8 }),
    failsAt: fc.integer({ min: 1, max: 20 }),
    ticks: fc.integer({ min: 0, max: 5 }),
  });
  const readers = fc.array(reader, { minLength: 1, maxLength: 5 });
  const places = fc.integer({ min: 1, max: 5 });
  const emails = fc.integer({ min: 0, max: 4 });
  await fc.assert(
    fc.asyncProperty(readers, places, emails, fc.infiniteStream(fc.boolean()), async (all, most, callers, sizes) => {
      const isLarge = (): boolean => sizes.next().value === true;
      const client = { calls: createGate(most), large: createGate(1), isLarge };
      const lanes = all.map(async ({ kind, stopsAfter, failsAt, ticks }) => {
        let steps = 0;
        for await (const _step of read(kind, client, failsAt)) {
          await wait(ticks);
          steps += 1;
          if (steps === stopsAfter) break;
        }
      });
      const others = Array.from({ length: callers }, async () => {
        for (let email = 0; email < 10; email += 1) await call(client, undefined, () => wait(3));
      });
      expect(await end([...lanes, ...others])).toBe(true);
      const { calls, large } = client;
      expect([calls.inside, calls.waiting, large.inside, large.waiting]).toEqual([0, 0, 0, 0]);
    }),
    { numRuns: 300 },
  );
});

it.each(["id", "date"] as const)(
  "a large page in the order of %s is alone until its records have been used",
  async (kind) => {
    const client = { calls: createGate(4), large: createGate(1), isLarge: () => true };
    let using = 0;
    let most = 0;
    const order: number[] = [];
    const lanes = Array.from({ length: 4 }, async (_none, lane) => {
      let count = 0;
      for await (const step of read(kind, client)) {
        if (step.type !== "records") throw new Error(`no step ${step.type} is expected`);
        count += step.records.length;
        // The last record by date waits for the end of its second.
        if (step.records.length < 2) continue;
        order.push(lane);
        using += 1;
        most = Math.max(most, using);
        await wait(50);
        using -= 1;
      }
      return count;
    });
    expect(await Promise.all(lanes)).toEqual([800, 800, 800, 800]);
    expect(most).toBe(1);
    expect(order.slice(0, 8)).toEqual([0, 1, 2, 3, 0, 1, 2, 3]);
  },
);

// By id the last record read, by date the one that waits for the end of its second, and at times one that V8 still knows.
const FEW = 5;

it.each(["id", "date", "no order"] as const)(
  "a reading by %s keeps at most a few records of a page when the next one comes",
  async (kind) => {
    class Sent {
      readonly id = "";
    }
    const alive: number[] = [];
    const queryPage: Pardot["queryPage"] = async (request) => {
      // The landing of the page before ends first.
      await new Promise<void>((resolve) => void setImmediate(resolve));
      // Collects what nothing uses, except what was in use when a collection in progress began.
      queryObjects(Sent);
      alive.push(Number(queryObjects(Sent)));
      const page = pageOf(kind, request);
      return { ...page, records: page.records.map((record) => Object.assign(new Sent(), record)) };
    };
    let count = 0;
    for await (const step of readWindow(requestOf(kind, queryPage))) {
      if (step.type !== "records") throw new Error(`no step ${step.type} is expected`);
      count += step.records.length;
      // As a landing does.
      step.records.length = 0;
    }
    expect(count).toBe(IDS.length);
    expect(alive.length).toBeGreaterThanOrEqual(4);
    expect(Math.max(...alive)).toBeLessThanOrEqual(FEW);
  },
);
