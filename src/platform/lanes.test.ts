import { describe, expect, it } from "vitest";
import { inLanes, Lanes } from "./lanes.ts";

it("runs the work for each item once, in no more lanes than given", async () => {
  const done: number[] = [];
  let [running, most] = [0, 0];
  await inLanes(3, [1, 2, 3, 4, 5, 6, 7], async (item) => {
    running += 1;
    most = Math.max(most, running);
    await Promise.resolve();
    running -= 1;
    done.push(item);
  });
  expect(new Set(done)).toEqual(new Set([1, 2, 3, 4, 5, 6, 7]));
  expect(most).toBe(3);
});

it("throws the first failure only when every lane has ended", async () => {
  const failure = new Error("of 1");
  const done: number[] = [];
  const work = async (item: number): Promise<void> => {
    if (item === 1) throw failure;
    await Promise.resolve();
    done.push(item);
  };
  await expect(inLanes(2, [1, 2, 3, 4], work)).rejects.toBe(failure);
  expect(done).toEqual([2, 3, 4]);
});

describe("lanes that become idle", () => {
  const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  it("take the items that a lane still has, and no more work runs than there are lanes", async () => {
    const lanes = new Lanes(3);
    const done: string[] = [];
    let [running, most] = [0, 0];
    const part = async (name: string): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      await soon();
      running -= 1;
      done.push(name);
    };
    await lanes.run(() =>
      lanes.share(["a", "b", "c", "d"], (item) =>
        item === "a" ? lanes.share(["a1", "a2", "a3", "a4", "a5", "a6"], part) : part(item),
      ),
    );
    expect(done.toSorted()).toEqual(["a1", "a2", "a3", "a4", "a5", "a6", "b", "c", "d"]);
    expect(most).toBe(3);
    // The items of the first offer come first; then the idle lanes help with the second.
    expect(done.indexOf("d")).toBeLessThan(done.indexOf("a4"));
  });

  it("include that of an item which only waits for its helpers", async () => {
    const lanes = new Lanes(2);
    let [running, most] = [0, 0];
    const part = async (turns: number): Promise<void> => {
      running += 1;
      most = Math.max(most, running);
      for (let n = 0; n < turns; n += 1) await soon();
      running -= 1;
    };
    let second: Promise<void> | null = null;
    await lanes.run(() =>
      lanes.share([1, 9], async (turns) => {
        await part(turns);
        // Offered while the first lane waits for the second.
        if (turns === 9) second = lanes.share([5, 5, 5, 5], part);
        await second;
      }),
    );
    expect(most).toBe(2);
  });

  it("are given back after a failure", async () => {
    const lanes = new Lanes(2);
    const failure = new Error("no");
    const fails = (): Promise<void> => soon().then(() => Promise.reject(failure));
    await expect(lanes.run(() => lanes.share([1, 2, 3], fails))).rejects.toBe(failure);
    let [running, most] = [0, 0];
    await lanes.run(() =>
      lanes.share([1, 2, 3, 4], async () => {
        running += 1;
        most = Math.max(most, running);
        await soon();
        running -= 1;
      }),
    );
    expect(most).toBe(2);
  });
});
