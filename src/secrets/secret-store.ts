import { clientOptions } from "../aws/client-options.ts";
import { withRetries } from "../aws/retry.ts";
import type { Pauses } from "../aws/retry.ts";
import { secretFailure } from "./failure.ts";

/**
 * An AWS service that keeps secrets. Repeats requests that fail because of the network, AWS itself or throttling. Every
 * method may throw `SecretFailure` or the signal's reason.
 */
export interface SecretStore {
  /** The current text under a name or ARN; one request. */
  read(name: string, signal: AbortSignal): Promise<string>;
  /**
   * Replaces the text. Each attempt rereads it immediately before, so that changes by others are kept; AWS has no way
   * to prevent a change in the moment between. Writes nothing if nothing changes. Repeats patiently, because the new
   * text may exist nowhere else. Returns a remark for the operator; null in most cases.
   */
  replace(name: string, change: (text: string) => string, signal: AbortSignal): Promise<string | null>;
  /** Tests without any change whether `replace` is allowed; throws as `replace` would. "unknown": cannot be tested. */
  tryReplace(name: string, signal: AbortSignal): Promise<"allowed" | "unknown">;
}

/** Time to connect, after which the endpoint counts as unreachable, and longest silence of a connection. */
const CONNECTION_TIMEOUT_MS = 5_000;
const IDLE_TIMEOUT_MS = 10_000;

/** Attempts of a write, for about half a minute: the text may exist nowhere else. */
const WRITE_ATTEMPTS_MAX = 8;

/** Sends a write until it succeeds, more often than a read. */
export function writePatiently(send: () => Promise<void>, pauses: Pauses, signal: AbortSignal): Promise<void> {
  return withRetries(
    send,
    pauses,
    signal,
    () => {},
    () => WRITE_ATTEMPTS_MAX,
  );
}

/** Does the work of some requests. Explains a failure by the last one's action, as in a policy: `ssm:GetParameter`. */
export async function explained<T>(
  client: { readonly config: { readonly region: () => Promise<string> } },
  request: { readonly action: string },
  work: () => Promise<T>,
): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw secretFailure(error, request.action, await client.config.region().catch(() => null));
  }
}

/** The options of a client in a region; null: in the SDK's. */
export function storeOptions(region: string | null): ReturnType<typeof clientOptions> & { readonly region?: string } {
  return { ...(region === null ? {} : { region }), ...clientOptions(CONNECTION_TIMEOUT_MS, IDLE_TIMEOUT_MS) };
}
