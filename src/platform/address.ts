import { TransportError } from "../errors.ts";

/** Whether an address can only mean this machine: `localhost`, `127.0.0.0/8`, `::1`. */
export function isLoopback(url: URL): boolean {
  // URL has already normalized every spelling (`127.1`, `0x7f.1`, `[0:0::1]`).
  return url.hostname === "localhost" || url.hostname === "[::1]" || /^127(?:\.\d{1,3}){3}$/.test(url.hostname);
}

/**
 * Throws unless the address is TLS, or plain HTTP to this machine, without user name and password: a request may carry a
 * token.
 */
export function assertSendable(url: URL): void {
  const plainToSelf = url.protocol === "http:" && isLoopback(url);
  if (url.protocol !== "https:" && !plainToSelf) {
    throw new TransportError(
      `send to ${url.protocol}//${url.host}: only https is used, plain http only to this machine`,
      {
        code: "http.plain-refused",
        hint: "Give the address with https://.",
      },
    );
  }
  if (url.username !== "" || url.password !== "") {
    throw new TransportError(`send to ${url.host}: an address with a user name in it is not used`, {
      code: "http.userinfo-refused",
      hint: "Remove the part before the @ from the address.",
    });
  }
}
