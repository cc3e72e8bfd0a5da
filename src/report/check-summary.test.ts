import { expect, test } from "vitest";
import { styleFor, withoutColors } from "./style.ts";
import { checkLineText, checkSummary } from "./check-summary.ts";
import { UNSTYLED } from "./text-table.ts";

test("a check's summary has each line followed by what to do", () => {
  const lines = [
    { name: "credentials", status: "ok", message: "accepted", hint: null, exitCode: 0 },
    { name: "destination", status: "failed", message: "no such bucket", hint: "make it", exitCode: 7 },
  ] as const;
  expect(lines.map((line) => checkLineText(line, UNSTYLED)).join("")).toBe(
    "ok       credentials    accepted\nfailed   destination    no such bucket\n         hint: make it\n",
  );
  expect(checkSummary({ lines, exitCode: 7 }, UNSTYLED)).toBe("1 ok, 1 failed: not ready to run\n");
  expect(checkSummary({ lines: lines.slice(0, 1), exitCode: 0 }, UNSTYLED)).toBe("1 ok: ready to run\n");
});

test("on a terminal the lines of a check are wrapped under the finding, and the status is colored", () => {
  const line = {
    name: "clock",
    status: "warning",
    message: "Pardot's clock shows 2026-03-21T09:36:39Z, this machine is 8 months ahead",
    hint: "Windows follow Pardot's clock, so no data is at risk, but set this machine's clock anyway.",
    exitCode: 0,
  } as const;
  const text = checkLineText(line, { columns: 60, style: styleFor({ hasColors: true }) });
  expect(text.startsWith("\u001B[33mwarning\u001B[39m  clock")).toBe(true);
  expect(withoutColors(text).split("\n")).toEqual([
    "warning  clock          Pardot's clock shows",
    "                        2026-03-21T09:36:39Z, this machine",
    "                        is 8 months ahead",
    "         hint: Windows follow Pardot's clock, so no data is",
    "         at risk, but set this machine's clock anyway.",
    "",
  ]);
});
