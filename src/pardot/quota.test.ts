import { describe, expect, it } from "vitest";
import { createQuota } from "./quota.ts";

describe("quota", () => {
  it("is unknown until a response reports it", () => {
    const quota = createQuota();
    quota.sent()(undefined);
    quota.sent()("no numbers");
    expect(quota.usage).toBeNull();
    quota.sent()("10/25,000");
    expect(quota.usage).toEqual({ used: 10, max: 25_000 });
  });

  it("includes the calls that the last response cannot include", () => {
    const quota = createQuota();
    const [first, second, third] = [quota.sent(), quota.sent(), quota.sent()];
    second("11/100");
    // The first may come to Pardot after the second, the third surely was not there yet.
    expect(quota.usage).toEqual({ used: 13, max: 100 });
    third("13/100");
    expect(quota.usage).toEqual({ used: 14, max: 100 });
    first("12/100");
    expect(quota.usage).toEqual({ used: 13, max: 100 });
  });

  it("includes a call without a response", () => {
    const quota = createQuota();
    quota.sent()("10/100");
    quota.sent()(undefined);
    expect(quota.usage).toEqual({ used: 11, max: 100 });
  });

  it("accepts an overtaken response that reports more, and a new day's smaller number", () => {
    const quota = createQuota();
    const [first, second] = [quota.sent(), quota.sent()];
    second("11/100");
    first("12/100");
    expect(quota.usage).toEqual({ used: 12, max: 100 });
    quota.sent()("1/100");
    expect(quota.usage).toEqual({ used: 1, max: 100 });
  });
});
