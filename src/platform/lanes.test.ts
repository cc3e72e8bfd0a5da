import { expect, it } from "vitest";
import { inLanes } from "./lanes.ts";

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
