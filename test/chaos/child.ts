import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BIN = join(import.meta.dirname, "../../src/bin.js");

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Its output so far. */
  readonly output: string;
}

/** The command line as a separate process, with only the given environment variables. */
export class Child {
  readonly ended: Promise<Ending>;
  readonly #process: ChildProcess;
  readonly #lines: string[] = [];
  readonly #listeners = new Set<() => void>();

  constructor(args: readonly string[], env: Readonly<Record<string, string>>, cwd: string) {
    const child = spawn(process.execPath, [BIN, ...args], {
      cwd,
      env: { PATH: process.env["PATH"] ?? "", ...env },
      stdio: ["ignore", "pipe", "pipe"],
    });
    this.#process = child;
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        this.#lines.push(line);
        for (const listener of this.#listeners) listener();
      });
    }
    this.ended = once(child, "close").then(([code, signal]) => ({
      code: code as number | null,
      signal: signal as NodeJS.Signals | null,
      output: this.#lines.join("\n"),
    }));
  }

  /** Its first line of output. */
  async firstLine(): Promise<string> {
    await this.saidLines(1);
    return this.#lines[0] ?? "";
  }

  /** Resolves after this many lines of output, or when it has ended. */
  async saidLines(count: number): Promise<void> {
    const printed = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#lines.length < count) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
    await Promise.race([printed, this.ended]);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}
