import { createPrivateKey } from "node:crypto";
import type { KeyObject } from "node:crypto";
import { errnoOf, invalid, valid } from "../errors.ts";
import type { Parsed } from "../errors.ts";
import { NOT_REGULAR, readSmallFile } from "../platform/small-file.ts";
import { Secret } from "./secret.ts";

/** A key of 16,384 bits takes 13 kB, a certificate less; anything larger is the wrong file. */
const KEY_BYTES_MAX = 64_000;

/** RS256 needs at least this (RFC 7518, section 3.3). */
const KEY_BITS_MIN = 2048;

const PEM = /-----BEGIN ([A-Z0-9 ]+)-----([^]*?)-----END \1-----/;
const LABELS: ReadonlySet<string> = new Set(["PRIVATE KEY", "RSA PRIVATE KEY"]);
const KEY_EXPECTED =
  "an RSA private key in PEM form, from -----BEGIN PRIVATE KEY----- (or RSA PRIVATE KEY) to its END line";

/**
 * An RSA private key (PKCS#8 or PKCS#1) as PKCS#8 in PEM form. Environment files and task definitions cannot hold line
 * ends: there they may be written as `\n` or as blanks. `expected` never quotes the text.
 */
export function readPrivateKey(text: string): Parsed<Secret> {
  const { label, body, pem } = readPem(text);
  if (isEncrypted(`${label}${body}`)) {
    return invalid("a key without passphrase: openssl pkcs8 -in encrypted.pem -out plain.pem decrypts it");
  }
  if (label.includes("CERTIFICATE") || label.includes("PUBLIC")) {
    return invalid(`the private key; this is a ${label.toLowerCase()}, which belongs to the other side`);
  }
  if (!LABELS.has(label)) return invalid(KEY_EXPECTED);
  const key = parse(pem);
  if (key === null) return invalid(`${KEY_EXPECTED}; this one is damaged or cut`);
  return acceptRsaKey(key);
}

/** A text in PEM form: its label, what is between the lines of the label, and all of it with line ends. Empty: there is none. */
export function readPem(text: string): { readonly label: string; readonly body: string; readonly pem: string } {
  const [, label = "", body = ""] = PEM.exec(withLineEnds(text)) ?? [];
  const lines = body.replaceAll(/\s/g, "").match(/.{1,64}/g) ?? [];
  const pem = [`-----BEGIN ${label}-----`, ...lines, `-----END ${label}-----`, ""].join("\n");
  return { label, body, pem };
}

/** An encrypted key, decrypted in memory; null: the passphrase is wrong. Else as `readPrivateKey`. */
export function decryptKey(text: string, passphrase: Secret): Parsed<Secret> | null {
  try {
    const key = createPrivateKey({ key: withLineEnds(text), format: "pem", passphrase: passphrase.reveal() });
    return acceptRsaKey(key);
  } catch {
    // OpenSSL distinguishes a wrong passphrase from damaged content only by chance.
    return null;
  }
}

/**
 * Whether a key needs a passphrase. Both forms of encryption contain the word: "ENCRYPTED PRIVATE KEY", "Proc-Type:
 * 4,ENCRYPTED".
 */
export function isEncrypted(text: string): boolean {
  return text.includes("ENCRYPTED");
}

/** The text of the file of a key or certificate (`what`), not parsed yet. */
export async function readPemText(path: string, what: string): Promise<Parsed<string>> {
  try {
    const file = await readSmallFile(path, KEY_BYTES_MAX);
    if (file.kind === "not-regular") return invalid(NOT_REGULAR);
    if (file.kind === "too-large") return invalid(`the file of a ${what}; this one is too large`);
    return valid(file.text);
  } catch (error) {
    return invalid(`a file that can be read (${errnoOf(error)})`);
  }
}

function acceptRsaKey(key: KeyObject): Parsed<Secret> {
  if (key.asymmetricKeyType !== "rsa") return invalid("an RSA key: RS256 accepts no other");
  if ((key.asymmetricKeyDetails?.modulusLength ?? 0) < KEY_BITS_MIN) {
    return invalid(`an RSA key of at least ${KEY_BITS_MIN} bits`);
  }
  return valid(new Secret(key.export({ type: "pkcs8", format: "pem" }).toString()));
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
