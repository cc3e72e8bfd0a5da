import { expect, test } from "vitest";
import type { AuthConfig } from "../config/config.ts";
import { Secret } from "../secrets/secret.ts";
import { DAY_MS } from "../time/instant.ts";
import { certificateEnd, certificateWarning } from "./certificate.ts";

const END = Date.UTC(2028, 10, 26, 12);

function auth(certificate: { readonly endsAt: number; readonly isOfKey: boolean } | null): AuthConfig {
  return { flow: "jwt", clientId: "key", username: "api@acme.example", privateKey: new Secret("canary"), certificate };
}

const OWN = auth({ endsAt: END, isOfKey: true });

test.each<readonly [string, number, string | null]>([
  ["31 days before the end of a certificate", -31 * DAY_MS, null],
  ["30 days before", -30 * DAY_MS, null],
  ["a moment later", -30 * DAY_MS + 1, "ends on 2028-11-26, in 29 days: after that, Salesforce may refuse the login"],
  ["a day before", -DAY_MS, "ends on 2028-11-26, in 24 h: after that, Salesforce may refuse the login"],
  ["at its end", 0, "ends on 2028-11-26, in 0 s: after that, Salesforce may refuse the login"],
  ["after its end", 1, "ended on 2028-11-26: Salesforce may refuse the login"],
])("%s, the warning is as it must be", (_when, after, expected) => {
  expect(certificateWarning(OWN, END + after)).toEqual(
    expected === null
      ? null
      : { code: "auth.certificate-ends", message: `the certificate of the app's key ${expected}` },
  );
  expect(certificateEnd(OWN)).toBe("2028-11-26");
});

test("a certificate of another key is a warning, and its end is not shown", () => {
  const other = auth({ endsAt: END, isOfKey: false });
  expect(certificateWarning(other, END + DAY_MS)).toMatchObject({ code: "auth.certificate-other" });
  expect(certificateEnd(other)).toBeNull();
});

test("without a certificate, and in other flows, there is no warning", () => {
  const app: AuthConfig = { flow: "client_credentials", clientId: "key", clientSecret: new Secret("canary") };
  for (const one of [auth(null), app]) {
    expect([certificateWarning(one, END), certificateEnd(one)]).toEqual([null, null]);
  }
});
