import { blot, secretsOfEnvironment } from "../config/blot.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { visible } from "../text.ts";

/** A stream that text goes to. */
export interface Output {
  /** Takes any text: what would control a terminal is written so that it is seen, and secrets not at all. */
  write(text: string): void;
  /** Takes the cursor movements of a display; what it shows is made visible before. */
  draw(text: string): void;
  /** Whether a person's terminal is behind it. */
  readonly isTerminal: boolean;
  /** Width of the terminal in columns; 80 where there is none. */
  readonly columns: number;
  /** Its height in lines; 24 where there is none. */
  readonly rows: number;
}

/** The signals that ask to stop. */
export type StopSignal = "SIGINT" | "SIGTERM";

export interface SignalSource {
  on(name: StopSignal, listener: () => void): void;
  off(name: StopSignal, listener: () => void): void;
}

/** The outside world of a command, injected so that the whole command line runs inside a test. */
export interface Io {
  /** Data. */
  readonly stdout: Output;
  /** Text for people. */
  readonly stderr: Output;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd: string;
  readonly clock: Clock;
  readonly random: Random;
  readonly signals: SignalSource;
  /** Every secret that was read so far, to be kept out of what is printed. */
  readonly secrets: Set<Secret>;
  /** Ends the process without waiting for anything but the last words: for the second signal, and for faults. */
  readonly exitNow: (code: number) => void;
  /** Has something said, with the exit code, should the process end otherwise than by the command's end; null: nothing. */
  readonly lastWords: (say: ((code: number) => void) | null) => void;
}

/** The same world, whose output takes any text. The one place where what others wrote is made fit to be shown. */
export function guarded(io: Io): Io {
  const withoutSecrets = (text: string): string => blot(text, secretsOf(io));
  const guard = (output: Output): Output => ({
    write: (text) => output.write(visible(withoutSecrets(text))),
    draw: (text) => output.draw(withoutSecrets(text)),
    get isTerminal() {
      return output.isTerminal;
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

/** Every secret that a command may come across: what the environment gives, and what was read from elsewhere. */
export function secretsOf({ env, secrets }: Pick<Io, "env" | "secrets">): readonly string[] {
  return [...secretsOfEnvironment(env), ...[...secrets].map((secret) => secret.reveal())];
}
