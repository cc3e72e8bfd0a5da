/** A call of the API, and what every version checks before it responds. */
import type { IncomingHttpHeaders } from "node:http";
import { ApiError } from "./api-error.ts";
import { SIMULATOR_BUSINESS_UNIT_ID } from "../login/token-desk.ts";
import type { FaultRule } from "../faults.ts";
import type { Knobs } from "../knobs.ts";
import type { Parameters } from "./parameters.ts";
import type { Reply } from "./reply.ts";
import type { Simulation } from "../simulation.ts";

export interface ApiCall {
  readonly path: string;
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

/** Headers (181, 182), token (184), business unit (201), limits (122, 202, 66), in this order. Throws ApiError. */
export function authorize(call: ApiCall, state: Simulation): void {
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
  if (!state.desk.accepts(token)) throw new ApiError(184, tailOf184(token, state));
  if (knobs.wrongHost || unitId !== SIMULATOR_BUSINESS_UNIT_ID) throw new ApiError(201);
  if (call.limit !== null) throw new ApiError(call.limit);
}

/** Both texts are recorded: bare (Crim/pardot-java-client errorInvalidSsoAccessToken.xml), with a tail (RudderStack). */
function tailOf184(token: string, { desk, options }: Simulation): string {
  const { text184 } = options.knobs;
  const isDead = text184 === "by token" ? desk.hasIssued(token) : text184 === "tail";
  return isDead ? ": Inactive token" : "";
}

/** The response for unknown objects, instead of an error (pardot/api-docs issue 179). */
export const LOGIN_PAGE: Reply = {
  status: 200,
  contentType: "text/html; charset=utf-8",
  body: "<!DOCTYPE html>\n<html><head><title>Sign In</title></head><body><h1>Sign In</h1><form></form></body></html>\n",
};

/** Unbalanced quotes and bytes that are invalid in every format. */
const GARBAGE = '\u0000\u0001{"@attributes":{"stat":"ok\u0007<rsp><<\uFFFD\uFFFD"';

export interface ErrorForm {
  /** An error envelope; a missing status is the version's own for the code. */
  readonly error: (code: number, message?: string, status?: number) => Reply;
  /** Rows of the requested page; null if the call is not a query. */
  readonly pageRows: number | null;
}

/** The response of a fault that needs nothing of the account, or to a page that is too large for its database. */
export function faultReply({ fault }: ApiCall, { options }: Simulation, { error, pageRows }: ErrorForm): Reply | null {
  const { slowPageAnswer, slowPageRows } = options.knobs;
  if (fault?.html === true) return { ...LOGIN_PAGE, status: fault.status ?? 200 };
  if (fault?.text !== undefined) {
    return { status: fault.status ?? 200, contentType: "text/plain", body: fault.text };
  }
  if (fault?.garbage === true) return { status: fault.status ?? 200, contentType: "application/json", body: GARBAGE };
  if (fault?.code !== undefined) return error(fault.code, fault.message, fault.status);
  if (fault?.status !== undefined) return gatewayPage(fault.status);
  if (slowPageRows === 0 || pageRows === null || !(pageRows > slowPageRows)) return null;
  return slowPageAnswer === "504" ? gatewayPage(504) : error(214);
}

/** The refusal of a first line (`GET … HTTP/1.1`) that is too long for the web server; null for others. */
export function addressRefusal(method: string, target: string, knobs: Knobs): Reply | null {
  return `${method} ${target} HTTP/1.1`.length > knobs.addressMax ? gatewayPage(knobs.addressRefusal) : null;
}

function gatewayPage(status: number): Reply {
  const body = `<html><head><title>${status}</title></head><body><center><h1>${status}</h1></center></body></html>\n`;
  return { status, contentType: "text/html", body };
}

/** Includes the quota's usage on request (vendor docs, v5 overview; a knob for v3/v4). */
export function extraHeaders(call: ApiCall, state: Simulation): Readonly<Record<string, string>> {
  const route = { "X-Pardot-Rsp": "16/24/48", "X-Pardot-Route": "simulated", "X-Pardot-LB": "simulated" };
  if (!state.options.knobs.usageHeader || call.headers["x-return-api-usage"] !== "1") return route;
  const { used, max } = state.limits.usage();
  return { ...route, "x-api-usage": `${used}/${max}` };
}
