import { TransportError } from "../errors.ts";
import type { PardotEtlError } from "../errors.ts";
import type { About, OnEvent, RunEvent } from "../events.ts";
import { retryAfterMs } from "../http/backoff.ts";
import { parseHttpDate } from "../http/http-date.ts";
import type { Gate } from "../http/gate.ts";
import type { HttpRequest, HttpResponse, Transport } from "../http/transport.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Auth } from "./auth/auth.ts";
import { networkFailure } from "./envelope.ts";
import type { Answered, Failure, Outcome } from "./envelope.ts";
import { errorOf, isRefusal, reasonOf, wantsLess } from "./failure.ts";
import type { Surroundings } from "./failure.ts";
import { createOutage } from "./outage.ts";
import type { FollowedCall } from "./outage.ts";
import type { CallBudget, CallCounts } from "./pardot.ts";
import { HEADER, USER_AGENT } from "./v4/protocol.ts";
import type { Version } from "./v4/protocol.ts";
import { createQuota } from "./quota.ts";
import { NOTHING_TRIED, decide } from "./retry.ts";

/** One thing asked of Pardot, however many requests that takes. */
export interface Call<T> {
  /** `<urlName> <operation>`, as calls are counted. */
  readonly kind: string;
  /** The request without token; asked again for each try, since the version may have changed. */
  request(version: Version): HttpRequest;
  /**
   * Judges an answer. `release` gives the place in the gate back; a reader that hands out a body calls it when that
   * body ends, all others leave it alone.
   */
  read(response: HttpResponse, answered: Answered, release: () => void): Promise<Outcome<T>>;
  /** True: the place is kept until the reader releases it. */
  readonly streams: boolean;
  /** What events about it name. */
  readonly about: About | null;
  /** Counts the records of a response that is a page of a window; null for calls of any other kind. */
  readonly records: ((value: T) => number) | null;
  /** True: after a response that is too long the reader requests a smaller one, so an equal request is not repeated. */
  readonly canNarrow: boolean;
  /** Said as a warning before a request is repeated that may have been carried out already; null when harmless. */
  readonly onRepeat: string | null;
}

/** Fresh tokens that Pardot may refuse one after another, over all calls. */
const REFUSED_MAX = 3;

/** Sends calls: token, version, gate, budget, counting and retries. The only place that sends anything to the API host. */
export interface Caller {
  call<T>(call: Call<T>, signal: AbortSignal): Promise<T>;
  readonly calls: CallCounts;
  readonly usage: { readonly used: number; readonly max: number } | null;
  readonly version: Version;
}

export interface CallerOptions {
  readonly businessUnitId: string;
  /** The version to begin with, and whether the account's wish for the other is followed. */
  readonly version: Version;
  readonly maySwitch: boolean;
  readonly auth: Auth;
  readonly gate: Gate;
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly budget: CallBudget;
  readonly onEvent: OnEvent;
  /** What errors name, at Pardot's time. */
  readonly surroundings: (now: number) => Surroundings;
}

interface Sent<T> {
  /** The request's number in the run. */
  readonly number: number;
  readonly outcome: Outcome<T>;
  readonly token: Secret;
  readonly version: Version;
}

export function createCaller(options: CallerOptions): Caller {
  const { auth, gate, clock, onEvent } = options;
  let version = options.version;
  let hasSwitched = false;
  const quota = createQuota();
  let pardotNow: number | null = null;
  /** Set once by code 122; from then on nothing is sent. */
  let dayIsOver: PardotEtlError | null = null;
  const outage = createOutage(options.random);
  let hasWorked = false;
  /** Different tokens that were refused since the last success, and the last of them. */
  let refusedInARow = 0;
  let lastRefused: Secret | null = null;
  let total = 0;
  const byKind = new Map<string, number>();

  const assertDayGoesOn = (): void => {
    if (dayIsOver !== null) throw dayIsOver;
  };

  const send = async <T>(call: Call<T>, attempt: number, signal: AbortSignal): Promise<Sent<T>> => {
    const release = await gate.enter(signal);
    let isKept = false;
    try {
      const token = await auth.token(signal);
      assertDayGoesOn();
      await options.budget.take(call.kind, signal);
      // Both may have changed while the reservation was written down.
      signal.throwIfAborted();
      assertDayGoesOn();
      const used = version;
      const request = call.request(used);
      total += 1;
      byKind.set(call.kind, (byKind.get(call.kind) ?? 0) + 1);
      const number = total;
      const sentAt = clock.monotonic();
      const { outcome, status } = await exchange(call, withHeaders(request, token), signal, release);
      isKept = call.streams && outcome.ok;
      onEvent(answerEvent(call, { number, attempt, status, outcome, durationMs: clock.monotonic() - sentAt }));
      return { number, outcome, token, version: used };
    } finally {
      if (!isKept) release();
    }
  };

  const withHeaders = (request: HttpRequest, token: Secret): HttpRequest => ({
    ...request,
    headers: {
      ...request.headers,
      "user-agent": USER_AGENT,
      [HEADER.authorization]: `Bearer ${token.reveal()}`,
      [HEADER.businessUnit]: options.businessUnitId,
      [HEADER.wantUsage]: "1",
    },
  });

  const exchange = async <T>(
    call: Call<T>,
    request: HttpRequest,
    signal: AbortSignal,
    release: () => void,
  ): Promise<{ readonly outcome: Outcome<T>; readonly status: number | null }> => {
    const answered = quota.sent();
    try {
      const response = await options.transport(request, signal);
      const { status, headers } = response;
      answered(headers[HEADER.usage]);
      pardotNow = parseHttpDate(headers["date"]) ?? pardotNow;
      const floorMs = retryAfterMs(headers["retry-after"], pardotNow ?? clock.now());
      return { status, outcome: await call.read(response, { status, headers, retryAfterMs: floorMs }, release) };
    } catch (error) {
      answered(undefined);
      signal.throwIfAborted();
      if (!(error instanceof TransportError) || !error.retryable) throw error;
      return { status: null, outcome: { ok: false, failure: networkFailure(error.code, error.message) } };
    }
  };

  const follows = (wanted: Version, used: Version): boolean => {
    if (!options.maySwitch || wanted === used) return false;
    // Another call has been told the same in the meantime.
    if (version === wanted) return true;
    if (hasSwitched) return false;
    version = wanted;
    hasSwitched = true;
    return true;
  };

  /** Lets a token be refused once; after several fresh ones, further logins would only lock the user out. */
  const mayRefresh = (refused: Secret): boolean => {
    if (refused !== lastRefused) {
      lastRefused = refused;
      refusedInARow += 1;
    }
    return refusedInARow <= REFUSED_MAX;
  };

  const call = async <T>(asked: Call<T>, signal: AbortSignal): Promise<T> => {
    const followed = outage.follow();
    let hasSucceeded = false;
    try {
      const value = await tryAll(asked, followed, signal);
      hasSucceeded = true;
      return value;
    } finally {
      followed.end(hasSucceeded);
    }
  };

  const tryAll = async <T>(asked: Call<T>, followed: FollowedCall, signal: AbortSignal): Promise<T> => {
    let tried = NOTHING_TRIED;
    for (let tries = 1; ; tries += 1) {
      assertDayGoesOn();
      const sent = await send(asked, tries, signal);
      if (sent.outcome.ok) {
        hasWorked = true;
        refusedInARow = 0;
        outage.responded(true);
        return sent.outcome.value;
      }
      const failure = sent.outcome.failure;
      if (failure.code !== null) outage.responded(false);
      const around = options.surroundings(pardotNow ?? clock.now());
      const error = (): PardotEtlError => errorOf(failure, asked.kind, tries, around, auth.redact, hasWorked);
      const decision = decide(failure, tried, options.random.unit(), hasWorked);
      if (decision.next === "stop-all") {
        dayIsOver ??= error();
        throw dayIsOver;
      }
      const isLost =
        decision.next === "give-up" ||
        (decision.next === "switch" && !follows(decision.version, sent.version)) ||
        (decision.next === "refresh" && !mayRefresh(sent.token));
      const isLeft = asked.canNarrow && wantsLess(failure);
      const waitMs = await followed.pause(failure, isLost && !isLeft, signal);
      if (waitMs === "lost" || (waitMs === null && (isLost || isLeft))) throw error();
      const pause = waitMs ?? (decision.next === "pause" ? decision.ms : 0);
      const { object = null, window = null } = asked.about ?? {};
      onEvent({
        type: "retrying",
        kind: asked.kind,
        call: sent.number,
        object,
        window,
        attempt: tries,
        pauseMs: pause,
        reason: reasonOf(failure, around, auth.redact),
      });
      warnOfRepeat(asked, failure, onEvent);
      if (waitMs === null && decision.next === "refresh") await auth.refresh(sent.token, signal);
      if (pause > 0) await clock.sleep(pause, signal);
      if (decision.next === "give-up" || waitMs !== null) tried = { ...tried, paused: 0, narrowed: 0 };
      else tried = decision.tried;
    }
  };

  return {
    call,
    get calls() {
      return { total, byKind: Object.fromEntries(byKind) };
    },
    get usage() {
      return quota.usage;
    },
    get version() {
      return version;
    },
  };
}

interface Answer<T> {
  readonly number: number;
  readonly attempt: number;
  readonly status: number | null;
  readonly outcome: Outcome<T>;
  readonly durationMs: number;
}

/** What the log says of a request: a page of a window, or any other call. */
function answerEvent<T>(call: Call<T>, { number, attempt, status, outcome, durationMs }: Answer<T>): RunEvent {
  const { object = null, window = null } = call.about ?? {};
  const failure = outcome.ok ? null : wordOf(outcome.failure);
  const about = { call: number, kind: call.kind, object, window, status, failure, durationMs };
  return call.records !== null && outcome.ok
    ? { type: "page-read", ...about, records: call.records(outcome.value) }
    : { type: "called", ...about, attempt };
}

/** Pardot's code, or what came instead of its answer. */
function wordOf(failure: Failure): string {
  return failure.code === null ? (failure.network ?? failure.shape) : `code ${failure.code}`;
}

function warnOfRepeat(call: Pick<Call<never>, "about" | "onRepeat">, failure: Failure, onEvent: OnEvent): void {
  if (call.onRepeat === null || isRefusal(failure)) return;
  onEvent({ type: "warning", code: "pardot.repeated", message: call.onRepeat, object: call.about?.object ?? null });
}
