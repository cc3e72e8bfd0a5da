/** `/__sim/…`: all rows, counts, and controls. Not part of Pardot: not counted, no limits, no credentials. */
import type { IncomingMessage, ServerResponse } from "node:http";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import type { TruthOptions, TruthRow } from "./simulation.ts";
import type { SimulatorStats } from "./stats.ts";

export interface Controls {
  stats(): SimulatorStats;
  /** Throws for an unknown object. */
  rows(object: string, deleted?: "live" | "deleted" | "all", options?: TruthOptions): Iterable<TruthRow>;
  /** Simulates whole days. Throws RangeError. */
  advance(days: number): void;
  /** Replaces the script of faults; an empty list clears it. Throws an Error that names all problems. */
  faults(script: unknown): void;
  /** Returns to the start: account, clock, tokens, exports, counts. */
  reset(): void;
  now(): Date;
}

const LINES_CHARACTERS = 64 * 1024;

export async function respondToControl(
  request: IncomingMessage,
  response: ServerResponse,
  url: URL,
  controls: Controls,
  body: string,
): Promise<void> {
  const [, , action = "", object = ""] = url.pathname.split("/");
  const route = `${request.method ?? "GET"} ${action}`;
  try {
    if (route === "GET rows") {
      const deleted = DELETED.find((state) => state === url.searchParams.get("deleted")) ?? "live";
      const api = APIS.find((version) => String(version) === url.searchParams.get("api"));
      const columns = url.searchParams.get("columns") === "all" ? "all" : "tables";
      await sendRows(response, controls.rows(object, deleted, { columns, ...(api === undefined ? {} : { api }) }));
      return;
    }
    const result = act(route, body, controls);
    response.writeHead(result === null ? 404 : 200, { "Content-Type": "application/json" });
    response.end(`${JSON.stringify(result ?? { error: `no control ${route}` })}\n`);
  } catch (error) {
    if (response.headersSent) throw error;
    response.writeHead(400, { "Content-Type": "application/json" });
    response.end(`${JSON.stringify({ error: (error as Error).message })}\n`);
  }
}

const DELETED = ["live", "deleted", "all"] as const;
const APIS = [4, 5] as const;

function act(route: string, body: string, controls: Controls): object | null {
  switch (route) {
    case "GET stats":
      return controls.stats();
    case "POST advance": {
      const given = body.trim() === "" ? null : (JSON.parse(body) as { days?: unknown } | null);
      controls.advance(Number(given?.days ?? 1));
      return { now: controls.now().toISOString() };
    }
    case "POST faults":
    case "DELETE faults":
      controls.faults(route === "DELETE faults" ? [] : JSON.parse(body));
      return { ok: true };
    case "POST reset":
      controls.reset();
      return { now: controls.now().toISOString() };
    default:
      return null;
  }
}

/** Sends JSON lines, made on the way. */
async function sendRows(response: ServerResponse, rows: Iterable<object>): Promise<void> {
  const pieces = lines(rows);
  // The first piece is made before the headers are sent, so that an unknown object still gets a 400.
  const first = pieces.next();
  response.writeHead(200, { "Content-Type": "application/x-ndjson; charset=utf-8" });
  if (first.done === true) {
    response.end();
    return;
  }
  response.write(first.value);
  await pipeline(Readable.from(pieces), response);
}

function* lines(rows: Iterable<object>): Generator<string, void> {
  let text = "";
  for (const row of rows) {
    text += `${JSON.stringify(row)}\n`;
    if (text.length >= LINES_CHARACTERS) {
      yield text;
      text = "";
    }
  }
  if (text !== "") yield text;
}
