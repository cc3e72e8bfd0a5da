import { describe, expect, test } from "vitest";
import { fakeClock, fakeOutput } from "../../test/kit/fakes/io.ts";
import type { FakeClock, FakeOutput } from "../../test/kit/fakes/io.ts";
import { terminal } from "../../test/kit/terminal.ts";
import type { RunEvent } from "../events.ts";
import { startProgress } from "./progress.ts";
import type { Progress } from "./progress.ts";
import { PLAIN, signsFor, styleFor } from "./style.ts";

const STARTED: RunEvent = {
  type: "run-started",
  runId: "r1",
  businessUnit: "0Uv",
  objects: ["VisitorActivity", "Tag"],
};
const landed = (object: string, rows: number): RunEvent => ({
  type: "file-landed",
  object,
  window: "w",
  key: "k",
  rows,
  bytes: 2_000_000,
  outcome: "written",
});
const planned = (object: string, windows: number, process: "bulk" | "segmented" = "bulk"): RunEvent => ({
  type: "object-planned",
  object,
  process,
  windows,
  from: 0,
  to: 1,
  reason: "why",
});
const polled = (object: string, state: string, files = 0): RunEvent => ({
  type: "export-polled",
  object,
  window: "w",
  exportId: "77",
  state,
  pauseMs: 1,
  files,
});
const failed = (object: string, message: string): RunEvent => ({
  type: "object-failed",
  object,
  code: "remote.x",
  message,
});

const MOVEMENT = new RegExp(String.raw`\r?\u001b\[\d*[AJ]`, "g");

interface Scene {
  readonly output: FakeOutput;
  readonly clock: FakeClock;
  readonly progress: Progress;
}

function start(
  size: { readonly columns?: number; readonly rows?: number } = {},
  calls = 12,
  env: Readonly<Record<string, string>> = {},
): Scene {
  const output = fakeOutput(size);
  const clock = fakeClock();
  const look = { style: styleFor({ hasColors: "FORCE_COLOR" in env }), signs: signsFor(env) };
  return { output, clock, progress: startProgress(output, clock, { calls: () => calls, ...look }) };
}

function screen({ output }: Scene): readonly string[] {
  return terminal(output.text(), output).lines;
}

describe("on a terminal", () => {
  test("a display shows a line per object with a mark, windows, rows and words, and totals below", async () => {
    const scene = start();
    const { progress, clock } = scene;
    for (const event of [
      STARTED,
      { type: "limits-known", callsBudget: 120, quotaUsed: 1, quotaMax: 50_000 } as const,
      planned("VisitorActivity", 3),
      planned("Tag", 1),
      { type: "object-started", object: "VisitorActivity" } as const,
      polled("VisitorActivity", "Complete", 2),
      landed("VisitorActivity", 1234),
      { type: "object-finished", object: "Tag", rows: 40, files: 1 } as const,
    ]) {
      progress.onEvent(event);
    }
    await clock.advance(2000);
    expect(screen(scene)).toEqual([
      "run r1: 2 objects",
      expect.stringMatching(/^. VisitorActivity  0\/3  1,234 rows  ▇▁▁▁▁▁▁▁▁▁       downloading 2\/2, 617\/s$/),
      "✓ Tag              1/1     40 rows  committed",
      "1 of 2 objects read · 1,274 rows · 2.0 MB",
      "12 calls (under 0.1 % of the day, 10.0 % of the budget) · 2 s",
    ]);
    progress.stop();
    expect(clock.sleepers()).toBe(0);
  });

  test("a display shows what past runs brought and took, until this run's own figures are known", async () => {
    const known = {
      type: "history-known",
      unitName: null,
      lastSuccessAt: null,
      readTo: {},
      usualRows: { VisitorActivity: 8400, Tag: 30 },
      lastTookMs: 125_000,
    } as const;
    const scene = start({}, 0);
    const { progress, clock } = scene;
    for (const event of [STARTED, known, planned("VisitorActivity", 1), planned("Tag", 1, "segmented")])
      progress.onEvent(event);
    await clock.advance(1000);
    expect(screen(scene)).toEqual([
      "run r1: 2 objects",
      "· VisitorActivity  0/1  waiting, usually 8,400 rows",
      "· Tag              0/1  waiting",
      "0 of 2 objects read · 1 s · the last complete run took 2 min 05 s",
    ]);
    progress.onEvent(landed("VisitorActivity", 1234));
    await clock.advance(1000);
    expect(screen(scene).join("\n")).not.toContain("usually");
    await clock.advance(124_000);
    expect(screen(scene).join("\n")).not.toContain("took");
    progress.stop();
    const narrow = start({ columns: 40 }, 0);
    for (const event of [STARTED, known, planned("VisitorActivity", 1)]) narrow.progress.onEvent(event);
    narrow.progress.stop();
    expect(screen(narrow)[1]).toBe("· VisitorActivity  waiting");
  });

  test("warnings stay above the display, wrapped at words; failures are lines of the display", () => {
    const scene = start({ columns: 40 }, 0);
    const { progress } = scene;
    progress.onEvent(STARTED);
    progress.onEvent({ type: "warning", code: "x", object: null, message: "beware of everything that is wide" });
    progress.onEvent(failed("Tag", "refused\n  twice"));
    progress.stop();
    expect(screen(scene)).toEqual([
      "run r1: 2 objects",
      "warning: beware of everything that is",
      "  wide",
      "· VisitorActivity  waiting",
      "✗ Tag              failed: refused twi…",
      "0 of 2 objects read · 0 s",
    ]);
  });

  test("text of a signal is written above the display, not into it", () => {
    const scene = start({}, 0);
    scene.progress.onEvent(STARTED);
    scene.progress.write("SIGINT: stopping\u001B[2J\n");
    scene.progress.stop();
    expect(screen(scene).slice(0, 3)).toEqual([
      "run r1: 2 objects",
      String.raw`SIGINT: stopping\u001b[2J`,
      "· VisitorActivity  waiting",
    ]);
  });

  test("a key that the terminal echoes does not move the display", async () => {
    const scene = start({}, 0);
    scene.progress.onEvent(STARTED);
    scene.output.write("^C");
    await scene.clock.advance(1000);
    scene.progress.stop("remove");
    expect(screen(scene)).toEqual(["run r1: 2 objects"]);
  });

  test("a display that is removed leaves only what is above it", () => {
    const scene = start();
    scene.progress.onEvent(STARTED);
    scene.progress.onEvent(planned("Tag", 1));
    scene.progress.stop("remove");
    expect(screen(scene)).toEqual(["run r1: 2 objects"]);
  });

  test("draws no more often than every 100 ms, and the last state at the end", () => {
    const scene = start();
    scene.progress.onEvent(STARTED);
    const before = scene.output.text();
    for (let file = 0; file < 1000; file += 1) scene.progress.onEvent(landed("Tag", 1));
    expect(scene.output.text()).toBe(before);
    scene.progress.stop();
    expect(screen(scene)).toContainEqual(expect.stringMatching(/Tag +1,000 rows {2}reading/));
  });

  test("with colors the text is the same, and a locale without UTF-8 gets ASCII", () => {
    const play = (scene: Scene): readonly string[] => {
      scene.progress.onEvent(STARTED);
      scene.progress.onEvent(failed("Tag", "no"));
      scene.progress.stop();
      return screen(scene);
    };
    const colored = start({}, 0, { FORCE_COLOR: "1" });
    const lines = play(colored);
    expect(lines).toEqual(play(start({}, 0)));
    expect(colored.output.text()).toContain("\u001B[31m");
    const ascii = play(start({}, 0, { LANG: "C" })).join("\n");
    expect(ascii).toMatch(/^[ -~\n]+$/);
    expect(ascii).toContain("x Tag");
  });

  test("without a style there is no color", () => {
    expect(PLAIN("bad", "x")).toBe("x");
  });
});

describe("whatever the size of the terminal", () => {
  const OBJECTS = ["VisitorActivity", "Prospect", "ListMembership", "Visitor", "Campaign", "Tag", "TagObject", "Email"];
  const EVENTS: readonly RunEvent[] = [
    { ...STARTED, objects: OBJECTS },
    { type: "limits-known", callsBudget: 5000, quotaUsed: 1, quotaMax: 50_000 },
    ...OBJECTS.map((object, index) => planned(object, 3, index < 4 ? "bulk" : "segmented")),
    { type: "warning", code: "x", object: null, message: "this machine's clock is 8 months ahead of Pardot's" },
    ...OBJECTS.map((object) => ({ type: "object-started", object }) as const),
    polled("VisitorActivity", "Complete", 5),
    landed("VisitorActivity", 123_456),
    polled("Prospect", "Processing"),
    { type: "records-counted", object: "Tag", window: "w", records: 5000 },
    failed("Campaign", "query campaign: HTTP 503 after 6 attempts, and no words from Pardot"),
    { type: "loading", object: "TagObject", table: "PARDOT_TAGOBJECT", files: 51 },
    { type: "object-postponed", object: "Email", status: "postponed", code: "x" },
  ];

  test.each([
    [200, 50],
    [80, 24],
    [58, 12],
    [40, 10],
    [20, 5],
    [12, 3],
    [80, 2],
  ])("no line is as wide as %i columns, and nothing of the display scrolls away in %i rows", async (columns, rows) => {
    const scene = start({ columns, rows });
    const { progress, clock, output } = scene;
    for (const event of EVENTS) {
      progress.onEvent(event);
      await clock.advance(300);
    }
    progress.stop();
    const { lines } = terminal(output.text(), output);
    for (const drawn of output.text().split("\u001B[K\n")) {
      expect(drawn.replaceAll(MOVEMENT, "").length).toBeLessThan(columns);
    }
    // A frame that had scrolled away would be in the lines again and again.
    expect(lines.filter((line) => line.includes("Campaign")).length).toBeLessThanOrEqual(1);
    const above = lines.findIndex((line) => /^[·✗✓»+⠋-⠿]/.test(line));
    expect(above === -1 ? 0 : lines.length - above).toBeLessThan(rows);
  });

  test("failed and active objects come first, and the others are counted", () => {
    const scene = start({ rows: 8, columns: 100 });
    for (const event of EVENTS) scene.progress.onEvent(event);
    scene.progress.stop();
    const lines = screen(scene).slice(-7);
    expect(lines[0]).toMatch(/VisitorActivity/);
    expect(lines.join("\n")).toMatch(/✗ Campaign +0\/3 +failed: query campaign/);
    expect(lines.at(-3)).toBe("+ 2 active, 2 waiting");
  });

  test("a terminal that becomes narrower is drawn over as a whole", async () => {
    const size = { columns: 80, rows: 24 };
    const output = {
      ...fakeOutput(),
      get columns() {
        return size.columns;
      },
    };
    const clock = fakeClock();
    const progress = startProgress(output, clock, { calls: () => 0, style: PLAIN, signs: signsFor({}) });
    progress.onEvent(STARTED);
    progress.onEvent({ type: "object-started", object: "Tag" });
    await clock.advance(300);
    const before = output.text().length;
    size.columns = 20;
    await clock.advance(300);
    const up = /\[(\d+)A/.exec(output.text().slice(before));
    // "· VisitorActivity  waiting" and its like take two lines each now.
    expect(Number(up?.[1])).toBe(6);
  });
});
