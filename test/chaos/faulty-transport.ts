import { TransportError } from "../../src/errors.ts";
import type { HttpRequest, HttpResponse, Transport } from "../../src/http/transport.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import type { Dice } from "./dice.ts";
import type { Turns } from "./turns.ts";

/** Counts that only the network sees, over all processes of a schedule. */
export class Wire {
  /** Most calls to the API host that one process had begun and not ended, their bodies included. */
  inFlightMax = 0;
  /** Texts that nobody but the two ends may ever see. */
  readonly secrets: Set<string> = new Set();
  /** Requests that show a secret where none belongs. */
  readonly leaks: string[] = [];
  /** Kinds of faults and how often each was given. */
  readonly faults: Map<string, number> = new Map();
  /** Calls that faults have made necessary again, at most. */
  spoiled = 0;
  /** Questions that an empty page was given for: never twice, because two in a row say that there is no more. */
  readonly emptied: Set<string> = new Set();
}

export interface FaultyTransportOptions {
  /** The real one, over sockets. */
  readonly transport: Transport;
  readonly simulator: Simulator;
  readonly turns: Turns;
  readonly wire: Wire;
  readonly dice: Dice;
  /** Share of the requests that something happens to. */
  readonly faults: number;
}

interface Whole extends Omit<HttpResponse, "body" | "endsByClose"> {
  readonly chunks: readonly Uint8Array[];
  /** How the body ended; null: well. */
  readonly end: Error | null;
}

interface Fault {
  readonly name: string;
  /** A rule of the simulator's script without its path. */
  readonly rule?: Readonly<Record<string, unknown>>;
  /** What becomes of the answer on its way back. */
  readonly spoil?: (answer: Whole) => Whole;
}

const NEVER = new AbortController().signal;

/**
 * The network as one process sees it: each request takes its turn, its answer is fetched whole over a real socket, and
 * the dice decide what goes wrong on the way.
 */
export function faultyTransport(options: FaultyTransportOptions): Transport {
  const { transport, simulator, turns, wire, dice, faults } = options;
  let inFlight = 0;
  return async (request, signal) => {
    signal.throwIfAborted();
    const isToken = request.url.pathname === "/services/oauth2/token";
    wire.leaks.push(...leaksIn(request, isToken, wire.secrets));
    const fault = dice.chance(faults) ? pickFault(request, isToken, wire, dice) : null;
    if (!isToken) inFlight += 1;
    wire.inFlightMax = Math.max(wire.inFlightMax, inFlight);
    let isOver = false;
    const leave = (): void => {
      if (!isToken && !isOver) inFlight -= 1;
      isOver = true;
    };
    try {
      const answer = await turns.take(
        `${request.method} ${request.url.pathname}${fault === null ? "" : ` ! ${fault.name}`}`,
        async () => {
          if (fault !== null) note(fault, wire);
          simulator.faults(fault?.rule === undefined ? [] : [{ path: "/", ...fault.rule }]);
          const whole = await fetchWhole(transport, request);
          simulator.faults([]);
          if (isToken) learnSecrets(whole, wire);
          return fault?.spoil?.(whole) ?? whole;
        },
      );
      signal.throwIfAborted();
      if (answer.status === 0) throw answer.end ?? new Error("no answer");
      if (answer.status !== 200) leave();
      return { status: answer.status, headers: answer.headers, body: bodyOf(answer, turns, leave), endsByClose: false };
    } catch (error) {
      leave();
      throw error;
    }
  };
}

async function* bodyOf(answer: Whole, turns: Turns, leave: () => void): AsyncGenerator<Uint8Array> {
  try {
    for (const chunk of answer.chunks) {
      turns.assertAlive();
      yield chunk;
    }
    if (answer.end !== null) throw answer.end;
  } finally {
    leave();
  }
}

/** A secret belongs into the body of a token request and into the header Authorization, and nowhere else. */
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

/** Status 0: no answer came at all. */
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

function learnSecrets(answer: Whole, wire: Wire): void {
  const match = /"access_token"\s*:\s*"([^"]+)"/.exec(Buffer.concat(answer.chunks).toString("utf8"));
  if (match?.[1] !== undefined) wire.secrets.add(match[1]);
}

function note(fault: Fault, wire: Wire): void {
  wire.faults.set(fault.name, (wire.faults.get(fault.name) ?? 0) + 1);
  wire.spoiled += 1;
}

function pickFault(request: HttpRequest, isToken: boolean, wire: Wire, dice: Dice): Fault {
  const lost = (code: string): ((answer: Whole) => Whole) => {
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
  const question = `${pathname}${request.url.search}${request.body ?? ""}`;
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

/** The body ends within its last record, and nothing says so but the record itself. */
function shortInSilence(answer: Whole): Whole {
  if (answer.status !== 200 || answer.end !== null) return answer;
  const bytes = Buffer.concat(answer.chunks);
  const lastRecord = bytes.lastIndexOf("\n", bytes.length - 2) + 1;
  const comma = bytes.indexOf(",", lastRecord);
  return comma === -1 ? answer : { ...answer, chunks: [bytes.subarray(0, comma + 1)] };
}
