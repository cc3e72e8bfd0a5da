import { PardotEtlError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import type { ManifestError } from "../commit/manifest.ts";
import { exitCodeOf } from "../errors.ts";

/** What became of each object: nothing, or its first failure. */
export class Outcomes {
  readonly #failures = new Map<string, Error>();
  readonly #onEvent: OnEvent;

  constructor(onEvent: OnEvent) {
    this.#onEvent = onEvent;
  }

  fail(object: string, error: unknown): void {
    if (this.#failures.has(object)) return;
    const failure = error instanceof Error ? error : new Error(String(error));
    this.#failures.set(object, failure);
    const code = failure instanceof PardotEtlError ? failure.code : "bug";
    this.#onEvent({ type: "object-failed", object, code, message: failure.message });
  }

  of(object: string): Error | null {
    return this.#failures.get(object) ?? null;
  }
}

/** An error as it stands in a manifest: never a stack, never a secret. */
export function manifestError(error: Error): ManifestError {
  return {
    code: error instanceof PardotEtlError ? error.code : "bug",
    message: error.message,
    hint: error instanceof PardotEtlError ? (error.hint ?? null) : null,
    exit_code: exitCodeOf(error),
  };
}
