import type { CatalogObject } from "../../catalog/catalog.ts";
import { newRejects } from "../../manifest/manifest.ts";
import type { Manifest, ObjectStatus } from "../../manifest/manifest.ts";
import { asError, CancelledError, DataError, exitCodeOf, failureOf, LimitError, PardotEtlError } from "../../errors.ts";
import type { OnEvent } from "../../events.ts";

/** An object that is not complete, and why. */
interface Shortfall {
  readonly status: Exclude<ObjectStatus, "complete">;
  readonly error: Error;
}

/** The objects that are not complete, each with its first failure. */
export class Failures {
  readonly #shortfalls = new Map<string, Shortfall>();
  readonly #onEvent: OnEvent;

  constructor(onEvent: OnEvent) {
    this.#onEvent = onEvent;
  }

  /**
   * Records why an object is not complete. A limit or a stop request postpones it: nothing is wrong with the object.
   */
  fail(object: string, error: unknown): void {
    if (this.#shortfalls.has(object)) return;
    const failure = asError(error);
    const isPostponing = failure instanceof LimitError || failure instanceof CancelledError;
    const status = isPostponing ? "postponed" : "failed";
    this.#shortfalls.set(object, { status, error: failure });
    const { code, message } = failureOf(failure);
    if (status === "postponed") this.#onEvent({ type: "object-postponed", object, status, code });
    else this.#onEvent({ type: "object-failed", object, code, message });
  }

  /** Records that an object was not read because the one it is read from is not complete. */
  wait(object: string, source: string): void {
    if (this.#shortfalls.has(object)) return;
    const error = new WaitingError(object, source, this.statusOf(source), this.of(source));
    this.#shortfalls.set(object, { status: "waiting", error });
    this.#onEvent({ type: "object-postponed", object, status: "waiting", code: error.code });
  }

  of(object: string): Error | null {
    return this.#shortfalls.get(object)?.error ?? null;
  }

  statusOf(object: string): ObjectStatus {
    return this.#shortfalls.get(object)?.status ?? "complete";
  }

  /**
   * Returns the error that decides the exit code: a stop request, then the first object that failed in plan order, then
   * `afterwards`, then the limit that postponed others. An object that only waits for another has no separate error.
   */
  firstError(objects: readonly Pick<CatalogObject, "name">[], afterwards: Error | null): Error | null {
    const found = objects.flatMap(({ name }) => this.#shortfalls.get(name) ?? []);
    const failed = found.filter(({ status }) => status === "failed").map(({ error }) => error);
    const postponed = found.filter(({ status }) => status === "postponed").map(({ error }) => error);
    const all = [...failed, afterwards, ...postponed].filter((error) => error !== null);
    return all.find((error) => error instanceof CancelledError) ?? all[0] ?? null;
  }
}

/** An object waits for another; its exit code is the other's. */
class WaitingError extends PardotEtlError {
  override readonly exitCode: number;
  constructor(object: string, source: string, status: ObjectStatus, cause: Error | null) {
    super(`read ${object}: ${source}, which names what to read, is ${status} in this run`, {
      code: "object.waiting",
      hint: `Run again: ${object} is read when ${source} is complete.`,
      cause,
    });
    this.exitCode = exitCodeOf(cause);
  }
}

/** The error of a run that has set records aside for the first time; null if it has not. */
export function rejectedError({ run_id: run, objects }: Pick<Manifest, "run_id" | "objects">): DataError | null {
  const parts = objects
    .filter((object) => newRejects(object) > 0)
    .map((object) => `${newRejects(object)} of ${object.object}`);
  if (parts.length === 0) return null;
  return new DataError(`encode records: they cannot be encoded and were set aside: ${parts.join(", ")}`, {
    code: "data.rejected",
    hint: `Everything else is committed. See each record and the reason in _pardot_etl/rejects/${run}/. Correct it in Pardot, or override the column's type in the catalog. The same record does not fail a later run.`,
  });
}
