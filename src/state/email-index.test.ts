import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  indexedEmail,
  indexedEmails,
  NO_EMAILS,
  smallerId,
  forgetReadings,
  addPairs,
  markRead,
} from "./email-index.ts";
import type { EmailIndex } from "./email-index.ts";

const pair = (listEmailId: string, emailId: string) => ({ listEmailId, emailId });
const reading = { object: "EmailStats", at: "2026-03-20T09:30:00Z", clearsActivity: true } as const;
const stored = (index: EmailIndex): EmailIndex => JSON.parse(JSON.stringify(index)) as EmailIndex;

describe("index of list emails", () => {
  it("keeps the smallest email id of each list email, as numbers", () => {
    const index = addPairs(NO_EMAILS, [pair("7", "1000"), pair("7", "999")], true);
    expect(indexedEmail(addPairs(index, [pair("7", "5000")], true), "7")?.emailId).toBe("999");
    expect(smallerId("90071992547409931", "90071992547409930")).toBe("90071992547409930");
  });

  it("keeps activity until it is cleared, and does not treat the warehouse's emails as activity", () => {
    const old = addPairs(NO_EMAILS, [pair("7", "1")], false);
    expect(indexedEmail(old, "7")?.active).toBe(false);
    const active = addPairs(old, [pair("7", "2")], true);
    expect(indexedEmail(active, "7")?.active).toBe(true);
    const read = { ...reading, outcome: "landed", listEmailIds: ["7", "17", "unknown"] } as const;
    const told = markRead(active, read);
    expect([...indexedEmails(told)]).toEqual([
      ["7", { emailId: "1", active: false, read: new Map([["EmailStats", { outcome: "landed", at: 0 }]]) }],
    ]);
    expect(indexedEmail(markRead(active, { ...read, clearsActivity: false }), "7")?.active).toBe(true);
  });

  it("keeps the time since which an email is unreadable, for each object", () => {
    const index = addPairs(NO_EMAILS, [pair("7", "1")], true);
    const unreadable = markRead(index, { ...reading, outcome: "unreadable", listEmailIds: ["7"] });
    const both = markRead(unreadable, { ...reading, object: "Email", outcome: "landed", listEmailIds: ["7"] });
    expect([...(indexedEmail(stored(both), "7")?.read ?? [])]).toEqual([
      ["EmailStats", { outcome: "unreadable", at: Date.parse(reading.at) / 1000 }],
      ["Email", { outcome: "landed", at: 0 }],
    ]);
  });

  it("forgets only the reads of one object", () => {
    const index = addPairs(NO_EMAILS, [pair("7", "1")], false);
    const landed = { ...reading, outcome: "landed", listEmailIds: ["7"] } as const;
    const both = markRead(markRead(index, landed), { ...landed, object: "Email" });
    const forgotten = stored(forgetReadings(both, { object: "Email", marksActivity: false }));
    expect(indexedEmail(forgotten, "7")).toMatchObject({ active: false, read: new Map([["EmailStats", { at: 0 }]]) });
    expect(forgotten.forgotten).toEqual(["Email"]);
    expect(indexedEmail(forgetReadings(both, { object: "EmailStats", marksActivity: true }), "7")?.active).toBe(true);
  });

  it("accepts only pairs of digits, so that foreign text is never requested and never stops the run", () => {
    const foreign = ["", " ", "constructor", "__proto__", "toString", "..", "5/../6", "1".repeat(21), "-1", "１"];
    const pairs = foreign.flatMap((text) => [pair(text, "1"), pair("905", text)]);
    const index = addPairs(NO_EMAILS, pairs, true);
    expect(index).toEqual(NO_EMAILS);
    expect(foreign.map((text) => indexedEmail(index, text))).toEqual(foreign.map(() => null));
    expect(markRead(index, { ...reading, outcome: "landed", listEmailIds: foreign })).toEqual(NO_EMAILS);
    expect([...indexedEmails(addPairs(index, [pair("905", "88031")], true))]).toHaveLength(1);
  });

  it("leaves an earlier index unchanged, and is the same after it was stored", () => {
    const id = fc.integer({ min: 1, max: 3000 }).map(String);
    const change = fc.oneof(
      fc.record({
        pairs: fc.array(fc.record({ listEmailId: id, emailId: id }), { maxLength: 30 }),
        isActivity: fc.boolean(),
      }),
      fc.record({
        object: fc.constantFrom("Email", "EmailStats"),
        outcome: fc.constantFrom("landed" as const, "unreadable" as const),
        at: fc.constant(reading.at),
        listEmailIds: fc.array(id, { maxLength: 30 }),
        clearsActivity: fc.boolean(),
      }),
    );
    fc.assert(
      fc.property(fc.array(change, { maxLength: 20 }), (changes) => {
        let index: EmailIndex = NO_EMAILS;
        const smallest = new Map<string, number>();
        for (const each of changes) {
          const before = JSON.stringify(index);
          const earlier = index;
          index = "pairs" in each ? addPairs(index, each.pairs, each.isActivity) : markRead(index, each);
          expect(JSON.stringify(earlier)).toBe(before);
          for (const { listEmailId, emailId } of "pairs" in each ? each.pairs : []) {
            smallest.set(listEmailId, Math.min(smallest.get(listEmailId) ?? Infinity, Number(emailId)));
          }
        }
        expect(new Map([...indexedEmails(index)].map(([key, { emailId }]) => [key, Number(emailId)]))).toEqual(
          smallest,
        );
        expect(new Map(indexedEmails(stored(index)))).toEqual(new Map(indexedEmails(index)));
      }),
    );
  });

  it("G7 holds 400,000 list emails in about 25 bytes each, and a change copies only the parts it touches", () => {
    const pairs = function* (from: number, to: number) {
      for (let i = from; i < to; i += 1) yield pair(String(10_000_000 + i), String(880_000_000 + i));
    };
    const index = addPairs(NO_EMAILS, pairs(0, 400_000), true);
    expect(JSON.stringify(index).length).toBeLessThan(400_000 * 25);
    const next = addPairs(index, pairs(7, 8), true);
    expect(next).toBe(index);
    const read = markRead(index, { ...reading, outcome: "landed", listEmailIds: ["10000007"] });
    const copied = Object.keys(read.shards).filter((key) => read.shards[Number(key)] !== index.shards[Number(key)]);
    expect(copied).toEqual(["7"]);
  });
});
