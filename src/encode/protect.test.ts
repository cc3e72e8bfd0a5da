import { describe, expect, it } from "vitest";
import type { Column } from "../catalog/catalog.ts";
import { hashedColumn } from "../catalog/protect.ts";
import { normalise, normaliseCell } from "./normalise.ts";
import { keyedHash, protectCell, protectRecord } from "./protect.ts";

const hash = keyedHash("a key of this test");
const id: Column = { name: "id", type: "integer" };
const column = (name: string, type: Column["type"] = "string", wire?: string): Column =>
  hashedColumn({ name, type, ...(wire === undefined ? {} : { wire }) });

describe("a keyed hash", () => {
  it("is HMAC-SHA-256 in lower-case hex, by the vectors of RFC 4231", () => {
    expect(keyedHash("Jefe").of("what do ya want for nothing?")).toBe(
      "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    );
    expect(keyedHash("\u000b".repeat(20)).of("Hi There")).toBe(
      "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    );
  });

  it("takes the text as UTF-8, and has an id that differs by key and does not contain it", () => {
    expect(hash.of("Zoë")).toBe(keyedHash("a key of this test").of(Buffer.from("Zoë").toString("utf8")));
    expect(hash.id).toMatch(/^[0-9a-f]{16}$/);
    expect(hash.id).not.toBe(keyedHash("another key").id);
  });
});

describe("a record of an object with hashed columns", () => {
  const columns = [id, column("email"), column("score", "integer"), column("seen_at", "datetime", "seenAt")];
  const v4 = { columns, hash, isEmptyNull: true };

  it("has the hashes of canonical texts, and no field that no column lands", () => {
    const record = { id: "7", email: "zoe@example.com", score: "007", seenAt: "2026-01-01T00:00:00+01:00", phone: "1" };
    const seen = protectRecord(record, v4);
    expect(seen).toEqual({
      id: "7",
      email: hash.of("zoe@example.com"),
      score: hash.of("7"),
      seenAt: hash.of("2025-12-31 23:00:00"),
    });
    expect(normalise(seen, columns, "Thing")).toEqual(["7", seen["email"], seen["score"], seen["seenAt"]]);
  });

  it("hashes a value that does not match its column as it is, instead of refusing it", () => {
    expect(protectRecord({ id: "7", score: "many" }, v4)["score"]).toBe(hash.of("many"));
    expect(protectCell("many", columns[2] as Column, v4, null)).toBe(hash.of("many"));
  });

  it("keeps null, of which the empty text is one in v4, and hashes the empty text in v5", () => {
    const v5 = { ...v4, isEmptyNull: false };
    expect(protectRecord({ id: "7", email: null }, v5)["email"]).toBeNull();
    expect(protectRecord({ id: "7", email: "" }, v4)["email"]).toBeNull();
    expect(protectRecord({ id: "7", email: "" }, v5)["email"]).toBe(hash.of(""));
    expect(protectCell("", columns[1] as Column, v4, null)).toBeNull();
    expect(protectCell("", columns[1] as Column, v5, null)).toBe(hash.of(""));
    expect(protectCell(null, columns[1] as Column, v5, null)).toBeNull();
  });

  it("reads nested values, lists and JSON by their paths", () => {
    const list = hashedColumn({ name: "lists", type: "json", wire: "lists[]" });
    const nested = { columns: [id, column("owner_name", "string", "owner.name"), list], hash, isEmptyNull: true };
    const seen = protectRecord({ id: "7", owner: { id: "8", name: "Zoë" }, lists: "one" }, nested);
    expect(seen).toEqual({ id: "7", "owner.name": hash.of("Zoë"), "lists[]": hash.of('["one"]') });
    expect(normalise(seen, nested.columns, "Thing")).toEqual(["7", hash.of("Zoë"), hash.of('["one"]')]);
  });

  it("never lands a text that is not a hash, and does not quote it", () => {
    expect(() => normalise({ id: "7", email: "zoe@example.com" }, columns, "Thing")).toThrow(/is a hash$/);
    expect(() => normaliseCell("zoe@example.com", columns[1] as Column, "Thing", "7")).toThrow(/is a hash$/);
  });
});
