import type { PardotEtlError } from "../errors.ts";
import type { SecretReference } from "../secrets/reference.ts";
import type { CheckLine } from "./api.ts";

/** The line for references that were followed when the configuration was read. */
export function secretsLine(references: readonly SecretReference[]): CheckLine {
  const count = (service: SecretReference["service"]): number =>
    new Set(references.filter((reference) => reference.service === service).map(({ name }) => name)).size;
  const places = [
    counted(count("secrets-manager"), "secret", " of AWS Secrets Manager"),
    counted(count("parameter-store"), "parameter", ""),
  ].filter((text) => text !== null);
  const resolved = counted(references.length, "reference", " resolved") ?? "";
  return { name: "secrets", status: "ok", message: `${resolved}: ${places.join(", ")}`, hint: null, exitCode: 0 };
}

/** The line for references that could not be followed: each with what is missing, the action to grant included. */
export function noSecretsLine(error: PardotEtlError): CheckLine {
  const missing = error.problems.map(
    ({ path, value, expected }) => `${path} is ${value ?? "missing"}: expected ${expected}`,
  );
  const message = `${error.message}: ${missing.join("; ")}`;
  return { name: "secrets", status: "failed", message, hint: error.hint ?? null, exitCode: error.exitCode };
}

function counted(count: number, noun: string, tail: string): string | null {
  return count === 0 ? null : `${count} ${noun}${count === 1 ? "" : "s"}${tail}`;
}
