import { TransportError } from "../../src/errors.ts";
import type { HttpRequest, HttpResponse, Transport } from "../../src/http/transport.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import type { Dice } from "./dice.ts";
import { faultOfV5, isPageOfV5 } from "./faults-v5.ts";
import { SeenV5 } from "./seen-v5.ts";
import type { Turns } from "./turns.ts";
import { wrongResponseTo } from "./wrong-responses.ts";

/** Counts that only the network can see, over all processes of a schedule. */
export class Wire {
  /** Most calls to the API host that one process had in flight, including their bodies. */
  inFlightMax = 0;
  /** Texts that only the two ends may see. */
  readonly secrets: Set<string> = new Set();
  /** Requests with a secret in the wrong part. */
  readonly leaks: string[] = [];
  /** Number of injected faults by kind. */
  readonly faults: Map<string, number> = new Map();
  /** Maximum of calls that faults made necessary again. */
  spoiled = 0;
  /** Requests that got a false empty page: never twice, nor from both ends of a window, because that means its end. */
  readonly emptied: Set<string> = new Set();
  /** What was met of API v5. */
  readonly v5: SeenV5;
  /** Calls that a process made after a response that the day's calls are used up. */
  readonly afterLimit: string[] = [];

  constructor(v5: SeenV5 = new SeenV5(undefined)) {
    this.v5 = v5;
  }
}

export interface FaultyTransportOptions {
  /** The real one, over sockets. */
  readonly transport: Transport;
  readonly simulator: Simulator;
  readonly turns: Turns;
  readonly wire: Wire;
  readonly dice: Dice;
  /** Share of the requests that fail. */
  readonly faults: number;
  /** Share of those that get a successful but wrong response. */
  readonly wrong?: number;
  /** Share of the pages of API v5 that fail in its own ways. */
  readonly v5?: { readonly share: number; readonly pageLimit: number };
  /** Turn after which every call gets code 122. */
  readonly limitAt?: number | null;
  /** Files of exports with an odd id are refused. */
  readonly isStuck?: boolean;
}

interface Whole extends Omit<HttpResponse, "body" | "endsByClose"> {
  readonly chunks: readonly Uint8Array[];
  /** Error at the end of the body; null: none. */
  readonly end: Error | null;
}

export interface Fault {
  readonly name: string;
  /** A rule of the simulator's script without its path. */
  readonly rule?: Readonly<Record<string, unknown>>;
  /** Changes the response on its way back. */
  readonly spoil?: (response: Whole) => Whole;
}

const NEVER = new AbortController().signal;
const STUCK: Fault = { name: "stuck", rule: { status: 500 } };
const LIMIT_REACHED: Fault = { name: "code 122", rule: { code: 122 } };

/**
 * The network as one process sees it: each request waits for its turn, its whole response is fetched over a real socket, and
 * the dice decide what fails on the way.
 */
export function faultyTransport(options: FaultyTransportOptions): Transport {
  const { transport, simulator, turns, wire, dice, faults, wrong = 0, limitAt = null, v5 } = options;
  const wrongDice = dice.apart("wrong");
  const v5Dice = dice.apart("v5");
  let inFlight = 0;
  let isLimited = false;
  return async (request, signal) => {
    signal.throwIfAborted();
    const isToken = request.url.pathname === "/services/oauth2/token";
    wire.leaks.push(...leaksIn(request, isToken, wire.secrets));
    if (isLimited && !isToken) wire.afterLimit.push(`G4 ${request.url.pathname} was called after code 122`);
    const trouble = dice.chance(faults) ? pickFault(request, isToken, wire, dice) : null;
    const lie = wrongDice.chance(wrong) ? wrongResponseTo(request, wrongDice) : null;
    const isPage = isPageOfV5(request.url);
    const own =
      v5 !== undefined && isPage && v5Dice.chance(v5.share) ? faultOfV5(request.url, v5.pageLimit, v5Dice) : null;
    const isStuck = options.isStuck === true && /downloadResults\/id\/\d*[13579]\//.test(request.url.pathname);
    const other = isStuck ? STUCK : (own ?? trouble ?? lie);
    if (!isToken) inFlight += 1;
    wire.inFlightMax = Math.max(wire.inFlightMax, inFlight);
    let hasLeft = false;
    const leave = (): void => {
      if (!isToken && !hasLeft) inFlight -= 1;
      hasLeft = true;
    };
    try {
      const response = await turns.take(
        `${request.method} ${request.url.pathname}${other === null ? "" : ` ! ${other.name}`}`,
        async () => {
          const isOver = !isToken && limitAt !== null && turns.count > limitAt;
          const fault: Fault | null = isOver ? LIMIT_REACHED : other;
          if (fault !== null) note(fault, wire);
          simulator.faults(fault?.rule === undefined ? [] : [{ path: "/", ...fault.rule }]);
          const whole = await fetchWhole(transport, request);
          simulator.faults([]);
          if (isToken) learnSecrets(whole, wire);
          if (isPage)
            wire.v5.note(request.url, whole.status, whole.headers, Buffer.concat(whole.chunks).toString("utf8"));
          // Other lanes may send until the client has read this response.
          if (isOver) setImmediate(() => void (isLimited = true));
          return fault?.spoil?.(whole) ?? whole;
        },
      );
      signal.throwIfAborted();
      if (response.status === 0) throw response.end ?? new Error("no response");
      if (response.status !== 200) leave();
      return {
        status: response.status,
        headers: response.headers,
        body: bodyOf(response, turns, leave),
        endsByClose: false,
      };
    } catch (error) {
      leave();
      throw error;
    }
  };
}

async function* bodyOf(response: Whole, turns: Turns, leave: () => void): AsyncGenerator<Uint8Array> {
  try {
    for (const chunk of response.chunks) {
      turns.assertAlive();
      yield chunk;
    }
    if (response.end !== null) throw response.end;
  } finally {
    leave();
  }
}

/** A secret belongs only in the body of a token request and in the header Authorization. */
function leaksIn(request: HttpRequest, isToken: boolean, secrets: ReadonlySet<string>): string[] {
  const { url, headers, body } = request;
  const places: [string, string][] = [
    ["the address", url.href],
    ["the body", isToken ? "" : (body ?? "")],
    ...Object.entries(headers).filter(([name]) => name.toLowerCase() !== "authorization"),
  ];
  return [...secrets].flatMap((secret) =>
    places
      .filter(([, text]) => text.includes(secret))
      .map(([place]) => `G8 ${place} of a request to ${url.pathname} holds a secret`),
  );
}

/** Status 0 means no response. */
async function fetchWhole(transport: Transport, request: HttpRequest): Promise<Whole> {
  const chunks: Uint8Array[] = [];
  try {
    const { status, headers, body } = await transport(request, NEVER);
    try {
      for await (const chunk of body) chunks.push(Uint8Array.from(chunk));
      return { status, headers, chunks, end: null };
    } catch (error) {
      return { status, headers, chunks, end: error as Error };
    }
  } catch (error) {
    return { status: 0, headers: {}, chunks, end: error as Error };
  }
}

function learnSecrets(response: Whole, wire: Wire): void {
  const match = /"access_token"\s*:\s*"([^"]+)"/.exec(Buffer.concat(response.chunks).toString("utf8"));
  if (match?.[1] !== undefined) wire.secrets.add(match[1]);
}

function note(fault: Fault, wire: Wire): void {
  wire.faults.set(fault.name, (wire.faults.get(fault.name) ?? 0) + 1);
  wire.spoiled += 1;
}

function pickFault(request: HttpRequest, isToken: boolean, wire: Wire, dice: Dice): Fault {
  const lost = (code: string): ((response: Whole) => Whole) => {
    const end = new TransportError(`${request.method} ${request.url.pathname}: broken by the harness`, {
      code,
      retryable: true,
    });
    return () => ({ status: 0, headers: {}, chunks: [], end });
  };
  const anywhere: Fault[] = [
    { name: "reset", rule: { reset: true } },
    { name: "lost after success", spoil: lost("http.cut") },
    { name: "time-out after success", spoil: lost("http.timeout") },
    { name: "truncated", rule: { truncate: dice.below(60) } },
    { name: "502", rule: { status: 502 } },
    { name: "503", rule: { status: 503 } },
    { name: "garbage", rule: { garbage: true } },
  ];
  if (isToken) return dice.pick(anywhere);
  const atPardot: Fault[] = [
    { name: "truncated far", rule: { truncate: 200 + dice.below(20_000) } },
    { name: "429", rule: { status: 429, headers: { "Retry-After": "3" } } },
    { name: "504", rule: { status: 504 } },
    ...[66, 183, 202, 214].map((code) => ({ name: `code ${code}`, rule: { code } })),
    { name: "expired token", rule: { expiredToken: true } },
  ];
  const { pathname } = request.url;
  // After a time-out the same page is requested with a smaller limit, and the first page of a window also from its end.
  const place = request.url.search.replace(/\blimit=\d+|\bsort_order=\w+/g, "");
  const question = `${pathname}${place}${request.body ?? ""}`;
  if (pathname.includes("/export/") && pathname.includes("/create")) {
    atPardot.push({ name: "failed export", rule: { failExport: true } });
  }
  if (pathname.includes("downloadResults")) {
    for (let n = 0; n < 4; n += 1) atPardot.push({ name: "short in silence", spoil: shortInSilence });
  }
  if (pathname.endsWith("/query") && !wire.emptied.has(question) && dice.chance(0.3)) {
    wire.emptied.add(question);
    return { name: "empty page", rule: { emptyPage: true } };
  }
  return dice.pick([...anywhere, ...atPardot]);
}

/** The body ends inside its last record, without any other sign. */
function shortInSilence(response: Whole): Whole {
  if (response.status !== 200 || response.end !== null) return response;
  const bytes = Buffer.concat(response.chunks);
  const lastRecord = bytes.lastIndexOf("\n", bytes.length - 2) + 1;
  const comma = bytes.indexOf(",", lastRecord);
  return comma === -1 ? response : { ...response, chunks: [bytes.subarray(0, comma + 1)] };
}
