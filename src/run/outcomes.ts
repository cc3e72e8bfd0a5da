import { DataError, PardotEtlError } from "../errors.ts";
import type { OnEvent } from "../events.ts";
import { newRejects } from "../commit/manifest.ts";
import type { Manifest, ManifestError } from "../commit/manifest.ts";
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

/** What a run ends with that has set records aside for the first time; null when it has not. */
export function rejectedError({ run_id: run, objects }: Pick<Manifest, "run_id" | "objects">): DataError | null {
  const parts = objects
    .filter((object) => newRejects(object) > 0)
    .map((object) => `${newRejects(object)} of ${object.object}`);
  if (parts.length === 0) return null;
  return new DataError(`encode records: they cannot be encoded and were set aside: ${parts.join(", ")}`, {
    code: "data.rejected",
    hint: `Everything else is committed. See each record and the reason in _pardot_etl/rejects/${run}/. Correct it in Pardot, or override the column's type in the catalogue. The same record does not fail a later run.`,
  });
}
