import { inheritedVariables } from "../platform/environment.ts";
import { isReference } from "../secrets/reference.ts";
import { Secret } from "../secrets/secret.ts";
import type { Environment } from "./layers.ts";
import { SETTINGS } from "./settings.ts";

/** Shorter texts are too likely to be part of ordinary words. */
const SECRET_CHARS_MIN = 6;

/** Secrets in the environment that libraries read themselves, and that a store or a proxy may quote in its errors. */
const SECRETS_OF_OTHERS = ["AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_CONTAINER_AUTHORIZATION_TOKEN"] as const;
const PROXIES = ["HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"] as const;

/** Every secret in the environment. References are not secrets, and people need to see them. */
export function secretsOfEnvironment(env: Environment): readonly string[] {
  const own = SETTINGS.filter(({ parser }) => parser.isSecret === true)
    .map((setting) => (env[setting.env] ?? "").trim())
    .filter((text) => !isReference(text));
  return [...own, ...secretsOfOthers(env)];
}

/** Secrets that are not settings of this tool; of a proxy's address its password. */
function secretsOfOthers(env: Environment): readonly string[] {
  const passwords = PROXIES.map((name) => env[name] ?? "").filter((text) => URL.canParse(text));
  return [
    ...SECRETS_OF_OTHERS.map((name) => (env[name] ?? "").trim()),
    ...passwords.flatMap((text) => [new URL(text).password, decoded(new URL(text).password)]),
  ].filter((text) => text !== "");
}

/** Those in this process's environment, for callers with only a configuration. */
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

/** Every secret in a configuration, whatever its source. */
export function secretsIn(value: unknown): readonly string[] {
  if (value instanceof Secret) return [value.reveal()];
  if (typeof value !== "object" || value === null) return [];
  return Object.values(value).flatMap(secretsIn);
}

/** The text without the secrets. A last line of defense, because errors of libraries may quote their input. */
export function redact(text: string, secrets: Iterable<string>): string {
  let safe = text;
  for (const secret of secrets) {
    if (secret.length < SECRET_CHARS_MIN) continue;
    // JSON escapes quotes and backslashes of the value, an address or a form most other characters.
    for (const form of [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret)]) {
      safe = safe.replaceAll(form, "***");
    }
  }
  return safe;
}
