import type { AuthConfig } from "../config/config.ts";
import { humaneDuration } from "../text.ts";
import { DAY_MS, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";

/** The certificate ends soon, or has ended. */
export const CERTIFICATE_ENDS = "auth.certificate-ends";

/** The certificate belongs to another key than the one that logs in. */
export const CERTIFICATE_OTHER = "auth.certificate-other";

/** How long before its end a certificate is worth a warning: time for two people and a change window. */
const REMIND_MS = 30 * DAY_MS;

/** What to warn of, by this machine's clock; null: nothing, or no certificate was given. */
export function certificateWarning(
  auth: AuthConfig,
  now: Instant,
): { readonly code: string; readonly message: string } | null {
  const certificate = auth.flow === "jwt" ? auth.certificate : null;
  if (certificate === null) return null;
  if (!certificate.isOfKey) {
    const message = "the given certificate is not that of the private key, so the end of the right one is not known";
    return { code: CERTIFICATE_OTHER, message };
  }
  const left = certificate.endsAt - now;
  if (left >= REMIND_MS) return null;
  const day = dayOf(certificate.endsAt);
  const message =
    left < 0
      ? `the certificate of the app's key ended on ${day}: Salesforce may refuse the login`
      : `the certificate of the app's key ends on ${day}, in ${humaneDuration(left)}: after that, Salesforce may refuse the login`;
  return { code: CERTIFICATE_ENDS, message };
}

/** The day on which the key's certificate ends, such as 2028-11-26 (UTC); null if that is not known. */
export function certificateEnd(auth: AuthConfig): string | null {
  const certificate = auth.flow === "jwt" ? auth.certificate : null;
  return certificate?.isOfKey === true ? dayOf(certificate.endsAt) : null;
}

function dayOf(instant: Instant): string {
  return isoInstant(instant).slice(0, 10);
}
