import { TOKEN_ROTATED } from "../../manifest/manifest.ts";
import type { AuthConfig } from "../../config/config.ts";
import type { CheckLine } from "../api.ts";
import { CERTIFICATE_ENDS, CERTIFICATE_OTHER, certificateEnd } from "../certificate.ts";
import { lineOf } from "./line.ts";

/** What to do about a warning that belongs to the credentials, the gravest first. */
const HINTS: readonly (readonly [code: string, hint: string])[] = [
  [
    TOKEN_ROTATED,
    "Set PARDOT_TOKEN_FILE to a file on a persistent disk, or PARDOT_REFRESH_TOKEN to a reference (aws-secretsmanager:NAME#key) to a secret that this program may also write, or switch refresh token rotation off in the app's policies; then authorize the app again, because the configured token may no longer work.",
  ],
  [
    "auth.token-key",
    "Grant ssm:DescribeParameters, and put the parameter under its own key again: aws ssm put-parameter --overwrite --key-id.",
  ],
  [
    "auth.token-not-read",
    "Check what AWS was expected to return; `pardot-etl help authentication#secrets-in-aws` has the policy that this program needs.",
  ],
  ["auth.token-file-unlocked", "Let the user who runs pardot-etl create files in the folder of PARDOT_TOKEN_FILE."],
  ["auth.token-file-open", "Let only the user who runs pardot-etl read and write the file: chmod 600."],
  [
    "auth.password-flow",
    "Upload a certificate to the app and use PARDOT_AUTH_FLOW=jwt; `pardot-etl help authentication` shows how.",
  ],
  [
    CERTIFICATE_ENDS,
    "Create a new key and certificate, upload the certificate to the app, and store both; `pardot-etl help authentication#changing-a-secret` shows how.",
  ],
  [
    CERTIFICATE_OTHER,
    "Set PARDOT_CERTIFICATE or PARDOT_CERTIFICATE_FILE to the certificate that was made with the key.",
  ],
];

/** The line for credentials that were accepted, with the gravest warning about them. */
export function credentialsLine(auth: AuthConfig, version: number, warnings: ReadonlyMap<string, string>): CheckLine {
  const message = `accepted by the flow ${auth.flow}; API version ${version}`;
  const gravest = HINTS.find(([code]) => warnings.has(code));
  if (gravest === undefined) {
    const end = certificateEnd(auth);
    return lineOf("credentials", "ok", end === null ? message : `${message}; the certificate ends on ${end}`);
  }
  const [code, hint] = gravest;
  return lineOf("credentials", "warning", `${message}. ${warnings.get(code) ?? ""}`, hint);
}
