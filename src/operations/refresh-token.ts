import { TOKEN_ROTATED } from "../manifest/manifest.ts";
import type { PardotConfig } from "../config/config.ts";
import { readTokenFile, writeTokenFile } from "../secrets/token-file.ts";
import { lockTokenFile } from "../secrets/token-lock.ts";
import type { TokenLockOptions } from "../secrets/token-lock.ts";
import { ConfigError } from "../errors.ts";
import type { Surroundings } from "./api.ts";
import { referenceKeeper } from "./refresh-token-reference.ts";
import { ROTATED } from "./token-keeper.ts";
import type { RefreshTokenKeeper } from "./token-keeper.ts";

/**
 * The keeper that a configuration asks for: its token file, else the place in AWS that the token came from, else nothing
 * but the warning.
 */
export function refreshTokenKeeper(
  { auth, requestTimeoutMs }: Pick<PardotConfig, "auth" | "requestTimeoutMs">,
  surroundings: Pick<Surroundings, "onEvent" | "clock" | "random" | "processes">,
): RefreshTokenKeeper {
  const { onEvent, clock, random, processes } = surroundings;
  const warn = (code: string, message: string): void => onEvent({ type: "warning", code, object: null, message });
  if (auth.flow === "refresh_token" && auth.tokenFile !== null) {
    // One request waits that long to connect and that long for the next byte, and its answer is some hundred bytes.
    const silenceMs = 3 * requestTimeoutMs;
    return fileKeeper(auth.tokenFile, { clock, random, processes, silenceMs }, warn);
  }
  if (auth.flow === "refresh_token" && auth.reference !== null && auth.refreshToken !== null) {
    return referenceKeeper({ reference: auth.reference, configured: auth.refreshToken, clock, random, warn });
  }
  const message = `${ROTATED} it is kept nowhere: the configured one may not work any more. Name a file for it with PARDOT_TOKEN_FILE, or keep it in AWS Secrets Manager`;
  return { keptRefreshToken: async () => null, onRotatedRefreshToken: async () => warn(TOKEN_ROTATED, message) };
}

function fileKeeper(
  path: string,
  lock: Omit<TokenLockOptions, "signal">,
  warn: (code: string, message: string) => void,
): RefreshTokenKeeper {
  /** What the file held when it was last read or written. */
  let last: string | null = null;
  let isWarned = false;
  let isLockWarned = false;
  return {
    keptRefreshToken: async () => {
      const reading = await readTokenFile(path);
      if (!reading.ok) {
        const problem = { path: "PARDOT_TOKEN_FILE", value: path, expected: reading.expected };
        throw new ConfigError(`read the refresh token from ${path}`, [problem], { code: "config.token-file" });
      }
      const { token, isOpen } = reading.value;
      if (isOpen && !isWarned) {
        isWarned = true;
        warn("auth.token-file-open", `others can read or change ${path}, which holds a refresh token: chmod 600 it`);
      }
      if (token === null || token.reveal() === last) return null;
      last = token.reveal();
      return token;
    },
    onRotatedRefreshToken: async (token) => {
      try {
        await writeTokenFile(path, token);
        last = token.reveal();
      } catch (error) {
        const code = (error as NodeJS.ErrnoException).code ?? "unknown";
        const hint = code === "EBUSY" ? "mount the folder that holds it, not the file" : "authorise the app again";
        warn(TOKEN_ROTATED, `${ROTATED} it could not be written to ${path} (${code}): ${hint}`);
      }
    },
    exclusively: async (work, signal) => {
      const held = await lockTokenFile(path, { ...lock, signal });
      if (held.problem !== null && !isLockWarned) {
        isLockWarned = true;
        warn("auth.token-file-unlocked", `${held.problem}: another program may use the same refresh token meanwhile`);
      }
      try {
        return await work();
      } finally {
        await held.release();
      }
    },
  };
}
