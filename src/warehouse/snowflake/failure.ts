import { shortened } from "../../text.ts";
import type { Failure } from "../serve.ts";
import { COLUMN_MISSING } from "../warehouse.ts";
import type { Row, SnowflakeLogin } from "./protocol.ts";

/** The table of a statement does not exist or may not be seen. The warehouse names it in its error. */
export const OBJECT_UNKNOWN = "warehouse.object-unknown";
/** The session has ended: logging in again helps. */
export const SESSION_ENDED = "warehouse.session-ended";

/** Characters of Snowflake's own message that are passed on. */
const MESSAGE_MAX = 300;

/** A driver's error. The driver's own codes are numbers, those of Snowflake are text. */
interface DriverError {
  readonly code: string;
  readonly words: string;
  readonly status: number | null;
  readonly cause: string | null;
}

/** A kind of failure, known by Snowflake's codes, or by the code and message together. */
interface Kind {
  readonly codes: readonly string[];
  readonly words?: RegExp;
  readonly failure: (error: DriverError, login: SnowflakeLogin) => Failure;
}

/** The first match counts: kinds known by their message precede kinds known by their code alone. */
const KINDS: readonly Kind[] = [
  {
    // Session token invalid, gone, master token expired; the driver's "terminated connection" (its gs_errors,
    // error_messages).
    codes: ["390104", "390111", "390114", "407001", "407002"],
    failure: ({ words }) => ({
      code: SESSION_ENDED,
      message: `the session has ended: ${words}`,
      hint: "Run again; a session policy of the account may end sessions too soon.",
      retryable: true,
    }),
  },
  {
    codes: ["390422", "390420"],
    words: /^39\d{4} .*is not allowed to access Snowflake/i,
    failure: ({ words }, { user }) => ({
      code: "warehouse.network-policy",
      message: `Snowflake refuses connections from this address: ${words}`,
      hint: `Have the address allowed in the network policy of the account or of the user ${user ?? "of the token"}.`,
    }),
  },
  {
    codes: [],
    words: /^39\d{4} .*(?:multi-?factor|\bMFA\b)/i,
    failure: ({ words }) => ({
      code: "warehouse.mfa-required",
      message: `Snowflake requires a second factor, which a job cannot give: ${words}`,
      hint: "Give the job a user of TYPE = SERVICE with a key pair: SNOWFLAKE_PRIVATE_KEY_FILE or SNOWFLAKE_PRIVATE_KEY.",
    }),
  },
  {
    codes: ["390144"],
    failure: ({ words }, { account, user }) => ({
      code: "warehouse.key-refused",
      message: `Snowflake refused the private key of ${user ?? "the user"} in ${account}: ${words}`,
      hint: "Register its public key (ALTER USER … SET RSA_PUBLIC_KEY), check SNOWFLAKE_ACCOUNT and SNOWFLAKE_USER and this machine's clock; SYSTEM$GET_LOGIN_FAILURE_DETAILS with the id in brackets shows more.",
    }),
  },
  {
    codes: ["390186", "390189"],
    words: /^39\d{4} .*\brole\b.*(?:does not exist|not authorized|not granted)/i,
    failure: ({ words }, { role }) => ({
      code: "warehouse.role-unknown",
      message: `the role ${role ?? "of the user"} cannot be used: ${words}`,
      hint: "Correct SNOWFLAKE_ROLE, or grant that role to the user.",
    }),
  },
  {
    codes: ["390303", "390318"],
    words: /^39\d{4} .*(?:programmatic access token|OAuth access token)/i,
    failure: ({ words }, login) => tokenRefused(words, login),
  },
  {
    codes: ["390100", "390101", "390102"],
    failure: ({ words }, login) =>
      login.authenticator === "OAUTH" || login.authenticator === "PROGRAMMATIC_ACCESS_TOKEN"
        ? tokenRefused(words, login)
        : {
            code: "warehouse.login-refused",
            message: `Snowflake refused the login of ${login.user ?? "the user"} in ${login.account}: ${words}`,
            hint: "Check SNOWFLAKE_ACCOUNT, SNOWFLAKE_USER and SNOWFLAKE_PASSWORD, and that the user is not locked. Repeated wrong passwords lock it.",
          },
  },
  {
    codes: ["090105"],
    words: /\bdatabase '.*' does not exist|requested database/i,
    failure: (_error, login) => placeUnknown("database", login),
  },
  {
    codes: ["090106"],
    words: /\bschema '.*' does not exist|requested schema/i,
    failure: (_error, login) => placeUnknown("schema", login),
  },
  {
    codes: ["000606", "090073"],
    words: /\bwarehouse\b.*(?:does not exist|cannot be resumed|suspended)|no active warehouse|requested warehouse/i,
    failure: ({ words }, { warehouse }) => computeFailure(words, warehouse),
  },
  {
    codes: ["002003", "002043"],
    failure: ({ words }) => ({ code: OBJECT_UNKNOWN, message: words }),
  },
  {
    codes: ["000904"],
    failure: ({ words }) => ({
      code: COLUMN_MISSING,
      message: words,
      hint: "Add the column to the table; `pardot-etl objects NAME` lists the columns of an object.",
    }),
  },
  {
    codes: ["003001"],
    words: /insufficient privileges/i,
    failure: ({ words }, { role }) => ({
      code: "warehouse.not-permitted",
      message: words,
      hint: `Grant the role ${role ?? "of the user"} USAGE on the database, the schema and the virtual warehouse, and SELECT on the tables.`,
    }),
  },
  {
    codes: ["000630", "000604"],
    words: /timeout of \d+ second/i,
    failure: ({ words }) => ({
      code: "warehouse.query-timeout",
      message: words,
      hint: "Run again when the virtual warehouse is less busy, or make it larger.",
      retryable: true,
    }),
  },
  {
    codes: ["100035", "100040"],
    words: /(?:timestamp|date) '.*' is not recognized/i,
    // Snowflake's message quotes a value of the table.
    failure: () => ({
      code: "warehouse.watermark-unreadable",
      message: "the newest value of the watermark column is text that is not a time",
      hint: "Correct the rows whose watermark is not a time, or make the column TIMESTAMP_NTZ.",
    }),
  },
];

/** Translates a thrown value for an operator, without the secret. */
export function snowflakeFailure(thrown: unknown, login: SnowflakeLogin | null): Failure {
  const error = read(thrown, login);
  if (login === null) return { code: "warehouse.snowflake-failed", message: error.words };
  const network = networkFailure(error, login);
  if (network !== null) return network;
  const text = `${error.code} ${error.words}`;
  const kind = KINDS.find(({ codes, words }) => codes.includes(error.code) || words?.test(text) === true);
  return (
    kind?.failure(error, login) ?? {
      code: "warehouse.snowflake-failed",
      message: error.code === "" ? error.words : `${error.words} (error ${error.code})`,
      hint: "Look up the number in Snowflake's documentation; the query history shows the statement.",
    }
  );
}

/** Why a session after a login cannot be used, by the row of `SESSION_SQL`; null when it can. */
export function sessionFailure(row: Row, login: SnowflakeLogin): Failure | null {
  const [, warehouse = null, database = null, schema = null] = row;
  if (database === null) return placeUnknown("database", login);
  if (schema === null) return placeUnknown("schema", login);
  if (warehouse === null && login.warehouse !== null) {
    return computeFailure("it does not exist, or the role may not use it", login.warehouse);
  }
  return null;
}

function networkFailure(error: DriverError, login: SnowflakeLogin): Failure | null {
  const host = login.accessUrl ?? `account ${login.account}`;
  // The driver's own numbers (its error_messages): could not connect, request failed, no JSON, OCSP, CRL.
  if (error.code === "401001") {
    const isName = error.cause === "ENOTFOUND";
    return {
      code: "warehouse.unreachable",
      message: `${host} cannot be reached: ${error.words}`,
      hint: isName
        ? "Check SNOWFLAKE_ACCOUNT (such as acme-prod) or SNOWFLAKE_ACCESS_URL: the host does not exist."
        : "Check SNOWFLAKE_ACCOUNT or SNOWFLAKE_ACCESS_URL, and that port 443 is open from here; a proxy is taken from HTTPS_PROXY, its certificate from NODE_EXTRA_CA_CERTS.",
      retryable: !isName,
    };
  }
  if (error.code === "401002" && (error.status === 403 || error.status === 404)) {
    return {
      code: "warehouse.account-unknown",
      message: `${host} returns HTTP ${error.status}: there is no such account`,
      hint: "Check SNOWFLAKE_ACCOUNT (organization-account, such as acme-prod) or SNOWFLAKE_ACCESS_URL.",
    };
  }
  // A response with foreign JSON, or without JSON, fails without a code and message.
  if (error.code === "401002" || error.code === "401003" || (error.code === "" && error.words === "")) {
    const what = error.status === null ? "a response that is not Snowflake's" : `HTTP ${error.status}`;
    return {
      code: "warehouse.unreachable",
      message: `${host} returns ${what}`,
      hint: "Run again later. If it persists, check SNOWFLAKE_ACCESS_URL and any proxy between this machine and Snowflake.",
      retryable: true,
    };
  }
  if (!/^41[23]\d{3}$/.test(error.code)) return null;
  return {
    code: "warehouse.certificate",
    message: `the certificate of ${host} cannot be trusted: ${error.words}`,
    hint: "Find out which proxy is between this machine and Snowflake.",
  };
}

function tokenRefused(words: string, { authenticator, account }: SnowflakeLogin): Failure {
  return {
    code: "warehouse.token-refused",
    message: `Snowflake refused the ${authenticator} token in ${account}: ${words}`,
    hint: "Give a token in SNOWFLAKE_TOKEN that has not expired, and the SNOWFLAKE_AUTHENTICATOR that it is for.",
  };
}

function placeUnknown(what: "database" | "schema", login: SnowflakeLogin): Failure {
  const name = what === "database" ? login.database : `${login.database}.${login.schema}`;
  return {
    code: `warehouse.${what}-unknown`,
    message: `the ${what} ${name} does not exist, or the role ${login.role ?? "of the user"} may not use it`,
    hint: `Correct SNOWFLAKE_${what.toUpperCase()}, or grant the role USAGE on it.`,
  };
}

function computeFailure(words: string, warehouse: string | null): Failure {
  return {
    code: "warehouse.compute-unavailable",
    message: `the virtual warehouse ${warehouse ?? "of the user"} cannot be used: ${words}`,
    hint: "Correct SNOWFLAKE_WAREHOUSE, grant the role USAGE on it, or find out why it is suspended (a resource monitor's limit).",
  };
}

function read(thrown: unknown, login: SnowflakeLogin | null): DriverError {
  const error = (typeof thrown === "object" && thrown !== null ? thrown : {}) as {
    readonly code?: unknown;
    readonly response?: { readonly statusCode?: unknown; readonly status?: unknown };
    readonly cause?: { readonly code?: unknown };
  };
  const status = error.response?.statusCode ?? error.response?.status;
  const text = thrown instanceof Error ? thrown.message : String(thrown);
  const { code } = error;
  return {
    code: typeof code === "string" || typeof code === "number" ? String(code) : "",
    words: shortened(withoutSecret(text, login), MESSAGE_MAX),
    status: typeof status === "number" ? status : null,
    cause: typeof error.cause?.code === "string" ? error.cause.code : null,
  };
}

/** Snowflake does not repeat the secret, but a proxy may. A key is recognized by any of its lines. */
function withoutSecret(text: string, login: SnowflakeLogin | null): string {
  const lines = login?.secret.split("\n").filter((line) => line.length > 3 && !line.startsWith("-----")) ?? [];
  return lines.reduce((clean, line) => clean.replaceAll(line, "***"), text);
}
