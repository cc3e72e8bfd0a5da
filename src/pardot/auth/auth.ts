import type { PardotConfig } from "../../config/config.ts";
import { AuthError, TransportError } from "../../errors.ts";
import type { OnEvent } from "../../events.ts";
import { backoffMs, retryAfterMs } from "../../http/backoff.ts";
import { readWhole } from "../../http/body.ts";
import type { Transport } from "../../http/transport.ts";
import { NEVER } from "../../platform/clock.ts";
import type { Clock } from "../../platform/clock.ts";
import type { Random } from "../../platform/random.ts";
import { Secret } from "../../secrets/secret.ts";
import { TRIES_MAX } from "../retry.ts";
import { FORM_TYPE, JSON_TYPE, TOKEN_PATH, USER_AGENT } from "../protocol.ts";
import { LoginClock } from "./login-clock.ts";
import { operation, readTokenAnswer } from "./token-answer.ts";
import type { LoginAttempt, TokenAnswer } from "./token-answer.ts";
import { secretsOf, tokenParameters } from "./token-request.ts";

export interface AuthOptions {
  readonly config: Pick<PardotConfig, "auth" | "loginUrl">;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly onEvent: OnEvent;
  /**
   * Called with a refresh token that replaces the configured one. The access token that came with it is used only after
   * this has resolved, because the old refresh token is now worthless, and presenting it ends the whole family.
   */
  readonly onRotatedRefreshToken: (token: Secret) => Promise<void>;
  /**
   * Returns the refresh token that is kept outside, if another process has replaced it; else null. Called before each
   * token request. Default: nothing is kept outside.
   */
  readonly keptRefreshToken?: () => Promise<Secret | null>;
  /**
   * Runs one token request, from reading a kept refresh token to keeping a new one, while no other process that keeps
   * it in the same place does. May reject with the signal's reason before the work has begun. Default: no other
   * process.
   */
  readonly exclusively?: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

/** A token's body is some hundred bytes. */
const BODY_MAX_BYTES = 1024 * 1024;

/** Why a token request gave no token. */
interface Failed extends Omit<Extract<TokenAnswer, { kind: "failed" }>, "kind"> {
  readonly floorMs: number | null;
}

/** A renewal in flight, which all who need a token share. */
interface Renewal {
  readonly token: Promise<Secret>;
  readonly abandoned: AbortController;
  waiters: number;
}

/** The access token and its renewal. Token requests are not API calls and count toward no quota. */
export class Auth {
  readonly #options: AuthOptions;
  readonly #url: URL;
  readonly #attempt: LoginAttempt;
  readonly #loginClock: LoginClock;
  readonly #known: Set<string>;
  #current: Secret | null = null;
  #refreshToken: Secret | null;
  #renewal: Renewal | null = null;
  /** Why Salesforce issues no token. Kept, because another request for each object could lock the user out. */
  #refusal: AuthError | null = null;

  constructor(options: AuthOptions) {
    const { auth, loginUrl } = options.config;
    this.#options = options;
    this.#url = new URL(TOKEN_PATH, loginUrl);
    this.#attempt = { flow: auth.flow, loginHost: this.#url.host };
    this.#loginClock = new LoginClock(options.clock);
    this.#known = new Set(secretsOf(auth));
    this.#refreshToken = auth.flow === "refresh_token" ? auth.refreshToken : null;
  }

  /** The token in use; requests the first one. Throws `AuthError`, `TransportError` or the signal's reason. */
  token(signal: AbortSignal): Promise<Secret> {
    return this.#obtain(null, signal);
  }

  /**
   * A token other than `stale`. At most one request is in flight, however many callers, because Salesforce refuses
   * parallel refreshes with one refresh token (segmentio/action-destinations issue 2300). Returns a token that was
   * renewed already.
   */
  refresh(stale: Secret, signal: AbortSignal): Promise<Secret> {
    return this.#obtain(stale, signal);
  }

  /** Resolves when a request in flight has ended and its refresh token is kept. Never rejects. */
  async settled(): Promise<void> {
    await this.#renewal?.token.catch(() => undefined);
  }

  /** The text with every secret of ours in it replaced by `***`. */
  readonly redact = (text: string): string => {
    let clean = text;
    for (const secret of this.#known) if (secret !== "") clean = clean.replaceAll(secret, "***");
    return clean;
  };

  async #obtain(stale: Secret | null, signal: AbortSignal): Promise<Secret> {
    for (;;) {
      signal.throwIfAborted();
      if (this.#renewal === null && this.#current !== null && this.#current !== stale) return this.#current;
      if (this.#refusal !== null) throw this.#refusal;
      this.#renewal ??= this.#startRenewal();
      const renewal = this.#renewal;
      if (renewal.abandoned.signal.aborted) {
        // All its callers have left, but its request may still be in flight, and Salesforce would refuse a second one.
        await withSignal(this.settled(), signal);
        continue;
      }
      renewal.waiters += 1;
      try {
        return await withSignal(renewal.token, signal);
      } finally {
        renewal.waiters -= 1;
        if (renewal.waiters === 0) renewal.abandoned.abort(new Error("no caller is waiting for the token"));
      }
    }
  }

  #startRenewal(): Renewal {
    const abandoned = new AbortController();
    const token = this.#renew(abandoned.signal).finally(() => {
      if (this.#renewal?.abandoned === abandoned) this.#renewal = null;
    });
    // All callers may leave before it fails.
    token.catch(() => undefined);
    return { token, abandoned, waiters: 0 };
  }

  async #renew(abandoned: AbortSignal): Promise<Secret> {
    const { clock, random, onEvent, exclusively = (work) => work() } = this.#options;
    for (let tries = 1; ; tries += 1) {
      abandoned.throwIfAborted();
      const result = await exclusively(() => this.#requestToken(), abandoned);
      if (result instanceof Secret) return result;
      const { retry, error, floorMs } = result;
      if (retry === "no" && error instanceof AuthError) this.#refusal = error;
      if (retry === "no") throw error;
      if (tries === TRIES_MAX) {
        error.message += ` after ${tries} tries`;
        throw error;
      }
      if (retry === "clock") {
        onEvent(this.#loginClock.warning());
        continue;
      }
      const unit = random.unit();
      const ms = retry === "wait" ? 1000 + Math.floor(unit * 2000) : backoffMs(tries, unit, floorMs);
      const none = { call: null, object: null, window: null };
      onEvent({ type: "retrying", kind: "token", ...none, attempt: tries, pauseMs: ms, reason: error.message });
      await clock.sleep(ms, abandoned);
    }
  }

  /** Returns a token that is now in use, or the reason there is none. */
  async #requestToken(): Promise<Secret | Failed> {
    const { config, clock, transport } = this.#options;
    const headers = { "content-type": FORM_TYPE, accept: JSON_TYPE, "user-agent": USER_AGENT };
    const body = await this.#form();
    try {
      // Never aborted mid-call: an unread response may hold the only copy of a rotated refresh token.
      const response = await transport({ method: "POST", url: this.#url, headers, body }, NEVER);
      const isClockNews = config.auth.flow === "jwt" && this.#loginClock.learn(response.headers["date"]);
      const bytes = await readWhole(response.body, BODY_MAX_BYTES, operation(this.#attempt));
      const answer = readTokenAnswer(response.status, bytes, this.#attempt);
      if (answer.kind === "token") return await this.#accept(answer.accessToken, answer.refreshToken);
      const { error, retry } = answer;
      const floorMs = retryAfterMs(response.headers["retry-after"], clock.now());
      return { error, retry: retry === "clock" && !isClockNews ? "no" : retry, floorMs };
    } catch (error) {
      if (!(error instanceof TransportError)) throw error;
      return { error, retry: error.retryable ? "back-off" : "no", floorMs: null };
    }
  }

  async #form(): Promise<string> {
    const { config, keptRefreshToken } = this.#options;
    const { auth, loginUrl } = config;
    if (auth.flow === "refresh_token") this.#refreshToken = (await keptRefreshToken?.()) ?? this.#refreshToken;
    const now = this.#loginClock.now();
    const parameters = tokenParameters({ auth, loginUrl, refreshToken: this.#refreshToken, now });
    for (const secret of [parameters["refresh_token"], parameters["assertion"]]) {
      if (secret !== undefined) this.#known.add(secret);
    }
    return new URLSearchParams(parameters).toString();
  }

  async #accept(accessToken: Secret, rotated: Secret | null): Promise<Secret> {
    this.#known.add(accessToken.reveal());
    if (this.#refreshToken !== null && rotated !== null && rotated.reveal() !== this.#refreshToken.reveal()) {
      this.#known.add(rotated.reveal());
      // In memory first: if keeping it fails, the next refresh must still not present the old one.
      this.#refreshToken = rotated;
      await this.#options.onRotatedRefreshToken(rotated);
    }
    const isRefresh = this.#current !== null;
    this.#current = accessToken;
    if (isRefresh) this.#options.onEvent({ type: "token-refreshed" });
    return accessToken;
  }
}

/** The promise's outcome, or the signal's reason as soon as that is aborted; the promise itself continues. */
function withSignal<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(signal.reason as Error);
    signal.addEventListener("abort", onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener("abort", onAbort));
  });
}
