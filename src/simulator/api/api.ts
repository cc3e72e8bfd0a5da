/** Responses to v3/v4 calls: access, limits, content. */
import { authorize, extraHeaders, faultReply, LOGIN_PAGE } from "./api-call.ts";
import type { ApiCall, ErrorForm } from "./api-call.ts";
import { ApiError, messageOf } from "./api-error.ts";
import { mix, unit } from "../account/random.ts";
import { emailRead, emailStats } from "./email-calls.ts";
import { encodeError, encodeOk } from "./body-text.ts";
import type { Format } from "./body-text.ts";
import { exportBody, exportQueryBody } from "./export-calls.ts";
import { resultFileText, findResultFile } from "./result-file.ts";
import { readExportOrder } from "./export-order.ts";
import type { ExportContext } from "./export-order.ts";
import type { Knobs } from "../knobs.ts";
import type { ObjectModel, Body } from "../account/model.ts";
import { describeProspectAccount } from "../objects/prospect-account.ts";
import { OBJECTS } from "../objects/objects.ts";
import { idOf } from "./parameters.ts";
import { queryBody, readBody } from "./query-calls.ts";
import type { Reply } from "./reply.ts";
import { parseRoute } from "./route.ts";
import type { Route } from "./route.ts";
import type { Simulation } from "../simulation.ts";

export function respondTo(call: ApiCall, state: Simulation): Reply {
  const { knobs } = state.options;
  const { parameters } = call;
  const route = parseRoute(call.path);
  const format: Format = parameters.get("format") === "json" ? "json" : "xml";
  const refuse: ErrorForm["error"] = (code, message = messageOf(code), status = statusOf(code, knobs)) => ({
    status,
    contentType: CONTENT_TYPES[format],
    body: encodeError(code, message, format),
    headers: extraHeaders(call, state),
  });
  const isPage = route?.operation === "query" && route.urlName !== "export";
  const pageRows = isPage ? Number(parameters.get("limit") ?? Number.POSITIVE_INFINITY) : null;
  const faulty = faultReply(call, state, { error: refuse, pageRows });
  if (faulty !== null) return faulty;
  const model = route === null ? undefined : modelOf(route, knobs);
  if (route === null || (model === undefined && route.urlName !== "export" && route.urlName !== "email")) {
    if (knobs.htmlForUnknownObjects) return LOGIN_PAGE;
    return refuse(198);
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
    return refuse(error.apiCode, error.message);
  }
}

function modelOf(route: Route, knobs: Knobs): ObjectModel | undefined {
  return OBJECTS.find(({ urlName }) =>
    knobs.urlNameCase === "exact" ? urlName === route.urlName : urlName.toLowerCase() === route.urlName.toLowerCase(),
  );
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
  return readBody(model, keysOf(keys, call), call.parameters, context);
}

/** The keys of a read may also be posted, or be in the query (Crim/pardot-java-client posts them). */
function keysOf(keys: Route["keys"], { parameters }: ApiCall): Route["keys"] {
  return keys.size > 0 ? keys : parameters;
}

function emailRecord({ operation, keys }: Route, call: ApiCall, { account }: Simulation): Body {
  if (call.method !== "GET" && call.method !== "POST") throw new ApiError(60);
  const id = keysOf(keys, call).get("id");
  if (operation === "read") return emailRead(account, id, call.parameters);
  if (operation === "stats") return emailStats(account, id);
  throw new ApiError(2);
}

function exportReply(route: Route, call: ApiCall, state: Simulation, format: Format): Reply {
  const { account, worker, clock, options } = state;
  const { knobs } = options;
  const context: ExportContext = { account, worker, knobs, now: clock.now(), origin: call.origin };
  const id = (name: string): number => idOf(keysOf(route.keys, call).get(name));
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

function statusOf(code: number, knobs: Knobs): number {
  if (code === 184) return knobs.status184;
  if (code === 122) return knobs.status122;
  if (code === 88 || code === 89) return Math.min(knobs.status88and89, knobs.errorStatus);
  return code === 66 ? knobs.status66 : knobs.errorStatus;
}
