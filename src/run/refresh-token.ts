import { TOKEN_ROTATED } from "../commit/manifest.ts";
import type { AuthConfig } from "../config/config.ts";
import type { Secret } from "../config/secret.ts";
import { readTokenFile, writeTokenFile } from "../config/token-file.ts";
import { ConfigError } from "../errors.ts";
import type { OnEvent } from "../events.ts";

/** Where a refresh token that Salesforce replaces outlives this process. */
export interface RefreshTokenKeeper {
  /**
   * The kept token when it is news: at the start, and when another process has put a newer one there; else null. Throws
   * ConfigError for a file that cannot be read.
   */
  readonly keptRefreshToken: () => Promise<Secret | null>;
  /**
   * Keeps a token. A failure is a warning, not an error: this run can go on with the new token, and it has to be told
   * that the next one cannot (the run ends as partial).
   */
  readonly onRotatedRefreshToken: (token: Secret) => Promise<void>;
}

/** The keeper that a configuration asks for: its token file, or nothing but the warning. */
export function refreshTokenKeeper(auth: AuthConfig, onEvent: OnEvent): RefreshTokenKeeper {
  const path = auth.flow === "refresh_token" ? auth.tokenFile : null;
  const warn = (code: string, message: string): void => onEvent({ type: "warning", code, object: null, message });
  const rotated = "Salesforce replaced the refresh token. This run uses the new one, but";
  if (path === null) {
    const message = `${rotated} it is kept nowhere: the configured one may not work any more. Name a file for it with PARDOT_TOKEN_FILE`;
    return { keptRefreshToken: async () => null, onRotatedRefreshToken: async () => warn(TOKEN_ROTATED, message) };
  }
  /** What the file held when it was last read or written. */
  let last: string | null = null;
  let isWarned = false;
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
        warn(TOKEN_ROTATED, `${rotated} it could not be written to ${path} (${code}): ${hint}`);
      }
    },
  };
}
