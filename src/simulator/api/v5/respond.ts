/**
 * Responses to calls of API v5: access before everything else, then the path (vendor docs, v5 overview and error codes; live
 * probes of calls without a token).
 */
import { authorize, extraHeaders, faultReply } from "../api-call.ts";
import type { ApiCall, ErrorForm } from "../api-call.ts";
import { ApiError, messageOf } from "../api-error.ts";
import type { Parameters } from "../parameters.ts";
import { jsonReply } from "../reply.ts";
import type { Reply } from "../reply.ts";
import { mix, unit } from "../../account/random.ts";
import type { Knobs } from "../../knobs.ts";
import { V5_OBJECTS } from "../../objects/v5/objects-v5.ts";
import type { Simulation } from "../../simulation.ts";
import { respondToExports } from "./exports.ts";
import { unknownField } from "./fields.ts";
import { readToken } from "./page-token.ts";
import { queryPage } from "./query.ts";
import type { V5Answer, V5Context } from "./query.ts";
import { readRecord, readStats } from "./read.ts";
import { liveValues } from "./record.ts";
import type { V5Record } from "./read.ts";
import { parseV5Route } from "./route.ts";

export function respondToV5(call: ApiCall, state: Simulation): Reply {
  const { knobs } = state.options;
  const headers = extraHeaders(call, state);
  const refuse: ErrorForm["error"] = (code, message = messageOf(code), status = statusOf(code, knobs)) => ({
    ...jsonReply({ code, message }, status),
    headers,
  });
  const faulty = faultReply(call, state, { error: refuse, pageRows: pageRowsOf(call) });
  if (faulty !== null) return faulty;
  try {
    // Before the path is looked at (probes of two projects, 2026).
    if (call.headers.authorization === undefined) throw new ApiError(49);
    authorize(call, state);
    const reply = replyTo(call, state);
    return { ...reply, headers: { ...headers, ...reply.headers } };
  } catch (error) {
    if (!(error instanceof ApiError)) throw error;
    const reply = refuse(error.apiCode, error.message);
    return error.warning === null ? reply : { ...reply, headers: { ...headers, "Pardot-Warning": error.warning } };
  }
}

function replyTo(call: ApiCall, state: Simulation): Reply {
  const { parameters, fault } = call;
  const route = parseV5Route(call.path);
  if (route === null) throw new ApiError(198);
  if (route.collection === "/exports") return respondToExports(route, call, state);
  const object = V5_OBJECTS.find(({ collection }) => collection === route.collection);
  if (object === undefined) throw new ApiError(198);
  // The simulated user may only read.
  if (call.method !== "GET") throw new ApiError(60);
  const context = contextOf(call, state);
  const refused = fault?.unknownField;
  if (refused !== undefined && parameters.get("fields")?.split(",").includes(refused) === true) {
    throw unknownField(refused);
  }
  if (object.name === "Account" && route.id === null) {
    const { body } = readRecord(object, null, parameters, context);
    const { v5AccountBody } = state.options.knobs;
    return jsonReply(v5AccountBody === "record" ? body : { nextPageToken: null, nextPageUrl: null, values: [body] });
  }
  if (route.id === null) return pageReply(queryPage(object, parameters, context));
  if (route.rest === null) return recordReply(readRecord(object, route.id, parameters, context), call);
  if (object.name === "ListEmail" && route.rest === "stats") return jsonReply(readStats(object, route.id, context));
  throw new ApiError(198);
}

/** Reads may lag behind (v5 overview: by up to 60 seconds). */
export function contextOf({ origin, fault, parameters }: ApiCall, state: Simulation): V5Context {
  const { account, memory, clock, limits, options, counters } = state;
  const { emptyPageShare, v5ReadLagSeconds } = options.knobs;
  const isEmpty = emptyPageShare > 0 && unit(mix(options.seed, counters.requests.length)) < emptyPageShare;
  if (fault?.expiredPageToken === true && parameters.has("nextPageToken")) throw new ApiError(210);
  return {
    account,
    memory,
    asOf: Math.floor(clock.now() / 1000) - v5ReadLagSeconds,
    elapsed: clock.elapsed(),
    origin,
    live: liveValues(limits),
    fault: isEmpty ? { ...fault, emptyPage: true } : (fault ?? {}),
  };
}

function pageReply({ body, warnings }: V5Answer): Reply {
  const reply = jsonReply(body);
  return warnings.length === 0 ? reply : { ...reply, headers: { "Pardot-Warning": warnings.join(", ") } };
}

/** `If-Modified-Since` is for reads (v5 overview): 304 without a body. */
function recordReply({ body, modified }: V5Record, { headers }: ApiCall): Reply {
  if (modified === null) return jsonReply(body);
  const since = Date.parse(headers["if-modified-since"] ?? "") / 1000;
  const reply = since >= modified ? { status: 304, contentType: "application/json", body: "" } : jsonReply(body);
  return { ...reply, headers: { "Last-Modified": new Date(modified * 1000).toUTCString() } };
}

/** Neither returns pages. */
const WITHOUT_PAGES: ReadonlySet<string> = new Set(["/exports", "account"]);

/** Rows of the requested page, null if no page is requested. A token has its own limit. */
function pageRowsOf({ path, parameters }: ApiCall): number | null {
  const route = parseV5Route(path);
  const isPage = route?.id === null && !WITHOUT_PAGES.has(route.collection);
  return isPage ? Number(withFrozenLimit(parameters).get("limit") ?? 200) : null;
}

/** With the limit that a page token froze, so that faults by `limitAbove` hit its pages too. */
export function withFrozenLimit(parameters: Parameters): Parameters {
  const limit = readToken(parameters.get("nextPageToken") ?? "")?.where["limit"];
  return limit === undefined || parameters.has("limit") ? parameters : new Map([...parameters, ["limit", limit]]);
}

/** Documented statuses are 400, 404 and 405 (vendor docs, error codes); 401 and 429 are seen by clients. */
function statusOf(code: number, knobs: Knobs): number {
  switch (code) {
    case 49:
      return 401;
    case 184:
      return knobs.status184;
    case 201:
      return knobs.v5Status201;
    case 122:
      return knobs.status122;
    case 66:
      return knobs.v5Status66;
    case 109:
    case 192:
    case 198:
      return 404;
    case 46:
    case 60:
      return 405;
    case 183:
      return 500;
    default:
      return 400;
  }
}
