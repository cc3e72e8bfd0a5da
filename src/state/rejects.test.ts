import { describe, expect, it } from "vitest";
import type { Reject } from "../encode/reject.ts";
import { countKnown, rejectsBytes, rejectsIn } from "./rejects.ts";
import { applyChange, EMPTY_STATE, objectState, windowId } from "./state.ts";
import type { Change, PlannedWindow, State } from "./state.ts";

const window: PlannedWindow = { field: "updated_at", from: 0, to: 1000, askFrom: 0 };
const id = windowId("Tag", window);
const planned: Change = { type: "planned", object: "Tag", runId: "r1", zone: "UTC", windows: [window] };
const done: Change = { type: "window-done", object: "Tag", window: id };
const committed: Change = { type: "committed", object: "Tag", manifest: "m", windows: [id], load: false };
const after = (state: State, ...changes: Change[]): State => changes.reduce(applyChange, state);

function reject(number: number, more: Partial<Reject> = {}): Reject {
  return { id: String(number), column: "size", reason: 'size is "x", expected integer', record: {}, ...more };
}

function rejected(rejects: readonly Reject[], exportId: string | null = null): Change {
  return { type: "rejected", object: "Tag", window: id, exportId, rejects };
}

describe("records that were set aside", () => {
  it("stay with their window until it is committed, and are remembered from then on", () => {
    const open = after(EMPTY_STATE, planned, rejected([reject(1)]), rejected([reject(2)]), done);
    const tag = objectState(open, "Tag");
    expect(rejectsIn(tag)).toMatchObject([{ id: "1" }, { id: "2" }]);
    expect(countKnown("Tag", tag, rejectsIn(tag))).toBe(0);
    const next = objectState(after(open, committed, planned, rejected([reject(2), reject(3)])), "Tag");
    expect(rejectsIn(next)).toHaveLength(2);
    expect(countKnown("Tag", next, rejectsIn(next))).toBe(1);
  });

  it("count as different if value, column or object differ, or any byte of a record set aside as a whole", () => {
    const whole = reject(4, { column: null, reason: "it has 1 fields, expected 2", record: ["a"] });
    const known = objectState(after(EMPTY_STATE, planned, rejected([reject(1), whole]), done, committed), "Tag");
    expect(countKnown("Tag", known, [reject(1), whole])).toBe(2);
    expect(countKnown("Form", known, [reject(1)])).toBe(0);
    expect(
      countKnown("Tag", known, [
        reject(1, { reason: 'size is "y", expected integer' }),
        reject(1, { column: "width" }),
        { ...whole, record: ["b"] },
      ]),
    ).toBe(0);
    // What else has changed in the record does not count.
    expect(countKnown("Tag", known, [reject(1, { record: { updated_at: "2026-01-01 00:00:00" } })])).toBe(1);
  });

  it("are dropped with an export that is lost, because the next one has them again", () => {
    const state = after(
      EMPTY_STATE,
      planned,
      { type: "export-created", object: "Tag", window: id, exportId: "7", at: 0 },
      rejected([reject(1)], "7"),
      rejected([reject(2)], "8"),
      { type: "export-lost", object: "Tag", window: id, exportId: "7", reason: "gone" },
    );
    expect(rejectsIn(objectState(state, "Tag"))).toMatchObject([{ id: "2" }]);
  });

  it("are remembered up to the last thousand", () => {
    let state = after(EMPTY_STATE, planned);
    for (let batch = 0; batch < 12; batch += 1) {
      const rejects = Array.from({ length: 100 }, (_, i) => reject(batch * 100 + i));
      state = after(state, planned, rejected(rejects), done, committed);
    }
    const tag = objectState(state, "Tag");
    expect(tag.knownRejects).toHaveLength(1000);
    expect(countKnown("Tag", tag, [reject(199), reject(200), reject(1199)])).toBe(2);
  });

  it("are one line of JSON each, with keys in the order of the contract", () => {
    const text = Buffer.from(rejectsBytes("Tag", [reject(1, { record: { name: "a\nb" } }), reject(2)])).toString();
    expect(text).toBe(
      `{"object":"Tag","id":"1","column":"size","reason":"size is \\"x\\", expected integer","record":{"name":"a\\nb"}}\n` +
        `{"object":"Tag","id":"2","column":"size","reason":"size is \\"x\\", expected integer","record":{}}\n`,
    );
  });

  it("leave no trace in the state of an object without any", () => {
    const tag = objectState(after(EMPTY_STATE, planned, rejected([]), done, committed), "Tag");
    expect(Object.keys(tag)).not.toContain("knownRejects");
    expect(JSON.stringify(after(EMPTY_STATE, planned, rejected([])))).not.toContain("rejects");
  });
});
