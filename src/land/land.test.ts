import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { expect, it } from "vitest";
import type { Column } from "../catalog/catalog.ts";
import { FORMATS } from "../encode/formats.ts";
import type { Spool } from "../storage/spool.ts";
import { EncodedRows } from "./land.ts";

it("the watermarks of a file do not keep the pages that they come from in memory", async () => {
  setFlagsFromString("--expose-gc");
  const gc = runInNewContext("gc") as () => void;
  const columns: readonly Column[] = [{ name: "updated_at", type: "datetime" }];
  const spool = { write: async () => {} } as unknown as Spool;
  const kept: unknown[] = [];
  // Longer texts are outside the heap.
  const PAGE_BYTES = 900_000;
  gc();
  const before = process.memoryUsage().heapUsed;
  for (let file = 0; file < 20; file += 1) {
    const rows = new EncodedRows(spool, FORMATS.csv, { columns, watermark: "updated_at", tap: null });
    const page = Buffer.alloc(PAGE_BYTES, "2026-03-01 09:00:00 ").toString();
    await rows.add([page.slice(20, 39)]);
    kept.push(await rows.end());
  }
  gc();
  expect(process.memoryUsage().heapUsed - before).toBeLessThan(5 * PAGE_BYTES);
  expect(kept[19]).toEqual({ rows: 1, min: "2026-03-01 09:00:00", max: "2026-03-01 09:00:00" });
});
