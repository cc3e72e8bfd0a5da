import { expect, test } from "vitest";
import { fakeOutput } from "../../test/cli/fake-io.ts";
import { isLogLevel, openLog } from "./log.ts";

test("writes events from its level on as JSON lines with the given time", async () => {
  const output = fakeOutput();
  const log = await openLog("info", output, () => 1234);
  log({ type: "page-read", object: "Tag", records: 200 });
  log({ type: "object-started", object: "Tag" });
  log({ type: "warning", code: "a.b", object: null, message: "beware" });
  const lines = output.text().trimEnd().split("\n");
  expect(lines.map((line) => JSON.parse(line) as unknown)).toEqual([
    { level: "info", time: 1234, object: "Tag", msg: "object-started" },
    { level: "warn", time: 1234, code: "a.b", object: null, message: "beware", msg: "warning" },
  ]);
});

test("writes everything at debug", async () => {
  const output = fakeOutput();
  const log = await openLog("debug", output, () => 0);
  log({ type: "page-read", object: "Tag", records: 200 });
  expect(JSON.parse(output.text())).toMatchObject({ level: "debug", records: 200 });
});

test("knows its levels", () => {
  expect(["debug", "info", "warn", "error", "loud", "toString"].map(isLogLevel)).toEqual([
    true,
    true,
    true,
    true,
    false,
    false,
  ]);
});
