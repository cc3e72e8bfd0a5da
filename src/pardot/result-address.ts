import { isLoopback } from "../http/address.ts";
import { RemoteError } from "../errors.ts";

/**
 * The address of a result file, checked before any token goes there: the configured API host itself, or a host under
 * pardot.com over TLS (the vendor's samples name www.pardot.com whatever host was asked). Everything is judged on the
 * parsed address and that same object is sent to, so that no spelling (`pardot.com@evil.test`, `pardot.com.evil.test`,
 * a backslash, another scheme or port) means one host here and another on the wire.
 * Throws `RemoteError` `pardot.foreign-address`.
 */
export function resultAddress(reference: string, apiUrl: URL): URL {
  let url: URL;
  try {
    url = new URL(reference, apiUrl);
  } catch {
    throw foreign("an unreadable address");
  }
  const isConfigured = url.origin === apiUrl.origin && (url.protocol === "https:" || isLoopback(url));
  const isVendor = url.protocol === "https:" && url.port === "" && url.hostname.endsWith(".pardot.com");
  if (url.username !== "" || url.password !== "") throw foreign(`${url.host} with a user name in the address`);
  if (!isConfigured && !isVendor) throw foreign(url.protocol === "https:" ? url.host : `${url.protocol}//${url.host}`);
  return url;
}

function foreign(where: string): RemoteError {
  return new RemoteError(`export download: the result file is at ${where}, where no token is sent`, {
    code: "pardot.foreign-address",
    hint: "Result files are fetched from the configured API host and from https hosts under pardot.com only. Check PARDOT_API_URL; if it is right, do not go on before Pardot's support has explained this address.",
    context: { address: where },
  });
}
