import { tmpdir } from "node:os";
import type { Simulator, SimulatorStats } from "../../src/simulator/index.ts";
import { Child } from "./child.ts";

type Row = Readonly<Record<string, string | number | boolean | null>>;

/** The simulator as a child process, shared by many deeds. */
export class SimulatorChild {
  readonly url: string;
  readonly #child: Child;
  #isStopped = false;

  private constructor(url: string, child: Child) {
    this.url = url;
    this.#child = child;
    // If it exits on its own, its output is the only trace.
    void child.ended.then(({ code, output }) => {
      if (!this.#isStopped) process.stderr.write(`the simulator ended with ${String(code)}:\n${output}\n`);
    });
  }

  static async start(): Promise<SimulatorChild> {
    const rows = "VisitorActivity=700,Tag=430,Account=1";
    const args = [
      "simulate",
      "--scale",
      "tiny",
      "--rows",
      rows,
      "--ties",
      "60",
      "--latency-ms",
      "3",
      "--knob",
      "filesPerExport=3",
    ];
    const child = new Child(args, {}, tmpdir());
    const { url } = JSON.parse(await child.firstLine()) as { readonly url: string };
    return new SimulatorChild(url, child);
  }

  async post(control: string, body: unknown = {}): Promise<void> {
    const response = await fetch(`${this.url}/__sim/${control}`, { method: "POST", body: JSON.stringify(body) });
    if (!response.ok) throw new Error(await response.text());
  }

  async stats(): Promise<SimulatorStats> {
    const response = await fetch(`${this.url}/__sim/stats`);
    return (await response.json()) as SimulatorStats;
  }

  /** The current account. */
  async truth(objects: readonly string[]): Promise<Pick<Simulator, "rows">> {
    const found = new Map<string, Row[]>();
    for (const object of objects) {
      for (const which of ["live", "all"]) {
        const response = await fetch(`${this.url}/__sim/rows/${object}?deleted=${which}`);
        const lines = (await response.text()).split("\n").filter((line) => line !== "");
        found.set(
          `${object} ${which}`,
          lines.map((line) => JSON.parse(line) as Row),
        );
      }
    }
    return { rows: (object, which = "live") => found.get(`${object} ${which}`) ?? [] };
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#child.kill("SIGTERM");
    await this.#child.ended;
  }
}
