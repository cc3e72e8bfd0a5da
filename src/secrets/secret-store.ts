/**
 * A place of AWS that keeps secrets. Requests that fail for want of a network, by AWS's own fault or by throttling are
 * repeated. Everything may throw `SecretFailure` or the signal's reason.
 */
export interface SecretStore {
  /** The whole text that is kept under a name or ARN now; one request. */
  read(name: string, signal: AbortSignal): Promise<string>;
  /**
   * Puts another text in its place. Each attempt reads it again immediately before, so that what others changed meanwhile
   * stays; AWS has no way to make sure that nobody does in the moment between. Nothing is written when nothing changes.
   * Repeated patiently, because the text may exist nowhere else. Answers what an operator should know of it, mostly null.
   */
  replace(name: string, change: (text: string) => string, signal: AbortSignal): Promise<string | null>;
  /** Whether `replace` may be called, found out without changing anything; throws as `replace` would. "unknown": no way. */
  tryReplace(name: string, signal: AbortSignal): Promise<"allowed" | "unknown">;
}

/** Attempts of a write, some half a minute: what is written may exist nowhere else. */
export const WRITE_ATTEMPTS_MAX = 8;

/** No connection within this time: the endpoint is not there. */
export const CONNECTION_TIMEOUT_MS = 5_000;
/** Longest silence of a connection. */
export const IDLE_TIMEOUT_MS = 10_000;
