import { describe, expect, it, onTestFinished } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import { callCli, runCli } from "../kit/cli.ts";
import { scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// The log of runs whose stderr is not a terminal; the first is a process.

type Line = Readonly<Record<string, unknown>>;

interface Logged {
  readonly code: number | null;
  readonly manifest: Manifest;
  readonly lines: readonly Line[];
  /** Lines that are not JSON: text for people. */
  readonly rest: readonly string[];
}

async function start(options: SimulatorOptions = {}): Promise<Scene> {
  const at = await scene({ now: new Date().toISOString(), ...options });
  onTestFinished(() => at.close());
  return at;
}

async function logged(at: Scene, level: string | null, env: Environment = {}, by = callCli): Promise<Logged> {
  const args = ["run", "--json", ...(level === null ? [] : ["--log-level", level])];
  const { code, stdout, stderr } = await by(args, { ...at.env, ...env }, { cwd: at.root });
  const all = stderr.trimEnd().split("\n");
  const lines = all.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as Line);
  return {
    code,
    manifest: JSON.parse(stdout) as Manifest,
    lines,
    rest: all.filter((line) => !line.startsWith("{")),
  };
}

const named = (lines: readonly Line[], ...events: readonly string[]): readonly Line[] =>
  lines.filter(({ event }) => events.includes(String(event)));

/** Event names of one object and window; each event has the window and, if any, the export. */
const ABOUT_A_WINDOW = ["page_read", "file_landed", "window_finished", "export_created", "export_polled"];

describe("the log of a run", () => {
  it("names run, object, window and call in every line that has them, and contains each call once", async () => {
    const at = await start();
    const { manifest, lines, rest } = await logged(at, "debug", {}, runCli);
    expect(rest).toEqual([]);
    for (const line of lines) {
      expect(line).toMatchObject({
        level: expect.any(String) as string,
        time: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
        msg: expect.any(String) as string,
        run_id: manifest.run_id,
        business_unit: manifest.business_unit,
      });
    }
    for (const event of ABOUT_A_WINDOW) {
      const some = named(lines, event);
      expect(some.length, event).toBeGreaterThan(0);
      for (const { object, window } of some) {
        expect(String(window)).toMatch(new RegExp(`^${String(object)}/(\\w+)/-?\\d+/\\d+$`));
      }
    }
    for (const line of named(lines, "export_created", "export_polled")) expect(line["export_id"]).toMatch(/^\d+$/);
    const calls = named(lines, "page_read", "called").map(({ call }) => Number(call));
    const all = Array.from({ length: manifest.api_calls.total }, (_, i) => i + 1);
    expect(calls.toSorted((a, b) => a - b)).toEqual(all);
    expect(calls).toHaveLength(at.simulator.stats().calls);
  });

  it("has one line per page at debug, and none at info", async () => {
    const at = await start({ rows: { Tag: 450 } });
    // The last one has the last records, which ends the window.
    const pages = 4;
    const fine = await logged(at, "debug", { PARDOT_ETL_OBJECTS: "Tag" });
    const read = named(fine.lines, "page_read");
    expect(read.map(({ records }) => records)).toEqual([200, 200, 50, 20]);
    expect(fine.manifest.api_calls.by_kind["tag query"]).toBe(pages);
    const coarse = await logged(at, null, { PARDOT_ETL_OBJECTS: "Tag" });
    expect(coarse.lines.some(({ level }) => level === "debug")).toBe(false);
    expect(coarse.lines.length).toBeLessThan(12);
    expect(coarse.lines.map(({ event }) => event)).toEqual([
      "run_started",
      "connected",
      "object_planned",
      "object_started",
      "window_finished",
      "object_finished",
      "committed",
      "run_ended",
    ]);
  });

  it("has a line for a failed part, with the reason and the remaining work", async () => {
    const at = await start();
    at.simulator.faults([{ path: "/tag/version/4/do/query", code: 19, count: 100 }]);
    const { code, manifest, lines, rest } = await logged(at, "error");
    expect([code, manifest.status]).toEqual([5, "partial"]);
    const tag = manifest.objects.find(({ object }) => object === "Tag");
    expect(lines).toMatchObject([
      { level: "error", event: "object_failed", object: "Tag", code: tag?.error?.code, message: tag?.error?.message },
      {
        level: "error",
        event: "run_ended",
        exit_code: 5,
        meaning: "Pardot or network failed",
        status: "partial",
        failed_objects: ["Tag"],
        windows_open: 1,
        error: tag?.error?.message,
        hint: tag?.error?.hint ?? null,
      },
    ]);
    expect(rest[0]).toBe(`pardot-etl: ${String(tag?.error?.message)}`);
    const again = await logged(at, "info");
    expect(named(again.lines, "run_resumed")).toMatchObject([{ windows: 1 }]);
  });

  it("ends with the used-up quota when a limit stops the run, with everything finished committed", async () => {
    const at = await start();
    const { code, manifest, lines } = await logged(at, null, { PARDOT_DAILY_CALL_BUDGET: "5" });
    expect(code).toBe(4);
    const rows = manifest.objects.flatMap(({ files }) => files).reduce((sum, file) => sum + file.rows, 0);
    expect(lines.at(-1)).toMatchObject({
      level: "warn",
      event: "run_ended",
      meaning: "limit reached, run again later",
      status: manifest.status,
      rows,
      calls: 5,
      calls_today: 5,
      calls_budget: 5,
      quota_share: 1,
    });
    expect(rows).toBeGreaterThan(0);
  });
});
