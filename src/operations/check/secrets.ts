import type { Config } from "../../config/config.ts";
import { SecretFailure } from "../../secrets/failure.ts";
import { openSecretStore } from "../../secrets/resolve.ts";
import type { SecretReference } from "../../secrets/reference.ts";
import type { CheckLine } from "../api.ts";
import type { Runtime } from "../runtime.ts";
import { lineOf } from "./line.ts";

/**
 * The line for references that were resolved when the configuration was read. If a rotated refresh token would be
 * written back to a secret, it also tries that without changing anything.
 */
export async function secretsLine(config: Config, runtime: Runtime): Promise<CheckLine> {
  const line = resolvedLine(config.references);
  const { auth } = config.pardot;
  const reference = auth.flow === "refresh_token" && auth.tokenFile === null ? auth.reference : null;
  if (reference === null) return line;
  try {
    const store = await openSecretStore(reference, runtime);
    const answer = await store.tryReplace(reference.name, runtime.signal);
    const tried = answer === "allowed" ? "a rotated refresh token can be written back" : NOT_TRIED;
    return { ...line, message: `${line.message}; ${tried}` };
  } catch (error) {
    if (!(error instanceof SecretFailure)) throw error;
    const message = `${line.message}; a rotated refresh token could not be written back to ${reference.text}: expected ${error.expected}`;
    return { ...line, status: "warning", message, hint: WRITE_HINT };
  }
}

const NOT_TRIED = "writing a rotated refresh token back (ssm:PutParameter) cannot be tested without changing it";
const WRITE_HINT =
  "Grant the missing action, or make sure that refresh token rotation is off in the app's policies: a new token that cannot be written back is lost.";

function resolvedLine(references: readonly SecretReference[]): CheckLine {
  const count = (service: SecretReference["service"]): number =>
    new Set(references.filter((reference) => reference.service === service).map(({ name }) => name)).size;
  const places = [
    counted(count("secrets-manager"), "secret", " of AWS Secrets Manager"),
    counted(count("parameter-store"), "parameter", ""),
  ].filter((text) => text !== null);
  const resolved = counted(references.length, "reference", " resolved") ?? "";
  return lineOf("secrets", "ok", `${resolved}: ${places.join(", ")}`);
}

function counted(count: number, noun: string, tail: string): string | null {
  return count === 0 ? null : `${count} ${noun}${count === 1 ? "" : "s"}${tail}`;
}
