import { describe, expect, test } from "vitest";
import { caught, CUT, failBody, harness, NEVER, okBody, PAGE, respond, TAG } from "../../test/kit/fakes/pardot.ts";
import type { Step } from "../../test/kit/fakes/pardot.ts";
import { TransportError } from "../errors.ts";
import { Turn } from "../http/gate.ts";
import { isTooLong } from "./failure.ts";
import type { Page } from "./pardot.ts";

// Holds G7 and G9: a page that is too long or too large is requested with fewer records.

const HTML = { body: "<!DOCTYPE html><html></html>" };

describe("a response that takes too long or is too large", () => {
  test.each<[string, Step]>([
    ["code 214", { status: 400, body: failBody(214) }],
    ["HTTP 504", { ...HTML, status: 504 }],
  ])("%s of a call that is not a page of a window is repeated twice", async (_name, step) => {
    const { pardot, api } = harness({ steps: [step] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({
      exitCode: 5,
      code: "pardot.timed-out",
      pardotCode: 214,
    });
    expect(api).toHaveLength(3);
  });

  test.each<[string, Step]>([
    ["code 214", { status: 400, body: failBody(214) }],
    ["code 214 under 200", { body: failBody(214) }],
    ["HTTP 504 with HTML", { ...HTML, status: 504 }],
    ["HTTP 504 with nothing", { status: 504 }],
    ["HTTP 504 with a code that is not known", { status: 504, body: failBody(999) }],
    ["silence", new TransportError("late", { code: "http.timeout", retryable: true })],
    ["a body over the cap", new TransportError("large", { code: "http.body-too-large" })],
  ])("%s for a page of a window is thrown after one request, as too long", async (_name, step) => {
    const { pardot, api } = harness({ steps: [step] });
    const page = { ...TAG, about: { object: "Tag", window: "w" } };
    expect(isTooLong(await caught(pardot.queryPage(page, NEVER)))).toBe(true);
    expect(api).toHaveLength(1);
  });

  test.each<[string, Step]>([
    ["code 66", { status: 400, body: failBody(66) }],
    ["a broken connection", CUT],
    ["HTTP 503", { status: 503 }],
    ["code 51", { status: 400, body: failBody(51) }],
  ])("%s for a page of a window is not too long", async (_name, step) => {
    const { pardot } = harness({ steps: [step] });
    const page = { ...TAG, about: { object: "Tag", window: "w" } };
    expect(isTooLong(await caught(pardot.queryPage(page, NEVER)))).toBe(false);
  });

  test.each([25, 10])("for a page of %i records is repeated, since no smaller one is requested", async (limit) => {
    const { pardot, api } = harness({ steps: [{ status: 504 }, PAGE] });
    const page = { ...TAG, limit, about: { object: "Tag", window: "w" } };
    expect((await pardot.queryPage(page, NEVER)).records).toHaveLength(2);
    expect(api).toHaveLength(2);
  });
});

describe("memory for responses", () => {
  const text = (bytes: number): Step => {
    const name = "x".repeat(bytes);
    return async () => ({ ...respond({}), body: slabs(okBody({ result: { tag: [{ id: 8, name }] } })) });
  };

  test("a page of a window above 4 MB is not read to its end, and fails as too long", async () => {
    const { pardot, api } = harness({ steps: [text(5_000_000)] });
    const page = { ...TAG, limit: 25, about: { object: "Tag", window: "w" } };
    const error = await caught(pardot.queryPage(page, NEVER));
    expect([isTooLong(error), api.length]).toEqual([true, 1]);
    expect(error).toMatchObject({ code: "http.body-too-large", exitCode: 5 });
  });

  test("a single record may be larger", async () => {
    const { pardot } = harness({ steps: [text(5_000_000)] });
    expect((await pardot.queryPage(TAG, NEVER)).records).toHaveLength(1);
  });

  test("a large page lets no other into memory until its reader ends its turn, unless it fails", async () => {
    const { pardot } = harness({ steps: [text(5_000_000), text(500_000), PAGE, text(500_000)] });
    const [kept, next, other] = [new Turn(), new Turn(), new Turn()];
    const read = (turn: Turn): Promise<Page> =>
      pardot.queryPage({ ...TAG, turn, about: { object: "Tag", window: "w" } }, NEVER);
    expect(isTooLong(await caught(read(new Turn())))).toBe(true);
    expect((await read(kept)).records).toHaveLength(1);
    expect((await read(new Turn())).records).toHaveLength(2);
    const waiting = read(next);
    let hasCome = false;
    void waiting.then(() => (hasCome = true));
    for (let turns = 0; turns < 100; turns += 1) await new Promise<void>((resolve) => void setImmediate(resolve));
    expect(hasCome).toBe(false);
    kept.end();
    expect((await waiting).records).toHaveLength(1);
    // Another request with the turn ends it: those in flight that wait for it may have all places.
    const another = read(other);
    const after = read(next);
    expect((await another).records).toHaveLength(1);
    other.end();
    expect((await after).records).toHaveLength(1);
  });

  test("large responses are read one at a time, also when one of them fails or is stopped", async () => {
    let reading = 0;
    let most = 0;
    const step: Step = async () => ({
      ...respond({}),
      body: (async function* () {
        yield new Uint8Array(1_100_000).fill(0x20);
        reading += 1;
        most = Math.max(most, reading);
        await new Promise<void>((resolve) => void setImmediate(resolve));
        reading -= 1;
        yield new TextEncoder().encode(PAGE.body);
      })(),
    });
    const { pardot } = harness({ steps: [text(20_000_000), step] });
    const stop = new AbortController();
    const failing = caught(pardot.queryPage(TAG, NEVER));
    const pages = [1, 2, 3].map(() => pardot.queryPage(TAG, NEVER));
    const stopped = caught(pardot.queryPage(TAG, stop.signal));
    stop.abort(new Error("stopped"));
    for (const page of await Promise.all(pages)) expect(page.records).toHaveLength(2);
    expect(await failing).toMatchObject({ code: "http.body-too-large" });
    expect(await stopped).toMatchObject({ message: "stopped" });
    expect(most).toBe(1);
  });
});

async function* slabs(body: string): AsyncGenerator<Uint8Array> {
  for (let at = 0; at < body.length; at += 65_536) yield new TextEncoder().encode(body.slice(at, at + 65_536));
}
