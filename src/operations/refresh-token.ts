import type { PardotConfig } from "../config/config.ts";
import { ConfigError } from "../errors.ts";
import { warn } from "../events.ts";
import { TOKEN_ROTATED } from "../manifest/manifest.ts";
import type { AuthOptions } from "../pardot/auth/auth.ts";
import { NEVER } from "../platform/clock.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { SecretFailure } from "../secrets/failure.ts";
import { replaceKey } from "../secrets/json-key.ts";
import { openSecretStore, parseSecret } from "../secrets/resolve.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { Secret } from "../secrets/secret.ts";
import { lockTokenFile, readTokenFile, writeTokenFile } from "../secrets/token-file.ts";
import type { TokenLockOptions } from "../secrets/token-file.ts";
import type { Runtime } from "./runtime.ts";

/**
 * Stores a refresh token that Salesforce replaces, so that it survives this process. Reading throws ConfigError for a
 * file that cannot be read. A token that cannot be kept is a warning, not an error: this run can continue with it, but
 * the next run cannot, so this run ends as partial.
 */
export type RefreshTokenKeeper = Required<Pick<AuthOptions, "keptRefreshToken" | "onRotatedRefreshToken">> &
  Pick<AuthOptions, "exclusively">;

type Warn = (code: string, message: string) => void;

/** Start of every warning about a new token that cannot be stored beyond this process. */
const ROTATED = "Salesforce replaced the refresh token. This run uses the new one, but";

/** The configured keeper: the token file, else the place in AWS that the token came from, else only a warning. */
export function refreshTokenKeeper(
  { auth, requestTimeoutMs }: Pick<PardotConfig, "auth" | "requestTimeoutMs">,
  { onEvent, clock, random, processes }: Pick<Runtime, "onEvent" | "clock" | "random" | "processes">,
): RefreshTokenKeeper {
  const warning: Warn = (code, message) => warn(onEvent, code, message);
  if (auth.flow === "refresh_token" && auth.tokenFile !== null) {
    // One request waits that long to connect and that long for the next byte, and its response has a few hundred bytes.
    const silenceMs = 3 * requestTimeoutMs;
    return fileKeeper(auth.tokenFile, { clock, random, processes, silenceMs }, warning);
  }
  if (auth.flow === "refresh_token" && auth.reference !== null && auth.refreshToken !== null) {
    return referenceKeeper(auth.reference, auth.refreshToken, { clock, random }, warning);
  }
  const message = `${ROTATED} it is not stored anywhere: the configured one may no longer work. Set PARDOT_TOKEN_FILE to a file for it, or keep it in AWS Secrets Manager`;
  return { keptRefreshToken: async () => null, onRotatedRefreshToken: async () => warning(TOKEN_ROTATED, message) };
}

function fileKeeper(path: string, lock: Omit<TokenLockOptions, "signal">, warning: Warn): RefreshTokenKeeper {
  /** The file's token when it was last read or written. */
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
        warning("auth.token-file-open", `others can read or change ${path}, which holds a refresh token: chmod 600 it`);
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
        const hint = code === "EBUSY" ? "mount the folder that holds it, not the file" : "authorize the app again";
        warning(TOKEN_ROTATED, `${ROTATED} it could not be written to ${path} (${code}): ${hint}`);
      }
    },
    exclusively: async (work, signal) => {
      const held = await lockTokenFile(path, { ...lock, signal });
      if (held.problem !== null && !isLockWarned) {
        isLockWarned = true;
        warning(
          "auth.token-file-unlocked",
          `${held.problem}: another program may use the same refresh token at the same time`,
        );
      }
      try {
        return await work();
      } finally {
        await held.release();
      }
    },
  };
}

/** Keeps the refresh token in AWS, where the configured one came from. */
export function referenceKeeper(
  reference: SecretReference,
  configured: Secret,
  platform: { readonly clock: Clock; readonly random: Random },
  warning: Warn,
): RefreshTokenKeeper {
  /** The token in AWS when it was last read or written. */
  let last = configured.reveal();
  let isFresh = true;
  return {
    keptRefreshToken: async () => {
      if (isFresh) {
        isFresh = false;
        return null;
      }
      let kept: string;
      try {
        kept = await (await openSecretStore(reference, platform)).read(reference.name, NEVER);
      } catch (error) {
        if (!(error instanceof SecretFailure)) throw error;
        warning(NOT_READ, notRead(reference, error.expected));
        return null;
      }
      const reading = parseSecret(kept, reference);
      if (!reading.ok) warning(NOT_READ, notRead(reference, reading.expected));
      if (!reading.ok || reading.value.reveal() === last) return null;
      last = reading.value.reveal();
      return reading.value;
    },
    onRotatedRefreshToken: async (token) => {
      try {
        const store = await openSecretStore(reference, platform);
        // A stop request must not cut this: the token exists nowhere else.
        const remark = await store.replace(reference.name, (text) => withToken(text, token, reference), NEVER);
        last = token.reveal();
        if (remark !== null) warning(KEY_CHANGED, `wrote the refresh token back to ${reference.text}: ${remark}`);
      } catch (error) {
        if (!(error instanceof SecretFailure)) throw error;
        const message = `${ROTATED} it could not be written back to ${reference.text}: expected ${error.expected}`;
        warning(TOKEN_ROTATED, `${message}. Authorize the app again and put the new token there`);
      }
    },
  };
}

const NOT_READ = "auth.token-not-read";
const KEY_CHANGED = "auth.token-key";

function notRead({ text }: SecretReference, expected: string): string {
  return `look for a newer refresh token in ${text}: expected ${expected}. The current one stays in use`;
}

/** The kept text with the token in place of the old one. */
function withToken(kept: string, token: Secret, { key }: SecretReference): string {
  if (key === null) return token.reveal();
  const reading = replaceKey(kept, key, token.reveal());
  if (!reading.ok) throw new SecretFailure("configuration", reading.expected);
  return reading.value;
}
