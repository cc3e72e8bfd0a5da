import { describe, expect, test } from "vitest";
import { caught, containing, failBody, harness, NEVER, notContaining, PAGE, TAG } from "../../test/kit/fakes/pardot.ts";
import type { Step } from "../../test/kit/fakes/pardot.ts";

const HTML = { body: "<!DOCTYPE html><html></html>" };

describe("after calls have succeeded in a run", () => {
  test.each<[string, Step]>([
    ["a page", { ...HTML, status: 403 }],
    ["nothing", { status: 403 }],
  ])("%s under 403 gets one fresh token, and goes on", async (_name, step) => {
    const { pardot, api, tokenForms } = harness({ steps: [PAGE, step, PAGE] });
    await pardot.queryPage(TAG, NEVER);
    expect((await pardot.queryPage(TAG, NEVER)).records).toHaveLength(2);
    expect([api.length, tokenForms.length]).toEqual([3, 2]);
    const lasting = harness({ steps: [PAGE, step] });
    await lasting.pardot.queryPage(TAG, NEVER);
    expect(await caught(lasting.pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 3, code: "pardot.forbidden" });
    expect(lasting.api).toHaveLength(3);
  });

  test("an error code under 403 is handled by its code", async () => {
    const { pardot, api } = harness({ steps: [PAGE, { status: 403, body: failBody(46) }] });
    await pardot.queryPage(TAG, NEVER);
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ code: "pardot.permission-missing" });
    expect(api).toHaveLength(2);
  });

  test.each<[string, Step]>([
    ["a page of HTML under 200", HTML],
    ["a redirect", { status: 302, headers: { location: "/maintenance" } }],
  ])("%s is maintenance, and waited for", async (_name, step) => {
    const { pardot, api } = harness({ steps: [PAGE, step, step, PAGE] });
    await pardot.queryPage(TAG, NEVER);
    expect((await pardot.queryPage(TAG, NEVER)).records).toHaveLength(2);
    expect(api).toHaveLength(4);
  });

  test("a login page under 404 stays a matter of configuration", async () => {
    const { pardot, api } = harness({ steps: [PAGE, { ...HTML, status: 404 }] });
    await pardot.queryPage(TAG, NEVER);
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ code: "pardot.html-page" });
    expect(api).toHaveLength(2);
  });

  test("49 after other calls have succeeded hints at the role, and not at the way of signing in", async () => {
    const denied = { status: 400, body: failBody(49) };
    const { pardot } = harness({ steps: [PAGE, denied] });
    await pardot.queryPage(TAG, NEVER);
    const error = await caught(pardot.queryPage(TAG, NEVER));
    expect(error).toMatchObject({
      exitCode: 3,
      code: "pardot.access-denied",
      hint: containing("role the view ability"),
    });
    expect(error).toMatchObject({ hint: notContaining("OAuth") });
    const first = harness({ steps: [denied] });
    expect(await caught(first.pardot.queryPage(TAG, NEVER))).toMatchObject({ hint: containing("OAuth") });
  });
});
