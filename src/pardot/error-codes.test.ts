import { describe, expect, test } from "vitest";
import { CANARIES, NEVER, TAG_WAY, caught, failBody, harness } from "../../test/kit/fakes/pardot.ts";
import { PardotEtlError } from "../errors.ts";
import { ERROR_CODES } from "./error-codes.ts";
import type { Treatment } from "./error-codes.ts";

const REQUEST = { way: TAG_WAY, fields: null };

/** Requests sent for a failure that stays; a total record, so that a new treatment must say. */
const SENT: Readonly<Record<Treatment, number>> = {
  refresh: 2,
  "switch-version": 2,
  "back-off": 6,
  "wait-minute": 6,
  narrow: 3,
  defer: 1,
  credentials: 1,
  configuration: 1,
  fatal: 1,
};

const EXIT = { auth: 3, limit: 4, remote: 5 } as const;

async function errorFor(
  code: number,
): Promise<{ readonly error: PardotEtlError; readonly sent: number; readonly seen: string }> {
  const { pardot, api, events } = harness({ steps: [{ status: 400, body: failBody(code) }] });
  const error = await caught(pardot.queryPage(REQUEST, NEVER));
  if (!(error instanceof PardotEtlError)) throw error;
  return { error, sent: api.length, seen: JSON.stringify([events, error, error.message, error.hint]) };
}

describe("every error code", () => {
  test.each(Object.entries(ERROR_CODES))("%s", async (code, row) => {
    const { error, sent, seen } = await errorFor(Number(code));
    // Version 4 is what the client begins with: told to use 4 there is nothing to switch to.
    expect(sent).toBe(code === "88" ? 1 : SENT[row.treatment]);
    expect(error).toMatchObject({ exitCode: EXIT[row.actor], code: `pardot.${row.name}` });
    expect(error.context).toMatchObject({ pardotCode: Number(code), status: 400, tries: sent });
    expect(error.message).toContain(`(pardot code ${code})`);
    expect(error.message).toMatch(/^tag query: [a-z]/);
    expect(seen).not.toMatch(/\{\w+\}|canary/);
  });

  test("names are distinct, meanings are lower case, hints are sentences", () => {
    const rows = Object.values(ERROR_CODES);
    expect(new Set(rows.map((row) => row.name)).size).toBe(rows.length);
    for (const row of rows) {
      expect(row.meaning).toMatch(/^[a-z][^.]*(?:\..*)?[^.]$/);
      if (row.hint !== undefined) expect(row.hint).toMatch(/^[A-Z{].*\.$/);
    }
  });

  test.each([1, 15, 46, 49, 53, 76, 126, 131, 181, 182, 184, 199, 201, 203])("%i concerns the credentials", (code) => {
    expect(ERROR_CODES[code]?.actor).toBe("auth");
    expect(ERROR_CODES[code]?.hint).toBeDefined();
  });

  test("201 names the business unit and the pair of hosts", async () => {
    const { error } = await errorFor(201);
    expect(error.message).toContain(
      "0Uv000000000001AAA is unknown or inactive at pi.pardot.com (login host login.salesforce.com)",
    );
    expect(error.hint).toContain("https://pi.demo.pardot.com");
  });

  test("184 names scope, business unit and org", async () => {
    const { error } = await errorFor(184);
    expect(error.hint).toMatch(
      /pardot_api.*synced into business unit 0Uv000000000001AAA.*login\.salesforce\.com.*same Salesforce org/,
    );
  });

  test("122 names the start of the account's next day", async () => {
    const { error } = await errorFor(122);
    expect(error.hint).toContain("2026-02-01 00:00:00 Europe/Berlin (2026-01-31T23:00:00Z)");
  });

  test("a code that is not known is named with Pardot's words, cut and on one line", async () => {
    const text = `new\n  ${CANARIES.clientSecret} ${"x".repeat(500)}`;
    const { pardot, api } = harness({ steps: [{ status: 400, body: failBody(9999, text) }] });
    const error = await caught(pardot.queryPage(REQUEST, NEVER));
    expect(error).toMatchObject({ exitCode: 5, code: "pardot.code-9999", pardotCode: 9999, retryable: false });
    expect((error as Error).message).toMatch(/^tag query: pardot refused with code 9999: new \*\*\* x{190,}…$/);
    expect(api).toHaveLength(1);
  });

  test("an unknown code under a server's error is tried again", async () => {
    const { pardot, api } = harness({ steps: [{ status: 503, body: failBody(9999) }] });
    expect(await caught(pardot.queryPage(REQUEST, NEVER))).toMatchObject({ code: "pardot.code-9999", retryable: true });
    expect(api).toHaveLength(6);
  });
});
