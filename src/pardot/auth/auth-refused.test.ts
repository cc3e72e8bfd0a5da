import { describe, expect, test } from "vitest";
import { caught, containing, failBody, harness, NEVER, PAGE, TAG, tokenBody } from "../../../test/kit/fakes/pardot.ts";
import type { Step } from "../../../test/kit/fakes/pardot.ts";
import { TransportError } from "../../errors.ts";

const DEAD: Step = { status: 401, body: failBody(184) };

describe("when no token works", () => {
  test.each<[string, Step]>([
    ["JSON", { status: 400, body: failBody(49) }],
    ["JSON under 200", { body: failBody(49) }],
    ["XML", { status: 200, body: `<rsp stat="fail" version="1.0"><err code="49">Access denied</err></rsp>` }],
  ])("an envelope of Pardot's as %s names its code and the wrong address", async (_format, step) => {
    const { pardot, tokenForms } = harness({ steps: [PAGE], tokens: [step] });
    expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({
      exitCode: 3,
      code: "auth.endpoint-is-pardot",
      message: containing("code 49 (access is denied)"),
      hint: containing("PARDOT_LOGIN_URL is Pardot's"),
    });
    expect(tokenForms).toHaveLength(1);
  });

  test("a refusal is remembered for the run: ten objects make one login", async () => {
    const error = { error: "invalid_grant", error_description: "expired access/refresh token" };
    const gone = { status: 400, body: JSON.stringify(error) };
    const { pardot, tokenForms, api } = harness({
      steps: [PAGE, DEAD],
      tokens: [{ body: tokenBody("a") }, gone, gone],
    });
    await pardot.queryPage(TAG, NEVER);
    for (let object = 0; object < 10; object += 1) {
      expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 3 });
    }
    expect([tokenForms.length, api.length]).toEqual([2, 1 + 10]);
  });

  test("fresh tokens that Pardot refuses are not requested for every object", async () => {
    const { pardot, tokenForms } = harness({ steps: [PAGE, DEAD] });
    await pardot.queryPage(TAG, NEVER);
    for (let object = 0; object < 10; object += 1) {
      expect(await caught(pardot.queryPage(TAG, NEVER))).toMatchObject({ exitCode: 3, code: "pardot.token-refused" });
    }
    expect(tokenForms.length).toBeLessThanOrEqual(4);
  });

  test("a connection that fails is not remembered", async () => {
    const cut = new TransportError("cut", { code: "http.cut", retryable: true });
    const { pardot } = harness({ steps: [PAGE], tokens: Array.from({ length: 6 }, () => cut) });
    await caught(pardot.queryPage(TAG, NEVER));
    expect((await pardot.queryPage(TAG, NEVER)).records).toHaveLength(2);
  });
});
