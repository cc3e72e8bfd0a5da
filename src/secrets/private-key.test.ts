import { createPrivateKey, generateKeyPairSync } from "node:crypto";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readPemText, readPrivateKey } from "./private-key.ts";

const { privateKey, publicKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const PKCS8 = privateKey.export({ type: "pkcs8", format: "pem" }).toString();
const PKCS1 = privateKey.export({ type: "pkcs1", format: "pem" }).toString();
const lock = { cipher: "aes-256-cbc", passphrase: "canary" } as const;

/** The expectation when the text is refused. */
function refusal(text: string): string {
  const reading = readPrivateKey(text);
  if (reading.ok) throw new Error("the key was taken");
  if (text !== "") expect(reading.expected).not.toContain(text.slice(40, 60));
  return reading.expected;
}

describe("a private key", () => {
  test.each([
    ["PKCS#8", PKCS8],
    ["PKCS#1", PKCS1],
    ["with literal line ends", PKCS8.replaceAll("\n", String.raw`\n`)],
    ["with literal Windows line ends", PKCS1.replaceAll("\n", String.raw`\r\n`)],
    ["with Windows line ends", PKCS8.replaceAll("\n", "\r\n")],
    ["with blanks for line ends", PKCS8.trim().replaceAll("\n", " ")],
    ["on one line", PKCS1.replaceAll("\n", "")],
    ["after a certificate's text", `Bag Attributes\n  friendlyName: key\n${PKCS8}`],
  ])("%s is accepted, as PKCS#8", (_how, text) => {
    const reading = readPrivateKey(text);
    expect(reading.ok && reading.value.reveal()).toBe(PKCS8);
    expect(JSON.stringify(reading)).not.toContain(PKCS8.slice(40, 60));
  });

  test.each([
    ["nothing", "", /PEM/],
    ["no key", "not a key at all, but some long text that stands for a secret", /PEM/],
    ["half a key", PKCS8.slice(0, 800), /PEM/],
    ["a damaged key", PKCS8.replace(/\n.{30}/, "\n"), /damaged or cut/],
    ["an encrypted key", privateKey.export({ type: "pkcs8", format: "pem", ...lock }).toString(), /without passphrase/],
    [
      "an encrypted old key",
      privateKey.export({ type: "pkcs1", format: "pem", ...lock }).toString(),
      /without passphrase/,
    ],
    ["a public key", publicKey.export({ type: "spki", format: "pem" }).toString(), /this is a public key/],
    ["a certificate", PKCS8.replaceAll("PRIVATE KEY", "CERTIFICATE"), /this is a certificate/],
    ["a key of OpenSSH", PKCS8.replaceAll("PRIVATE KEY", "OPENSSH PRIVATE KEY"), /BEGIN PRIVATE KEY/],
  ])("is not %s", (_what, text, expected) => {
    expect(refusal(text)).toMatch(expected);
  });

  test("must be RSA and long enough", () => {
    const elliptic = generateKeyPairSync("ec", { namedCurve: "P-256" }).privateKey;
    expect(refusal(elliptic.export({ type: "pkcs8", format: "pem" }).toString())).toMatch(/an RSA key:/);
    const short = generateKeyPairSync("rsa", { modulusLength: 1024 }).privateKey;
    expect(refusal(short.export({ type: "pkcs8", format: "pem" }).toString())).toMatch(/at least 2048 bits/);
    expect(createPrivateKey(PKCS8).asymmetricKeyDetails?.modulusLength).toBe(2048);
  });
});

describe("the file of a private key", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "pardot-etl-key-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  test("returns its text", async () => {
    const path = join(folder, "key.pem");
    await writeFile(path, PKCS1);
    const reading = await readPemText(path, "private key");
    expect(reading).toEqual({ ok: true, value: PKCS1 });
  });

  test("must exist, be a file, and have a key's size", async () => {
    const large = join(folder, "large");
    await writeFile(large, PKCS8 + " ".repeat(64_000));
    expect(await readPemText(join(folder, "none"), "private key")).toEqual({
      ok: false,
      expected: "a file that can be read (ENOENT)",
    });
    expect(await readPemText(folder, "private key")).toEqual({
      ok: false,
      expected: "a file that can be read (EISDIR)",
    });
    expect(await readPemText(large, "private key")).toMatchObject({
      expected: expect.stringMatching(/too large/) as string,
    });
  });
});
