import { describe, expect, test } from "vitest";
import { sessionFailure, snowflakeFailure } from "./failure.ts";
import type { SnowflakeLogin } from "./protocol.ts";

const LOGIN: SnowflakeLogin = {
  account: "acme-prod",
  accessUrl: null,
  authenticator: "SNOWFLAKE",
  user: "ETL",
  secret: "s3cr3t-word",
  role: "LOADER",
  warehouse: "XS",
  database: "LAKE",
  schema: "PARDOT",
};

/** As the driver throws: Snowflake's codes are text, its own are numbers. */
function thrown(code: string | number, message: string, more: object = {}): Error {
  return Object.assign(new Error(message), { code, ...more });
}

describe("the meaning of a Snowflake failure", () => {
  const cases: readonly (readonly [Error, string, RegExp])[] = [
    [thrown("390100", "Incorrect username or password was specified."), "warehouse.login-refused", /ETL in acme-prod/],
    [thrown("390102", "Your user account has been temporarily locked"), "warehouse.login-refused", /locked/],
    [thrown("390144", "JWT token is invalid. [id]"), "warehouse.key-refused", /\[id\]/],
    [thrown("390318", "OAuth access token expired. [id]"), "warehouse.token-refused", /expired/],
    [thrown("394400", "Programmatic access token is invalid."), "warehouse.token-refused", /invalid/],
    [thrown("390189", "Role 'X' specified in the connect string does not exist"), "warehouse.role-unknown", /LOADER/],
    [thrown("390422", "Incoming request with IP/Token 192.0.2.1 is not allowed"), "warehouse.network-policy", /192\.0/],
    [thrown("394510", "MFA authentication is required"), "warehouse.mfa-required", /second factor/],
    [thrown("390114", "Authentication token has expired."), "warehouse.session-ended", /session has ended/],
    [thrown(407002, "Unable to perform operation using terminated connection."), "warehouse.session-ended", /./],
    [thrown("090105", "Cannot perform SELECT."), "warehouse.database-unknown", /database LAKE/],
    [thrown("090106", "Cannot perform SELECT."), "warehouse.schema-unknown", /schema LAKE\.PARDOT/],
    [thrown("002003", "Object 'LAKE.PARDOT.T' does not exist or not authorized."), "warehouse.object-unknown", /T'/],
    [thrown("002003", "Schema 'LAKE.PARDOT' does not exist or not authorized."), "warehouse.schema-unknown", /PARDOT/],
    [thrown("000606", "No active warehouse selected"), "warehouse.compute-unavailable", /XS/],
    [thrown("000904", "invalid identifier 'UPDATED_AT'"), "warehouse.column-missing", /UPDATED_AT/],
    [thrown("003001", "Insufficient privileges"), "warehouse.not-permitted", /Insufficient/],
    [thrown("000630", "timeout of 600 second(s)"), "warehouse.query-timeout", /600/],
    [thrown("100035", "Timestamp 'secret row' is not recognized"), "warehouse.watermark-unreadable", /not a time$/],
    [
      thrown(401001, "getaddrinfo ENOTFOUND x", { cause: { code: "ENOTFOUND" } }),
      "warehouse.unreachable",
      /account acme/,
    ],
    [thrown(401002, "Request failed", { response: { statusCode: 404 } }), "warehouse.account-unknown", /HTTP 404/],
    [thrown(401002, "Request failed", { response: { statusCode: 502 } }), "warehouse.unreachable", /HTTP 502/],
    [thrown(401003, "non-JSON"), "warehouse.unreachable", /not Snowflake's/],
    [thrown(412001, "Certificate is REVOKED."), "warehouse.certificate", /REVOKED/],
    [thrown("000001", "Anything."), "warehouse.snowflake-failed", /^Anything\. \(error 000001\)$/],
    [new Error("no code at all"), "warehouse.snowflake-failed", /^no code at all$/],
  ];
  test.each(cases)("%s", (error, code, message) => {
    const failure = snowflakeFailure(error, LOGIN);
    expect([failure.code, failure.message]).toEqual([code, expect.stringMatching(message)]);
    expect(failure.message).not.toContain("secret row");
  });

  test("distinguishes an unknown host, which no retry helps, from a network failure", () => {
    const lost = (code: string) => snowflakeFailure(thrown(401001, code, { cause: { code } }), LOGIN).retryable;
    expect([lost("ENOTFOUND"), lost("ECONNRESET")]).toEqual([false, true]);
  });

  test("repeats no secret, no line of a key, and only the beginning of a long message", () => {
    const key = "-----BEGIN PRIVATE KEY-----\nMIIEvAIBADAN\nBgkqhkiG9w0B\n-----END PRIVATE KEY-----\n";
    const word = snowflakeFailure(thrown("1", "you said s3cr3t-word"), LOGIN).message;
    const line = snowflakeFailure(thrown("1", `you said BgkqhkiG9w0B ${"x".repeat(900)}`), { ...LOGIN, secret: key });
    expect(word).toBe("you said *** (error 1)");
    expect(line.message).toMatch(/^you said \*\*\* x+… \(error 1\)$/);
    expect(line.message.length).toBeLessThan(350);
  });
});

describe("a session after the login", () => {
  const cases: readonly (readonly [readonly (string | null)[], string | undefined])[] = [
    [["LOADER", "XS", "LAKE", "PARDOT"], undefined],
    [["LOADER", "XS", null, null], "warehouse.database-unknown"],
    [["LOADER", "XS", "LAKE", null], "warehouse.schema-unknown"],
    [["LOADER", null, "LAKE", "PARDOT"], "warehouse.compute-unavailable"],
  ];
  test.each(cases)("with %j", (row, code) => {
    expect(sessionFailure(row, LOGIN)?.code).toBe(code);
  });

  test("needs no virtual warehouse when none is configured", () => {
    expect(sessionFailure(["LOADER", null, "LAKE", "PARDOT"], { ...LOGIN, warehouse: null })).toBeNull();
  });
});
