import { V5_KNOBS } from "./knobs-v5.ts";

export interface KnobSpec<V> {
  readonly default: V;
  /** All allowed values. Default: any value of the default's type. */
  readonly values?: readonly V[];
  readonly meaning: string;
}

/**
 * Behavior of Pardot that is publicly unconfirmed, or that differs between accounts, as data: the simulator reads a knob
 * instead of guessing. Defaults follow the best available evidence, which the meanings name.
 */
const OWN_KNOBS = {
  accessTokenExpiry: {
    default: "idle",
    values: ["idle", "fixed"],
    meaning: "whether use of an access token renews it (vendor docs, session settings)",
  },
  accessTokenSeconds: {
    default: 7200,
    meaning: "lifetime of an access token; Salesforce sessions last 15 minutes to 24 hours, usually 2",
  },
  accountCustomFields: { default: 3, meaning: "custom fields of prospect accounts" },
  activityUpdatedAtMissing: {
    default: 0.05,
    meaning: "share of the oldest visitor activities without updated_at (absent in recordings of 2015 to 2017)",
  },
  addressMax: {
    default: 8190,
    meaning:
      "bytes of a request's first line that are accepted (default of Apache httpd); unconfirmed for Pardot, Salesforce documents 16384",
  },
  addressRefusal: { default: 414, values: [414, 431, 400], meaning: "HTTP status for longer addresses; unconfirmed" },
  ambiguousLocal: {
    default: "first",
    values: ["first", "second", "hour early"],
    meaning:
      "which occurrence an ambiguous autumn time in a filter means, or an hour before the first (dreamdata-io/tap-pardot); unconfirmed",
  },
  bulkEmpty: {
    default: "null",
    values: ["null", "absent", "object", "list"],
    meaning: "JSON of output=bulk without rows: result null (singer-io/tap-pardot tests for it), no result, {} or []",
  },
  clientCredentialsHere: {
    default: true,
    meaning: "false: this host is not a My Domain, so client credentials are refused",
  },
  clock: { default: "ticking", values: ["ticking", "frozen"], meaning: "whether simulated time passes" },
  controlTextEvery: {
    default: 0,
    meaning:
      "every Nth row has a control character in a text, unescaped even in XML (priore/SOAPEngine issue 171); unconfirmed; 0: none",
  },
  backslashTextEvery: {
    default: 0,
    meaning: 'every Nth row has `say \\"hi\\"` in a text, backslashes and quotes; 0: none',
  },
  concurrentLimit: {
    default: 5,
    meaning: "requests in flight per business unit before code 66 (vendor docs, overview)",
  },
  credentialsInQueryCode: {
    default: 126,
    values: [49, 126],
    meaning: "error code for credentials in the query string; both are documented",
  },
  csvBoolean: {
    default: "true/false",
    values: ["true/false", "1/0"],
    meaning: "booleans in export files; unconfirmed",
  },
  csvBlankLastLine: {
    default: false,
    meaning: "extra line end after an export file (zazuko/cube-creator issue 1495); unconfirmed",
  },
  csvContentType: { default: "text/csv; charset=utf-8", meaning: "content type of export files; unconfirmed" },
  csvEmptyText: {
    default: "quoted",
    values: ["quoted", "nothing"],
    meaning: 'empty text in export files: "" or the same as null; unconfirmed',
  },
  csvNewline: { default: "lf", values: ["lf", "crlf"], meaning: "line ends in export files; unconfirmed" },
  csvQuotes: {
    default: "doubled",
    values: ["doubled", "php"],
    meaning:
      "quotes in quoted fields of export files: RFC 4180, or PHP's fputcsv (php/php-src issue 11174); unconfirmed",
  },
  csvQuoting: { default: "minimal", values: ["minimal", "all"], meaning: "quoting in export files; unconfirmed" },
  customFieldsLostPerDay: { default: 0, meaning: "custom fields of prospects that each simulated day removes" },
  customFieldsPerDay: { default: 0, meaning: "custom fields of prospects that each simulated day adds" },
  customFields: { default: 12, meaning: "custom fields of prospects" },
  downloadLength: {
    default: "chunked",
    values: ["chunked", "content-length"],
    meaning: "whether responses with export files have a Content-Length (never if compressed); unconfirmed",
  },
  emptyPageShare: {
    default: 0,
    meaning: "share of query pages that are empty although rows follow (pardot/api-docs issue 151)",
  },
  errorStatus: {
    default: 400,
    values: [400, 200],
    meaning:
      "HTTP status of error envelopes other than 66, 88, 89, 122, 184: 400 (api-docs issue 232) or 200 (2012 to 2020)",
  },
  exportBadFieldCode: { default: 180, values: [180, 130], meaning: "error code for an unknown export field" },
  exportCancelledState: { default: "Failed", meaning: "state of an export unfinished after seven days; unconfirmed" },
  exportDeletedDefault: {
    default: "false",
    values: ["true", "false", "all"],
    meaning: "default of an export's argument `deleted`; unconfirmed",
  },
  exportExpiryDays: { default: 7, meaning: "days until export files expire (vendor docs, export)" },
  exportPolls: { default: 0, meaning: "reads during which an export stays unfinished, independent of time" },
  exportTooManyFieldsCode: { default: 154, meaning: "error code for more than 150 fields; unconfirmed" },
  exportWrapper: {
    default: "export",
    values: ["export", "none"],
    meaning: "key around an export's fields: clients read export, vendor samples have none",
  },
  exportsVisible: { default: true, meaning: "the user has Admin > Exports > View, which export queries need" },
  filesPerExport: { default: 0, meaning: "files of one export; 0: by the number of rows" },
  filterBounds: {
    default: "exclusive",
    values: ["exclusive", "inclusive"],
    meaning: "bounds of after and before; vendor docs since May 2020, inclusive earlier",
  },
  filterOffset: {
    default: "ignored",
    values: ["ignored", "honoured"],
    meaning: "whether Z or an offset in a filter has an effect; unconfirmed",
  },
  futureDateEvery: {
    default: 0,
    meaning: "every Nth row shows a created_at in 2099 (PostHog/posthog issue 63769); 0: none",
  },
  gzip: { default: true, meaning: "responses are compressed for clients that accept gzip (api-docs issue 232)" },
  hiddenAccountFields: {
    default: "sic,ticker_symbol",
    meaning: "standard fields of prospect accounts that the account has switched off: comma list",
  },
  hiddenEvery: {
    default: 0,
    meaning:
      "every Nth row is hidden from this user after the page is cut, so pages are short (mlrun/mlrun issue 5385); 0: none",
  },
  htmlForUnknownObjects: {
    default: true,
    meaning: "unknown objects return the login page (api-docs issue 179), else code 198",
  },
  impossibleDateEvery: {
    default: 0,
    meaning: "every Nth row shows 2017-02-31 as created_at (transferwise/pipelinewise issue 444); unconfirmed; 0: none",
  },
  jwtAudience: {
    default: "https://login.salesforce.com",
    meaning: "audience that assertions must name: https://test.salesforce.com for a sandbox",
  },
  jwtUserApproved: {
    default: true,
    meaning: "the user is pre-authorized for the app; false: the user hasn't approved this consumer",
  },
  limitOver200: {
    default: "clamp",
    values: ["clamp", "error"],
    meaning: "a limit above 200 means 200, or is refused with code 23; documented for some objects only",
  },
  minuteLimit: { default: 0, meaning: "requests per minute before code 202; the number is not published; 0: no limit" },
  numericTextToNumber: {
    default: true,
    meaning: "text that looks like a number becomes one in JSON (api-docs issue 187)",
  },
  oneRowCollapse: {
    default: true,
    meaning: "a page of one row contains an object instead of an array in JSON (api-docs issue 187)",
  },
  pageCap: {
    default: 0,
    meaning: "maximum rows of a query page, even below the limit (pardot/api-docs issue 151); 0: no cap",
  },
  passwordFlow: {
    default: true,
    meaning: "false: the org blocks username and password, the default for orgs created since Summer '23",
  },
  prospectAccountValueFields: {
    default: false,
    meaning: 'prospect account fields as {"value": x} in JSON; clients disagree',
  },
  refreshTokenRotation: { default: false, meaning: "each refresh returns a new refresh token and revokes the old one" },
  refusedFields: {
    default: "",
    meaning: "export fields that are refused although they exist: comma list of Object.field",
  },
  refusedProcedures: {
    default: "Prospect.filter_by_created_at,ProspectAccount.filter_by_created_at,Visitor.filter_by_created_at",
    meaning:
      "export procedures refused with 174, by default those without a known user: comma list of Object.procedure",
  },
  resultRefsHost: {
    default: "request",
    meaning: "origin of result addresses: the request's, or this one (vendor sample: https://www.pardot.com)",
  },
  rotationRevokesFamily: { default: true, meaning: "use of a rotated-out refresh token revokes the newer ones" },
  scopePardotApi: { default: true, meaning: "the app has the scope pardot_api; without it the API returns 184" },
  slowPageAnswer: {
    default: "214",
    values: ["214", "504"],
    meaning: "response to a query above slowPageRows (vendor docs, error codes; pardot/api-docs issue 174)",
  },
  slowPageRows: { default: 0, meaning: "limit above which queries time out; 0: none" },
  status122: {
    default: 429,
    values: [429, 400, 200],
    meaning: "HTTP status of code 122; 429 is from Airbyte's manifest",
  },
  status184: { default: 401, values: [401, 400, 200], meaning: "HTTP status of code 184; 401 recorded by RudderStack" },
  status66: {
    default: 400,
    values: [400, 429, 200],
    meaning: "HTTP status of code 66; singer-io/tap-pardot expects 200; unconfirmed",
  },
  status88and89: {
    default: 400,
    values: [400, 200],
    meaning: "HTTP status of codes 88 and 89; singer-io/tap-pardot and dreamdata-io/tap-pardot can only work with 200",
  },
  text184: {
    default: "by token",
    values: ["by token", "bare", "tail"],
    meaning:
      "whether the text of 184 ends in `: Inactive token`: for tokens that were issued here once, never, or always",
  },
  tokenMs: {
    default: 5,
    meaning: "milliseconds a token request takes, during which another for the same refresh token is refused",
  },
  unknownIdCode: {
    default: 109,
    values: [16, 109, 192],
    meaning: "error code for an id that does not exist, if the object has no specific code; unconfirmed",
  },
  unreadableEmailShare: { default: 0, meaning: "share of emails whose read fails with unknownIdCode" },
  urlNameCase: {
    default: "exact",
    values: ["exact", "any"],
    meaning: "whether visitoractivity works for visitorActivity",
  },
  usageHeader: {
    default: true,
    meaning: "x-api-usage if requested by X-Return-Api-Usage: 1; documented for v5, unconfirmed for v3/v4",
  },
  versionAllowed: { default: 4, values: [3, 4], meaning: "API version that this account must use; codes 88 and 89" },
  wrongHost: { default: false, meaning: "this host does not serve the business unit: code 201 for every call" },
  zeroDateEvery: {
    default: 0,
    meaning:
      "every Nth row, including the first, shows created_at as MySQL writes no date (slingdata-io/sling-cli issue 285); 0: none",
  },
} as const;

type Table = typeof V5_KNOBS & typeof OWN_KNOBS;
type Widened<V> = V extends number ? number : V extends boolean ? boolean : V;
type ValueOf<S> = S extends { readonly values: readonly (infer V)[] }
  ? Widened<V>
  : S extends { readonly default: infer D }
    ? D extends string
      ? string
      : Widened<D>
    : never;

/** The value of each knob. */
export type Knobs = { readonly [K in keyof Table]: ValueOf<Table[K]> };

/** Each knob's default, values, and meaning with the evidence. */
export const KNOBS: { readonly [K in keyof Knobs]: KnobSpec<Knobs[K]> } = { ...V5_KNOBS, ...OWN_KNOBS };

/** All knobs, at their defaults unless given. */
export function resolveKnobs(given: Partial<Knobs>): Knobs {
  const defaults = Object.fromEntries(Object.entries(KNOBS).map(([name, spec]) => [name, spec.default]));
  return { ...(defaults as unknown as Knobs), ...given };
}

function isKnobName(name: string): name is keyof Knobs {
  return Object.hasOwn(KNOBS, name);
}

/** Problems of the given knobs, one sentence each; empty if valid. */
export function knobProblems(given: Readonly<Record<string, unknown>>): string[] {
  return Object.entries(given).flatMap(([name, value]) => {
    if (!isKnobName(name)) return [`knob ${name}: unknown; known are ${Object.keys(KNOBS).join(", ")}`];
    const spec: KnobSpec<string | number | boolean> = KNOBS[name];
    const fits = typeof value === typeof spec.default && !(typeof value === "number" && !(value >= 0));
    if (fits && (spec.values === undefined || spec.values.includes(value as string))) return [];
    const expected = spec.values === undefined ? `a ${typeof spec.default}` : spec.values.join(" | ");
    return [`knob ${name}: got ${String(value)}, expected ${expected}`];
  });
}

/** Parses `name=value` by the knob's type. Throws an Error with the expected form. */
export function parseKnob(text: string): Partial<Knobs> {
  const cut = text.indexOf("=");
  const name = text.slice(0, Math.max(cut, 0));
  const raw = text.slice(cut + 1);
  if (cut < 1 || !isKnobName(name)) {
    throw new Error(`--knob ${text}: expected name=value with a name of ${Object.keys(KNOBS).join(", ")}`);
  }
  const kind = typeof KNOBS[name].default;
  let value: string | number | boolean = raw;
  if (kind === "number") value = raw === "" ? Number.NaN : Number(raw);
  if (kind === "boolean" && (raw === "true" || raw === "false")) value = raw === "true";
  const problems = knobProblems({ [name]: value });
  if (problems.length > 0) throw new Error(problems.join("; "));
  return { [name]: value };
}
