import { generateKeyPairSync } from "node:crypto";
import { expect, test } from "vitest";
import { selfSigned } from "../../test/kit/certificate.ts";
import { certificateOf, readCertificate } from "./certificate.ts";
import { Secret } from "./secret.ts";

const KEYS = generateKeyPairSync("rsa", { modulusLength: 2048 });
const OTHER = generateKeyPairSync("rsa", { modulusLength: 2048 });
const END = Date.UTC(2028, 10, 26, 12);
const PEM = selfSigned(KEYS, END);
const KEY_PEM = KEYS.privateKey.export({ type: "pkcs8", format: "pem" }).toString();

test.each([
  ["as openssl writes it", PEM],
  ["with line ends as backslash n", PEM.replaceAll("\n", String.raw`\n`)],
  ["with blanks for line ends", PEM.replaceAll("\n", " ")],
  ["with others behind it", PEM + selfSigned(OTHER, 0)],
  ["with text before it", `subject=CN = pardot-etl\n${PEM}`],
])("a certificate is read %s", (_how, text) => {
  const parsed = readCertificate(text);
  expect(parsed.ok && certificateOf(parsed.value, new Secret(KEY_PEM))).toEqual({ endsAt: END, isOfKey: true });
});

test("a certificate of another key is recognized", () => {
  const parsed = readCertificate(selfSigned(OTHER, END));
  expect(parsed.ok && certificateOf(parsed.value, new Secret(KEY_PEM)).isOfKey).toBe(false);
});

test.each([
  ["the private key", KEY_PEM, /this is a private key$/],
  ["the public key", KEYS.publicKey.export({ type: "spki", format: "pem" }).toString(), /this is a public key$/],
  ["a certificate that was cut", PEM.replace(/\n.{64}\n/, "\n"), /damaged or cut$/],
  ["a path", "pardot-etl.crt", /^the certificate in PEM form/],
])("%s is refused, and never quoted", (_what, text, expected) => {
  const parsed = readCertificate(text);
  expect(parsed).toEqual({ ok: false, expected: expect.stringMatching(expected) as string });
  expect(JSON.stringify(parsed)).not.toContain(text.slice(60, 90) || text);
});
