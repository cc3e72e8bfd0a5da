/**
 * Admits a limited number of holders at a time, in order of arrival. A holder keeps its place until it calls the release
 * function; calling it again does nothing.
 */
export interface Gate {
  /** Resolves with the release function. Rejects with the signal's reason, without taking a place. */
  enter(signal: AbortSignal): Promise<() => void>;
  readonly inside: number;
  readonly waiting: number;
}

/** A place in a gate, entered when it is first needed. */
export class Turn {
  #leave: (() => void) | null = null;

  /** Resolves in the place, also if it had begun. */
  async begin(gate: Gate, signal: AbortSignal): Promise<void> {
    this.#leave ??= await gate.enter(signal);
  }

  /** Returns the place, if it has begun. It may begin again. */
  end(): void {
    this.#leave?.();
    this.#leave = null;
  }
}

export function createGate(places: number): Gate {
  let inside = 0;
  const queue = new Set<() => void>();

  const takePlace = (): (() => void) => {
    inside += 1;
    let held = true;
    return () => {
      if (!held) return;
      held = false;
      inside -= 1;
      const [next] = queue;
      if (next !== undefined) {
        queue.delete(next);
        next();
      }
    };
  };

  return {
    enter: (signal) =>
      new Promise((resolve, reject) => {
        if (signal.aborted) {
          reject(signal.reason as Error);
          return;
        }
        if (inside < places) {
          resolve(takePlace());
          return;
        }
        const onAbort = (): void => {
          queue.delete(admit);
          reject(signal.reason as Error);
        };
        const admit = (): void => {
          signal.removeEventListener("abort", onAbort);
          resolve(takePlace());
        };
        queue.add(admit);
        signal.addEventListener("abort", onAbort, { once: true });
      }),
    get inside() {
      return inside;
    },
    get waiting() {
      return queue.size;
    },
  };
}
