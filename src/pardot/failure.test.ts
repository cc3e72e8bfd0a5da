import { describe, expect, it } from "vitest";
import { errorOf, failureOf } from "./failure.ts";

const around = {
  businessUnit: "0Uv000000000001",
  apiHost: "pi.pardot.com",
  loginHost: "login.salesforce.com",
  nextDay: "tomorrow",
  redact: (text: string): string => text,
  hasWorked: true,
};

describe("a refusal of API v5", () => {
  it.each([
    ["Invalid parameter: Parameter idGreaterThan is invalid. Unknown parameter", { parameter: "idGreaterThan" }],
    ["Invalid parameter: createdAtAfterOrEqualTo", { parameter: "createdAtAfterOrEqualTo" }],
    ["Parameter orderBy is invalid.", { parameter: "orderBy" }],
    ["Invalid parameter: fields. It contains an invalid or unknown field: cmsId.", { field: "cmsId" }],
    // The value is at fault, and without the parameter it would stay unnoticed.
    ["Invalid parameter: Parameter updatedAtBefore is invalid. Invalid date time value", {}],
    ["Invalid parameter", {}],
  ])("names what it refuses: %s", (text, named) => {
    const failure = failureOf("envelope", text, { status: 400, headers: {}, retryAfterMs: null }, 51);
    const { parameter, field } = errorOf(failure, "visits query", 1, around).context;
    expect({ ...(parameter === undefined ? {} : { parameter }), ...(field === undefined ? {} : { field }) }).toEqual(
      named,
    );
  });
});
