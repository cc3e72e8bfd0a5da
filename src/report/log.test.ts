import { describe, expect, test } from "vitest";
import { fakeClock } from "../../test/kit/fakes/io.ts";
import { LimitError } from "../errors.ts";
import type { RunEvent } from "../events.ts";
import { RunRecorder } from "../operations/run/outcome.ts";
import { EXIT_CODES } from "./exit-codes.ts";
import { openJsonLog, openLineLog } from "./log.ts";
import type { LogLevel } from "./exit-codes.ts";

const NOW = Date.parse("2026-01-02T03:04:05.678Z");
const STARTED: RunEvent = { type: "run-started", runId: "r1", businessUnit: "0Uv1", objects: ["Tag"] };
const PAGE: RunEvent = {
  type: "page-read",
  object: "Tag",
  window: "Tag/updated_at/0/1",
  call: 3,
  kind: "tag query",
  status: 200,
  failure: null,
  durationMs: 5,
  records: 200,
};

interface Told {
  readonly text: string;
  readonly lines: readonly Readonly<Record<string, unknown>>[];
}

async function json(level: LogLevel, events: readonly RunEvent[], exitCode: number | null = null): Promise<Told> {
  let text = "";
  const log = await openJsonLog({ level, write: (line) => (text += line), now: () => NOW });
  const watch = new RunRecorder(fakeClock(NOW));
  for (const event of events) {
    watch.record(event);
    log.onEvent(event);
  }
  if (exitCode !== null) log.end(watch.cutShort(exitCode));
  const lines = text.split("\n").filter((line) => line !== "");
  return { text, lines: lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>) };
}

function people(level: LogLevel, events: readonly RunEvent[], exitCode: number | null = null): string {
  let text = "";
  const log = openLineLog({ level, write: (line) => (text += line), now: () => NOW });
  for (const event of events) log.onEvent(event);
  if (exitCode !== null) log.end(new RunRecorder(fakeClock(NOW)).cutShort(exitCode));
  return text;
}

describe("for machines", () => {
  test("a line is one JSON object of this shape", async () => {
    const warning: RunEvent = { type: "warning", code: "a.b", object: null, message: "beware" };
    const planned: RunEvent = {
      type: "object-planned",
      object: "Tag",
      process: "segmented",
      windows: 1,
      from: Date.UTC(2026, 0, 1),
      to: Date.UTC(2026, 0, 2),
      reason: "why",
    };
    const { text } = await json("info", [warning, STARTED, planned]);
    const head = '"time":"2026-01-02T03:04:05.678Z"';
    expect(text.split("\n")).toEqual([
      `{"level":"warn",${head},"event":"warning","code":"a.b","object":null,"message":"beware","msg":"warning: beware"}`,
      `{"level":"info",${head},"event":"run_started","run_id":"r1","business_unit":"0Uv1","objects":["Tag"],"msg":"run r1: Tag"}`,
      `{"level":"info",${head},"event":"object_planned","run_id":"r1","business_unit":"0Uv1","object":"Tag","process":"segmented","windows":1,"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z","reason":"why","msg":"Tag: 1 window from 2026-01-01T00:00:00Z to 2026-01-02T00:00:00Z, why"}`,
      "",
    ]);
  });

  test("a page is a line at debug, and none above", async () => {
    const { lines } = await json("debug", [STARTED, PAGE, PAGE]);
    expect(lines.filter(({ event }) => event === "page_read")).toHaveLength(2);
    expect(lines.at(-1)).toMatchObject({ level: "debug", run_id: "r1", object: "Tag", records: 200 });
    expect((await json("info", [STARTED, PAGE])).lines.map(({ event }) => event)).toEqual(["run_started"]);
  });

  test.each(EXIT_CODES.map(({ code, meaning, level }) => [code, meaning, level] as const))(
    "the last line for exit code %d contains %s at every level",
    async (code, meaning, level) => {
      const { lines } = await json("error", [STARTED], code);
      expect(lines).toEqual([
        expect.objectContaining({
          event: "run_ended",
          level,
          exit_code: code,
          meaning,
          run_id: "r1",
          business_unit: "0Uv1",
          msg: `exit ${code}: ${meaning}`,
        }),
      ]);
    },
  );

  test("the last line has every field, null for unknown ones", async () => {
    const { lines } = await json("info", [], 130);
    expect(lines).toEqual([
      {
        level: "warn",
        time: "2026-01-02T03:04:05.678Z",
        event: "run_ended",
        exit_code: 130,
        meaning: "cancelled",
        status: "failed",
        run_id: null,
        business_unit: null,
        business_unit_name: null,
        manifest: null,
        started_at: "2026-01-02T03:04:05.678Z",
        duration_ms: 0,
        rows: 0,
        files: 0,
        bytes: 0,
        calls: 0,
        calls_today: null,
        calls_budget: null,
        rejected_rows: 0,
        quota_used: null,
        quota_max: null,
        quota_share: null,
        objects: 0,
        objects_failed: 0,
        objects_postponed: 0,
        postponed_objects: [],
        failed_objects: [],
        windows_open: 0,
        warnings: 0,
        error_code: "run.cancelled",
        error: "ended at once, in the middle of the run",
        hint: null,
        last_complete_at: null,
        msg: "exit 130: cancelled",
      },
    ]);
  });
});

describe("for people", () => {
  test("a line has the time of day, the level and a sentence", () => {
    expect(people("info", [STARTED, { type: "object-started", object: "Tag" }, PAGE], 4)).toBe(
      [
        "03:04:05Z info  run r1: Tag",
        "03:04:05Z info  Tag: started",
        "03:04:05Z warn  exit 4: limit reached, run again later",
        "",
      ].join("\n"),
    );
  });

  test("an event without a sentence is logged by its fields, at debug", () => {
    expect(people("debug", [PAGE])).toBe(
      "03:04:05Z debug page read object=Tag window=Tag/updated_at/0/1 call=3 kind=tag query status=200 failure=null duration_ms=5 records=200\n",
    );
  });

  test("the last line comes whatever the level", () => {
    expect(people("error", [STARTED], 0)).toBe("03:04:05Z info  exit 0: done\n");
  });
});

describe("the share of the quota", () => {
  const counted = (quotaShare: number | null): RunEvent => ({
    type: "calls-counted",
    calls: 9,
    callsToday: 90,
    callsBudget: 120,
    quotaUsed: null,
    quotaMax: null,
    quotaShare,
  });
  const share = (watch: RunRecorder): number | null | undefined => watch.failed(new Error("x")).day?.quotaShare;

  test("is the counted share", () => {
    const watch = new RunRecorder(fakeClock());
    watch.record(counted(0.75));
    expect(share(watch)).toBe(0.75);
    expect(watch.failed(new Error("x"))).toMatchObject({ calls: 9, day: { callsToday: 90, callsBudget: 120 } });
  });

  test.each(["pardot.daily-limit", "limit.call-budget"])(
    "is all of it where %s stopped an object or the run",
    (code) => {
      const ofObject = new RunRecorder(fakeClock());
      ofObject.record({ type: "object-postponed", object: "Tag", status: "postponed", code });
      ofObject.record(counted(0.1));
      expect(share(ofObject)).toBe(1);
      const ofRun = new RunRecorder(fakeClock());
      ofRun.record(counted(null));
      expect(ofRun.failed(new LimitError("over", { code })).day?.quotaShare).toBe(1);
    },
  );
});
