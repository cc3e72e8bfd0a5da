import { expect, test } from "vitest";
import { fileOf, refusal, rowsOf, signal, tag, useDatabase, warehouse } from "../../../test/kit/duckdb-rig.ts";

// Holds G1 and G9: a watermark in the future, or none that can be read, hides no year.

useDatabase();

const NOW = "2026-03-20 09:30:00";

async function stateOf(type: string, values: readonly (string | null)[]) {
  await rowsOf(`CREATE OR REPLACE TABLE PARDOT_THING (id BIGINT, updated_at ${type})`);
  for (const value of values) {
    await rowsOf(`INSERT INTO PARDOT_THING VALUES (1, ${value === null ? "NULL" : `'${value}'::${type}`})`);
  }
  return warehouse.tableState(tag, NOW, signal);
}

test("a watermark later than now is left out of the maximum and reported", async () => {
  expect(await stateOf("TIMESTAMP", ["2020-01-01 00:00:00", "2099-01-01 00:00:00", null])).toEqual({
    exists: true,
    hasRows: true,
    watermark: "2020-01-01 00:00:00",
    future: "2099-01-01 00:00:00",
  });
  expect(await stateOf("TIMESTAMP", [NOW, "2026-03-20 09:30:00.5"])).toMatchObject({ watermark: NOW, future: null });
  expect(await stateOf("TIMESTAMP", ["2026-03-20 09:30:01"])).toMatchObject({
    hasRows: true,
    watermark: null,
    future: "2026-03-20 09:30:01",
  });
});

test.each([
  ["infinity", "infinity"],
  ["12026-01-01 00:00:00", "12026-01-01 00:00:00"],
])("%s is a time later than now, and no fault", async (value, future) => {
  expect(await stateOf("TIMESTAMP", ["2020-01-01 00:00:00", value])).toMatchObject({
    watermark: "2020-01-01 00:00:00",
    future,
  });
  expect(await stateOf("TIMESTAMP", [value])).toMatchObject({ hasRows: true, watermark: null, future });
});

test.each(["-infinity", "0044-03-15 (BC) 00:00:00"])("%s does not count, and is reported", async (value) => {
  const state = await stateOf("TIMESTAMP", [value]);
  expect(state).toMatchObject({ hasRows: true, watermark: null, future: null });
  expect(state.warning).toMatchObject({ code: "warehouse.watermark-ancient" });
  expect(await stateOf("TIMESTAMP", [value, "2020-01-01 00:00:00"])).toMatchObject({
    watermark: "2020-01-01 00:00:00",
  });
});

test("columns of other types are read as times", async () => {
  expect(await stateOf("DATE", ["2020-01-01", "2027-01-01"])).toMatchObject({
    watermark: "2020-01-01 00:00:00",
    future: "2027-01-01 00:00:00",
  });
  expect(await stateOf("VARCHAR", ["2020-01-01T00:00:00", "", "0000-00-00 00:00:00", "2099-01-01"])).toMatchObject({
    watermark: "2020-01-01 00:00:00",
    future: "2099-01-01 00:00:00",
  });
});

test.each(["n/a", "31/12/2019"])(
  "text that is not a time (%s) is refused with what to do, without the text",
  async (text) => {
    const error = await refusal(stateOf("VARCHAR", ["2020-01-01", text]));
    expect(error.code).toBe("warehouse.watermark-unreadable");
    expect(error.message).toContain("updated_at of PARDOT_THING contains text that is not a time");
    expect(error.hint).toContain("make the column TIMESTAMP");
    expect(`${error.message}${String(error.hint)}`).not.toContain(text);
  },
);

test("an object without a watermark has none, for any content of its table", async () => {
  await warehouse.load(tag, [await fileOf("a", "1,x,,,,2099-01-01\n", 1)], signal);
  expect(await warehouse.tableState({ ...tag, watermark: null }, NOW, signal)).toEqual({
    exists: true,
    hasRows: true,
    watermark: null,
    future: null,
  });
});
