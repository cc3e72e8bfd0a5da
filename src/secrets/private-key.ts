import { createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { NOT_REGULAR, readSmallFile } from "../platform/small-file.ts";
import { Secret } from "./secret.ts";
import type { Invalid, Parsed } from "../errors.ts";

/** A key of 16,384 bits takes 13 kB; anything larger is the wrong file. */
const KEY_BYTES_MAX = 64_000;

/** RS256 takes no shorter key (RFC 7518, section 3.3). */
const KEY_BITS_MIN = 2048;

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([^]*?)-----END \1-----/;
const LABELS: ReadonlySet<string> = new Set(["PRIVATE KEY", "RSA PRIVATE KEY"]);
const KEY_EXPECTED =
  "an RSA private key in PEM form, from -----BEGIN PRIVATE KEY----- (or RSA PRIVATE KEY) to its END line";

/**
 * An RSA private key (PKCS#8 or PKCS#1) as PKCS#8 in PEM form. Environment files and task definitions cannot hold line
 * ends: there they may stand as `\n` or as blanks. Nothing of the text goes into what was expected.
 */
export function readPrivateKey(text: string): Parsed<Secret> {
  const [, label = "", body = ""] = PEM.exec(withLineEnds(text)) ?? [];
  if (isEncrypted(`${label}${body}`)) {
    return refuse("a key without passphrase: openssl pkcs8 -in encrypted.pem -out plain.pem decrypts it");
  }
  if (label.includes("CERTIFICATE") || label.includes("PUBLIC")) {
    return refuse(`the private key; this is a ${label.toLowerCase()}, which the other side is given`);
  }
  if (!LABELS.has(label)) return refuse(KEY_EXPECTED);
  const lines = body.replaceAll(/\s/g, "").match(/.{1,64}/g) ?? [];
  const key = parse([`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n"));
  if (key === null) return refuse(`${KEY_EXPECTED}; this one is damaged or cut`);
  return acceptRsaKey(key);
}

/** An encrypted key, decrypted in memory; else as `readPrivateKey`. `isDecrypted` is false when the passphrase is wrong. */
export function readEncryptedKey(
  text: string,
  passphrase: string,
): { readonly isDecrypted: false } | { readonly isDecrypted: true; readonly reading: Parsed<Secret> } {
  try {
    const key = createPrivateKey({ key: withLineEnds(text), format: "pem", passphrase });
    return { isDecrypted: true, reading: acceptRsaKey(key) };
  } catch {
    // OpenSSL tells a wrong passphrase and damaged content apart by chance only.
    return { isDecrypted: false };
  }
}

/** Whether a key needs a passphrase. Both ways of encryption say so: "ENCRYPTED PRIVATE KEY", "Proc-Type: 4,ENCRYPTED". */
export function isEncrypted(text: string): boolean {
  return text.includes("ENCRYPTED");
}

/** The key in a file; else as `readPrivateKey`. */
export async function readPrivateKeyFile(path: string): Promise<Parsed<Secret>> {
  const text = await readKeyText(path);
  return text.ok ? readPrivateKey(text.value) : text;
}

/** The text of a key's file, not yet looked at. */
export async function readKeyText(path: string): Promise<Parsed<string>> {
  try {
    const file = await readSmallFile(path, KEY_BYTES_MAX);
    if (file.kind === "not-regular") return refuse(NOT_REGULAR);
    if (file.kind === "too-large") return refuse("the file of a private key; this one is too large");
    return { ok: true, value: file.text };
  } catch (error) {
    return refuse(`a file that can be read (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
}

function acceptRsaKey(key: KeyObject): Parsed<Secret> {
  if (key.asymmetricKeyType !== "rsa") return refuse("an RSA key: RS256 takes no other");
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < KEY_BITS_MIN) {
    return refuse(`an RSA key of at least ${KEY_BITS_MIN} bits`);
  }
  return { ok: true, value: new Secret(key.export({ type: "pkcs8", format: "pem" }).toString()) };
}

function withLineEnds(text: string): string {
  return text.replaceAll(/\\r|\\n/g, "\n");
}

function parse(pem: string): KeyObject | null {
  try {
    return createPrivateKey(pem);
  } catch {
    return null;
  }
}

function refuse(expected: string): Invalid {
  return { ok: false, expected };
}
