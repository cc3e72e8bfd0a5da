import fc from "fast-check";
import { expect, test } from "vitest";
import { catalog } from "../catalog/index.ts";
import { CsvScanner } from "../encode/csv-scan.ts";
import { assert } from "../errors.ts";
import type { Change } from "../state/state.ts";
import { collectEmailPairs } from "./email-pairs.ts";

const ids = fc.oneof(
  fc.integer({ min: 0, max: 9 }).map(String),
  fc.bigInt({ min: 0n, max: 10n ** 21n }).map(String),
  fc.constantFrom("", "007", "-5", '"12"', '""', "x", "é", "999999999999999", "1000000000000000"),
);

test("the pairs of a file are the same whether its records are decoded or not", () => {
  const records = fc.array(fc.tuple(ids, ids, fc.constantFrom("a", "ü", '"x,""y"')), { minLength: 1, maxLength: 60 });
  fc.assert(
    fc.property(records, (rows) => {
      const csv = rows.map(([list, email, other]) => `${other},${email},${list}\n`).join("");
      expect(pairsOf(csv, true)).toEqual(pairsOf(csv, false));
    }),
  );
});

function pairsOf(csv: string, isDecoded: boolean): readonly Change[] {
  const activities = catalog.find(({ name }) => name === "VisitorActivity");
  assert(activities !== undefined, "the catalog has visitor activities");
  const pairs = collectEmailPairs(activities);
  const { tap } = pairs;
  assert(tap !== null, "activities name list emails");
  const places = [2, 1];
  const scanner = new CsvScanner({
    subject: "test",
    columns: 3,
    hasHeader: false,
    ...(isDecoded
      ? { watched: places, onRecord: tap.onRecord }
      : { onBytes: (bytes, start, ends) => tap.onBytes(bytes, start, ends, places) }),
  });
  for (const byte of chunksOf(Buffer.from(csv))) scanner.push(byte);
  scanner.end();
  return pairs
    .changes()
    .map((change) =>
      change.type === "emails-seen"
        ? { ...change, pairs: change.pairs.toSorted((a, b) => (a.listEmailId < b.listEmailId ? -1 : 1)) }
        : change,
    );
}

function chunksOf(bytes: Buffer): Buffer[] {
  return Array.from({ length: Math.ceil(bytes.length / 7) }, (_, i) => bytes.subarray(i * 7, (i + 1) * 7));
}
