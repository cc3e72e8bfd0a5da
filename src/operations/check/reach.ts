import type { PardotConfig } from "../../config/config.ts";
import { RemoteError, TransportError } from "../../errors.ts";
import type { Transport } from "../../http/transport.ts";

/** Attempts to get a response from a host that works. A run makes more; here a person is waiting. */
const TRIES_MAX = 2;

/** Codes of failures without any response from a host. */
const UNREACHABLE: ReadonlySet<string> = new Set(["http.not-sent", "http.timeout"]);

/** Gives up on a host after two tries in a row that did not reach it, or failed there (HTTP 5xx): `signal` is aborted with the reason. */
export function impatient(
  transport: Transport,
  config: Pick<PardotConfig, "loginUrl">,
): { readonly transport: Transport; readonly signal: AbortSignal } {
  const controller = new AbortController();
  let failures = 0;
  return {
    signal: controller.signal,
    transport: async (request, signal) => {
      try {
        const response = await transport(request, signal);
        failures = response.status >= 500 ? failures + 1 : 0;
        if (failures >= TRIES_MAX) controller.abort(outOfOrder(response.status, new URL(request.url)));
        return response;
      } catch (error) {
        if (error instanceof TransportError && UNREACHABLE.has(error.code)) {
          failures += 1;
          if (failures >= TRIES_MAX) controller.abort(unreachable(error, new URL(request.url), config));
        }
        throw error;
      }
    },
  };
}

function outOfOrder(status: number, { host }: URL): RemoteError {
  return new RemoteError(`call ${host}: HTTP ${status} after ${TRIES_MAX} tries`, {
    code: "pardot.out-of-order",
    hint: "Pardot, or a proxy on the way, is out of order: check again in some minutes, and see https://status.salesforce.com. A run waits longer.",
  });
}

function unreachable(error: TransportError, url: URL, { loginUrl }: Pick<PardotConfig, "loginUrl">): TransportError {
  const setting = url.origin === loginUrl.origin ? "PARDOT_LOGIN_URL" : "PARDOT_API_URL";
  const { code, context } = error;
  const hint = hintOf(String(context["network"] ?? ""), url, setting);
  return new TransportError(`${error.message} after ${TRIES_MAX} tries`, { code, context, hint });
}

function hintOf(network: string, { host, hostname }: URL, setting: string): string {
  if (network === "ECONNREFUSED")
    return `Nothing accepts connections at ${host}: correct ${setting}, its port included, or the firewall that refuses them.`;
  if (network === "ENOTFOUND" || network === "EAI_AGAIN") {
    return `The name ${hostname} cannot be resolved from here: correct ${setting}, or the DNS of this machine.`;
  }
  return `${host} cannot be reached from here: correct ${setting}, or the firewall, security group or proxy (HTTPS_PROXY) on the way.`;
}
