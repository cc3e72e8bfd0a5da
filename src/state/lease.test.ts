import { describe, expect, it } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import type { FakeClock } from "../../test/kit/fakes/clock.ts";
import { LeaseError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import type { Processes } from "../platform/process-identity.ts";
import { openMemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import type { MemoryStorage } from "../../test/kit/fakes/memory-storage.ts";
import { loadState } from "./journal.ts";
import { LEASE_PREFIX, oldLeases, takeLease } from "./lease.ts";
import type { Lease, LeaseOptions } from "./lease.ts";

// Holds G5: one run at a time.

const never = new AbortController().signal;
const TTL = 60_000;

interface Holder {
  readonly lease: Lease;
  /** What its timer would do. */
  readonly beat: () => Promise<void>;
  readonly lost: LeaseError[];
}

function processes(pid: number, dead: readonly number[] = []): Processes {
  return {
    self: { host: "h", boot: "b", pid, started: "1" },
    isDead: (identity) => dead.includes(identity.pid),
  };
}

async function take(storage: MemoryStorage, options: Partial<LeaseOptions> = {}): Promise<Holder> {
  let tick: () => void = () => undefined;
  const lost: LeaseError[] = [];
  const lease = await takeLease({
    storage,
    clock: fakeClock(),
    ticker: {
      start: (_, call) => {
        tick = call;
        return () => {
          tick = () => undefined;
        };
      },
    },
    processes: processes(1),
    runId: "run-1",
    seen: await keysIn(storage),
    list: () => keysIn(storage),
    ttlMs: TTL,
    onLost: (error) => lost.push(error),
    onEvent: () => undefined,
    waitSignal: never,
    signal: never,
    ...options,
  });
  const beat = async (): Promise<void> => {
    tick();
    for (let i = 0; i < 50; i += 1) await Promise.resolve();
  };
  return { lease, beat, lost };
}

async function keysIn(storage: MemoryStorage): Promise<string[]> {
  return [...(await loadState(storage, never)).others];
}

/** A clock on which something happens while one waits. */
function busyClock(during: () => Promise<void>, start?: number): FakeClock {
  const clock = fakeClock(start);
  return {
    slept: clock.slept,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    step: (ms) => clock.step(ms),
    sleep: async (ms, signal) => {
      await during();
      await clock.sleep(ms, signal);
    },
  };
}

const keys = (storage: MemoryStorage): string[] =>
  [...storage.files.keys()].map((key) => key.slice(LEASE_PREFIX.length)).toSorted();

describe("lease", () => {
  it("is not taken under a number that others used and deleted while this process was suspended", async () => {
    const storage = openMemoryStorage();
    await (await take(storage)).lease.release();
    let isFirst = true;
    const slept: MemoryStorage = {
      ...storage,
      list: async function* (prefix, signal) {
        const found = [];
        for await (const file of storage.list(prefix, signal)) found.push(file);
        // Seven runs come and go between the look and the taking; the seventh is still at work.
        if (isFirst) {
          for (let run = 0; run < 6; run += 1) await (await take(storage)).lease.release();
          await take(storage);
        }
        isFirst = false;
        yield* found;
      },
    };
    await expect(take(slept)).rejects.toThrow(LeaseError);
  });

  it("is taken after runs that came and went since its keys were listed, but not from one that came and stayed", async () => {
    const storage = openMemoryStorage();
    const seen = await keysIn(storage);
    for (let run = 0; run < 2; run += 1) await (await take(storage)).lease.release();
    const third = await take(storage, { seen });
    expect(third.lease.number).toBe(3);
    await expect(take(storage, { seen })).rejects.toMatchObject({ code: "lease.held" });
  });

  it("is not waited for if its holder has ended since its keys were listed", async () => {
    const storage = openMemoryStorage();
    const holder = await take(storage);
    const seen = await keysIn(storage);
    await holder.lease.release();
    const clock = fakeClock();
    expect((await take(storage, { seen, clock })).lease.number).toBe(2);
    expect(clock.slept).toEqual([]);
  });

  it("is released again if its keys cannot be listed once it is taken", async () => {
    const storage = openMemoryStorage();
    const list = async (): Promise<never> => Promise.reject(new Error("gone"));
    await expect(take(storage, { list })).rejects.toThrow("gone");
    const clock = fakeClock();
    await take(storage, { clock });
    expect(clock.slept).toEqual([]);
  });

  it("is taken immediately on a new destination, and after one that was released", async () => {
    const storage = openMemoryStorage();
    const first = await take(storage);
    await first.lease.release();
    const clock = fakeClock();
    const second = await take(storage, { clock });
    expect([first.lease.number, second.lease.number]).toEqual([1, 2]);
    expect(clock.slept).toEqual([]);
  });

  it("lists nothing of itself or of older leases at a heartbeat, whose markers a versioned bucket keeps", async () => {
    const memory = openMemoryStorage();
    await (await take(memory)).lease.release();
    const listed: (string | undefined)[] = [];
    const storage: MemoryStorage = {
      ...memory,
      list: async function* (prefix, signal, after) {
        listed.push(after?.slice(LEASE_PREFIX.length));
        yield* memory.list(prefix, signal, after);
      },
    };
    const { lease, beat, lost } = await take(storage);
    await beat();
    await lease.check();
    expect(listed).toEqual([undefined, undefined, "0000000002/", "0000000002/"]);
    await take(memory, { processes: processes(2, [1]) });
    await beat();
    expect(lost).toHaveLength(1);
  });

  it("is refused while its holder shows signs of life, whatever the two clocks show", async () => {
    for (const hours of [-5, 0, 5]) {
      const storage = openMemoryStorage();
      const holder = await take(storage);
      const clock = busyClock(holder.beat, Date.parse("2026-03-20T09:30:00Z") + hours * 3_600_000);
      await expect(take(storage, { clock, processes: processes(2) })).rejects.toMatchObject({
        code: "lease.held",
        exitCode: 8,
      });
      expect(clock.slept.length).toBeLessThan(3);
    }
  });

  it("announces that it waits for a sign of life, and only then", async () => {
    const storage = openMemoryStorage();
    const events: RunEvent[] = [];
    const onEvent = (event: RunEvent): void => void events.push(event);
    const holder = await take(storage, { onEvent });
    expect(events).toEqual([]);
    const clock = busyClock(async () => {
      expect(events).toEqual([{ type: "lease-waiting", holder: "run-1", waitMs: TTL }]);
      await holder.beat();
    });
    await expect(take(storage, { clock, onEvent, processes: processes(2) })).rejects.toBeInstanceOf(LeaseError);
    const dead = processes(3, [1]);
    await take(storage, { onEvent, processes: dead });
    expect(events).toHaveLength(1);
  });

  it("is also refused if its holder ends during the check, because it was alive", async () => {
    const storage = openMemoryStorage();
    const holder = await take(storage);
    const clock = busyClock(() => holder.lease.release());
    await expect(take(storage, { clock, processes: processes(2) })).rejects.toMatchObject({
      code: "lease.held",
      exitCode: 8,
      message: expect.stringMatching(/ was in progress when this run started, and has ended since$/) as string,
      hint: expect.stringMatching(/^Run again\./) as string,
    });
    expect((await take(storage, { processes: processes(2) })).lease.number).toBe(2);
  });

  it("is taken over from a holder that has been silent for the TTL, and not before", async () => {
    const storage = openMemoryStorage();
    await take(storage);
    const clock = fakeClock();
    const successor = await take(storage, { clock, processes: processes(2) });
    expect(successor.lease.number).toBe(2);
    expect(clock.slept.reduce((a, b) => a + b, 0)).toBeGreaterThanOrEqual(TTL);
  });

  it("stays with a live holder when the newcomer's wall clock is set forward or back during its checks", async () => {
    for (const hours of [-7, 1, 7, 24 * 365]) {
      const storage = openMemoryStorage();
      const holder = await take(storage);
      let looks = 0;
      const clock: FakeClock = busyClock(async () => {
        looks += 1;
        // Between two beats, so that the first look after the step finds nothing new.
        if (looks === 1) clock.step(hours * 3_600_000);
        if (looks === 3) await holder.beat();
      });
      await expect(take(storage, { clock, processes: processes(2) })).rejects.toMatchObject({ code: "lease.held" });
      expect(looks).toBe(3);
    }
  });

  it("is taken over from a silent holder after the TTL, whatever the newcomer's wall clock shows", async () => {
    for (const hours of [-7, 7]) {
      const storage = openMemoryStorage();
      await take(storage);
      const clock: FakeClock = busyClock(async () => clock.step(hours * 3_600_000));
      await take(storage, { clock, processes: processes(2) });
      const waited = clock.slept.reduce((a, b) => a + b, 0);
      expect(waited).toBeGreaterThanOrEqual(TTL);
      expect(waited).toBeLessThanOrEqual(TTL * 1.2);
    }
  });

  it("is checked just as often by a newcomer that was suspended for an hour while it waited", async () => {
    const storage = openMemoryStorage();
    const holder = await take(storage);
    const clock = fakeClock();
    let looks = 0;
    const stopped: FakeClock = {
      ...clock,
      sleep: async (ms, signal) => {
        looks += 1;
        await clock.sleep(looks === 1 ? 3_600_000 : ms, signal);
        if (looks === 2) await holder.beat();
      },
    };
    await expect(take(storage, { clock: stopped, processes: processes(2) })).rejects.toMatchObject({
      code: "lease.held",
    });
  });

  it("is taken over immediately from a dead process on this machine", async () => {
    const storage = openMemoryStorage();
    await take(storage);
    const clock = fakeClock();
    await take(storage, { clock, processes: processes(2, [1]) });
    expect(clock.slept).toEqual([]);
  });

  it("is taken over as soon as its holder is seen to have died", async () => {
    const storage = openMemoryStorage();
    await take(storage);
    const clock = fakeClock();
    const isDead = (): boolean => clock.slept.length > 0;
    await take(storage, { clock, processes: { self: processes(2).self, isDead } });
    expect(clock.slept).toHaveLength(1);
  });

  it("goes to one of two runs that start together", async () => {
    const storage = openMemoryStorage();
    const both = await Promise.allSettled([take(storage), take(storage, { processes: processes(2) })]);
    expect(both.map(({ status }) => status).toSorted()).toEqual(["fulfilled", "rejected"]);
  });

  it("notifies a holder that was suspended and taken over, at its next heartbeat and before it commits", async () => {
    const storage = openMemoryStorage();
    const sleeper = await take(storage);
    await take(storage, { processes: processes(2) });
    await expect(sleeper.lease.check()).rejects.toMatchObject({ code: "lease.lost" });
    await sleeper.beat();
    await sleeper.beat();
    expect(sleeper.lost).toHaveLength(1);
    expect(sleeper.lost[0]).toBeInstanceOf(LeaseError);
  });

  it("is not lost when a heartbeat fails because of the network", async () => {
    const storage = openMemoryStorage();
    let isDown = false;
    const create: MemoryStorage["create"] = async (...args) => {
      if (isDown) throw new Error("no network");
      return storage.create(...args);
    };
    const holder = await take({ ...storage, create });
    isDown = true;
    await holder.beat();
    isDown = false;
    await holder.beat();
    expect(holder.lost).toEqual([]);
    await holder.lease.check();
  });

  it("leaves few files: only the last heartbeat and the last leases", async () => {
    const storage = openMemoryStorage();
    for (let i = 0; i < 9; i += 1) {
      const holder = await take(storage);
      for (let beat = 0; beat < 3; beat += 1) await holder.beat();
      await holder.lease.release();
      await storage.remove(oldLeases(holder.lease.number, await keysIn(storage)), never);
    }
    expect(keys(storage)).toHaveLength(15);
    expect(keys(storage)[0]).toBe("0000000005.beat-000003.json");
  });
});
