import type { PardotConfig } from "../config/config.ts";
import type { Secret } from "../secrets/secret.ts";
import type { About, OnEvent, RunEvent } from "../events.ts";
import { readWhole } from "../http/body.ts";
import { createGate } from "../http/gate.ts";
import type { Gate } from "../http/gate.ts";
import { parseHttpDate } from "../http/http-date.ts";
import type { HttpRequest, HttpResponse, Transport } from "../http/transport.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { isoInstant } from "../time/instant.ts";
import { nextDayStart, toLocal } from "../time/zone.ts";
import { createAuth } from "./auth/auth.ts";
import { createCaller } from "./caller.ts";
import type { Call } from "./caller.ts";
import { describedFields } from "./v4/describe.ts";
import { readDownload } from "./download.ts";
import { readEnvelope } from "./envelope.ts";
import type { Answered, Outcome } from "./envelope.ts";
import { createBody, exportStatus } from "./v4/export.ts";
import type { Surroundings } from "./failure.ts";
import type { CallBudget, ExportStatus, PageRequest, Pardot, ResultBody, WireRecord } from "./pardot.ts";
import { EXPORT, JSON_TYPE, PARAMETER, operationPath, byIdPath, parameterised } from "./v4/protocol.ts";
import type { Version } from "./v4/protocol.ts";
import { recordOf, recordsOf, shapeError, totalIn, totalOf } from "./v4/records.ts";
import { resultAddress } from "./result-address.ts";

/**
 * Bytes of a response. A page of 200 records has some hundred kilobytes; for one of more than `PAGE_MAX_BYTES` its
 * reader requests half the limit. A page in memory takes several times its size, each of four lanes holds two, and the
 * process has to stay under 200 MB (G7): pages of 4 MB lead to 170 MB, of 8 MB to 220.
 */
const BODY_MAX_BYTES = 16 * 1024 * 1024;
const PAGE_MAX_BYTES = 4 * 1024 * 1024;
/** Of the responses above this size one at a time is read and parsed. */
const LARGE_BYTES = 1024 * 1024;

/** Readers halve the limit of a page that is too long down to this; such a page is repeated like any other call. */
const NARROWEST = 25;

export interface PardotOptions {
  readonly config: PardotConfig;
  /** From `openConnections`, with at least `config.maxConcurrency` connections. */
  readonly transport: Transport;
  readonly clock: Clock;
  readonly random: Random;
  readonly budget: CallBudget;
  readonly onEvent: OnEvent;
  /** Keeps a refresh token that replaces the configured one; the new access token waits for it. */
  readonly onRotatedRefreshToken: (token: Secret) => Promise<void>;
  /** A newer refresh token that is kept outside; as in `AuthOptions`. */
  readonly keptRefreshToken?: () => Promise<Secret | null>;
  /** Keeps others from asking meanwhile; as in `AuthOptions`. */
  readonly exclusively?: <T>(work: () => Promise<T>, signal: AbortSignal) => Promise<T>;
}

/** What a call may have besides its request. */
interface Extra<T> {
  /** Whether a record without the mark of success is accepted. */
  readonly bare?: boolean;
  readonly about?: About | undefined;
  readonly records?: (value: T) => number;
  readonly canNarrow?: boolean;
  readonly onRepeat?: string;
}

/** A client that is used by one operation, from its beginning to its end. */
export interface OpenPardot extends Pardot {
  /**
   * Resolves when a token request that is under way has ended and the refresh token that it brought is kept: whoever
   * ends the process sooner may take the only copy along. Never rejects.
   */
  settled(): Promise<void>;
}

/** The client of API v3/v4. Holds at most one page for each request in flight, and nothing of a download. */
export function createPardot(options: PardotOptions): OpenPardot {
  const { config, transport, clock, random, onEvent } = options;
  const auth = createAuth({
    auth: config.auth,
    loginUrl: config.loginUrl,
    transport,
    clock,
    random,
    onEvent,
    onRotatedRefreshToken: options.onRotatedRefreshToken,
    ...(options.keptRefreshToken === undefined ? {} : { keptRefreshToken: options.keptRefreshToken }),
    ...(options.exclusively === undefined ? {} : { exclusively: options.exclusively }),
  });
  const caller = createCaller({
    businessUnitId: config.businessUnitId,
    version: config.apiVersion === "3" ? 3 : 4,
    maySwitch: config.apiVersion === "auto",
    auth,
    gate: createGate(config.maxConcurrency),
    transport,
    clock,
    random,
    budget: options.budget,
    onEvent,
    surroundings: (now) => surroundings(config, now),
  });

  const large = createGate(1);

  /** A call whose whole answer is one envelope. */
  const ask = <T>(
    kind: string,
    request: (version: Version) => HttpRequest,
    understand: (root: WireRecord, answered: Answered) => T,
    signal: AbortSignal,
    extra: Extra<T> = {},
  ): Promise<T> => {
    const { about = null, records = null, canNarrow = false, onRepeat = null } = extra;
    const read = async (response: HttpResponse, answered: Answered): Promise<Outcome<T>> => {
      const turn = takingTurns(response.body, large, signal);
      try {
        const bytes = await readWhole(turn.body, records === null ? BODY_MAX_BYTES : PAGE_MAX_BYTES, kind);
        const outcome = readEnvelope(bytes, answered, extra.bare ?? false);
        if (!outcome.ok) return outcome;
        if (outcome.replaced > 0) onEvent(replacedWarning(kind, about, outcome.replaced));
        return { ok: true, value: understand(outcome.value, answered) };
      } finally {
        turn.end();
      }
    };
    return caller.call({ kind, request, read, streams: false, about, records, canNarrow, onRepeat }, signal);
  };

  const query = <T>(
    request: PageRequest,
    own: Readonly<Record<string, string>>,
    understand: (root: WireRecord, kind: string) => T,
    signal: AbortSignal,
    records: ((value: T) => number) | null = null,
  ): Promise<T> => {
    const kind = `${request.urlName} query`;
    const parameters = {
      [PARAMETER.format]: config.v4Format ?? request.query.format,
      [PARAMETER.output]: request.query.output,
      [PARAMETER.limit]: String(request.query.limit),
      ...request.query.parameters,
      ...request.parameters,
      ...own,
    };
    const build = (version: Version): HttpRequest =>
      parameterRequest(config.apiUrl, operationPath(request.urlName, version, "query"), parameters);
    const { about } = request;
    // A page of a window is one; a look at a record or a count is a call like any other.
    const isPage = typeof about?.window === "string";
    return ask(kind, build, (root) => understand(root, kind), signal, {
      about,
      ...(isPage && records !== null ? { records } : {}),
      canNarrow: isPage && Number(parameters[PARAMETER.limit]) > NARROWEST,
    });
  };

  const exportCall = (
    operation: "create" | "read",
    request: (version: Version) => HttpRequest,
    signal: AbortSignal,
    extra: Extra<ExportStatus>,
  ): Promise<ExportStatus> => {
    const kind = `${EXPORT} ${operation}`;
    return ask(kind, request, (root) => exportStatus(root, kind), signal, { bare: true, ...extra });
  };

  return {
    settled: () => auth.settled(),

    probe: (signal) => {
      const kind = "account read";
      const parameters = { [PARAMETER.format]: config.v4Format ?? "xml" };
      return ask(
        kind,
        (version) => parameterRequest(config.apiUrl, operationPath("account", version, "read"), parameters),
        (root, answered) => ({ record: recordOf(root, "account", kind), now: parseHttpDate(answered.headers["date"]) }),
        signal,
      );
    },

    queryPage: (request, signal) =>
      query(
        request,
        {},
        (root, kind) => ({ records: recordsOf(root, request.dataKey, kind), total: totalIn(root, kind) }),
        signal,
        ({ records }) => records.length,
      ),

    // Only the full output carries the total, whatever the page size.
    countRecords: (request, signal) =>
      query(
        request,
        { [PARAMETER.output]: "full", [PARAMETER.limit]: "1" },
        (root, kind) => ({ total: totalOf(root, kind), first: recordsOf(root, request.dataKey, kind)[0] ?? null }),
        signal,
      ),

    readById: ({ urlName, dataKey, operation, id, format, about }, signal) => {
      const kind = `${urlName} ${operation}`;
      const parameters = { [PARAMETER.format]: config.v4Format ?? format };
      return ask(
        kind,
        (version) => parameterRequest(config.apiUrl, byIdPath(urlName, version, operation, id), parameters),
        (root) => recordOf(root, dataKey, kind),
        signal,
        { about },
      );
    },

    describe: (urlName, signal) => {
      const kind = `${urlName} describe`;
      const parameters = { [PARAMETER.format]: config.v4Format ?? "xml" };
      return ask(
        kind,
        (version) => parameterRequest(config.apiUrl, operationPath(urlName, version, "describe"), parameters),
        (root) => describedFields(root, kind),
        signal,
      );
    },

    createExport: (request, signal) =>
      exportCall(
        "create",
        (version) => ({
          method: "POST",
          url: new URL(`${operationPath(EXPORT, version, "create")}?${PARAMETER.format}=json`, config.apiUrl),
          headers: { "content-type": JSON_TYPE },
          body: createBody(request),
        }),
        signal,
        {
          about: request.about,
          onRepeat: `the creation of an export of ${request.object} was cut off and is repeated: it may exist twice`,
        },
      ),

    readExport: async (id, signal, about) => {
      const status = await exportCall(
        "read",
        (version) =>
          parameterRequest(config.apiUrl, byIdPath(EXPORT, version, "read", id), { [PARAMETER.format]: "json" }),
        signal,
        { about },
      );
      // Another export's files would land as this one's.
      if (status.id !== id) throw shapeError(`${EXPORT} read`, `it is about export ${status.id} instead of ${id}`);
      return status;
    },

    downloadResult: async (reference, signal, about) => {
      const kind = `${EXPORT} download`;
      const url = resultAddress(reference, config.apiUrl);
      const call: Call<ResultBody> = {
        kind,
        request: () => ({ method: "GET", url, headers: {}, body: null, isFile: true }),
        read: (response, answered, release) => readDownload(response, answered, release, kind, signal),
        streams: true,
        about: about ?? null,
        records: null,
        canNarrow: false,
        onRepeat: null,
      };
      return caller.call(call, signal);
    },

    get calls() {
      return caller.calls;
    },
    get usage() {
      return caller.usage;
    },
    get version() {
      return caller.version;
    },
  };
}

function parameterRequest(apiUrl: URL, path: string, parameters: Readonly<Record<string, string>>): HttpRequest {
  const { method, url, contentType, body } = parameterised(apiUrl, path, parameters);
  return { method, url, headers: contentType === null ? {} : { "content-type": contentType }, body };
}

/** Passes a body on; beyond `LARGE_BYTES` only while no other one holds the gate, until `end`. */
function takingTurns(
  source: AsyncIterable<Uint8Array>,
  gate: Gate,
  signal: AbortSignal,
): { readonly body: AsyncIterable<Uint8Array>; end(): void } {
  let leave: (() => void) | null = null;
  async function* body(): AsyncGenerator<Uint8Array, void, undefined> {
    let bytes = 0;
    for await (const chunk of source) {
      bytes += chunk.byteLength;
      if (bytes > LARGE_BYTES) leave ??= await gate.enter(signal);
      yield chunk;
    }
  }
  return { body: body(), end: () => leave?.() };
}

function replacedWarning(kind: string, about: About | null, count: number): RunEvent {
  const characters =
    count === 1 ? "1 character that XML or UTF-8 forbids was" : `${count} characters that XML or UTF-8 forbids were`;
  const message = `${kind}: ${characters} replaced by U+FFFD`;
  return { type: "warning", code: "data.character-replaced", object: about?.object ?? null, message };
}

function surroundings(config: PardotConfig, now: number): Surroundings {
  const turn = nextDayStart(now, config.accountTimeZone);
  return {
    businessUnit: config.businessUnitId,
    apiHost: config.apiUrl.host,
    loginHost: config.loginUrl.host,
    nextDay: `${toLocal(turn, config.accountTimeZone)} ${config.accountTimeZone} (${isoInstant(turn)})`,
  };
}
