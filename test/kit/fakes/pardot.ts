import { expect } from "vitest";
import { Secret } from "../../../src/secrets/secret.ts";
import type { PardotConfig } from "../../../src/config/config.ts";
import type { QueryV4 } from "../../../src/catalog/catalog.ts";
import { TransportError } from "../../../src/errors.ts";
import type { RunEvent } from "../../../src/events.ts";
import type { HttpRequest, HttpResponse, Transport } from "../../../src/http/transport.ts";
import { PardotClient } from "../../../src/pardot/client.ts";
import type { ExportRequest, PageRequest, Pardot, QueryWay } from "../../../src/pardot/pardot.ts";
import type { Clock } from "../../../src/platform/clock.ts";
import type { Random } from "../../../src/platform/random.ts";

/** What must never be seen anywhere. */
export const CANARIES = {
  clientSecret: "canary-client-secret-1f0c",
  refreshToken: "canary-refresh-token-77aa",
  accessToken: "canary-access-token-9be2",
} as const;

export const CONFIG: PardotConfig = {
  businessUnitId: "0Uv000000000001AAA",
  apiUrl: new URL("https://pi.pardot.com"),
  loginUrl: new URL("https://login.salesforce.com"),
  apiVersion: "auto",
  v4Format: null,
  timeZone: "UTC",
  accountTimeZone: "Europe/Berlin",
  auth: {
    flow: "refresh_token",
    clientId: "client",
    clientSecret: new Secret(CANARIES.clientSecret),
    refreshToken: new Secret(CANARIES.refreshToken),
    reference: null,
    tokenFile: null,
  },
  maxConcurrency: 4,
  maxWaitingExports: 4,
  dailyCallBudget: null,
  quotaShare: 0.8,
  exportPollIntervalMs: 60_000,
  exportTimeoutMs: 3_600_000,
  requestTimeoutMs: 60_000,
};

export const QUERY: QueryV4 = {
  api: "v4",
  format: "json",
  output: "bulk",
  parameters: {},
  filters: {},
  sortBy: ["id"],
  limit: 200,
  evidence: "recorded",
};

/** A clock whose sleeps end at once and are written down. */
interface FakeClock extends Clock {
  readonly slept: number[];
}

function fakeClock(start: number = Date.UTC(2026, 0, 31, 12)): FakeClock {
  let now = start;
  const slept: number[] = [];
  return {
    slept,
    now: () => now,
    monotonic: () => now - start,
    sleep: async (ms, signal) => {
      signal?.throwIfAborted();
      slept.push(ms);
      now += ms;
    },
  };
}

/** A die that always falls on `unit`. */
function loadedDie(unit: number): Random {
  return { unit: () => unit, hex: (bytes) => "0".repeat(bytes * 2) };
}

export interface Canned {
  readonly status?: number;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export function respond(canned: Canned): HttpResponse {
  const bytes = new TextEncoder().encode(canned.body ?? "");
  return { status: canned.status ?? 200, headers: canned.headers ?? {}, body: chunks(bytes), endsByClose: false };
}

async function* chunks(bytes: Uint8Array): AsyncGenerator<Uint8Array, void, undefined> {
  // Odd sizes, so that characters are cut in the middle.
  for (let at = 0; at < bytes.byteLength; at += 7) yield bytes.subarray(at, at + 7);
}

export function failBody(code: number, text = `text of ${code}`): string {
  return JSON.stringify({ "@attributes": { stat: "fail", version: 1, err_code: code }, err: text });
}

export function okBody(rest: Readonly<Record<string, unknown>>): string {
  return JSON.stringify({ "@attributes": { stat: "ok", version: 1 }, ...rest });
}

export function tokenBody(accessToken: string, more: Readonly<Record<string, unknown>> = {}): string {
  return JSON.stringify({
    access_token: accessToken,
    token_type: "Bearer",
    scope: "pardot_api refresh_token",
    ...more,
  });
}

/** An answer, an error to throw, or a function that gives either. */
export type Step = Canned | Error | ((request: HttpRequest, signal: AbortSignal) => Promise<HttpResponse>);

export interface Harness {
  readonly pardot: Pardot;
  /** What was announced, but for the answers. */
  readonly events: RunEvent[];
  /** What was announced of each request that was answered or came to nothing. */
  readonly answers: RunEvent[];
  readonly clock: FakeClock;
  /** Requests to the API host, in order. */
  readonly api: HttpRequest[];
  /** Bodies of token requests, in order. */
  readonly tokenForms: URLSearchParams[];
  /** What was reserved, in order. */
  readonly taken: string[];
  /** `rotate:<secret>`, `token`, `take`, `send`: the order in which things happened. */
  readonly order: string[];
}

export interface HarnessOptions {
  readonly steps: readonly Step[];
  /** Answers of the token endpoint; when they run out, tokens numbered on. */
  readonly tokens?: readonly Step[];
  readonly config?: Partial<PardotConfig>;
  readonly unit?: number;
  readonly take?: (kind: string, signal: AbortSignal) => Promise<void>;
  readonly onRotated?: (token: Secret) => Promise<void>;
  readonly kept?: () => Promise<Secret | null>;
}

async function play(step: Step | undefined, request: HttpRequest, signal: AbortSignal): Promise<HttpResponse> {
  if (step === undefined) throw new Error("the script has no step");
  if (step instanceof Error) throw step;
  return typeof step === "function" ? step(request, signal) : respond(step);
}

/** The client over scripted answers: the last step repeats for ever. */
export function harness(options: HarnessOptions): Harness {
  const events: RunEvent[] = [];
  const answers: RunEvent[] = [];
  const api: HttpRequest[] = [];
  const tokenForms: URLSearchParams[] = [];
  const taken: string[] = [];
  const order: string[] = [];
  const clock = fakeClock();
  const config = { ...CONFIG, ...options.config };
  const transport: Transport = async (request, signal) => {
    signal.throwIfAborted();
    if (request.url.host === config.loginUrl.host) {
      const number = tokenForms.push(new URLSearchParams(request.body ?? ""));
      order.push("token");
      const step = options.tokens?.[number - 1] ?? { body: tokenBody(`${CANARIES.accessToken}-${number}`) };
      return play(step, request, signal);
    }
    const number = api.push(request);
    order.push("send");
    return play(options.steps[Math.min(number, options.steps.length) - 1], request, signal);
  };
  const pardot = new PardotClient({
    config,
    transport,
    clock,
    random: loadedDie(options.unit ?? 0),
    budget: {
      take: async (kind, signal) => {
        order.push("take");
        taken.push(kind);
        await options.take?.(kind, signal);
      },
    },
    onEvent: (event) => void (event.type === "called" || event.type === "page-read" ? answers : events).push(event),
    onRotatedRefreshToken: async (token) => {
      order.push(`rotate:${token.reveal()}`);
      await options.onRotated?.(token);
    },
    ...(options.kept === undefined ? {} : { keptRefreshToken: options.kept }),
  });
  return { pardot, events, answers, clock, api, tokenForms, taken, order };
}

/** `expect.stringContaining` with a type, for use inside other expectations. */
export function containing(text: string): unknown {
  return expect.stringContaining(text);
}

/** The counterpart of `containing`. */
export function notContaining(text: string): unknown {
  return expect.not.stringContaining(text);
}

/** What a rejected promise rejected with; fails when it did not. */
export async function caught(promise: Promise<unknown>): Promise<unknown> {
  try {
    await promise;
  } catch (error) {
    return error;
  }
  throw new Error("it did not fail");
}

export const NEVER: AbortSignal = new AbortController().signal;

/** A query of tags. */
export const TAG_WAY: Extract<QueryWay, { readonly api: "v4" }> = {
  api: "v4",
  urlName: "tag",
  dataKey: "tag",
  query: QUERY,
};

/** A page of tags and an export that are asked for, a good page, and a connection that broke. */
export const TAG: PageRequest = { way: TAG_WAY, fields: null, afterId: "7" };
export const EXPORT: ExportRequest = {
  api: "v4",
  object: "VisitorActivity",
  fields: ["id"],
  procedure: "p",
  arguments: { updated_after: "t" },
};
export const PAGE: { readonly body: string } = { body: okBody({ result: { tag: [{ id: 8 }, { id: 9 }] } }) };
export const CUT: TransportError = new TransportError("GET pi.pardot.com: the connection broke", {
  code: "http.cut",
  retryable: true,
});
