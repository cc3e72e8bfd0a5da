import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Output } from "../../src/cli/io.ts";
import { main } from "../../src/cli/main.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { withoutColors } from "../../src/report/style.ts";
import { startSimulator } from "../../src/simulator/index.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { fakeIo } from "../kit/fakes/io.ts";
import { simulatorAccess } from "../kit/simulator-access.ts";
import { terminal } from "../kit/terminal.ts";
import type { Terminal } from "../kit/terminal.ts";

// What a person sees who runs the commands on a terminal: both streams go to the same screen.

let simulator: Simulator;
let cwd: string;

beforeEach(async () => {
  simulator = await startSimulator({
    scale: "tiny",
    now: new Date().toISOString(),
    exportSeconds: 0.2,
    dailyLimit: 400,
  });
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-terminal-"));
});
afterEach(async () => {
  await simulator.close();
  await rm(cwd, { recursive: true });
});

interface Session extends Terminal {
  readonly code: number;
  /** Everything that was written, with the codes of the display. */
  readonly text: string;
}

interface Place {
  readonly columns: number;
  readonly rows: number;
  readonly isTerminal?: boolean;
  readonly hasColors?: boolean;
}

async function session(
  argv: readonly string[],
  place: Place,
  env: Readonly<Record<string, string>> = {},
): Promise<Session> {
  const { columns, rows, isTerminal = true, hasColors = isTerminal } = place;
  const written: string[] = [];
  const write = (text: string): void => void written.push(text);
  const output: Output = { write, draw: write, isTerminal, hasColors, columns, rows };
  const settings = {
    ...simulatorAccess(simulator.url),
    PARDOT_ETL_DESTINATION: "data",
    PARDOT_ETL_WAREHOUSE: "duckdb:w.duckdb",
    PARDOT_EXPORT_POLL_INTERVAL: "1s",
    ...env,
  };
  const world = fakeIo({ env: settings, cwd, clock: systemClock });
  const code = await main(argv, { ...world, stdout: output, stderr: output });
  const text = written.join("");
  return { code, text, ...terminal(text, { columns, rows }) };
}

const TO_TOP = new RegExp(String.raw`\r\u001b\[\d+A`);

const SIZES = [
  [80, 24],
  [58, 12],
  [200, 50],
] as const;

describe.each(SIZES)("on a terminal of %i columns and %i rows", (columns, rows) => {
  test(
    "a run leaves its summary alone on the screen, and status, plan, check and verify fit",
    { timeout: 60_000 },
    async () => {
      const ran = await session(["run"], { columns, rows });
      expect(ran.code).toBe(0);
      // The display and its log are gone; each object has one line, that of the table.
      expect(ran.lines[0]).toMatch(/^run \S+: 14 objects$/);
      expect(ran.lines[1]).toMatch(/^run \S+ complete: /);
      expect(ran.lines.filter((line) => line.startsWith("VisitorActivity "))).toHaveLength(1);
      expect(ran.lines.join("\n")).toMatch(/\nOBJECT +READ +NEW +CHANGED +FILES +TABLE NOW\n/);
      expect(ran.lines.join("")).toMatch(/manifest: \S+\/data\/_pardot_etl\/runs\/\S+\/manifest.json$/);
      expect(ran.lines.join("\n")).not.toMatch(/[⠋-⠿]|exit 0/);
      // No line of the display wraps, and no frame has as many lines as the terminal.
      for (const frame of ran.text.split(TO_TOP)) {
        const drawn = frame.split("\u001B[K\n").slice(0, -1);
        // The first line of a run stays above the display.
        expect(drawn.filter((line) => !withoutColors(line).startsWith("run ")).length).toBeLessThan(rows);
        for (const line of drawn) expect(withoutColors(line).length).toBeLessThan(columns);
      }
      for (const command of ["status", "plan", "check", "verify"]) {
        const shown = await session([command], { columns, rows });
        expect([command, shown.code]).toEqual([command, 0]);
        if (columns < 80) continue;
        const wide = withoutColors(shown.text)
          .split("\n")
          .filter((line) => line.length > columns && !line.includes("\u001B"));
        expect(wide).toEqual([]);
      }
    },
  );
});

test(
  "a run that the account's limit stops has one block for it, and no reason twice",
  { timeout: 60_000 },
  async () => {
    const ran = await session(["run"], { columns: 80, rows: 24 }, { PARDOT_DAILY_CALL_BUDGET: "30" });
    expect(ran.code).toBe(4);
    const text = ran.lines.join(" ").replaceAll(/\s+/g, " ");
    expect(text.match(/calls .{0,60}are used/g)).toHaveLength(1);
    expect(text.match(/wait for the next run/g)).toHaveLength(1);
    expect(text).toContain("exit 4: limit reached, run again later");
    expect(ran.lines.at(-1)).not.toContain("exit 4");
  },
);

test("without a terminal no output has a control character", { timeout: 60_000 }, async () => {
  const pipe = { columns: 80, rows: 24, isTerminal: false };
  for (const command of ["run", "status", "plan", "check", "verify"]) {
    const { code, text } = await session([command], pipe);
    expect([command, code]).toEqual([command, 0]);
    expect(text.replaceAll("\n", "")).toMatch(/^[^\p{Cc}]*$/u);
  }
});

test("a dumb terminal gets a log instead of a display", { timeout: 60_000 }, async () => {
  const { code, text } = await session(["run", "Tag"], { columns: 80, rows: 24, hasColors: false }, { TERM: "dumb" });
  expect(code).toBe(0);
  expect(text).toMatch(/Z info {2}Tag: started\n/);
  expect(text.replaceAll("\n", "")).toMatch(/^[^\p{Cc}]*$/u);
});
