import type { AuthConfig } from "../../config/config.ts";
import type { Secret } from "../../secrets/secret.ts";
import { AuthError, PardotEtlError, TransportError } from "../../errors.ts";
import type { OnEvent } from "../../events.ts";
import { backoffMs, retryAfterMs } from "../../http/backoff.ts";
import { readWhole } from "../../http/body.ts";
import type { Transport } from "../../http/transport.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { createLoginClock } from "./login-clock.ts";
import { FORM_TYPE, JSON_TYPE, TOKEN_PATH, USER_AGENT } from "../protocol.ts";
import { TRIES_MAX } from "../retry.ts";
import { operation, readTokenAnswer } from "./token-answer.ts";
import type { TokenAnswer } from "./token-answer.ts";
import { secretsOf, tokenParameters } from "./token-request.ts";

/** The access token and its renewal. Token requests are not calls: they count towards no quota. */
export interface Auth {
  /** The token in use; asks for the first one. Throws `AuthError`, `TransportError` or the signal's reason. */
  token(signal: AbortSignal): Promise<Secret>;
  /**
   * A token other than `stale`. At most one request is in flight, whoever asks: parallel refreshes with one refresh
   * token are refused (segmentio/action-destinations issue 2300). Where someone has renewed it already, that one.
   */
  refresh(stale: Secret, signal: AbortSignal): Promise<Secret>;
  /** Resolves when a request that is under way has ended and the refresh token that it brought is kept. Never rejects. */
  settled(): Promise<void>;
  /** The text with every secret of ours in it replaced by `***`. */
  readonly redact: (text: string) => string;
}

export interface AuthOptions {
  readonly auth: AuthConfig;
  readonly loginUrl: URL;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnEvent;
  /**
   * Given a refresh token that replaces the configured one; the access token that came with it is used only after this
   * has resolved, because from then on the old refresh token is worthless, and presenting it ends the whole family.
   */
  readonly onRotatedRefreshToken: (token: Secret) => Promise<void>;
  /**
   * The refresh token that is kept outside, asked before each token request, because another process may have brought a
   * newer one; null: none that is news. Default: nothing is kept outside.
   */
  readonly keptRefreshToken?: () => Promise<Secret | null>;
  /**
   * Does one request for a token, from looking for a kept refresh token to keeping a new one, while nobody else who keeps
   * it in the same place does. May reject with the signal's reason before the work has begun. Default: nobody else does.
   */
  readonly exclusively?: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

/** A token's body is some hundred bytes. */
const BODY_MAX_BYTES = 1024 * 1024;

/** What came of one request: a token that is in use now, or why there is none. */
interface Asked {
  readonly answer: Extract<TokenAnswer, { kind: "failed" }> | { readonly kind: "accepted"; readonly token: Secret };
  readonly floorMs: number | null;
  /** Whether we went by another time than Salesforce does. */
  readonly isClockNews: boolean;
}

interface Flight {
  readonly token: Promise<Secret>;
  readonly abandoned: AbortController;
  waiters: number;
}

export function createAuth(options: AuthOptions): Auth {
  const { auth, clock, random } = options;
  const url = new URL(TOKEN_PATH, options.loginUrl);
  const asked = { flow: auth.flow, loginHost: url.host };
  let current: Secret | null = null;
  let refreshToken: Secret | null = auth.flow === "refresh_token" ? auth.refreshToken : null;
  let flight: Flight | null = null;
  /** Why Salesforce gives no token: asking once more for each object could lock the user out. */
  let refusal: AuthError | null = null;
  const loginClock = createLoginClock(clock);
  const known = new Set<string>(secretsOf(auth));
  const { exclusively = <T>(work: () => Promise<T>): Promise<T> => work() } = options;

  const form = async (): Promise<string> => {
    if (auth.flow === "refresh_token") refreshToken = (await options.keptRefreshToken?.()) ?? refreshToken;
    const { loginUrl } = options;
    const parameters = tokenParameters({ auth, loginUrl, refreshToken, now: loginClock.now() });
    for (const secret of [parameters["refresh_token"], parameters["assertion"]])
      if (secret !== undefined) known.add(secret);
    return new URLSearchParams(parameters).toString();
  };

  const ask = async (): Promise<Asked> => {
    const headers = { "content-type": FORM_TYPE, accept: JSON_TYPE, "user-agent": USER_AGENT };
    // Never aborted in mid-call: an answer that is not read may hold the only copy of a rotated refresh token.
    const whole = new AbortController().signal;
    const body = await form();
    try {
      const response = await options.transport({ method: "POST", url, headers, body }, whole);
      const isClockNews = auth.flow === "jwt" && loginClock.learn(response.headers["date"]);
      const bytes = await readWhole(response.body, BODY_MAX_BYTES, operation(asked));
      const floorMs = retryAfterMs(response.headers["retry-after"], clock.now());
      const answer = readTokenAnswer(response.status, bytes, asked);
      if (answer.kind === "failed") return { answer, floorMs, isClockNews };
      const token = await accept(answer.accessToken, answer.refreshToken);
      return { answer: { kind: "accepted", token }, floorMs, isClockNews };
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      const retry = error.retryable ? "back-off" : "no";
      return { answer: { kind: "failed", retry, error }, floorMs: null, isClockNews: false };
    }
  };

  const renew = async (abandoned: AbortSignal): Promise<Secret> => {
    for (let tries = 1; ; tries += 1) {
      abandoned.throwIfAborted();
      const { answer, floorMs, isClockNews } = await exclusively(ask, abandoned);
      if (answer.kind === "accepted") return answer.token;
      if (answer.retry === "no" || (answer.retry === "clock" && !isClockNews)) {
        if (answer.error instanceof AuthError) refusal = answer.error;
        throw answer.error;
      }
      if (tries === TRIES_MAX) throw exhausted(answer.error, tries);
      if (answer.retry === "clock") {
        options.onEvent(loginClock.warning());
        continue;
      }
      const unit = random.unit();
      const ms = answer.retry === "wait" ? 1000 + Math.floor(unit * 2000) : backoffMs(tries, unit, floorMs);
      const none = { call: null, object: null, window: null };
      const reason = answer.error.message;
      options.onEvent({ type: "retrying", kind: "token", ...none, attempt: tries, pauseMs: ms, reason });
      await clock.sleep(ms, abandoned);
    }
  };

  const accept = async (accessToken: Secret, rotated: Secret | null): Promise<Secret> => {
    known.add(accessToken.reveal());
    if (refreshToken !== null && rotated !== null && rotated.reveal() !== refreshToken.reveal()) {
      known.add(rotated.reveal());
      // In memory first: should keeping it fail, the next refresh must still not present the old one.
      refreshToken = rotated;
      await options.onRotatedRefreshToken(rotated);
    }
    const isRefresh = current !== null;
    current = accessToken;
    if (isRefresh) options.onEvent({ type: "token-refreshed" });
    return accessToken;
  };

  const depart = (): Flight => {
    const abandoned = new AbortController();
    const token = renew(abandoned.signal).finally(() => {
      if (flight?.abandoned === abandoned) flight = null;
    });
    // Everyone who waits may leave before it fails.
    token.catch(() => undefined);
    return { token, abandoned, waiters: 0 };
  };

  const obtain = async (stale: Secret | null, signal: AbortSignal): Promise<Secret> => {
    for (;;) {
      signal.throwIfAborted();
      if (flight === null && current !== null && current !== stale) return current;
      if (refusal !== null) throw refusal;
      flight ??= depart();
      const joined = flight;
      if (joined.abandoned.signal.aborted) {
        // Left by everyone, but its request may still be under way, and a second one beside it would be refused.
        await withSignal(
          joined.token.then(
            () => undefined,
            () => undefined,
          ),
          signal,
        );
        continue;
      }
      joined.waiters += 1;
      try {
        return await withSignal(joined.token, signal);
      } finally {
        joined.waiters -= 1;
        if (joined.waiters === 0) joined.abandoned.abort(new Error("nobody waits for the token any more"));
      }
    }
  };

  return {
    token: (signal) => obtain(null, signal),
    refresh: (stale, signal) => obtain(stale, signal),
    settled: async () => {
      await flight?.token.catch(() => undefined);
    },
    redact: (text) => {
      let clean = text;
      for (const secret of known) if (secret !== "") clean = clean.replaceAll(secret, "***");
      return clean;
    },
  };
}

function exhausted(error: PardotEtlError, tries: number): PardotEtlError {
  error.message += ` after ${tries} tries`;
  return error;
}

/** The promise's outcome, or the signal's reason as soon as that is aborted; the promise itself goes on. */
function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
