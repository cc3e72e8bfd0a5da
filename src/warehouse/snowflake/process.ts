import type { Readable } from "node:stream";
import snowflake from "snowflake-sdk";
import type { Connection, RowStatement, SnowflakeError, StatementOption } from "snowflake-sdk";
import { Refusal, serve } from "../serve.ts";
import { sessionFailure, snowflakeFailure } from "./failure.ts";
import type { Row, SnowflakeLogin, SnowflakeOperations, TypedRow } from "./protocol.ts";
import { PAGE_ROWS } from "./protocol.ts";
import { SESSION_SQL } from "./sql.ts";

/**
 * The process that runs Snowflake's driver, which takes 100 MB and half a second to load. Started by `SnowflakeSession`,
 * whose requests are in protocol.ts. Exits when its parent disconnects or dies.
 */

/** Snowflake ends a statement that runs, or waits for its virtual warehouse, for longer. Nothing else does. */
const STATEMENT_LIMITS = { STATEMENT_TIMEOUT_IN_SECONDS: 600, STATEMENT_QUEUED_TIMEOUT_IN_SECONDS: 300 };
/** Longest wait for a response; the driver polls a statement that takes longer. */
const ANSWER_TIMEOUT_MS = 60_000;
/** Retries of a login; the driver retries a query seven times. */
const LOGIN_RETRIES_MAX = 3;
/** Shown in Snowflake's query history. */
const QUERY_TAG = "pardot-etl";

const silent = (): void => undefined;

let login: SnowflakeLogin | null = null;
let session: Connection | null = null;
const cursors = new Map<number, AsyncIterator<Row>>();
let lastCursor = 0;

async function open(given: SnowflakeLogin): Promise<null> {
  login = given;
  const { account, accessUrl, authenticator, user, secret, role, warehouse, database, schema } = given;
  snowflake.configure({
    logLevel: "OFF",
    customLogger: { error: silent, warn: silent, info: silent, debug: silent, trace: silent },
    keepAlive: false,
    // Plain HTTP is on this machine, which no proxy reaches.
    useEnvProxy: accessUrl?.startsWith("http:") !== true,
  });
  const credential = {
    SNOWFLAKE: { password: secret },
    SNOWFLAKE_JWT: { privateKey: secret },
    OAUTH: { token: secret },
    PROGRAMMATIC_ACCESS_TOKEN: { token: secret },
  }[authenticator];
  const connection = snowflake.createConnection({
    account,
    authenticator,
    ...credential,
    ...(accessUrl === null ? {} : { accessUrl }),
    ...(user === null ? {} : { username: user }),
    ...(role === null ? {} : { role }),
    ...(warehouse === null ? {} : { warehouse }),
    database,
    schema,
    application: QUERY_TAG,
    queryTag: QUERY_TAG,
    rowMode: "array",
    timeout: ANSWER_TIMEOUT_MS,
    sfRetryMaxLoginRetries: LOGIN_RETRIES_MAX,
    clientSessionKeepAlive: false,
    disableQueryContextCache: true,
  });
  await new Promise<void>((resolve, reject) => {
    connection.connect((error) => (error === undefined || error === null ? resolve() : reject(error)));
  });
  session = connection;
  try {
    const failure = sessionFailure((await row(SESSION_SQL)).values, given);
    if (failure !== null) throw new Refusal(failure);
  } catch (error) {
    await close();
    throw error;
  }
  return null;
}

async function execute(options: Pick<StatementOption, "sqlText" | "streamResult">): Promise<Executed> {
  const connection = session;
  if (connection === null) throw new Error("there is no session");
  return new Promise((resolve, reject) => {
    connection.execute({
      ...options,
      parameters: { ...STATEMENT_LIMITS },
      complete: (error: SnowflakeError | null | undefined, statement, rows) =>
        error === undefined || error === null ? resolve({ statement, rows: (rows ?? []) as Row[] }) : reject(error),
    });
  });
}

interface Executed {
  readonly statement: RowStatement;
  readonly rows: readonly Row[];
}

async function row(sqlText: string): Promise<TypedRow> {
  const { statement, rows } = await execute({ sqlText });
  const [first] = rows;
  if (first === undefined || rows.length > 1) throw new Error(`expected one row, got ${rows.length}`);
  return { values: first, types: statement.getColumns()?.map((column) => column.getType().toLowerCase()) ?? [] };
}

async function start(sqlText: string): Promise<number> {
  const { statement } = await execute({ sqlText, streamResult: true });
  const rows: Readable = statement.streamRows();
  lastCursor += 1;
  cursors.set(lastCursor, rows[Symbol.asyncIterator]() as AsyncIterator<Row>);
  return lastCursor;
}

async function page(cursor: number): Promise<readonly Row[]> {
  const rows = cursors.get(cursor);
  if (rows === undefined) throw new Error(`query ${cursor} is not open`);
  const taken: Row[] = [];
  while (taken.length < PAGE_ROWS) {
    const next = await rows.next();
    if (next.done === true) break;
    taken.push(next.value);
  }
  if (taken.length === 0) cursors.delete(cursor);
  return taken;
}

async function stop(cursor: number): Promise<null> {
  await cursors.get(cursor)?.return?.();
  cursors.delete(cursor);
  return null;
}

/** Logs out. A session that has ended or cannot be reached is over, too. */
async function close(): Promise<null> {
  const connection = session;
  session = null;
  if (connection !== null) await new Promise<void>((resolve) => connection.destroy(() => resolve()));
  return null;
}

serve<SnowflakeOperations>(
  { open, row, start, page, stop, close },
  {
    failureOf: (error) => snowflakeFailure(error, login),
    // The statement limits end a running statement at Snowflake.
    onEnd: () => process.exit(0),
  },
);
