import { inheritedVariables } from "../platform/environment.ts";
import { isReference } from "../secrets/reference.ts";
import { Secret } from "../secrets/secret.ts";
import type { Setting } from "./settings.ts";
import { SETTINGS } from "./settings.ts";

/** Shorter texts are too likely to be part of ordinary words to be blotted out everywhere. */
const SECRET_CHARS_MIN = 6;

/** Secrets of the environment that libraries read by themselves, and that a store or a proxy may quote in its errors. */
const SECRETS_OF_OTHERS = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"] as const;
const PROXIES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] as const;

type Environment = Readonly<Record<string, string | undefined>>;

/** Every secret that the environment gives. A reference to one is none, and what a person has to look at. */
export function secretsOfEnvironment(env: Environment): readonly string[] {
  const own = (SETTINGS as readonly Setting[])
    .filter((setting) => setting.kind === "secret")
    .map((setting) => (env[setting.env] ?? "").trim())
    .filter((text) => !isReference(text));
  return [...own, ...secretsOfOthers(env)];
}

/** Those of them that are no settings of this tool; of a proxy's address its password. */
function secretsOfOthers(env: Environment): readonly string[] {
  const passwords = PROXIES.map((name) => env[name] ?? "").filter((text) => URL.canParse(text));
  return [
    ...SECRETS_OF_OTHERS.map((name) => (env[name] ?? "").trim()),
    ...passwords.flatMap((text) => [new URL(text).password, decoded(new URL(text).password)]),
  ].filter((text) => text !== "");
}

/** The same of this process, for who has a configuration and no environment in hand. */
export function secretsOfProcess(): readonly string[] {
  return secretsOfOthers(inheritedVariables([...SECRETS_OF_OTHERS, ...PROXIES]));
}

function decoded(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

/** Every secret in a configuration, wherever it came from. */
export function secretsIn(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(secretsIn);
}

/** A text without the given secrets. A last line of defence: errors of libraries may quote what they were given. */
export function blot(text: string, secrets: Iterable<string>): string {
  let safe = text;
  for (const secret of secrets) {
    if (secret.length < SECRET_CHARS_MIN) continue;
    // In JSON the value stands with its quotes and backslashes escaped, in an address or a form with most signs.
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
      safe = safe.replaceAll(form, "***");
    }
  }
  return safe;
}
