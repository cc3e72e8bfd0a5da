import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { main } from "../../src/cli/main.ts";
import type { Output } from "../../src/cli/io.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { systemRandom } from "../../src/platform/random.ts";
import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
  startSimulator,
} from "../../src/simulator/index.ts";
import { terminalPicture } from "./terminal-picture.ts";

/**
 * The pictures of the site, by the name that a page gives: `<!-- picture: check -->`. In the repository such a comment is
 * invisible, because nothing that is generated is committed; the text around it must do without.
 */
export const PICTURES: Readonly<Record<string, { readonly file: string; readonly words: string }>> = {
  check: { file: "pictures/check.svg", words: "What pardot-etl check prints on a terminal" },
  plan: { file: "pictures/plan.svg", words: "What pardot-etl plan prints on a terminal" },
  progress: { file: "pictures/progress.svg", words: "The display of pardot-etl run, in the middle of a run" },
  run: { file: "pictures/run.svg", words: "What pardot-etl run prints at its end" },
  status: { file: "pictures/status.svg", words: "What pardot-etl status prints on a terminal" },
  report: { file: "pictures/report.html", words: "The page that pardot-etl report writes" },
};

const [COLUMNS, ROWS] = [80, 26];

/** Instead of the temporary folder, about as long, because lines are wrapped before. */
const SHOWN_FOLDER = "/srv/analysis";

/** What the commands print about a simulated account, on a terminal with colors. */
interface Printed {
  readonly stdout: string;
  /** Every drawing of the display. */
  readonly drawn: readonly string[];
}

/** Runs the commands of the quick start and returns the pictures, by their files. Takes some fifteen seconds. */
export async function takePictures(): Promise<Readonly<Record<string, string>>> {
  const folder = await mkdtemp(join(tmpdir(), "p-"));
  const simulator = await startSimulator({
    now: new Date().toISOString(),
    timezone: "America/New_York",
    exportSeconds: 0,
    latencyMs: 20,
  });
  try {
    const env = environment(simulator.url);
    const print = (...argv: readonly string[]): Promise<Printed> => printed(argv, env, folder);
    const check = await print("check");
    const plan = await print("plan");
    const run = await print("run");
    const status = await print("status");
    await print("report", "--output", "report.html");
    const terminal = (text: string): string => terminalPicture(text.replaceAll(folder, SHOWN_FOLDER), COLUMNS);
    return {
      "pictures/check.svg": terminal(check.stdout),
      "pictures/plan.svg": terminal(plan.stdout),
      "pictures/progress.svg": terminal(middleOf(run.drawn)),
      "pictures/run.svg": terminal(run.stdout),
      "pictures/status.svg": terminal(status.stdout),
      "pictures/report.html": (await readFile(join(folder, "report.html"), "utf8")).replaceAll(folder, SHOWN_FOLDER),
    };
  } finally {
    await simulator.close();
    await rm(folder, { recursive: true, force: true });
  }
}

function environment(url: string): Readonly<Record<string, string>> {
  return {
    PARDOT_BUSINESS_UNIT_ID: SIMULATOR_BUSINESS_UNIT_ID,
    PARDOT_API_URL: url,
    PARDOT_LOGIN_URL: url,
    PARDOT_CLIENT_ID: SIMULATOR_CLIENT_ID,
    PARDOT_CLIENT_SECRET: SIMULATOR_CLIENT_SECRET,
    PARDOT_REFRESH_TOKEN: SIMULATOR_REFRESH_TOKEN,
    PARDOT_TIMEZONE: "America/New_York",
    PARDOT_EXPORT_POLL_INTERVAL: "1s",
    PARDOT_ETL_DESTINATION: "./data",
    PARDOT_ETL_WAREHOUSE: "duckdb:./pardot.duckdb",
    TERM: "xterm",
  };
}

async function printed(
  argv: readonly string[],
  env: Readonly<Record<string, string>>,
  cwd: string,
): Promise<Printed> {
  let stdout = "";
  const drawn: string[] = [];
  const terminal = { isTerminal: true, hasColors: true, columns: COLUMNS, rows: ROWS };
  const out: Output = { ...terminal, write: (text) => void (stdout += text), draw: (text) => void (stdout += text) };
  const error: Output = { ...terminal, write: () => undefined, draw: (text) => void drawn.push(text) };
  const code = await main(argv, {
    stdout: out,
    stderr: error,
    stdin: { isTerminal: false, ask: async () => null, close: () => undefined },
    env,
    cwd,
    clock: systemClock,
    random: systemRandom,
    signals: { on: () => undefined, off: () => undefined },
    secrets: new Set(),
    exitNow: (early) => {
      throw new Error(`pardot-etl ${argv.join(" ")} ended with ${early}`);
    },
    onEarlyExit: () => undefined,
  });
  if (code !== 0) throw new Error(`pardot-etl ${argv.join(" ")} ended with ${code}:\n${stdout}`);
  return { stdout, drawn };
}

/** The drawing in which most is done and most is at work. */
function middleOf(drawn: readonly string[]): string {
  const frames = drawn.map((text) => text.replaceAll(MOVEMENT, ""));
  const count = (frame: string, signs: RegExp): number => frame.split("\n").filter((line) => signs.test(line)).length;
  const score = (frame: string): number => (count(frame, /✓/) + 1) * count(frame, /[▇▁]/);
  return frames.reduce((best, frame) => (score(frame) > score(best) ? frame : best), frames[0] ?? "");
}

const MOVEMENT = new RegExp(String.raw`\r|\u001b\[\d*[AJK]`, "g");
