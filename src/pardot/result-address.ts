import { isLoopback } from "../platform/address.ts";
import { RemoteError } from "../errors.ts";

/** A known address has some hundred characters. */
const LENGTH_MAX = 2000;

/**
 * The paths of result files. v4: `…/downloadResults/id/<export>/file/<file>` (pardot-v4 5.3). The paths of v5 are not
 * documented (pardot-v5 6.1); anything below an export there is only read by a GET.
 */
const PATHS: readonly RegExp[] = [
  /^\/api\/export\/version\/\d{1,2}\/do\/downloadResults\/id\/(\d{1,20})\/file\/([A-Za-z0-9_]{1,64})\/?$/,
  /^\/api\/v5\/exports\/(\d{1,20})\/[A-Za-z]{1,20}\/([A-Za-z0-9_]{1,64})\/?$/,
];

/** The ids in the address of a result file; null when it is not one. */
export function resultIds(reference: string): { readonly exportId: string; readonly fileId: string } | null {
  // The base only completes addresses that are paths: `resultAddress` checks the host before a token is sent.
  const url = parsed(reference, "https://the-same-host.invalid");
  return url === null ? null : idsIn(url);
}

/**
 * The address of a result file, checked before a token goes there: the configured API host itself, or a host under
 * pardot.com over TLS (the vendor's samples name www.pardot.com whatever the API host), and the path of a result file.
 * The checks read the same parsed URL that the request is sent to, so no spelling (`pardot.com@evil.test`,
 * `pardot.com.evil.test`, a backslash, another scheme or port) means one host here and another on the wire. Throws
 * `RemoteError` `pardot.foreign-address`.
 */
export function resultAddress(reference: string, apiUrl: URL): URL {
  const url = parsed(reference, apiUrl);
  if (url === null) throw foreign("an unreadable address");
  const isConfigured = url.origin === apiUrl.origin && (url.protocol === "https:" || isLoopback(url));
  const isVendor = url.protocol === "https:" && url.port === "" && url.hostname.endsWith(".pardot.com");
  if (url.username !== "" || url.password !== "") throw foreign(`${url.host} with a user name in the address`);
  if (!isConfigured && !isVendor) throw foreign(url.protocol === "https:" ? url.host : `${url.protocol}//${url.host}`);
  if (idsIn(url) === null) throw foreign(`${url.host} under a path that is not a result file's`);
  return url;
}

function parsed(reference: string, base: string | URL): URL | null {
  // Checked first, because matching a pattern over half a megabyte can take half a minute.
  return reference.length > LENGTH_MAX ? null : URL.parse(reference, String(base));
}

function idsIn(url: URL): { readonly exportId: string; readonly fileId: string } | null {
  for (const path of PATHS) {
    const [, exportId, fileId] = path.exec(url.pathname) ?? [];
    if (exportId !== undefined && fileId !== undefined) return { exportId, fileId };
  }
  return null;
}

function foreign(where: string): RemoteError {
  return new RemoteError(`export download: the result file is at ${where}, where no token is sent`, {
    code: "pardot.foreign-address",
    hint: "Result files are fetched from the configured API host and from https hosts under pardot.com only, and only below an export. Check PARDOT_API_URL; if it is right, contact Pardot's support about this address before you continue.",
    context: { address: where },
  });
}
