import { execFileSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { mkdtemp, readdir, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import type { Clock } from "../platform/clock.ts";
import type { ProcessIdentity, Processes } from "../platform/process-identity.ts";
import { systemRandom } from "../platform/random.ts";
import { lockTokenFile } from "./token-file.ts";
import type { TokenLock } from "./token-file.ts";

const HERE: ProcessIdentity = { host: "here", boot: "b", pid: 1, started: "1" };
const DEAD = { ...HERE, pid: 666 };
const AWAY = { ...HERE, host: "away" };

let folder: string;
let path: string;
let lockPath: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pardot-etl-lock-"));
  path = join(folder, "token");
  lockPath = join(folder, ".token.lock");
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function processes(self: ProcessIdentity = HERE): Processes {
  return { self, isDead: ({ pid }) => pid === DEAD.pid };
}

interface Wishes {
  readonly clock?: Clock;
  readonly self?: ProcessIdentity;
  readonly signal?: AbortSignal;
}

function take({ clock = fakeClock(), self, signal = new AbortController().signal }: Wishes = {}): Promise<TokenLock> {
  return lockTokenFile(path, { clock, random: systemRandom, processes: processes(self), silenceMs: 10_000, signal });
}

/** A clock on which whoever sleeps for the n-th time lives through the n-th event. */
function eventful(...events: readonly (() => Promise<unknown>)[]): Clock & { readonly slept: readonly number[] } {
  const clock = fakeClock();
  return {
    ...clock,
    sleep: async (ms, signal) => {
      await clock.sleep(ms, signal);
      await events[clock.slept.length - 1]?.();
    },
  };
}

const written = (holder: ProcessIdentity, nonce = "0123456789abcdef"): Promise<void> =>
  writeFile(lockPath, JSON.stringify({ ...holder, nonce }));

describe("the lock of a token file", () => {
  test("is a file next to it while it is held, and others wait for it", async () => {
    const first = await take();
    expect(await readdir(folder)).toEqual([".token.lock"]);
    const clock = eventful(
      async () => {},
      () => first.release(),
    );
    const second = await take({ clock });
    expect([first.problem, second.problem, clock.slept.length]).toEqual([null, null, 2]);
    await second.release();
    expect(await readdir(folder)).toEqual([]);
  });

  test("of a process that is known to be dead is broken immediately", async () => {
    await written(DEAD);
    const clock = fakeClock();
    expect([(await take({ clock })).problem, clock.slept]).toEqual([null, []]);
    expect(JSON.parse(await readFile(lockPath, "utf8"))).toMatchObject(HERE);
    expect(await readdir(folder)).toEqual([".token.lock"]);
  });

  test.each([
    ["a process elsewhere", () => written(AWAY)],
    ["a process that died before it had written its name", () => writeFile(lockPath, "")],
  ])("of %s is broken when it stays the same for too long", async (_who, put) => {
    await put();
    const clock = fakeClock();
    const before = clock.now();
    expect((await take({ clock })).problem).toBeNull();
    expect(clock.now() - before).toBeGreaterThanOrEqual(10_000);
    expect(clock.now() - before).toBeLessThan(10_500);
  });

  test("is waited for again when it changes hands", async () => {
    await written(AWAY);
    const clock = eventful(...Array.from({ length: 40 }, () => async () => {}), () => written(AWAY, "f".repeat(16)));
    const before = clock.now();
    expect((await take({ clock })).problem).toBeNull();
    expect(clock.now() - before).toBeGreaterThan(13_000);
  });

  test("is the same for every link to the token file", async () => {
    await writeFile(path, "t");
    const link = join(folder, "link");
    await symlink("token", link);
    const options = { clock: fakeClock(), random: systemRandom, processes: processes(), silenceMs: 10_000 };
    const { signal } = new AbortController();
    const first = await lockTokenFile(link, { ...options, signal });
    expect(await readdir(folder)).toContain(".token.lock");
    const gaveUp = new AbortController();
    const second = lockTokenFile(path, {
      ...options,
      clock: eventful(async () => gaveUp.abort()),
      signal: gaveUp.signal,
    });
    await expect(second).rejects.toThrow();
    await first.release();
  });

  test("is not waited for if it is a pipe", { timeout: 5000 }, async () => {
    execFileSync("mkfifo", [lockPath]);
    expect((await take()).problem).toBeNull();
  });

  test("is broken after the same time even if the wall clock is set in the meantime", async () => {
    for (const hours of [-7, 7]) {
      await written(AWAY);
      const clock = fakeClock();
      const stepping: Clock = {
        ...clock,
        sleep: async (ms, signal) => {
          clock.step(hours * 3_600_000);
          await clock.sleep(ms, signal);
        },
      };
      const lock = await take({ clock: stepping });
      expect(lock.problem).toBeNull();
      expect(clock.monotonic()).toBeGreaterThanOrEqual(10_000);
      expect(clock.monotonic()).toBeLessThan(10_500);
      await lock.release();
    }
  });

  test("is held by one program at a time, even if many find a dead one at once", async () => {
    let holding = 0;
    let most = 0;
    // Time stands still: nobody here is silent for too long.
    const clock: Clock = { now: () => 0, monotonic: () => 0, sleep: () => setImmediate() };
    const work = async (): Promise<string | null> => {
      const lock = await take({ clock });
      holding += 1;
      most = Math.max(most, holding);
      for (let turn = 0; turn < 5; turn += 1) await setImmediate();
      holding -= 1;
      await lock.release();
      return lock.problem;
    };
    for (let round = 0; round < 5; round += 1) {
      await written(DEAD);
      const problems = await Promise.all(Array.from({ length: 8 }, work));
      expect([problems.filter((problem) => problem !== null), most, await readdir(folder)]).toEqual([[], 1, []]);
    }
  });

  test("is left alone if another program has broken and taken it since it was found dead", async () => {
    await written(DEAD);
    const live = JSON.stringify({ ...AWAY, nonce: "f".repeat(16) });
    const found: string[] = [];
    const clock = eventful(async () => {
      found.push(await readFile(lockPath, "utf8"));
      await rm(lockPath);
    });
    const isDead = ({ pid }: ProcessIdentity): boolean => {
      if (pid === DEAD.pid) writeFileSync(lockPath, live);
      return pid === DEAD.pid;
    };
    const { signal } = new AbortController();
    const options = { clock, random: systemRandom, processes: { self: HERE, isDead }, silenceMs: 10_000, signal };
    expect((await lockTokenFile(path, options)).problem).toBeNull();
    expect([found, clock.slept.length]).toEqual([[live], 1]);
  });

  test("is not released by a late holder after it was broken", async () => {
    const late = await take({ self: DEAD });
    const second = await take();
    await late.release();
    expect(await readdir(folder)).toEqual([".token.lock"]);
    await second.release();
  });

  test("is reported, and not waited for forever, if it cannot be broken", async () => {
    await written(DEAD);
    await writeFile(`${lockPath}.0123456789abcdef`, "");
    const clock = fakeClock();
    const before = clock.now();
    const { problem } = await take({ clock });
    expect(problem).toBe(`${lockPath} is left over from a program that died: remove it`);
    expect(clock.now() - before).toBeLessThan(20_500);
  });

  test("is reported if it cannot be created", async () => {
    await rm(folder, { recursive: true });
    const lock = await take();
    expect(lock.problem).toBe(`${lockPath} cannot be used (ENOENT)`);
    await lock.release();
  });

  test("is not waited for after a stop request", async () => {
    await take();
    const stop = new AbortController();
    const clock = eventful(async () => stop.abort(new Error("stopped")));
    await expect(take({ clock, signal: stop.signal })).rejects.toThrow("stopped");
  });
});
