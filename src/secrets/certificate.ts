import { createPrivateKey, X509Certificate } from "node:crypto";
import { invalid, valid } from "../errors.ts";
import type { Parsed } from "../errors.ts";
import { readPem } from "./private-key.ts";
import type { Secret } from "./secret.ts";

/** What matters of the certificate that was uploaded to the app. The login does not need it; its end is of interest. */
export interface Certificate {
  /** Its last moment, in milliseconds since 1970. */
  readonly endsAt: number;
  /** Whether it belongs to the private key that logs in. */
  readonly isOfKey: boolean;
}

const EXPECTED =
  "the certificate in PEM form, from -----BEGIN CERTIFICATE----- to its END line, as it was uploaded to the app";

/** Reads a certificate in PEM form, of several the first. Line ends may be missing, as in a key's text. */
export function readCertificate(text: string): Parsed<X509Certificate> {
  const { label, pem } = readPem(text);
  if (label.includes("KEY")) return invalid(`${EXPECTED}; this is a ${label.toLowerCase()}`);
  if (label !== "CERTIFICATE") return invalid(EXPECTED);
  try {
    return valid(new X509Certificate(pem));
  } catch {
    return invalid(`${EXPECTED}; this one is damaged or cut`);
  }
}

/** @param privateKey in PEM form without a passphrase */
export function certificateOf(x509: X509Certificate, privateKey: Secret): Certificate {
  return {
    endsAt: x509.validToDate.getTime(),
    isOfKey: x509.checkPrivateKey(createPrivateKey(privateKey.reveal())),
  };
}
