import { isReference } from "../secrets/reference.ts";
import { Secret } from "./secret.ts";
import type { Setting } from "./settings.ts";
import { SETTINGS } from "./settings.ts";

/** Shorter texts are too likely to be part of ordinary words to be blotted out everywhere. */
const SECRET_CHARS_MIN = 6;

/** Every secret that the environment gives. A reference to one is none, and what a person has to look at. */
export function secretsOfEnvironment(env: Readonly<Record<string, string | undefined>>): readonly string[] {
  return (SETTINGS as readonly Setting[])
    .filter((setting) => setting.kind === "secret")
    .map((setting) => (env[setting.env] ?? "").trim())
    .filter((text) => !isReference(text));
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
    // In JSON the value stands with its quotes and backslashes escaped.
    safe = safe.replaceAll(secret, "***").replaceAll(JSON.stringify(secret).slice(1, -1), "***");
  }
  return safe;
}
