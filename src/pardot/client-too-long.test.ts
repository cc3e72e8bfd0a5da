import { describe, expect, test } from "vitest";
import { caught, CUT, failBody, harness, NEVER, PAGE, TAG } from "../../test/support/pardot-fakes.ts";
import type { Step } from "../../test/support/pardot-fakes.ts";
import { TransportError } from "../errors.ts";
import { isTooLong } from "./failure.ts";

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
    const page = { ...TAG, parameters: { limit: String(limit) }, about: { object: "Tag", window: "w" } };
    expect(await pardot.queryPage(page, NEVER)).toHaveLength(2);
    expect(api).toHaveLength(2);
  });
});
