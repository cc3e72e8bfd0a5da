import { secretsOfEnvironment } from "../config/blot.ts";
import type { Secret } from "../config/secret.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";

/** A stream that text goes to. */
export interface Output {
  write(text: string): void;
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

/** Every secret that a command may come across: what the environment gives, and what was read from elsewhere. */
export function secretsOf({ env, secrets }: Pick<Io, "env" | "secrets">): readonly string[] {
  return [...secretsOfEnvironment(env), ...[...secrets].map((secret) => secret.reveal())];
}
