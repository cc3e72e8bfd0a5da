import { redact, secretsOfEnvironment } from "../config/redact.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { styleFor } from "../report/style.ts";
import type { Look } from "../report/text-table.ts";
import { visible } from "../text.ts";

/** An output stream. */
export interface Output {
  /** Takes any text: terminal control characters are written visibly, and secrets not at all. */
  write(text: string): void;
  /** Takes a display's cursor movements; its contents were made visible before. */
  draw(text: string): void;
  /** Whether it is a terminal. */
  readonly isTerminal: boolean;
  /** Whether text on it may be colored (NO_COLOR, FORCE_COLOR). */
  readonly hasColors: boolean;
  /** Width of the terminal in columns; 80 without one. */
  readonly columns: number;
  /** Its height in lines; 24 without one. */
  readonly rows: number;
}

/** Answers of a person. */
export interface Input {
  /** Whether a person can type: false for a pipe or a file. */
  readonly isTerminal: boolean;
  /** Shows a prompt and waits for a line; null at the end of the input. Throws `CancelledError` for Ctrl-C. */
  ask(prompt: string): Promise<string | null>;
  /** Gives the terminal back. */
  close(): void;
}

/** How text for people is shown on an output. */
export function lookOf(output: Output): Look {
  return { columns: output.isTerminal ? output.columns : Infinity, style: styleFor(output) };
}

/** Writes text of a renderer for people: it has made foreign text safe to show, and added colors. */
export function writeShown(output: Output, text: string): void {
  if (output.hasColors) output.draw(text);
  else output.write(text);
}

export type StopSignal = "SIGINT" | "SIGTERM";

/** As in `process`: a listener gets the name of the signal. */
interface SignalSource {
  on(name: StopSignal, listener: (name: StopSignal) => void): void;
  off(name: StopSignal, listener: (name: StopSignal) => void): void;
}

/** Everything outside of a command, injected so that the whole command line runs inside a test. */
export interface Io {
  /** Data. */
  readonly stdout: Output;
  /** Text for people. */
  readonly stderr: Output;
  readonly stdin: Input;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signals: SignalSource;
  /** Every secret read so far, to keep it out of all output. */
  readonly secrets: Set<Secret>;
  /** Ends the process at once, after the `onEarlyExit` listener: for the second signal, and for faults. */
  readonly exitNow: (code: number) => void;
  /** Sets the function to call with the exit code if the process ends before the command does; null: none. */
  readonly onEarlyExit: (listener: ((code: number) => void) | null) => void;
}

/** The same with output that takes any text. The only place where foreign text is made safe to show. */
export function guarded(io: Io): Io {
  const withoutSecrets = (text: string): string => redact(text, secretsOf(io));
  const guard = (output: Output): Output => ({
    write: (text) => output.write(visible(withoutSecrets(text))),
    draw: (text) => output.draw(withoutSecrets(text)),
    get isTerminal() {
      return output.isTerminal;
    },
    get hasColors() {
      return output.hasColors;
    },
    get columns() {
      return output.columns;
    },
    get rows() {
      return output.rows;
    },
  });
  return { ...io, stdout: guard(io.stdout), stderr: guard(io.stderr) };
}

/** Every secret that a command may handle: from the environment, and read from elsewhere. */
export function secretsOf({ env, secrets }: Pick<Io, "env" | "secrets">): readonly string[] {
  return [...secretsOfEnvironment(env), ...[...secrets].map((secret) => secret.reveal())];
}
