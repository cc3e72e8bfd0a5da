import { spawn } from "node:child_process";
import type { ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import { createInterface } from "node:readline";

const BIN = join(import.meta.dirname, "../../src/bin.js");

export interface Ending {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Everything it has said. */
  readonly output: string;
}

/** The command line as a process of its own, which knows no variable but the given ones. */
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

  /** The first line it says. */
  async firstLine(): Promise<string> {
    await this.saidLines(1);
    return this.#lines[0] ?? "";
  }

  /** Resolves when it has said so many lines, or has ended. */
  async saidLines(count: number): Promise<void> {
    const said = new Promise<void>((resolve) => {
      const look = (): void => {
        if (this.#lines.length < count) return;
        this.#listeners.delete(look);
        resolve();
      };
      this.#listeners.add(look);
      look();
    });
    await Promise.race([said, this.ended]);
  }

  kill(signal: NodeJS.Signals): void {
    this.#process.kill(signal);
  }
}
