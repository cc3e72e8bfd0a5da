import type { MemoryStorage } from "./memory-storage.ts";
import type { Storage } from "../../../src/storage/storage.ts";

/** A storage that counts the requests that S3 would get: a list is one for each thousand keys. */
export interface CountedStorage extends Storage {
  readonly requests: Record<"list" | "open" | "read" | "stat", number>;
  /** Most files open at a time. */
  readonly most: () => number;
}

export function countedStorage(memory: MemoryStorage): CountedStorage {
  const requests = { list: 0, open: 0, read: 0, stat: 0 };
  let [inFlight, most] = [0, 0];
  return {
    ...memory,
    requests,
    most: () => most,
    list: async function* list(prefix, signal, after) {
      let keys = 0;
      requests.list += 1;
      for await (const file of memory.list(prefix, signal, after)) {
        keys += 1;
        if (keys % 1000 === 0) requests.list += 1;
        yield file;
      }
    },
    open: async function* open(key, signal) {
      requests.open += 1;
      inFlight += 1;
      most = Math.max(most, inFlight);
      try {
        await Promise.resolve();
        yield* memory.open(key, signal);
      } finally {
        inFlight -= 1;
      }
    },
    read: (key, signal) => {
      requests.read += 1;
      return memory.read(key, signal);
    },
    stat: (key, signal) => {
      requests.stat += 1;
      return memory.stat(key, signal);
    },
  };
}
