import { AuthError, DataError, RemoteError, TransportError } from "../errors.ts";
import { namedField } from "./refusals.ts";

/** Failed emails in a row after which the cause is not the email. */
const IN_A_ROW = 3;

/**
 * Whose fault a failed read is. `own`: the email's. `pardot`: Pardot's or the network's, if several in a row fail
 * (5xx, time-out, a response that is not Pardot's). `access`: the user's or the business unit's, if no
 * email can be read. `run`: anything else.
 */
type Blame = "own" | "pardot" | "access" | "run";

/** An email that could not be read. */
export interface Unreadable {
  readonly listEmailId: string;
  readonly error: Error;
}

/** Codes of an operation that this version or unit lacks, for whichever email: 2, 22, 60 and 198 (vendor docs, error-codes). */
const OPERATION_CODES: ReadonlySet<number | null> = new Set([2, 22, 60, 198]);
/** Codes of limits that affect every request. */
const LIMIT_CODES: ReadonlySet<number | null> = new Set([66, 202]);
/** Pardot refuses the token itself, even a new one. */
const TOKEN_REFUSED = 184;
const OWN_CODES: ReadonlySet<string> = new Set(["http.body-too-large", "pardot.body-unreadable"]);

function blame(error: unknown): Blame {
  if (error instanceof DataError) return "own";
  if (error instanceof AuthError) return isAccess(error) ? "access" : "run";
  if (error instanceof RemoteError) {
    if (LIMIT_CODES.has(error.pardotCode)) return "run";
    // A refused field that can be left out has been: this one is the key, which all emails need.
    if (namedField(error) !== null) return "run";
    if (OPERATION_CODES.has(error.pardotCode)) return "access";
    return error.pardotCode !== null && !error.retryable ? "own" : "pardot";
  }
  // Without a connection nothing was requested.
  if (!(error instanceof TransportError) || error.code === "http.not-sent") return "run";
  const { status } = error.context;
  const isServerError = typeof status === "number" && status >= 500;
  return OWN_CODES.has(error.code) && !isServerError ? "own" : "pardot";
}

/** Whether the API refused this read; a login that fails refuses all. */
function isAccess(error: AuthError): boolean {
  const { pardotCode } = error.context;
  return error.code === "pardot.forbidden" || (typeof pardotCode === "number" && pardotCode !== TOKEN_REFUSED);
}

/**
 * Decides which failed reads belong to an email alone: those are skipped. A failure that may be Pardot's waits for
 * the results of the next emails. Holds at most `IN_A_ROW` emails.
 */
export class UnreadableEmails {
  #hasRead = false;
  #row: (Unreadable & { readonly blame: Blame })[] = [];

  /** An email was read: each failure right before it belongs to its email alone. */
  read(): readonly Unreadable[] {
    this.#hasRead = true;
    return this.#release();
  }

  /** Returns the emails to skip. Throws the error when it does not belong to the email alone. */
  failed(listEmailId: string, error: unknown): readonly Unreadable[] {
    const whose = blame(error);
    if (whose === "run" || !(error instanceof Error)) throw error;
    const failure = { listEmailId, error, blame: whose };
    if (whose === "own" || (whose === "access" && this.#hasRead)) return [...this.#release("pardot"), failure];
    this.#row.push(failure);
    if (this.#row.length < IN_A_ROW) return [];
    // None of them is skipped: the next run requests them again.
    this.#row = [];
    throw error;
  }

  /** No email is left. Throws when access was refused to all of them, `readBefore` no email by any run. */
  end(readBefore: () => boolean): readonly Unreadable[] {
    const refused = this.#row.find((failure) => failure.blame === "access");
    if (refused !== undefined && !readBefore()) throw refused.error;
    return this.#release();
  }

  #release(whose?: Blame): readonly Unreadable[] {
    const released = this.#row.filter((failure) => whose === undefined || failure.blame === whose);
    this.#row = this.#row.filter((failure) => !released.includes(failure));
    return released;
  }
}
