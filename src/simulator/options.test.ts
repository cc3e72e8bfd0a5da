import { expect, test } from "vitest";
import { SCALES } from "./account/scale.ts";
import { describeKnobs, parseRows, parseSimulatorOptions } from "./command-line.ts";
import { SIMULATOR_OPTIONS } from "./option-table.ts";
import { KNOBS, parseKnob, resolveKnobs } from "./knobs.ts";
import { resolveOptions } from "./options.ts";

test("parseSimulatorOptions reads every option of the command line", () => {
  const options = parseSimulatorOptions({
    port: "0",
    seed: "7",
    scale: "tiny",
    rows: ["Tag=10,VisitorActivity=20", "Tag=30"],
    ties: "5",
    timezone: "Europe/Berlin",
    "account-timezone": "UTC",
    now: "2025-01-01T00:00:00Z",
    "daily-limit": "9",
    "latency-ms": "1",
    "export-seconds": "2",
    knob: ["refreshTokenRotation=true", "filesPerExport=3", "csvNewline=crlf"],
  });
  expect(options).toEqual({
    port: 0,
    seed: 7,
    scale: "tiny",
    rows: { Tag: 30, VisitorActivity: 20 },
    ties: 5,
    timezone: "Europe/Berlin",
    accountTimezone: "UTC",
    now: "2025-01-01T00:00:00Z",
    dailyLimit: 9,
    latencyMs: 1,
    exportSeconds: 2,
    knobs: { refreshTokenRotation: true, filesPerExport: 3, csvNewline: "crlf" },
  });
  expect(Object.keys(parseSimulatorOptions({})).toSorted()).toEqual(["knobs", "rows"]);
});

test("parseSimulatorOptions reads every described option", () => {
  const samples: Record<string, string> = { scale: "tiny", rows: "Tag=1", now: "2025-01-01", knob: "gzip=false" };
  for (const { flag, value } of SIMULATOR_OPTIONS) {
    const text = samples[flag] ?? (value === "N" ? "1" : "UTC");
    if (value === "FILE") expect(() => parseSimulatorOptions({ [flag]: text })).toThrow(`--${flag} UTC: ENOENT`);
    else if (flag !== "now") expect(Object.values(parseSimulatorOptions({ [flag]: text })).length).toBeGreaterThan(0);
  }
});

test("the option --scale lists every scale", () => {
  expect(SIMULATOR_OPTIONS.find(({ flag }) => flag === "scale")?.meaning).toContain(SCALES.join(", "));
});

test("parseSimulatorOptions names all problems at once", () => {
  const bad = {
    seed: "x",
    scale: "huge",
    rows: "Tags=3",
    timezone: "Mars/Base",
    now: "today",
    knob: "gzip=maybe",
    speed: "9",
  };
  expect(() => parseSimulatorOptions(bad)).toThrow(/--speed.*--seed x.*|--seed x.*--speed/s);
  let message = "";
  try {
    parseSimulatorOptions(bad);
  } catch (error) {
    message = (error as Error).message;
  }
  for (const piece of [
    "--seed x",
    "scale: got huge",
    "no object Tags",
    "Mars/Base",
    "now: got today",
    "knob gzip",
    "--speed",
  ]) {
    expect(message).toContain(piece);
  }
  expect(() => resolveOptions({ ties: -1, latencyMs: 1.5, knobs: { csvNewline: "cr" as "lf" } })).toThrow(
    /ties.*latencyMs.*csvNewline/s,
  );
});

test("parseRows requires Object=N, and parseKnob name=value", () => {
  expect(() => parseRows("Tag")).toThrow("expected Object=N");
  expect(() => parseKnob("nonsense=1")).toThrow("expected name=value");
  expect(() => parseKnob("filesPerExport=")).toThrow("filesPerExport");
  expect(() => parseKnob("versionAllowed=5")).toThrow("3 | 4");
});

test("knobs have the defaults of their table", () => {
  const knobs = resolveKnobs({});
  expect(knobs).toEqual(Object.fromEntries(Object.entries(KNOBS).map(([name, spec]) => [name, spec.default])));
  expect(knobs).toMatchObject({
    versionAllowed: 4,
    limitOver200: "clamp",
    bulkEmpty: "null",
    status122: 429,
    status184: 401,
  });
  expect(describeKnobs()).toHaveLength(Object.keys(KNOBS).length);
});

test("resolveOptions reads now as an ISO instant or as UTC text", () => {
  const instant = Date.UTC(2025, 4, 6, 7, 8, 9);
  for (const now of ["2025-05-06T07:08:09Z", "2025-05-06 07:08:09", "2025-05-06T09:08:09+02:00"]) {
    expect(resolveOptions({ now }).startAt).toBe(instant);
  }
});
