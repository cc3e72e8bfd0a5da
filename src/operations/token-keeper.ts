import type { Secret } from "../secrets/secret.ts";

/** Where a refresh token that Salesforce replaces outlives this process. */
export interface RefreshTokenKeeper {
  /**
   * The kept token when it is news: at the start, and when another process has put a newer one there; else null. Throws
   * ConfigError for a file that cannot be read.
   */
  readonly keptRefreshToken: () => Promise<Secret | null>;
  /**
   * Keeps a token. A failure is a warning, not an error: this run can go on with the new token, and it has to be told
   * that the next one cannot (the run ends as partial).
   */
  readonly onRotatedRefreshToken: (token: Secret) => Promise<void>;
  /**
   * Does the work, from looking for a kept token to keeping a new one, while no other process does so with the same place;
   * missing where a place cannot be locked. Rejects with the signal's reason when that comes before the work has begun.
   */
  readonly exclusively?: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

/** How every warning begins of a new token that outlives this process nowhere. */
export const ROTATED = "Salesforce replaced the refresh token. This run uses the new one, but";
