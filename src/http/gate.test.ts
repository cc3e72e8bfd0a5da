import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createGate } from "./gate.ts";

// Holds G4: never more requests in flight than configured.

const NEVER = new AbortController().signal;

describe("gate", () => {
  test("admits in order of arrival", async () => {
    const gate = createGate(1);
    const admitted: number[] = [];
    const leave = await gate.enter(NEVER);
    const later = [1, 2, 3].map(async (number) => {
      const release = await gate.enter(NEVER);
      admitted.push(number);
      release();
    });
    expect(gate.waiting).toBe(3);
    leave();
    await Promise.all(later);
    expect(admitted).toEqual([1, 2, 3]);
    expect([gate.inside, gate.waiting]).toEqual([0, 0]);
  });

  test("a place released twice is released once", async () => {
    const gate = createGate(1);
    const leave = await gate.enter(NEVER);
    leave();
    leave();
    const again = await gate.enter(NEVER);
    expect(gate.inside).toBe(1);
    again();
    expect(gate.inside).toBe(0);
  });

  test("an aborted waiter rejects with the reason and takes no place", async () => {
    const gate = createGate(1);
    const leave = await gate.enter(NEVER);
    const stop = new AbortController();
    const waiting = gate.enter(stop.signal);
    stop.abort(new Error("stopped"));
    await expect(waiting).rejects.toThrow("stopped");
    await expect(gate.enter(stop.signal)).rejects.toThrow("stopped");
    leave();
    expect([gate.inside, gate.waiting]).toEqual([0, 0]);
  });

  test("admits at most as many as there are places and forgets no waiter, in any order of entering, leaving and aborting", async () => {
    const steps = fc.array(fc.constantFrom("enter", "leave", "give-up"), { maxLength: 60 });
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 1, max: 5 }), steps, async (places, script) => {
        const gate = createGate(places);
        const inside: (() => void)[] = [];
        const outside: AbortController[] = [];
        for (const step of script) {
          if (step === "enter") {
            const stop = new AbortController();
            outside.push(stop);
            void gate.enter(stop.signal).then(
              (release) => {
                outside.splice(outside.indexOf(stop), 1);
                inside.push(release);
              },
              () => outside.splice(outside.indexOf(stop), 1),
            );
          } else if (step === "leave") inside.shift()?.();
          else outside.at(-1)?.abort(new Error("gave up"));
          await Promise.resolve();
          await Promise.resolve();
          expect(gate.inside).toBeLessThanOrEqual(places);
          expect(gate.inside).toBe(inside.length);
          expect(gate.waiting).toBe(outside.length);
          expect(gate.waiting === 0 || gate.inside === places).toBe(true);
        }
      }),
    );
  });
});
