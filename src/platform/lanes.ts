/**
 * Lanes that several pieces of work share. Who has items for more than one lane offers them: every lane that becomes idle
 * takes the next item of the oldest offer.
 */
export class Lanes {
  #idle: number;
  /** Each starts an idle lane on its next item, and returns false if it has none. */
  #offers: (() => boolean)[] = [];

  constructor(count: number) {
    this.#idle = count;
  }

  /** Does a piece of work in the next idle lane. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.#take();
    try {
      return await work();
    } finally {
      this.#release();
    }
  }

  /**
   * Runs `work` for each item, in the lane of the caller, who must be in one (`run`), and in idle lanes. The first failure is
   * thrown after all of its work has ended: work that continues after its command has ended would call Pardot uncounted. A
   * lane that fails takes no further item; the others continue, so `work` itself must check whether it may.
   */
  async share<T>(items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
    const todo = items[Symbol.iterator]();
    const lane = async (first: IteratorResult<T>): Promise<void> => {
      for (let next = first; next.done !== true; next = todo.next()) await work(next.value);
    };
    const helpers: Promise<void>[] = [];
    const offer = (): boolean => {
      const next = todo.next();
      if (next.done === true) return false;
      const helper = lane(next).finally(() => this.#release());
      // Its failure is thrown below, when the caller's own lane has ended.
      helper.catch(() => undefined);
      helpers.push(helper);
      return true;
    };
    const first = todo.next();
    // Before the work, which may have items to offer, too.
    this.#offers.push(offer);
    const own = lane(first);
    this.#start();
    await own.catch(() => undefined);
    this.#offers = this.#offers.filter((other) => other !== offer);
    if (helpers.length > 0) {
      this.#release();
      await Promise.allSettled(helpers);
      await this.#take();
    }
    await allEnded([own, ...helpers]);
  }

  #take(): Promise<void> {
    return new Promise((resolve) => {
      // Before any offer: it continues what has begun.
      this.#offers.unshift(() => {
        this.#offers.shift();
        resolve();
        return true;
      });
      this.#start();
    });
  }

  #release(): void {
    this.#idle += 1;
    this.#start();
  }

  /** Lets idle lanes take what is offered. */
  #start(): void {
    for (;;) {
      const [offer] = this.#offers;
      if (this.#idle === 0 || offer === undefined) return;
      this.#idle -= 1;
      if (offer()) continue;
      this.#idle += 1;
      this.#offers.shift();
    }
  }
}

/** Runs `work` for each item in up to `count` lanes, as `Lanes.share` does. */
export async function inLanes<T>(count: number, items: Iterable<T>, work: (item: T) => Promise<void>): Promise<void> {
  const lanes = new Lanes(count);
  await lanes.run(() => lanes.share(items, work));
}

/** Waits until all of the work has ended, then throws its first failure. */
export async function allEnded(work: readonly Promise<unknown>[]): Promise<void> {
  for (const end of await Promise.allSettled(work)) if (end.status === "rejected") throw end.reason;
}
