/** Runs works one after another, in the order of the calls, whether the one before failed or not. */
export function inOrder(): <T>(work: () => Promise<T>) => Promise<T> {
  let tail: Promise<unknown> = Promise.resolve();
  return async (work) => {
    const result = tail.then(work);
    tail = result.catch(() => undefined);
    return result;
  };
}
