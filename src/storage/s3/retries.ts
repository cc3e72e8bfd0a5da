import type { AwsFailure } from "../../aws/failure.ts";
import { ATTEMPTS_MAX, withRetries } from "../../aws/retry.ts";
import type { Pauses } from "../../aws/retry.ts";

/** Some 45 seconds of pauses: a store that fails over is back by then. */
const FILE_ATTEMPTS_MAX = 9;
/** Some two minutes: a state that cannot be written ends the run, and with it hours of waiting for exports. */
const STATE_ATTEMPTS_MAX = 12;
const STATE_PREFIX = "_pardot_etl/state/";
/** A heartbeat is made up for by the next one; a long pause in between would lose the lease. */
const LEASE_PREFIX = "_pardot_etl/state/lease/";

/** Repeats the requests to one store, as long as what they are for is worth it. */
export interface S3Retries {
  /** `withRetries` for a request about `key`, a name or a prefix below the destination. */
  repeat<T>(
    key: string,
    send: () => Promise<T>,
    signal: AbortSignal,
    onFailure?: (failure: AwsFailure) => void,
  ): Promise<T>;
  attemptsMax(key: string): number;
  readonly pauses: Pauses;
}

export function s3Retries(pauses: Pauses): S3Retries {
  let hasResponded = false;
  const attemptsMax = (key: string): number => {
    // Before the first response the endpoint is more likely to be wrong.
    if (!hasResponded || key.startsWith(LEASE_PREFIX)) return ATTEMPTS_MAX;
    return key.startsWith(STATE_PREFIX) ? STATE_ATTEMPTS_MAX : FILE_ATTEMPTS_MAX;
  };
  return {
    pauses,
    attemptsMax,
    repeat: async (key, send, signal, onFailure = () => {}) => {
      const heed = (failure: AwsFailure): void => {
        hasResponded ||= failure.status !== null;
        onFailure(failure);
      };
      const value = await withRetries(send, pauses, signal, heed, () => attemptsMax(key));
      hasResponded = true;
      return value;
    },
  };
}
