/** Calls back at intervals until stopped; never keeps the process alive. Apart from the clock, so that a test's clock, on which pauses take no time, does not make it race. */
export interface Ticker {
  start(everyMs: number, tick: () => void): () => void;
}

export const systemTicker: Ticker = {
  start: (everyMs, tick) => {
    const timer = setInterval(tick, everyMs);
    timer.unref();
    return () => clearInterval(timer);
  },
};
