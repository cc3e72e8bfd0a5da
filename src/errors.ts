import { folded, oneLine } from "./text.ts";

/**
 * The error taxonomy, grouped by who must act. Each class fixes the process exit code; `code` is a stable dotted name
 * for machines, `message` says what was attempted, on what and why it failed, `hint` says what to do next.
 */
export interface ErrorDetails {
  /** Stable, dotted, lower case: `config.invalid`, `pardot.business-unit-unknown`. */
  readonly code: string;
  /** The next thing a person should do, as a sentence. */
  readonly hint?: string;
  /** Ids and numbers that help to find the fault. Never a secret. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause?: unknown;
  /** True when the very same request may succeed if it is sent again later. Default false. */
  readonly retryable?: boolean;
  /** What is wrong in each place, where one error tells of several. Default none. */
  readonly problems?: readonly Problem[];
}

export abstract class PardotEtlError extends Error {
  abstract readonly exitCode: number;
  readonly code: string;
  readonly hint: string | undefined;
  readonly context: Readonly<Record<string, string | number | boolean | null>>;
  readonly retryable: boolean;
  readonly problems: readonly Problem[];

  constructor(message: string, details: ErrorDetails) {
    super(folded(message), details.cause === undefined ? undefined : { cause: details.cause });
    this.name = new.target.name;
    this.code = details.code;
    this.hint = details.hint === undefined ? undefined : folded(details.hint);
    this.context = details.context ?? {};
    this.retryable = details.retryable ?? false;
    this.problems = details.problems ?? [];
  }
}

/** One thing that is wrong with the configuration or the command line. */
export interface Problem {
  /** Where: `PARDOT_MAX_CONCURRENCY`, `pardot.max_concurrency (pardot-etl.yaml)`, `--since`. */
  readonly path: string;
  /** What was found, as text; null when nothing was given. A secret's value is never put here. */
  readonly value: string | null;
  /** What would be accepted. */
  readonly expected: string;
}

/** A value, or what would have been accepted. */
export type Parsed<Value> = { readonly ok: true; readonly value: Value } | Invalid;

export interface Invalid {
  readonly ok: false;
  readonly expected: string;
}

/** A value that says nothing by itself: hidden, or of a kind that is only named. */
const UNMARKED = /^(?:\*{3}|an? (?:list|map|number|boolean|bigint|undefined|object))$/;

/** A problem in words. What was found stands between marks, with its own quotes escaped. */
export function problemText({ path, value, expected }: Problem): string {
  const found = value === null ? "missing" : UNMARKED.test(value) ? value : JSON.stringify(value);
  return oneLine(`${path} is ${found}: expected ${expected}`);
}

/** The operator must change the configuration. Lists every problem at once. */
export class ConfigError extends PardotEtlError {
  override readonly exitCode: number = 2;
  constructor(message: string, problems: readonly Problem[], details: Omit<ErrorDetails, "code"> & { code?: string }) {
    super(message, { code: "config.invalid", ...details, problems });
  }
}

/** The operator must change the command. */
export class UsageError extends PardotEtlError {
  override readonly exitCode: number = 2;
}

/** The operator must fix credentials, scopes, the business unit or the host pair. */
export class AuthError extends PardotEtlError {
  override readonly exitCode: number = 3;
}

/** Time must pass: daily quota, call budget. What is finished stays committed; the run can be resumed. */
export class LimitError extends PardotEtlError {
  override readonly exitCode: number = 4;
}

/** Pardot answered and refused, or an export failed. */
export class RemoteError extends PardotEtlError {
  override readonly exitCode: number = 5;
  /** The code of Pardot's error envelope, null when the body held none. */
  readonly pardotCode: number | null;
  constructor(message: string, details: ErrorDetails & { readonly pardotCode?: number | null }) {
    super(message, details);
    this.pardotCode = details.pardotCode ?? null;
  }
}

/** The network failed, or the body was cut, late or no envelope at all. */
export class TransportError extends PardotEtlError {
  override readonly exitCode: number = 5;
}

/** Data failed a check: shape, count, length, hash, or a name that already holds other bytes. */
export class DataError extends PardotEtlError {
  override readonly exitCode: number = 6;
}

/** The destination refused. */
export class StorageError extends PardotEtlError {
  override readonly exitCode: number = 7;
}

/** The warehouse refused. */
export class WarehouseError extends PardotEtlError {
  override readonly exitCode: number = 7;
}

/** Another run holds the business unit and destination. */
export class LeaseError extends PardotEtlError {
  override readonly exitCode: number = 8;
}

/** A signal or the caller asked to stop. */
export class CancelledError extends PardotEtlError {
  override readonly exitCode: number = 130;
}

/** The exit code of any thrown value; what is not one of ours is a bug, 1. */
export function exitCodeOf(error: unknown): number {
  return error instanceof PardotEtlError ? error.exitCode : 1;
}

/** Throws the bug that a broken assumption is. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
