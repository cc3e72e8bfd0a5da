import { TOKEN_ROTATED } from "../manifest/manifest.ts";
import type { Secret } from "../secrets/secret.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import { SecretFailure } from "../secrets/failure.ts";
import { secretOf } from "../secrets/follow.ts";
import { replaceKey } from "../secrets/json-key.ts";
import { openSecretStore } from "../secrets/open.ts";
import type { SecretReference } from "../secrets/reference.ts";
import { ROTATED } from "./token-keeper.ts";
import type { RefreshTokenKeeper } from "./token-keeper.ts";

export interface ReferenceKeeperOptions {
  readonly reference: SecretReference;
  /** What the reference led to when the configuration was read. */
  readonly configured: Secret;
  readonly clock: Clock;
  readonly random: Random;
  readonly warn: (code: string, message: string) => void;
}

/** Keeps the refresh token in AWS, where the configured one came from. */
export function referenceKeeper(options: ReferenceKeeperOptions): RefreshTokenKeeper {
  const { reference, configured, warn } = options;
  // Whoever stops the run must not stop this: the token exists nowhere else.
  const never = new AbortController().signal;
  /** What AWS held when it was last asked or told. */
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
        kept = await (await openSecretStore(reference, options)).read(reference.name, never);
      } catch (error) {
        if (!(error instanceof SecretFailure)) throw error;
        warn(NOT_READ, notRead(reference, error.expected));
        return null;
      }
      const reading = secretOf(kept, reference);
      if (!reading.ok) warn(NOT_READ, notRead(reference, reading.expected));
      if (!reading.ok || reading.value.reveal() === last) return null;
      last = reading.value.reveal();
      return reading.value;
    },
    onRotatedRefreshToken: async (token) => {
      try {
        const store = await openSecretStore(reference, options);
        const remark = await store.replace(reference.name, (text) => withToken(text, token, reference), never);
        last = token.reveal();
        if (remark !== null) warn(KEY_CHANGED, `wrote the refresh token back to ${reference.text}: ${remark}`);
      } catch (error) {
        if (!(error instanceof SecretFailure)) throw error;
        const message = `${ROTATED} it could not be written back to ${reference.text}: expected ${error.expected}`;
        warn(TOKEN_ROTATED, `${message}. Authorise the app again and put the new token there`);
      }
    },
  };
}

const NOT_READ = "auth.token-not-read";
const KEY_CHANGED = "auth.token-key";

function notRead({ text }: SecretReference, expected: string): string {
  return `look for a newer refresh token in ${text}: expected ${expected}. The one in use is used on`;
}

/** What is kept, with the token in the place of the old one. */
function withToken(kept: string, token: Secret, { key }: SecretReference): string {
  if (key === null) return token.reveal();
  const reading = replaceKey(kept, key, token.reveal());
  if (!reading.ok) throw new SecretFailure("configuration", reading.expected);
  return reading.value;
}
