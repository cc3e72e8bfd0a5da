import { describe, expect, test } from "vitest";
import { fakeIo } from "../../test/kit/fakes/io.ts";
import type { FakeIo } from "../../test/kit/fakes/io.ts";
import { Secret } from "../secrets/secret.ts";
import type { RunEvent } from "../events.ts";
import { RunRecorder } from "../operations/run/outcome.ts";
import type { ParsedOptions } from "./command.ts";
import { openReport } from "./report.ts";

const STARTED: RunEvent = { type: "object-started", object: "Tag" };
const warning = (message: string): RunEvent => ({ type: "warning", code: "a.b", object: null, message });

const onTerminal = (io: FakeIo): FakeIo => ({ ...io, stderr: { ...io.stderr, isTerminal: true } });

async function said(options: ParsedOptions, io: FakeIo, events: readonly RunEvent[]): Promise<string> {
  const report = await openReport(options, io);
  for (const event of events) report.onEvent(event);
  report.end(new RunRecorder(io.clock).cutShort(130));
  return io.stderr.text();
}

describe("output of a command while it works", () => {
  test.each(["no terminal", "a terminal"])("contains no secret from any source: %s", async (place) => {
    const io = fakeIo({ env: { PARDOT_CLIENT_SECRET: "canary-env", PARDOT_REFRESH_TOKEN: "aws-ssm:/acme/token" } });
    io.secrets.add(new Secret('canary-"aws'));
    const events = [warning('canary-env and canary-"aws, which aws-ssm:/acme/token leads to')];
    const text = await said({ "--log-level": "info" }, place === "a terminal" ? onTerminal(io) : io, events);
    expect(text).toContain("*** and ***, which aws-ssm:/acme/token leads to");
    expect(text).not.toContain("canary");
  });

  test.each<readonly [string, ParsedOptions, readonly string[]]>([
    ["nothing else", {}, ["object_started", "warning", "run_ended"]],
    ["--no-progress", { "--no-progress": true }, ["warning", "run_ended"]],
    ["--log-level error", { "--log-level": "error" }, ["run_ended"]],
    ["--quiet", { "--quiet": true }, ["run_ended"]],
    ["both", { "--no-progress": true, "--log-level": "info" }, ["object_started", "warning", "run_ended"]],
  ])("is a log without a terminal; %s", async (_what, options, events) => {
    const text = await said(options, fakeIo(), [STARTED, warning("beware")]);
    const lines = text.trimEnd().split("\n");
    expect(lines.map((line) => (JSON.parse(line) as { readonly event: string }).event)).toEqual(events);
  });

  test.each<readonly [string, ParsedOptions, readonly string[]]>([
    ["nothing else is warnings for people", {}, ["00:00:00Z warn  warning: beware"]],
    ["--quiet is errors for people", { "--quiet": true }, []],
    ["--log-level is the log", { "--log-level": "info" }, ["object_started", "warning"]],
  ])("of another command than run without a terminal: %s", async (_what, options, lines) => {
    const io = fakeIo();
    const report = await openReport(options, io, "mostly a person");
    for (const event of [STARTED, warning("beware")]) report.onEvent(event);
    const shown = io.stderr.text().split("\n").slice(0, -1);
    const events = shown.map((line) => (line.startsWith("{") ? (JSON.parse(line) as { event: string }).event : line));
    expect(events).toEqual(lines);
  });

  test.each<readonly [string, ParsedOptions, readonly string[]]>([
    ["nothing else is a display", {}, ["warning: beware", "00:00:00Z warn  exit 130: cancelled"]],
    [
      "--no-progress is warnings",
      { "--no-progress": true },
      ["00:00:00Z warn  warning: beware", "00:00:00Z warn  exit 130: cancelled"],
    ],
    [
      "--log-level is lines",
      { "--log-level": "info" },
      ["00:00:00Z info  Tag: started", "00:00:00Z warn  warning: beware", "00:00:00Z warn  exit 130: cancelled"],
    ],
  ])("on a terminal %s", async (_what, options, lines) => {
    const io = onTerminal(fakeIo());
    const text = (await said(options, io, [STARTED, warning("beware")])).replaceAll("\u001B[K", "");
    // The display draws over itself: what lasts is compared.
    const lasting = text.split("\n").filter((line) => /warn|info/.test(line));
    expect(lasting.map((line) => line.slice(Math.max(0, line.search(/warning: |\d\d:\d\d:\d\dZ/))))).toEqual(lines);
    expect(io.clock.sleepers()).toBe(0);
  });
});
