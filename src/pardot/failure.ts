import { AuthError, DataError, LimitError, RemoteError, TransportError } from "../errors.ts";
import type { ErrorDetails, PardotEtlError } from "../errors.ts";
import { NO_CONNECTION_HINT } from "../platform/proxy.ts";
import { shortened } from "../text.ts";
import { ERROR_CODES, TIMED_OUT_HINT, TOKEN_REFUSED_HINT } from "./error-codes.ts";
import type { ErrorCode, Treatment } from "./error-codes.ts";
import { HEADER } from "./protocol.ts";

/** Why a response is not the requested one, or why there is none. */
export interface Failure {
  /**
   * `envelope`: Pardot's own error. The others name the actual response: a page of HTML, nothing, something cut or
   * malformed, well-formed data without an envelope, something other than a result file, a redirect, or no response.
   */
  readonly shape: "envelope" | "html" | "empty" | "unreadable" | "no-envelope" | "not-a-file" | "redirect" | "network";
  /** Pardot's error code; null without an envelope. */
  readonly code: number | null;
  /** What the code means in this generation of the API; null for an unknown code, or without one. */
  readonly known: ErrorCode | null;
  /** HTTP status; null when none came. */
  readonly status: number | null;
  /** Pardot's message, or a description of the body. */
  readonly text: string;
  /** X-Pardot-Route and -LB, which the vendor's support needs. */
  readonly route: string | null;
  readonly loadBalancer: string | null;
  /** Dotted code of a failure of the network (`http.timeout`). */
  readonly network: string | null;
  /** The wait that the server requests. */
  readonly retryAfterMs: number | null;
}

export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure };

/** The head of a response. */
export interface ResponseHead {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly retryAfterMs: number | null;
}

/** Names that messages mention, and what they depend on. */
export interface ErrorContext {
  readonly businessUnit: string;
  readonly apiHost: string;
  readonly loginHost: string;
  /** When the account's next day starts, for people. */
  readonly nextDay: string;
  /** Removes secrets from a foreign text. */
  readonly redact: (text: string) => string;
  /** Whether other calls have succeeded with the same credentials. */
  readonly hasWorked: boolean;
}

/** Longest quotation of a foreign text in a message. */
const QUOTE_MAX = 200;

/** What to do about a failure. A known code decides, else the status. */
export function treatmentOf(failure: Failure): Treatment {
  if (failure.known !== null) return failure.known.treatment;
  const status = failure.status;
  if (failure.shape === "network") return "back-off";
  if (status === 401) return "refresh";
  if (status === 403) return "credentials";
  if (status === 504) return "narrow";
  if (status === 408 || status === 429 || (status !== null && status >= 500)) return "back-off";
  if (failure.shape === "redirect" || failure.shape === "html") return "configuration";
  const isSuccess = status !== null && status >= 200 && status <= 299;
  if (isSuccess && failure.code === null && failure.shape !== "envelope") return "back-off";
  return "fatal";
}

/**
 * The same after calls have succeeded in this run: then a page of HTML, a redirect or a refusal without a reason from
 * Pardot points to maintenance or to something in between, not to a wrong setting.
 */
export function midRunTreatmentOf(failure: Failure): Treatment {
  const treatment = treatmentOf(failure);
  if (failure.code !== null || failure.status === null) return treatment;
  if (failure.status === 403) return "refresh";
  return treatment === "configuration" && failure.status < 400 ? "back-off" : treatment;
}

/** Whether a smaller request may work: Pardot or the network gave up on this one because of its size. */
export function wantsLess(failure: Failure): boolean {
  return treatmentOf(failure) === "narrow" || (failure.network !== null && TOO_LONG.has(failure.network));
}

/**
 * Whether an error means that the response took too long or was too large: code 214, HTTP 504, no end within the
 * time-out, or a body over the cap. `queryPage` throws these for a page of a window after a single request, so that
 * its caller can request the same page with half the limit. All other calls are repeated first.
 */
export function isTooLong(error: unknown): boolean {
  if (error instanceof RemoteError) return error.pardotCode === 214 || error.context["status"] === 504;
  return error instanceof TransportError && TOO_LONG.has(error.code);
}

/**
 * Whether a server on the way refuses a request because its address is too long: HTTP 414, 431, or 400 without an error of
 * Pardot's. Salesforce's servers answer with the first two (jsforce/jsforce issue 1134); Pardot's own limit is unknown.
 */
export function isAddressTooLong(error: unknown): boolean {
  if (!(error instanceof RemoteError) || error.pardotCode !== null) return false;
  const { status } = error.context;
  return isTooLongStatus(status) || status === 400;
}

function isTooLongStatus(status: unknown): boolean {
  return status === 414 || status === 431;
}

const TOO_LONG: ReadonlySet<string> = new Set(["http.timeout", "http.body-too-large"]);

/** Whether Pardot reports that it did not act. After any other failure a create may have been carried out. */
export function isRefusal(failure: Failure): boolean {
  if (failure.network === "http.not-sent" || failure.status === 429) return true;
  return failure.code !== null && failure.code !== 183 && failure.code !== 214;
}

/**
 * Describes a failure in one clause, lower case. Pardot's own words are added if they name more than the code does:
 * which parameter, which field.
 */
export function reasonOf(failure: Failure, around: ErrorContext): string {
  const words = shortened(around.redact(failure.text), QUOTE_MAX);
  if (failure.code === null) return failure.status === null ? words : `HTTP ${failure.status} with ${words}`;
  const { known } = failure;
  if (known === null) return `pardot refused with code ${failure.code}: ${words}`;
  const quoted = known.treatment === "fatal" ? `: ${words}` : "";
  return `${fill(known.meaning, around)} (pardot code ${failure.code})${quoted}`;
}

/** The typed error of a failure that stays after `tries` requests: the only place where a response becomes an error. */
export function errorOf(failure: Failure, kind: string, tries: number, around: ErrorContext): PardotEtlError {
  const after = tries > 1 ? ` after ${tries} tries` : "";
  const message = `${kind}: ${reasonOf(failure, around)}${after}`;
  const context = contextOf(failure, tries);
  const { code, known } = failure;
  if (code === null) return withoutCode(failure, message, around, context);
  const hint = known === null ? UNKNOWN_CODE_HINT : ((around.hasWorked ? known.midRunHint : null) ?? known.hint);
  const details = {
    context,
    code: `pardot.${known?.name ?? `code-${code}`}`,
    ...(hint === undefined ? {} : { hint: fill(hint, around) }),
  };
  if (known?.actor === "auth") return new AuthError(message, details);
  if (known?.actor === "limit") return new LimitError(message, details);
  return new RemoteError(message, { ...details, retryable: isRetryable(failure), pardotCode: code });
}

const UNKNOWN_CODE_HINT = "pardot-etl does not know this code; look it up in the vendor's list of error codes.";

function withoutCode(
  failure: Failure,
  message: string,
  around: ErrorContext,
  context: NonNullable<ErrorDetails["context"]>,
): PardotEtlError {
  const { shape, network, status } = failure;
  const details = (code: string, hint: string): ErrorDetails => ({ context, code, hint: fill(hint, around) });
  const again = (code: string, hint: string): ErrorDetails => ({ ...details(code, hint), retryable: true });
  const treatment = treatmentOf(failure);
  if (treatment === "refresh") return new AuthError(message, details("pardot.token-refused", TOKEN_REFUSED_HINT));
  if (status === 403) return new AuthError(message, details("pardot.forbidden", FORBIDDEN_HINT));
  if (treatment === "narrow") {
    return new RemoteError(message, { ...again("pardot.timed-out", TIMED_OUT_HINT), pardotCode: 214 });
  }
  if (shape === "network") {
    const hint = network === "http.not-sent" ? NO_CONNECTION_HINT : NETWORK_HINT;
    return new TransportError(message, again(network ?? "http.cut", hint));
  }
  if (isTooLongStatus(status)) return new RemoteError(message, details("pardot.address-too-long", ADDRESS_HINT));
  if (treatment === "configuration") {
    const [code, hint] = shape === "html" ? ["html-page", HTML_HINT] : ["redirected", REDIRECT_HINT];
    return new RemoteError(message, details(`pardot.${code}`, hint));
  }
  if (shape === "not-a-file") return new DataError(message, again("data.file-not-delivered", NOT_DELIVERED_HINT));
  if (treatment === "fatal") return new RemoteError(message, { context, code: `pardot.status-${status ?? 0}` });
  const hint = shape === "unreadable" ? UNREADABLE_HINT : LATER_HINT;
  return new TransportError(message, again(BODY_CODES[shape] ?? "pardot.failed", hint));
}

const ADDRESS_HINT =
  "A server on the way to {apiHost} takes no address this long, also after the fields were split where that is possible. Check any proxy in between; if there is none, open an issue.";
const FORBIDDEN_HINT =
  "The request was refused without a reason from Pardot: check the app's IP relaxation and the user's trusted addresses, the user's Account Engagement role, and any proxy between here and {apiHost}.";
const NETWORK_HINT = "Check the network between here and {apiHost}, then run again.";
const HTML_HINT =
  "{apiHost} shows its login page for unknown addresses: check PARDOT_API_URL, and whether the object exists in this version of the API.";
const REDIRECT_HINT = "Redirects are not followed, because they would forward the token. Check PARDOT_API_URL.";
const NOT_DELIVERED_HINT =
  "Nothing of this file has landed, and its window stays open: run again later. If it happens again, check any proxy between here and {apiHost}, and the export in Pardot.";
const UNREADABLE_HINT =
  "Run again later. If it happens at the same place, set the other format for this object alone in the configuration (catalog: Tag: v4: query: format); as JSON, texts that look like numbers turn into numbers (007 into 7).";
const LATER_HINT = "Pardot, or something between here and Pardot, sends no usable response; run again later.";

const BODY_CODES: Readonly<Partial<Record<Failure["shape"], string>>> = {
  unreadable: "pardot.body-unreadable",
  empty: "pardot.body-empty",
  "no-envelope": "pardot.no-envelope",
  html: "pardot.html-page",
};

function isRetryable(failure: Failure): boolean {
  const treatment = treatmentOf(failure);
  return treatment === "back-off" || treatment === "wait-minute" || treatment === "narrow";
}

function contextOf(failure: Failure, tries: number): Record<string, string | number | boolean | null> {
  // v5 names the field that it refuses (400, code 51; PostHog PR #102066).
  const field = failure.code === 51 ? /unknown field: ([\w.]+?)\.?\s*$/i.exec(failure.text)?.[1] : undefined;
  const parameter = failure.code === 51 && field === undefined ? refusedParameterIn(failure.text) : undefined;
  return {
    tries,
    status: failure.status,
    pardotCode: failure.code,
    ...(field === undefined ? {} : { field }),
    ...(parameter === undefined ? {} : { parameter }),
    ...(failure.route === null ? {} : { pardotRoute: failure.route.slice(0, QUOTE_MAX) }),
    ...(failure.loadBalancer === null ? {} : { pardotLoadBalancer: failure.loadBalancer.slice(0, QUOTE_MAX) }),
  };
}

/**
 * The parameter that v5 refuses: `Invalid parameter: Parameter updatedAtBefore is invalid. …`. Undefined when its value is
 * the reason: then another form of the value would be accepted (PostHog PR #102066).
 */
function refusedParameterIn(text: string): string | undefined {
  if (/date ?time value/i.test(text)) return undefined;
  return /\bparameter:?\s+(?:parameter:?\s+)?["'`]?([A-Za-z]\w*)/i.exec(text)?.[1];
}

type Placeholder = "businessUnit" | "apiHost" | "loginHost" | "nextDay";

function fill(template: string, around: ErrorContext): string {
  return template.replaceAll(/\{(businessUnit|apiHost|loginHost|nextDay)\}/g, (_, name: Placeholder) => around[name]);
}

/** Under HTTP 401 code 49 means that the token is lacking or not accepted (probes of two projects, 2026). */
function knownCode(code: number, status: number): ErrorCode | null {
  const known = ERROR_CODES[code] ?? null;
  return code === 49 && status === 401 && known !== null ? { ...known, treatment: "refresh" } : known;
}

/** A failure that came as a response. */
export function failureOf(
  shape: Failure["shape"],
  text: string,
  head: ResponseHead,
  code: number | null = null,
): Failure {
  return {
    shape,
    code,
    known: code === null ? null : knownCode(code, head.status),
    status: head.status,
    text,
    route: head.headers[HEADER.route] ?? null,
    loadBalancer: head.headers[HEADER.loadBalancer] ?? null,
    network: null,
    retryAfterMs: head.retryAfterMs,
  };
}

/** A failure without a response. */
export function networkFailure(network: string, text: string): Failure {
  const nothing = { code: null, known: null, status: null, route: null, loadBalancer: null, retryAfterMs: null };
  return { ...nothing, shape: "network", text, network };
}
