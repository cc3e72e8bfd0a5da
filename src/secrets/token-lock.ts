import { basename, dirname, join } from "node:path";
import { realTokenFile } from "./token-path.ts";
import { takeLockFile } from "../platform/lock-file.ts";
import type { LockOptions } from "../platform/lock-file.ts";

/** A file beside the token file, there as long as a program requests a token with what the token file holds. */
export interface TokenLock {
  /** Why it could not be taken; null: it is held. A run that goes on all the same does so unguarded. */
  readonly problem: string | null;
  /** Never rejects. */
  release(): Promise<void>;
}

export type TokenLockOptions = Omit<LockOptions, "pauseMs">;

const PAUSE_MS = 100;

/** Takes the lock of a token file; rejects only with the signal's reason. */
export async function lockTokenFile(tokenFile: string, options: TokenLockOptions): Promise<TokenLock> {
  let path = join(dirname(tokenFile), `.${basename(tokenFile)}.lock`);
  try {
    // Beside the file itself, so that programs that name it by different links do not pass each other by.
    const real = await realTokenFile(tokenFile);
    path = join(dirname(real), `.${basename(real)}.lock`);
    const lock = await takeLockFile(path, { ...options, pauseMs: PAUSE_MS });
    return typeof lock === "string" ? unlocked(lock) : { problem: null, release: () => lock.release() };
  } catch (error) {
    options.signal.throwIfAborted();
    return unlocked(`${path} cannot be used (${(error as NodeJS.ErrnoException).code ?? "unknown"})`);
  }
}

function unlocked(problem: string): TokenLock {
  return { problem, release: async () => {} };
}
