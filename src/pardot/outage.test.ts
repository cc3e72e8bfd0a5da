import { describe, expect, test } from "vitest";
import {
  caught,
  containing,
  CUT,
  failBody,
  harness,
  NEVER,
  PAGE,
  respond,
  TAG,
  TAG_WAY,
} from "../../test/kit/fakes/pardot.ts";
import type { Canned, Harness, HarnessOptions, Step } from "../../test/kit/fakes/pardot.ts";

// Holds G4: an outage is waited for by one call for all.

const MINUTE = 60_000;
const DOWN: readonly (readonly [string, Canned | Error])[] = [
  ["HTTP 503", { status: 503 }],
  ["HTTP 500 with HTML", { status: 500, body: "<html></html>" }],
  ["HTTP 504", { status: 504 }],
  ["a page of maintenance under 200", { body: "<!doctype html><html></html>" }],
  ["a redirect", { status: 302, headers: { location: "https://status.test/" } }],
  ["a broken connection", CUT],
];

/** One good response, then `fault` until `minutes` after the start, then good responses. */
function down(fault: Canned | Error, minutes: number, options: Partial<HarnessOptions> = {}): Harness {
  let end = 0;
  const step: Step = async () => {
    if (at.clock.now() >= end) return respond(PAGE);
    if (fault instanceof Error) throw fault;
    return respond(fault);
  };
  const at = harness({ steps: [PAGE, step], ...options });
  end = at.clock.now() + minutes * MINUTE;
  return at;
}

async function first(minutes: number, fault: Canned | Error = { status: 503 }): Promise<Harness> {
  const at = down(fault, minutes);
  await at.pardot.queryPage(TAG, NEVER);
  return at;
}

describe("an outage of Pardot in the middle of a run", () => {
  test.each(DOWN)("of eight minutes of %s is waited for by the call that meets it", async (_what, fault) => {
    const { pardot, clock, api } = await first(8, fault);
    expect((await pardot.queryPage(TAG, NEVER)).records).toHaveLength(2);
    expect(clock.slept.reduce((sum, ms) => sum + ms, 0)).toBeLessThan(10 * MINUTE);
    // Six tries, then one look a minute.
    expect(api.length).toBeLessThanOrEqual(1 + 6 + 9);
  });

  test("of an hour fails a call after some ten minutes, and the next ones after one request each", async () => {
    const { pardot, clock, api } = await first(60);
    const started = clock.now();
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 5, message: containing("tries") });
    expect(clock.now() - started).toBeGreaterThanOrEqual(10 * MINUTE);
    expect(clock.now() - started).toBeLessThan(12 * MINUTE);
    const sent = api.length;
    for (let object = 0; object < 10; object += 1) await caught(pardot.queryPage(TAG, NEVER));
    expect([api.length - sent, clock.now() - started < 12 * MINUTE]).toEqual([10, true]);
  });

  test("is checked by one of eight calls, and all go on when it is over", async () => {
    const at = await first(8);
    const pages = Array.from({ length: 8 }, () => at.pardot.queryPage(TAG, NEVER));
    for (const page of await Promise.all(pages)) expect(page.records).toHaveLength(2);
    // Six tries of each, one look a minute by all together, and eight pages.
    expect(at.api.length).toBeLessThanOrEqual(1 + 8 * 6 + 9 + 8);
  });

  test("fails all calls together when it lasts", async () => {
    const at = await first(60);
    const started = at.clock.now();
    const errors = await Promise.all(Array.from({ length: 8 }, () => caught(at.pardot.queryPage(TAG, NEVER))));
    for (const error of errors) expect(error).toMatchObject({ exitCode: 5 });
    // On this clock the pauses of the tries before, 31 s for each call, come one after another.
    expect(at.clock.now() - started).toBeLessThan((11 + 8 * 0.55) * MINUTE);
  });

  test("may happen again after an earlier one", async () => {
    let until = 0;
    const step: Step = async () => respond(at.clock.now() < until ? { status: 503 } : PAGE);
    const at = harness({ steps: [step] });
    for (let outage = 0; outage < 3; outage += 1) {
      expect((await at.pardot.queryPage(TAG, NEVER)).records).toHaveLength(2);
      until = at.clock.now() + 8 * MINUTE;
    }
  });

  test("that failed its calls leaves the usual tries to a call that fails after Pardot is back", async () => {
    const steps: Step[] = [PAGE, { status: 503 }];
    const at = harness({ steps: [async (request) => play(steps[0] ?? PAGE, request.url)] });
    const play = async (step: Step, _url: URL): Promise<ReturnType<typeof respond>> => respond(step as Canned);
    await at.pardot.queryPage(TAG, NEVER);
    steps[0] = { status: 503 };
    await caught(at.pardot.queryPage(TAG, NEVER));
    steps[0] = PAGE;
    await at.pardot.queryPage(TAG, NEVER);
    const [sent, slept] = [at.api.length, at.clock.slept.length];
    steps[0] = { status: 503 };
    await caught(at.pardot.queryPage(TAG, NEVER));
    expect([at.api.length - sent, at.clock.slept.slice(slept)]).toEqual([6, [1000, 2000, 4000, 8000, 16_000]]);
  });

  test("honors a longer wait that the server requests", async () => {
    const { pardot, clock } = await first(30, { status: 503, headers: { "retry-after": "420" } });
    await pardot.queryPage(TAG, NEVER);
    expect(clock.slept).toContain(420_000);
  });

  test("ends at once for a call that waits or checks when its signal is aborted", async () => {
    const stop = new AbortController();
    const reason = new Error("stopped");
    const at = await first(60);
    const calls = Array.from({ length: 4 }, () => caught(at.pardot.queryPage(TAG, stop.signal)));
    const { length } = at.events;
    while (at.clock.slept.filter((ms) => ms >= MINUTE).length === 0) await Promise.resolve();
    stop.abort(reason);
    for (const error of await Promise.all(calls)) expect(error).toBe(reason);
    expect(at.events.length).toBeGreaterThan(length);
  });
});

describe("failures that are not an outage", () => {
  test("the first calls of a run fail after six tries, since the address may be wrong", async () => {
    const { pardot, clock, api } = harness({ steps: [CUT] });
    await caught(pardot.queryPage(TAG, NEVER));
    expect([api.length, clock.slept.length]).toEqual([6, 5]);
  });

  test("an object that fails while others respond fails after six tries", async () => {
    const at = harness({
      steps: [async (request) => respond(request.url.pathname.includes("/tag/") ? { status: 500 } : PAGE)],
    });
    const others = { ...TAG, way: { ...TAG_WAY, urlName: "list" } };
    await at.pardot.queryPage(others, NEVER);
    const failing = caught(at.pardot.queryPage(TAG, NEVER));
    for (let page = 0; page < 40; page += 1) await at.pardot.queryPage(others, NEVER);
    await failing;
    expect(at.pardot.calls.byKind["tag query"]).toBe(6);
  });

  test.each([
    ["a code of Pardot's", { status: 400, body: failBody(66) }],
    ["an internal error of Pardot's", { status: 500, body: failBody(183) }],
    ["a body that cannot be read", { body: "{" }],
    ["an empty body", { body: "" }],
  ])("%s is tried six times", async (_what, fault) => {
    const { pardot, api } = await first(60, fault);
    await caught(pardot.queryPage(TAG, NEVER));
    expect(api).toHaveLength(1 + 6);
  });
});
