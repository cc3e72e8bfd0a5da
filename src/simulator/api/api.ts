/** Responses to API calls: access, limits, content. */
import type { IncomingHttpHeaders } from "node:http";
import { ApiError } from "./api-error.ts";
import { SIMULATOR_BUSINESS_UNIT_ID } from "../login/token-desk.ts";
import { mix, unit } from "../account/random.ts";
import { emailRead, emailStats } from "./email-calls.ts";
import { encodeError, encodeOk } from "./body-text.ts";
import type { Format } from "./body-text.ts";
import { exportBody, exportQueryBody } from "./export-calls.ts";
import { resultFileText, findResultFile } from "./result-file.ts";
import { readExportOrder } from "./export-order.ts";
import type { ExportContext } from "./export-order.ts";
import type { FaultRule } from "../faults.ts";
import type { Knobs } from "../knobs.ts";
import type { ObjectModel, Body } from "../account/model.ts";
import { describeProspectAccount } from "../objects/prospect-account.ts";
import { OBJECTS } from "../objects/objects.ts";
import type { Parameters } from "./parameters.ts";
import { queryBody, readBody } from "./query-calls.ts";
import type { Reply } from "./reply.ts";
import type { Route } from "./route.ts";
import type { Simulation } from "../simulation.ts";

export interface ApiCall {
  readonly route: Route | null;
  readonly method: string;
  readonly headers: IncomingHttpHeaders;
  /** Of the query string only: credentials are refused there. */
  readonly inQuery: Parameters;
  /** Of the query string and of a form body. */
  readonly parameters: Parameters;
  readonly body: string;
  readonly origin: string;
  readonly fault: FaultRule | null;
  /** Error code of the limit that this call broke when it arrived. */
  readonly limit: number | null;
}

/** The response for unknown objects, instead of an error (pardot/api-docs issue 179). */
const LOGIN_PAGE: Reply = {
  status: 200,
  contentType: "text/html; charset=utf-8",
  body: "<!DOCTYPE html>\n<html><head><title>Sign In</title></head><body><h1>Sign In</h1><form></form></body></html>\n",
};

export function respondTo(call: ApiCall, state: Simulation): Reply {
  const { knobs } = state.options;
  const { fault, route, parameters } = call;
  const format: Format = parameters.get("format") === "json" ? "json" : "xml";
  if (fault?.html === true) return { ...LOGIN_PAGE, status: fault.status ?? 200 };
  if (fault?.text !== undefined) {
    return { status: fault.status ?? 200, contentType: "text/plain", body: fault.text };
  }
  if (fault?.garbage === true) return { status: fault.status ?? 200, contentType: "application/json", body: GARBAGE };
  if (fault?.code !== undefined) {
    const error = new ApiError(fault.code);
    const status = fault.status ?? statusOf(fault.code, knobs);
    return errorReply(fault.code, fault.message ?? error.message, status, format, call, state);
  }
  if (fault?.status !== undefined) return gatewayPage(fault.status);
  if (isTooSlow(call, knobs)) {
    if (knobs.slowPageAnswer === "504") return gatewayPage(504);
    return errorReply(214, new ApiError(214).message, knobs.errorStatus, format, call, state);
  }
  const model = route === null ? undefined : modelOf(route, knobs);
  if (route === null || (model === undefined && route.urlName !== "export" && route.urlName !== "email")) {
    if (knobs.htmlForUnknownObjects) return LOGIN_PAGE;
    return errorReply(198, new ApiError(198).message, knobs.errorStatus, format, call, state);
  }
  try {
    authorize(call, state);
    checkVersion(route.version, knobs);
    if (route.urlName === "export") return exportReply(route, call, state, format);
    const record =
      model === undefined ? emailRecord(route, call, state) : objectRecord(model, route, call, state, format);
    return okReply(record, format, call, state);
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    return errorReply(error.apiCode, error.message, statusOf(error.apiCode, knobs), format, call, state);
  }
}

/** Unbalanced quotes and bytes that are invalid in every format. */
const GARBAGE = '\u0000\u0001{"@attributes":{"stat":"ok\u0007<rsp><<\uFFFD\uFFFD"';

/** Whether the requested page is too large for the account's database. */
function isTooSlow({ route, parameters }: ApiCall, { slowPageRows }: Knobs): boolean {
  if (slowPageRows === 0 || route?.operation !== "query" || route.urlName === "export") return false;
  return Number(parameters.get("limit") ?? slowPageRows + 1) > slowPageRows;
}

function modelOf(route: Route, knobs: Knobs): ObjectModel | undefined {
  return OBJECTS.find(({ urlName }) =>
    knobs.urlNameCase === "exact" ? urlName === route.urlName : urlName.toLowerCase() === route.urlName.toLowerCase(),
  );
}

/** Headers (181, 182), token (184), business unit (201), limits (122, 202, 66), in this order. */
function authorize(call: ApiCall, state: Simulation): void {
  const { knobs } = state.options;
  const forbidden = ["api_key", "user_key", "password", "access_token"];
  if (forbidden.some((name) => call.inQuery.has(name))) throw new ApiError(knobs.credentialsInQueryCode);
  const authorization = call.headers.authorization;
  if (call.parameters.has("api_key") || /^pardot /i.test(authorization ?? "")) throw new ApiError(199);
  const unitId = call.headers["pardot-business-unit-id"];
  if (authorization === undefined || unitId === undefined) throw new ApiError(181);
  const token = /^Bearer (\S+)$/.exec(authorization)?.[1];
  if (token === undefined || typeof unitId !== "string" || !/^0Uv[A-Za-z0-9]{15}$/.test(unitId)) {
    throw new ApiError(182);
  }
  if (call.fault?.expiredToken === true) state.desk.expire(token);
  // The suffix is recorded: RudderStack error-184.
  if (!state.desk.accepts(token)) throw new ApiError(184, ": Inactive token");
  if (knobs.wrongHost || unitId !== SIMULATOR_BUSINESS_UNIT_ID) throw new ApiError(201);
  if (call.limit !== null) throw new ApiError(call.limit);
}

/** An account has one version (vendor docs, version 3 and 4 overview; clients switch on 88/89). */
function checkVersion(version: string, knobs: Knobs): void {
  if (version !== "3" && version !== "4") throw new ApiError(94);
  if (Number(version) === knobs.versionAllowed) return;
  throw new ApiError(knobs.versionAllowed === 4 ? 88 : 89);
}

function objectRecord(
  model: ObjectModel,
  { operation, keys }: Route,
  call: ApiCall,
  state: Simulation,
  format: Format,
): Body {
  if (call.method !== "GET" && call.method !== "POST") throw new ApiError(60);
  const known = model.operations.find((candidate) => candidate === operation);
  if (known === undefined) throw new ApiError(2);
  const { account, memory, clock, options, counters } = state;
  const share = options.knobs.emptyPageShare;
  const emptyPage =
    call.fault?.emptyPage === true || (share > 0 && unit(mix(options.seed, counters.requests.length)) < share);
  const { shortPage = null, total = null, cells = {} } = call.fault ?? {};
  const rowsMax = emptyPage ? 0 : shortPage;
  const context = { account, knobs: options.knobs, memory, now: clock.now(), format, rowsMax, total, cells };
  if (known === "query") return queryBody(model, call.parameters, context);
  if (known === "describe") return describeProspectAccount(account.world);
  return readBody(model, keys, call.parameters, context);
}

function emailRecord({ operation, keys }: Route, call: ApiCall, { account }: Simulation): Body {
  if (call.method !== "GET" && call.method !== "POST") throw new ApiError(60);
  if (operation === "read") return emailRead(account, keys.get("id"), call.parameters);
  if (operation === "stats") return emailStats(account, keys.get("id"));
  throw new ApiError(2);
}

function exportReply(route: Route, call: ApiCall, state: Simulation, format: Format): Reply {
  const { account, worker, clock, options } = state;
  const { knobs } = options;
  const context: ExportContext = { account, worker, knobs, now: clock.now(), origin: call.origin };
  const id = (name: string): number => {
    const text = route.keys.get(name);
    if (text === undefined) throw new ApiError(13);
    if (!/^\d{1,15}$/.test(text)) throw new ApiError(16);
    return Number(text);
  };
  switch (route.operation) {
    case "create": {
      if (call.method !== "POST") throw new ApiError(60);
      const endsAs = call.fault?.failExport === true ? "Failed" : (call.fault?.exportState ?? "Complete");
      const order = readExportOrder(call.headers["content-type"], call.body, endsAs, context);
      const body = exportBody(worker.create(order), context, { ...call.fault, exportState: null });
      return okReply(body, format, call, state);
    }
    case "read": {
      const job = worker.read(id("id"));
      if (job === null) throw new ApiError(knobs.unknownIdCode);
      return okReply(exportBody(job, context, call.fault), format, call, state);
    }
    case "query":
      return okReply(exportQueryBody(call.parameters, context), format, call, state);
    case "downloadResults": {
      const { job, file } = findResultFile(worker, id("id"), id("file"), knobs);
      const pieces = (): Iterable<string | Uint8Array> => resultFileText(account, job, file, knobs, call.fault ?? {});
      const length = knobs.downloadLength === "chunked" ? {} : { "Content-Length": String(byteLength(pieces())) };
      const headers = { ...extraHeaders(call, state), ...length };
      return { status: 200, contentType: knobs.csvContentType, body: pieces(), headers };
    }
    default:
      throw new ApiError(2);
  }
}

function byteLength(pieces: Iterable<string | Uint8Array>): number {
  let bytes = 0;
  for (const piece of pieces) bytes += Buffer.byteLength(piece);
  return bytes;
}

function okReply(record: Body, format: Format, call: ApiCall, state: Simulation): Reply {
  const body = encodeOk(record, format, state.options.knobs);
  return { status: 200, contentType: CONTENT_TYPES[format], body, headers: extraHeaders(call, state) };
}

/** XML recorded in pardot/api-docs issue 232. */
const CONTENT_TYPES: Readonly<Record<Format, string>> = {
  xml: "text/xml; charset=utf-8",
  json: "application/json",
};

function errorReply(
  code: number,
  message: string,
  status: number,
  format: Format,
  call: ApiCall,
  state: Simulation,
): Reply {
  const body = encodeError(code, message, format);
  return { status, contentType: CONTENT_TYPES[format], body, headers: extraHeaders(call, state) };
}

function statusOf(code: number, knobs: Knobs): number {
  if (code === 184) return knobs.status184;
  if (code === 122) return knobs.status122;
  return code === 66 ? knobs.status66 : knobs.errorStatus;
}

/** Includes the quota's usage on request (vendor docs, v5 overview; a knob for v3/v4). */
function extraHeaders(call: ApiCall, state: Simulation): Readonly<Record<string, string>> {
  const route = { "X-Pardot-Rsp": "16/24/48", "X-Pardot-Route": "simulated", "X-Pardot-LB": "simulated" };
  if (!state.options.knobs.usageHeader || call.headers["x-return-api-usage"] !== "1") return route;
  const { used, max } = state.limits.usage();
  return { ...route, "x-api-usage": `${used}/${max}` };
}

function gatewayPage(status: number): Reply {
  const body = `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center></body></html>\n`;
  return { status, contentType: "text/html", body };
}
