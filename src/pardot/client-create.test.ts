import { describe, expect, test } from "vitest";
import { containing, CUT, EXPORT, failBody, harness, NEVER, PAGE, TAG } from "../../test/kit/fakes/pardot.ts";
import type { Step } from "../../test/kit/fakes/pardot.ts";
import { TransportError } from "../errors.ts";

const NOT_SENT = new TransportError("no connection", { code: "http.not-sent", retryable: true });

describe("a creation that is cut off", () => {
  const created = { body: JSON.stringify({ export: { id: 5, state: "Waiting" } }) };
  test.each<[string, Step, boolean]>([
    ["a broken connection", CUT, true],
    ["a cut answer", { body: created.body.slice(0, 9) }, true],
    ["an internal error", { status: 500, body: failBody(183) }, true],
    ["a server's time-out", { status: 504 }, true],
    ["no connection", NOT_SENT, false],
    ["too many at once", { status: 400, body: failBody(66) }, false],
    ["a dead token", { status: 401, body: failBody(184) }, false],
    ["a slow-down", { status: 429 }, false],
  ])("%s: is repeated, with a warning where it may exist twice", async (_name, step, warns) => {
    const { pardot, events } = harness({ steps: [step, created] });
    expect(await pardot.createExport(EXPORT, NEVER)).toMatchObject({ id: "5" });
    const warnings = events.filter((event) => event.type === "warning");
    expect(warnings).toHaveLength(warns ? 1 : 0);
    if (warns)
      expect(warnings[0]).toMatchObject({
        code: "pardot.repeated",
        message: containing("VisitorActivity"),
      });
  });

  test("other calls are repeated without a warning", async () => {
    const { pardot, events } = harness({ steps: [CUT, PAGE] });
    await pardot.queryPage(TAG, NEVER);
    expect(events.map((event) => event.type)).toEqual(["retrying"]);
  });
});
