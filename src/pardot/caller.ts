import type { PardotConfig } from "../config/config.ts";
import { TransportError } from "../errors.ts";
import type { PardotEtlError } from "../errors.ts";
import type { About, OnEvent } from "../events.ts";
import { parseHttpDate, retryAfterMs } from "../http/backoff.ts";
import { createGate } from "../http/gate.ts";
import type { Gate } from "../http/gate.ts";
import type { HttpRequest, HttpResponse, Transport } from "../http/transport.ts";
import type { Secret } from "../secrets/secret.ts";
import { isoInstant } from "../time/instant.ts";
import { nextDayStart, toLocal } from "../time/zone.ts";
import type { Auth, AuthOptions } from "./auth/auth.ts";
import { errorOf, isRefusal, networkFailure, reasonOf, wantsLess } from "./failure.ts";
import type { ResponseHead, ErrorContext, Failure, Outcome } from "./failure.ts";
import { createOutage } from "./outage.ts";
import type { FollowedCall, Outage } from "./outage.ts";
import type { CallBudget, CallCounts, Version } from "./pardot.ts";
import { HEADER, USER_AGENT } from "./protocol.ts";
import { createQuota } from "./quota.ts";
import { NOTHING_TRIED, decide } from "./retry.ts";

/** One call, however many requests it takes. */
export interface Call<T> {
  /** `<object> <operation>`, as calls are counted. */
  readonly kind: string;
  /** The request without token; built for each try, since the version may have changed. */
  readonly request: (version: Version) => HttpRequest;
  /**
   * Reads a response. `release` returns the place in the gate; only a reader that passes a body on calls it, when that
   * body ends.
   */
  readonly read: (response: HttpResponse, head: ResponseHead, release: () => void) => Promise<Outcome<T>>;
  /** True: the place is kept until the reader releases it. Default false. */
  readonly streams?: boolean;
  /** Named by its events. */
  readonly about?: About | undefined;
  /** Counts the records of a response that is a page of a window; absent for calls of any other kind. */
  readonly records?: (value: T) => number;
  /**
   * True: after a response that is too long the reader requests a smaller one, so an equal request is not repeated.
   * Default false.
   */
  readonly canNarrow?: boolean;
  /** The warning before a request is repeated that may have been carried out already; absent when harmless. */
  readonly onRepeat?: string;
}

const NOTHING = { object: null, window: null } as const;

/** New tokens that Pardot may refuse in a row, over all calls. */
const REFUSED_MAX = 3;

export interface PardotOptions extends AuthOptions {
  readonly config: PardotConfig;
  /** From `openConnections`, with at least `config.maxConcurrency` connections. */
  readonly transport: Transport;
  readonly budget: CallBudget;
}

interface Sent<T> {
  /** The request's number in the run. */
  readonly number: number;
  readonly outcome: Outcome<T>;
  readonly token: Secret;
  readonly version: Version;
}

/** Sends calls: token, version, gate, budget, counting and retries. Nothing else sends to the API host. */
export class Caller {
  readonly #options: PardotOptions;
  readonly #auth: Auth;
  readonly #gate: Gate;
  readonly #quota = createQuota();
  readonly #outage: Outage;
  readonly #byKind = new Map<string, number>();
  #total = 0;
  #version: Version;
  #hasSwitched = false;
  #pardotNow: number | null = null;
  /** Set once by code 122; from then on nothing is sent. */
  #dayIsOver: PardotEtlError | null = null;
  #hasWorked = false;
  /** Different tokens that were refused since the last success, and the last of them. */
  #refusedInARow = 0;
  #lastRefused: Secret | null = null;

  constructor(options: PardotOptions, auth: Auth) {
    this.#options = options;
    this.#auth = auth;
    this.#gate = createGate(options.config.maxConcurrency);
    this.#outage = createOutage(options.random);
    this.#version = options.config.apiVersion === "3" ? 3 : 4;
  }

  get calls(): CallCounts {
    return { total: this.#total, byKind: Object.fromEntries(this.#byKind) };
  }

  get usage(): { readonly used: number; readonly max: number } | null {
    return this.#quota.usage;
  }

  get version(): Version {
    return this.#version;
  }

  async call<T>(call: Call<T>, signal: AbortSignal): Promise<T> {
    const followed = this.#outage.follow();
    let hasSucceeded = false;
    try {
      const value = await this.#tryAll(call, followed, signal);
      hasSucceeded = true;
      return value;
    } finally {
      followed.end(hasSucceeded);
    }
  }

  async #tryAll<T>(call: Call<T>, followed: FollowedCall, signal: AbortSignal): Promise<T> {
    const { clock, random, onEvent } = this.#options;
    let tried = NOTHING_TRIED;
    for (let tries = 1; ; tries += 1) {
      this.#assertDayGoesOn();
      const sent = await this.#send(call, tries, signal);
      if (sent.outcome.ok) {
        this.#hasWorked = true;
        this.#refusedInARow = 0;
        this.#outage.responded(true);
        return sent.outcome.value;
      }
      const { failure } = sent.outcome;
      if (failure.code !== null) this.#outage.responded(false);
      const error = (): PardotEtlError => errorOf(failure, call.kind, tries, this.#errorContext());
      const decision = decide(failure, tried, random.unit(), this.#hasWorked);
      if (decision.next === "stop-all") {
        this.#dayIsOver ??= error();
        throw this.#dayIsOver;
      }
      const isLost =
        decision.next === "give-up" ||
        (decision.next === "switch" && !this.#follows(decision.version, sent.version)) ||
        (decision.next === "refresh" && !this.#mayRefresh(sent.token));
      const isLeft = call.canNarrow === true && wantsLess(failure);
      const waitMs = await followed.pause(failure, isLost && !isLeft, signal);
      if (waitMs === "lost" || (waitMs === null && (isLost || isLeft))) throw error();
      const pauseMs = waitMs ?? (decision.next === "pause" ? decision.ms : 0);
      const about = { kind: call.kind, call: sent.number, ...(call.about ?? NOTHING) };
      const reason = reasonOf(failure, this.#errorContext());
      onEvent({ type: "retrying", ...about, attempt: tries, pauseMs, reason });
      warnOfRepeat(call, failure, onEvent);
      if (waitMs === null && decision.next === "refresh") await this.#auth.refresh(sent.token, signal);
      if (pauseMs > 0) await clock.sleep(pauseMs, signal);
      if (decision.next === "give-up" || waitMs !== null) tried = { ...tried, paused: 0, narrowed: 0 };
      else tried = decision.tried;
    }
  }

  async #send<T>(call: Call<T>, attempt: number, signal: AbortSignal): Promise<Sent<T>> {
    const { budget, clock, onEvent } = this.#options;
    const release = await this.#gate.enter(signal);
    let isKept = false;
    try {
      const token = await this.#auth.token(signal);
      this.#assertDayGoesOn();
      await budget.take(call.kind, signal);
      // Both may have changed while the reservation was written.
      signal.throwIfAborted();
      this.#assertDayGoesOn();
      const version = this.#version;
      const request = call.request(version);
      this.#total += 1;
      this.#byKind.set(call.kind, (this.#byKind.get(call.kind) ?? 0) + 1);
      const number = this.#total;
      const sentAt = clock.monotonic();
      const { outcome, status } = await this.#exchange(call, this.#withHeaders(request, token), signal, release);
      isKept = call.streams === true && outcome.ok;
      const durationMs = clock.monotonic() - sentAt;
      const failure = outcome.ok ? null : failureLabel(outcome.failure);
      const about = { call: number, kind: call.kind, ...(call.about ?? NOTHING), status, failure, durationMs };
      const isPage = call.records !== undefined && outcome.ok;
      if (isPage) onEvent({ type: "page-read", ...about, records: call.records(outcome.value) });
      else onEvent({ type: "called", ...about, attempt });
      return { number, outcome, token, version };
    } finally {
      if (!isKept) release();
    }
  }

  #withHeaders(request: HttpRequest, token: Secret): HttpRequest {
    return {
      ...request,
      headers: {
        ...request.headers,
        "user-agent": USER_AGENT,
        [HEADER.authorization]: `Bearer ${token.reveal()}`,
        [HEADER.businessUnit]: this.#options.config.businessUnitId,
        [HEADER.wantUsage]: "1",
      },
    };
  }

  async #exchange<T>(
    call: Call<T>,
    request: HttpRequest,
    signal: AbortSignal,
    release: () => void,
  ): Promise<{ readonly outcome: Outcome<T>; readonly status: number | null }> {
    const { transport, clock } = this.#options;
    const noteUsage = this.#quota.sent();
    try {
      const response = await transport(request, signal);
      const { status, headers } = response;
      noteUsage(headers[HEADER.usage]);
      this.#pardotNow = parseHttpDate(headers["date"]) ?? this.#pardotNow;
      const floorMs = retryAfterMs(headers["retry-after"], this.#pardotNow ?? clock.now());
      return { status, outcome: await call.read(response, { status, headers, retryAfterMs: floorMs }, release) };
    } catch (error) {
      noteUsage(undefined);
      signal.throwIfAborted();
      if (!(error instanceof TransportError) || !error.retryable) throw error;
      return { status: null, outcome: { ok: false, failure: networkFailure(error.code, error.message) } };
    }
  }

  #errorContext(): ErrorContext {
    const { config, clock } = this.#options;
    const turn = nextDayStart(this.#pardotNow ?? clock.now(), config.accountTimeZone);
    return {
      businessUnit: config.businessUnitId,
      apiHost: config.apiUrl.host,
      loginHost: config.loginUrl.host,
      nextDay: `${toLocal(turn, config.accountTimeZone)} ${config.accountTimeZone} (${isoInstant(turn)})`,
      redact: this.#auth.redact,
      hasWorked: this.#hasWorked,
    };
  }

  #assertDayGoesOn(): void {
    if (this.#dayIsOver !== null) throw this.#dayIsOver;
  }

  #follows(wanted: Version, used: Version): boolean {
    if (this.#options.config.apiVersion !== "auto" || wanted === used) return false;
    // Another call has switched in the meantime.
    if (this.#version === wanted) return true;
    if (this.#hasSwitched) return false;
    this.#version = wanted;
    this.#hasSwitched = true;
    return true;
  }

  /** Accepts one refusal of a token; after several new tokens, further logins would only lock the user out. */
  #mayRefresh(refused: Secret): boolean {
    if (refused !== this.#lastRefused) {
      this.#lastRefused = refused;
      this.#refusedInARow += 1;
    }
    return this.#refusedInARow <= REFUSED_MAX;
  }
}

/** Pardot's code, or the kind of failure. */
function failureLabel(failure: Failure): string {
  return failure.code === null ? (failure.network ?? failure.shape) : `code ${failure.code}`;
}

function warnOfRepeat(call: Pick<Call<never>, "about" | "onRepeat">, failure: Failure, onEvent: OnEvent): void {
  if (call.onRepeat === undefined || isRefusal(failure)) return;
  onEvent({ type: "warning", code: "pardot.repeated", message: call.onRepeat, object: call.about?.object ?? null });
}
