import type { AwsFailure } from "../../aws/failure.ts";
import { ATTEMPTS_MAX, withRetries } from "../../aws/retry.ts";
import type { Pauses } from "../../aws/retry.ts";

/** Some 45 seconds of pauses: enough for a store that fails over. */
const FILE_ATTEMPTS_MAX = 9;
/** Some two minutes: a state that cannot be written ends the run, and with it hours of waiting for exports. */
const STATE_ATTEMPTS_MAX = 12;
const STATE_PREFIX = "_pardot_etl/state/";
/** The next heartbeat covers a missed one; a long pause in between would lose the lease. */
const LEASE_PREFIX = "_pardot_etl/state/lease/";

/** Repeats the requests to one store; how often depends on the importance of the key. */
export class S3Retries {
  readonly pauses: Pauses;
  #hasResponded = false;

  constructor(pauses: Pauses) {
    this.pauses = pauses;
  }

  attemptsMax(key: string): number {
    // Before the first response the endpoint is more likely to be wrong.
    if (!this.#hasResponded || key.startsWith(LEASE_PREFIX)) return ATTEMPTS_MAX;
    return key.startsWith(STATE_PREFIX) ? STATE_ATTEMPTS_MAX : FILE_ATTEMPTS_MAX;
  }

  /** `withRetries` for a request about `key`, a name or a prefix below the destination. */
  async repeat<T>(
    key: string,
    send: () => Promise<T>,
    signal: AbortSignal,
    onFailure: (failure: AwsFailure) => void = () => {},
  ): Promise<T> {
    const observe = (failure: AwsFailure): void => {
      this.#hasResponded ||= failure.status !== null;
      onFailure(failure);
    };
    const value = await withRetries(send, this.pauses, signal, observe, () => this.attemptsMax(key));
    this.#hasResponded = true;
    return value;
  }
}
