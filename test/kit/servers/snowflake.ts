import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { gunzipSync } from "node:zlib";
import { judgeLogin } from "./snowflake-login.ts";
import type { LoginData, Refusal, SnowflakeUser } from "./snowflake-login.ts";
import { answerStatement } from "./snowflake-tables.ts";
import type { Result, SessionPlace, SnowflakeTable } from "./snowflake-tables.ts";

export type { SnowflakeTable, SnowflakeUser };

/**
 * A stand-in for Snowflake on a loopback port that the official driver takes for the real one: login in every way that
 * needs no browser, sessions that expire and are renewed, queries with inline and separate result chunks, errors. Shape
 * of requests and answers: the driver's sources (snowflakedb/snowflake-connector-nodejs, services/sf and connection/*).
 */
export interface SnowflakeOptions {
  readonly account?: string;
  readonly users: readonly SnowflakeUser[];
  readonly tables?: Readonly<Record<string, SnowflakeTable>>;
  /** What exists; a session that names another has none (upper case). */
  readonly database?: string;
  readonly schema?: string;
  readonly warehouse?: string;
  readonly role?: string;
  /** The sessions' TIMEZONE. */
  readonly timeZone?: string;
  /** Rows of a result that stand in its first answer; the rest is fetched in chunks of as many. */
  readonly rowsPerChunk?: number;
}

/** What goes wrong with one request. */
export type SnowflakeFault =
  | { readonly kind: "refuse"; readonly code: string; readonly message: string }
  | { readonly kind: "status"; readonly status: number; readonly body?: string }
  | { readonly kind: "reset" }
  | { readonly kind: "hang" };

export type SnowflakeRequestKind = "login" | "query" | "renew" | "logout" | "chunk";

export interface SnowflakeServer {
  readonly url: string;
  /** By name; a test may change them at any time. */
  readonly tables: Map<string, SnowflakeTable>;
  /** Every statement, first to last. */
  readonly statements: readonly string[];
  /** Parameters that came with each statement. */
  readonly parameters: readonly Readonly<Record<string, unknown>>[];
  /** `POST /session`, one for each request. */
  readonly requests: readonly string[];
  /** Logins that were let in, with what the driver told of itself. */
  readonly logins: readonly LoginData[];
  /** Sessions that are logged in now. */
  readonly sessions: number;
  /** Gives the next requests of a kind these faults, one each, in this order. */
  fail(kind: SnowflakeRequestKind, ...faults: readonly SnowflakeFault[]): void;
  /** Lets every session's token expire: the driver renews it. */
  expireTokens(): void;
  /** Ends every session. */
  endSessions(): void;
  /** Resolves when a request of this kind has come in that hangs. */
  hung(kind: SnowflakeRequestKind): Promise<void>;
  close(): Promise<void>;
}

interface Session {
  token: string;
  readonly master: string;
  readonly place: SessionPlace;
}

interface Answer {
  readonly status?: number;
  readonly body: unknown;
}

const EXPIRED: Refusal = { code: "390112", message: "Your session has expired. Please login again." };
const GONE: Refusal = {
  code: "390111",
  message: "Session no longer exists. New login required to access the service.",
};
const TOKEN_SECONDS = 3600;

export async function startSnowflake(options: SnowflakeOptions): Promise<SnowflakeServer> {
  const { account = "ACME", users, rowsPerChunk = 1000 } = options;
  const existing = {
    role: options.role ?? "LOADER",
    warehouse: options.warehouse ?? "XS",
    database: options.database ?? "LAKE",
    schema: options.schema ?? "PARDOT",
  };
  const tables = new Map(Object.entries(options.tables ?? {}));
  const statements: string[] = [];
  const parameters: Readonly<Record<string, unknown>>[] = [];
  const requests: string[] = [];
  const logins: LoginData[] = [];
  const sessions = new Set<Session>();
  const expired = new Set<string>();
  const faults: { readonly kind: SnowflakeRequestKind; readonly fault: SnowflakeFault }[] = [];
  const hanging = new Map<SnowflakeRequestKind, () => void>();
  const chunks = new Map<string, Result["rows"]>();

  const placeOf = (query: URLSearchParams): SessionPlace | Refusal => {
    const named = (given: string | null, real: string): string | null =>
      given === null || given.toUpperCase() === real ? real : null;
    const role = named(query.get("roleName"), existing.role);
    if (role === null) {
      const message = `Role '${query.get("roleName") ?? ""}' specified in the connect string does not exist or not authorized. Contact your local system administrator, or attempt to login with another role, e.g. PUBLIC.`;
      return { code: "390189", message };
    }
    const database = named(query.get("databaseName"), existing.database);
    return {
      role,
      warehouse: named(query.get("warehouse"), existing.warehouse),
      database,
      schema: database === null ? null : named(query.get("schemaName"), existing.schema),
      timeZone: options.timeZone ?? "America/Los_Angeles",
    };
  };

  const logIn = (query: URLSearchParams, data: LoginData): Answer => {
    const user = judgeLogin(data, account, users);
    if ("code" in user) return refuse(user);
    const place = placeOf(query);
    if ("code" in place) return refuse(place);
    const session: Session = { token: `session-${randomUUID()}`, master: `master-${randomUUID()}`, place };
    sessions.add(session);
    logins.push(data);
    return accept({
      token: session.token,
      masterToken: session.master,
      validityInSeconds: TOKEN_SECONDS,
      masterValidityInSeconds: 4 * TOKEN_SECONDS,
      sessionId: sessions.size,
      parameters: [{ name: "TIMEZONE", value: place.timeZone }],
      sessionInfo: { databaseName: place.database, schemaName: place.schema, roleName: place.role },
    });
  };

  const sessionOf = (request: IncomingMessage): Session | Refusal => {
    const token = /^Snowflake Token="(.+)"$/.exec(request.headers.authorization ?? "")?.[1] ?? "";
    if (expired.has(token)) return EXPIRED;
    return [...sessions].find((session) => session.token === token || session.master === token) ?? GONE;
  };

  const renew = (session: Session): Answer => {
    session.token = `session-${randomUUID()}`;
    const lives = { validityInSecondsST: TOKEN_SECONDS, validityInSecondsMT: 4 * TOKEN_SECONDS };
    return accept({ sessionToken: session.token, masterToken: session.master, ...lives, sessionId: 1 });
  };

  const runStatement = (session: Session, body: Readonly<Record<string, unknown>>, base: string): Answer => {
    const sql = String(body["sqlText"]);
    statements.push(sql);
    parameters.push((body["parameters"] ?? {}) as Readonly<Record<string, unknown>>);
    const result = answerStatement(sql, session.place, tables);
    const queryId = randomUUID();
    if ("code" in result) return refuse(result, queryId);
    const later: { readonly url: string; readonly rowCount: number }[] = [];
    for (let at = rowsPerChunk; at < result.rows.length; at += rowsPerChunk) {
      const id = randomUUID();
      const rows = result.rows.slice(at, at + rowsPerChunk);
      chunks.set(id, rows);
      later.push({ url: `${base}/chunks/${id}`, rowCount: rows.length });
    }
    const { place } = session;
    return accept({
      queryId,
      rowtype: result.types.map((type, index) => ({
        name: `C${index}`,
        type,
        nullable: true,
        scale: 9,
        precision: null,
      })),
      rowset: result.rows.slice(0, rowsPerChunk),
      ...(later.length === 0 ? {} : { chunks: later, chunkHeaders: {} }),
      total: result.rows.length,
      returned: result.rows.length,
      parameters: [{ name: "TIMEZONE", value: place.timeZone }],
      queryResultFormat: "json",
      statementTypeId: 4096,
      version: 1,
      finalDatabaseName: place.database,
      finalSchemaName: place.schema,
      finalRoleName: place.role,
      finalWarehouseName: place.warehouse,
    });
  };

  const answerOf = (
    kind: SnowflakeRequestKind,
    request: IncomingMessage,
    url: URL,
    body: Record<string, unknown>,
  ): Answer => {
    if (kind === "chunk") return { body: chunks.get(url.pathname.split("/").at(-1) ?? "") };
    if (kind === "login") return logIn(url.searchParams, body["data"] as LoginData);
    const session = sessionOf(request);
    if ("code" in session) return refuse(session);
    if (kind === "renew") return renew(session);
    if (kind === "query") return runStatement(session, body, url.origin);
    sessions.delete(session);
    return accept(null);
  };

  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const url = new URL(request.url ?? "/", `http://${request.headers.host ?? ""}`);
    requests.push(`${request.method ?? ""} ${url.pathname.replace(/^\/chunks\/.*/, "/chunks")}`);
    const body = await readBody(request);
    const kind = kindOf(url);
    const index = faults.findIndex((planned) => planned.kind === kind);
    const fault = index === -1 ? undefined : faults.splice(index, 1)[0]?.fault;
    if (fault?.kind === "reset") {
      request.socket.resetAndDestroy();
      return;
    }
    if (kind !== null && fault?.kind === "hang") {
      hanging.get(kind)?.();
      return;
    }
    if (kind === null || fault?.kind === "status") {
      const status = fault?.kind === "status" ? fault.status : 404;
      response.writeHead(status, { "content-type": "text/html" });
      response.end(fault?.kind === "status" ? fault.body : undefined);
      return;
    }
    const answer = fault?.kind === "refuse" ? refuse(fault) : answerOf(kind, request, url, body);
    const text = JSON.stringify(answer.body);
    response.writeHead(200, { "content-type": kind === "chunk" ? "application/octet-stream" : "application/json" });
    // A chunk is rows without the brackets around them.
    response.end(kind === "chunk" ? text.slice(1, -1) : text);
  };

  const server = createServer((request, response) => {
    handle(request, response).catch((error: unknown) => {
      response.destroy(error instanceof Error ? error : new Error(String(error)));
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    tables,
    statements,
    parameters,
    requests,
    logins,
    get sessions() {
      return sessions.size;
    },
    fail: (kind, ...planned) => faults.push(...planned.map((fault) => ({ kind, fault }))),
    expireTokens: () => {
      for (const { token } of sessions) expired.add(token);
    },
    endSessions: () => sessions.clear(),
    hung: (kind) =>
      new Promise((resolve) => {
        hanging.set(kind, resolve);
      }),
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

function kindOf({ pathname, searchParams }: URL): SnowflakeRequestKind | null {
  if (pathname === "/session/v1/login-request") return "login";
  if (pathname === "/queries/v1/query-request") return "query";
  if (pathname === "/session/token-request") return "renew";
  if (pathname === "/session" && searchParams.get("delete") === "true") return "logout";
  return pathname.startsWith("/chunks/") ? "chunk" : null;
}

function accept(data: unknown): Answer {
  return { body: { success: true, code: null, message: null, data } };
}

function refuse({ code, message, sqlState = "08001" }: Refusal, queryId: string | null = null): Answer {
  return { body: { success: false, code, message, data: { sqlState, queryId, errorCode: code } } };
}

async function readBody(request: IncomingMessage): Promise<Record<string, unknown>> {
  const parts: Buffer[] = [];
  for await (const part of request) parts.push(part as Buffer);
  const bytes = Buffer.concat(parts);
  if (bytes.length === 0) return {};
  const isGzip = bytes[0] === 0x1f && bytes[1] === 0x8b;
  return JSON.parse((isGzip ? gunzipSync(bytes) : bytes).toString()) as Record<string, unknown>;
}
