/** Error codes of the simulator, with the vendor's messages (docs, error codes and messages). */
const MESSAGES: Readonly<Record<number, string>> = {
  2: "Invalid action",
  3: "Invalid prospect ID",
  4: "Invalid prospect email address",
  7: "Invalid timestamp",
  8: "Invalid time range",
  10: "Invalid user ID",
  13: "One or more required parameters are missing",
  16: "Invalid ID",
  17: "Invalid ID range",
  19: "Invalid value specified for sort_by",
  20: "Invalid value specified for sort_order",
  21: "Invalid value specified for offset",
  23: "Invalid value specified for limit",
  24: "Invalid visitor ID",
  27: "Parameter deleted must be true or false",
  35: "Invalid opportunity ID",
  36: "One or more required parameter values are missing",
  38: "Invalid campaign ID",
  46: "This API user lacks sufficient permissions for the requested operation",
  48: "Invalid visit ID",
  49: "Access Denied",
  50: "Invalid boolean",
  51: "Invalid parameter",
  55: "Invalid list ID",
  60: "Invalid HTTP request method",
  61: "Invalid prospect account id",
  63: "Too many IDs specified",
  66: "You have exceeded your concurrent request limit. Please wait, before trying again",
  88: "Your account must use version 4 of the API.",
  89: "Your account is unable to use version 4 of the API.",
  94: "The provided version is not a valid number",
  109: "The requested record was not found.",
  122: "Daily API rate limit met",
  126: "Invalid authentication mechanism",
  130: "One or more of the specified fields are invalid",
  133: "Up to 2 sort by options are allowed.",
  134: "Up to 2 sort order options are allowed.",
  135: "When passing a comma-separated value, one of the two values must be id.",
  150: "Input needs to be valid JSON",
  151: "Unsupported content-type",
  152: "Request body can't be empty",
  153: "Missing required property in request",
  154: "Invalid property in request",
  174: "Unknown procedure name.",
  175: "Unknown procedure argument.",
  176: "Missing required argument.",
  177: "Invalid procedure argument.",
  178: "The current state of the export does not allow the operation",
  180: "One or more of the specified fields are invalid",
  181: "A required header is missing",
  182: "Invalid header value",
  183: "An internal error occurred, please try your request again",
  184: "access_token is invalid, unknown, or malformed",
  192: "Object specified does not exist",
  198: "Endpoint not found",
  199: "Authentication using an api_key is no longer supported. Use Salesforce OAuth access token instead.",
  201: "Business Unit specified in Pardot-Business-Unit-Id header not found or inactive.",
  202: "Minute rate limit met",
  209: "Too many fields have filters (max 3)",
  210: "Page token has expired.",
  211: "Page token is invalid.",
  214: "API request timed out.",
  224: "Invalid fields for request type",
  231: "Maximum file size has to be at least 10,000,000 bytes",
  232: "Maximum file size cannot exceed 200 MB",
};

/** Becomes an error envelope as response. */
export class ApiError extends Error {
  readonly apiCode: number;
  /** Value of the header `Pardot-Warning` (v5). */
  readonly warning: string | null;
  constructor(apiCode: number, tail = "", warning: string | null = null) {
    super(messageOf(apiCode) + tail);
    this.name = "ApiError";
    this.apiCode = apiCode;
    this.warning = warning;
  }
}

export function messageOf(apiCode: number): string {
  return MESSAGES[apiCode] ?? `Error ${apiCode}`;
}
