import type { About, OnEvent, RunEvent } from "../events.ts";
import { readWhole } from "../http/body.ts";
import { createGate, Turn } from "../http/gate.ts";
import { Auth } from "./auth/auth.ts";
import { Caller } from "./caller.ts";
import type { Call, PardotOptions } from "./caller.ts";
import type { Dialect, Exchange } from "./dialect.ts";
import { DialectV4 } from "./dialects/v4.ts";
import { DialectV5 } from "./dialects/v5.ts";
import { readDownload } from "./download.ts";
import { readEnvelope } from "./envelope.ts";
import { inspectionRequest, readInspected } from "./inspect.ts";
import type { Inspected, Inspection } from "./inspect.ts";
import type {
  CallCounts,
  Counted,
  DescribedField,
  ExportRead,
  ExportRequest,
  ExportStatus,
  Page,
  PageRequest,
  Pardot,
  Probe,
  ReadRequest,
  ResultBody,
  Version,
  WireRecord,
} from "./pardot.ts";
import { resultAddress } from "./result-address.ts";

/**
 * Bytes of a response. A page of 200 records has some hundred kilobytes; for one of more than `PAGE_MAX_BYTES` its
 * reader requests half the limit.
 */
const BODY_MAX_BYTES = 16 * 1024 * 1024;
const PAGE_MAX_BYTES = 4 * 1024 * 1024;
/**
 * Responses above this size are in memory one at a time, because each takes several times its size there. With pages of
 * 3.8 MB of XML in five lanes 177 MB resident instead of 390.
 */
const LARGE_BYTES = 400 * 1024;

/** Readers halve the limit of a page that is too long down to this; such a page is repeated like any other call. */
const NARROWEST = 25;

/** How a call differs from a plain one. */
interface Extra<T> extends Pick<Call<T>, "about" | "records" | "canNarrow" | "onRepeat"> {
  readonly turn?: Turn | undefined;
}

/** A client for one operation, from its beginning to its end. */
export interface OpenPardot extends Pardot {
  /**
   * Resolves when a token request in flight has ended and its refresh token is kept: ending the process sooner may lose
   * the only copy. Never rejects.
   */
  settled(): Promise<void>;

  /**
   * Sends one request for `probe` and returns its response unchanged, even a refusal. As in any other call, it retries,
   * waits for or throws only a refused token, the limits, and failures of the network.
   */
  inspect(request: Inspection, signal: AbortSignal): Promise<Inspected>;
}

/** The client of the API. Holds at most one page for each request in flight, and nothing of a download. */
export class PardotClient implements OpenPardot {
  readonly #apiUrl: URL;
  readonly #v4: DialectV4;
  readonly #v5: DialectV5;
  readonly #main: Dialect;
  readonly #auth: Auth;
  readonly #caller: Caller;
  readonly #onEvent: OnEvent;
  readonly #large = createGate(1);
  #room: Uint8Array | null = null;

  constructor(options: PardotOptions) {
    this.#apiUrl = options.config.apiUrl;
    this.#v4 = new DialectV4(options.config);
    this.#v5 = new DialectV5(options.config);
    this.#main = options.config.apiVersion === "5" ? this.#v5 : this.#v4;
    this.#onEvent = options.onEvent;
    this.#auth = new Auth(options);
    this.#caller = new Caller(options, this.#auth);
  }

  get calls(): CallCounts {
    return this.#caller.calls;
  }

  get usage(): { readonly used: number; readonly max: number } | null {
    return this.#caller.usage;
  }

  get version(): Version {
    return this.#caller.version;
  }

  settled(): Promise<void> {
    return this.#auth.settled();
  }

  inspect(inspection: Inspection, signal: AbortSignal): Promise<Inspected> {
    const { kind } = inspection;
    const request = inspectionRequest(inspection, this.#apiUrl);
    return this.#caller.call(
      { kind, request, read: (response, head) => readInspected(response, head, inspection) },
      signal,
    );
  }

  probe(signal: AbortSignal): Promise<Probe> {
    return this.#ask(this.#main.probe(), signal);
  }

  queryPage(request: PageRequest, signal: AbortSignal): Promise<Page> {
    const { about, way, limit = way.query.limit, isRest = false, turn } = request;
    const exchange = this.#of(way).page(request);
    // Pages of a window are such calls; a request for a single record is like any other call.
    if (typeof about?.window !== "string") return this.#ask(exchange, signal, { about });
    const records = (page: Page): number => (isRest ? 0 : page.records.length);
    return this.#ask(exchange, signal, { about, records, canNarrow: limit > NARROWEST, turn });
  }

  countRecords(request: PageRequest, signal: AbortSignal): Promise<Counted> {
    return this.#ask(this.#v4.count(request), signal, { about: request.about });
  }

  readById(request: ReadRequest, signal: AbortSignal): Promise<WireRecord> {
    return this.#ask(this.#of(request.way).readById(request), signal, { about: request.about });
  }

  describe(urlName: string, signal: AbortSignal): Promise<readonly DescribedField[]> {
    return this.#ask(this.#v4.describe(urlName), signal);
  }

  createExport(request: ExportRequest, signal: AbortSignal): Promise<ExportStatus> {
    const onRepeat = `the creation of an export of ${request.object} was cut off and is repeated: it may exist twice`;
    return this.#ask(this.#of(request).createExport(request), signal, { about: request.about, onRepeat });
  }

  readExport(request: ExportRead, signal: AbortSignal): Promise<ExportStatus> {
    return this.#ask(this.#of(request).readExport(request.id), signal, { about: request.about });
  }

  async downloadResult(reference: string, signal: AbortSignal, about?: About): Promise<ResultBody> {
    const kind = "export download";
    const url = resultAddress(reference, this.#apiUrl);
    const call: Call<ResultBody> = {
      kind,
      request: () => ({ method: "GET", url, headers: {}, body: null, isFile: true }),
      read: (response, head, release) => readDownload(response, head, release, kind, signal),
      streams: true,
      about,
    };
    return this.#caller.call(call, signal);
  }

  #of({ api }: { readonly api: "v4" | "v5" }): Dialect {
    return api === "v5" ? this.#v5 : this.#v4;
  }

  /** Makes a call whose response is one envelope. */
  #ask<T>(exchange: Exchange<T>, signal: AbortSignal, { turn, ...extra }: Extra<T> = {}): Promise<T> {
    // A call with a turn would keep those in flight waiting, which may keep it waiting for a place among them.
    turn?.end();
    const { kind, request, isBare = false, isTyped = false } = exchange;
    const read: Call<T>["read"] = async (response, head) => {
      const own = turn ?? new Turn();
      let isKept = false;
      try {
        const maxBytes = extra.records === undefined ? BODY_MAX_BYTES : PAGE_MAX_BYTES;
        const large = { bytes: LARGE_BYTES, begin: () => this.#beginLarge(own, signal) };
        const bytes = await readWhole(response.body, maxBytes, kind, large);
        const outcome = readEnvelope(bytes, head, isBare, isTyped);
        if (!outcome.ok) return outcome;
        if (outcome.replaced > 0) this.#onEvent(replacedWarning(kind, extra.about, outcome.replaced));
        const value = exchange.read(outcome.value, head);
        isKept = turn !== undefined;
        return { ok: true, value };
      } finally {
        if (!isKept) own.end();
      }
    };
    return this.#caller.call({ ...extra, kind, request, read }, signal);
  }

  /** Waits for the turn of a large response, and frees what the one before has left. */
  async #beginLarge(turn: Turn, signal: AbortSignal): Promise<Uint8Array> {
    await turn.begin(this.#large, signal);
    globalThis.gc?.({ type: "minor" });
    // Memory of this size for each of them would be freed late.
    return (this.#room ??= Buffer.allocUnsafeSlow(BODY_MAX_BYTES));
  }
}

function replacedWarning(kind: string, about: About | undefined, count: number): RunEvent {
  const characters =
    count === 1 ? "1 character that XML or UTF-8 forbids was" : `${count} characters that XML or UTF-8 forbids were`;
  const message = `${kind}: ${characters} replaced by U+FFFD`;
  return { type: "warning", code: "data.character-replaced", object: about?.object ?? null, message };
}
