/**
 * Runs `work` for each item in up to `lanes` lanes, each taking the next item when it is done with one. The first
 * failure is thrown after every lane has ended: work that continues after its command has ended would call Pardot
 * uncounted. A lane that fails takes no further item; the others continue, so `work` itself must check whether it may.
 */
export async function inLanes<T>(lanes: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const todo = items[Symbol.iterator]();
  const lane = async (): Promise<void> => {
    for (let next = todo.next(); next.done !== true; next = todo.next()) await work(next.value);
  };
  await allEnded(Array.from({ length: lanes }, lane));
}

/** Waits until all of the work has ended, then throws its first failure. */
export async function allEnded(work: readonly Promise<unknown>[]): Promise<void> {
  for (const end of await Promise.allSettled(work)) if (end.status === "rejected") throw end.reason;
}
