import { folded, oneLine } from "./text.ts";

/**
 * The error taxonomy, grouped by who must act. Each class has its exit code; `code` is a stable dotted name for
 * machines, `message` names the operation, its object and the cause, `hint` what to do next.
 */
export interface ErrorDetails {
  /** Stable, dotted, lower case: `config.invalid`, `pardot.business-unit-unknown`. */
  readonly code: string;
  /** The next thing a person should do, as a sentence. */
  readonly hint?: string;
  /** Ids and numbers that help to find the cause. Never a secret. */
  readonly context?: Readonly<Record<string, string | number | boolean | null>>;
  readonly cause?: unknown;
  /** True if the same request may succeed when sent again later. Default false. */
  readonly retryable?: boolean;
  /** The problem in each place, if one error reports several. Default none. */
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

/** One problem of the configuration or the command line. */
export interface Problem {
  /** Where: `PARDOT_MAX_CONCURRENCY`, `pardot.max_concurrency (pardot-etl.yaml)`, `--since`. */
  readonly path: string;
  /** The text that was found; null when nothing was given. Never a secret's value. */
  readonly value: string | null;
  /** What would be accepted. */
  readonly expected: string;
}

/** A valid value, or a description of what is expected. */
export type Parsed<Value> = { readonly ok: true; readonly value: Value } | Invalid;

export interface Invalid {
  readonly ok: false;
  readonly expected: string;
}

export function valid<Value>(value: Value): Parsed<Value> {
  return { ok: true, value };
}

export function invalid(expected: string): Invalid {
  return { ok: false, expected };
}

/** The system's code of an error, such as `ENOENT`. */
export function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | null)?.code ?? "unknown";
}

/** A placeholder: for a hidden value, or one that is only named by its type. */
const UNMARKED = /^(?:\*{3}|an? (?:list|map|number|boolean|bigint|undefined|object))$/;

/** Returns a thrown value as an error. */
export function asError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}

/** An error in written form: never a stack, never a secret. */
export interface Failure {
  readonly code: string;
  readonly message: string;
  readonly hint: string | null;
}

/** Describes a thrown value; anything that is not ours has the code `bug`. */
export function failureOf(thrown: unknown): Failure {
  const { message } = asError(thrown);
  if (!(thrown instanceof PardotEtlError)) return { code: "bug", message, hint: null };
  return { code: thrown.code, message, hint: thrown.hint ?? null };
}

/** A problem as text. The value found is quoted, with its own quotes escaped. */
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

/** Time must pass: daily quota, call budget. Finished work stays committed; the run can be resumed. */
export class LimitError extends PardotEtlError {
  override readonly exitCode: number = 4;
}

/** Pardot refused a request, or an export failed. */
export class RemoteError extends PardotEtlError {
  override readonly exitCode: number = 5;
  /** The code of Pardot's error envelope, null when the body held none. */
  readonly pardotCode: number | null;
  constructor(message: string, details: ErrorDetails & { readonly pardotCode?: number | null }) {
    super(message, details);
    this.pardotCode = details.pardotCode ?? null;
  }
}

/** The network failed, or the body was cut, late or malformed. */
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

/** The exit code of any thrown value; one that is not ours is a bug, 1. */
export function exitCodeOf(error: unknown): number {
  return error instanceof PardotEtlError ? error.exitCode : 1;
}

/** Throws, as a bug, if the condition does not hold. */
export function assert(condition: unknown, message: string): asserts condition {
  if (!condition) throw new Error(`assertion failed: ${message}`);
}
