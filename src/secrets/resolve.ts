import type { Pauses } from "../aws/retry.ts";
import { AuthError, ConfigError, invalid, TransportError, valid } from "../errors.ts";
import type { Parsed, PardotEtlError, Problem } from "../errors.ts";
import { SecretFailure } from "./failure.ts";
import type { FailureKind } from "./failure.ts";
import { readKey } from "./json-key.ts";
import type { SecretReference } from "./reference.ts";
import { Secret } from "./secret.ts";
import type { SecretStore } from "./secret-store.ts";

/** Opens the store of a reference. Loads the SDK's client (about 110 ms each) only then. */
export async function openSecretStore({ service, region }: SecretReference, pauses: Pauses): Promise<SecretStore> {
  if (service === "secrets-manager") {
    const { openSecretsManager } = await import("./secrets-manager.ts");
    return openSecretsManager(region, pauses);
  }
  const { openParameterStore } = await import("./parameter-store.ts");
  return openParameterStore(region, pauses);
}

/**
 * A reference and where it was given, for messages: `PARDOT_CLIENT_SECRET`, `pardot.client_secret (pardot-etl.yaml)`.
 */
export interface GivenReference {
  readonly path: string;
  readonly reference: SecretReference;
}

interface Failed {
  readonly kind: FailureKind;
  readonly problem: Problem;
}

/**
 * The secrets behind references, by the reference's text. Each secret or parameter is read once, however many of its
 * keys are needed, all at the same time. Throws one error that lists every reference that fails: `ConfigError` (exit 2)
 * if any of them is a mistake, `AuthError` (3) if AWS refuses, `TransportError` (5) if AWS cannot be reached.
 */
export async function resolveReferences(
  given: readonly GivenReference[],
  options: Pauses & { readonly signal: AbortSignal },
): Promise<ReadonlyMap<string, Secret>> {
  const readings = new Map<string, Promise<string>>();
  const stores = new Map<string, Promise<SecretStore>>();
  const read = ({ reference }: GivenReference): Promise<string> => {
    const { service, name, region } = reference;
    const place = `${service} ${region ?? ""}`;
    const store = stores.get(place) ?? openSecretStore(reference, options);
    stores.set(place, store);
    const reading = readings.get(`${service} ${name}`) ?? store.then((opened) => opened.read(name, options.signal));
    readings.set(`${service} ${name}`, reading);
    return reading;
  };
  const secrets = new Map<string, Secret>();
  const outcomes = await Promise.all(
    given.map(async (each): Promise<Failed | null> => {
      const { path, reference } = each;
      try {
        const secret = parseSecret(await read(each), reference);
        if (!secret.ok) throw new SecretFailure("configuration", secret.expected);
        secrets.set(reference.text, secret.value);
        return null;
      } catch (error) {
        if (!(error instanceof SecretFailure)) throw error;
        return { kind: error.kind, problem: { path, value: reference.text, expected: error.expected } };
      }
    }),
  );
  const failures = outcomes.filter((outcome) => outcome !== null);
  if (failures.length > 0) throw unresolved(failures, given.length);
  return secrets;
}

/** The secret in a stored text. Trimmed like any setting: secrets stored by hand often end with a line feed. */
export function parseSecret(stored: string, { key }: SecretReference): Parsed<Secret> {
  const parsed: Parsed<string> = key === null ? valid(stored) : readKey(stored, key);
  if (!parsed.ok) return parsed;
  const text = parsed.value.trim();
  return text === ""
    ? invalid(`a secret that is not empty${key === null ? "" : `; the text under ${key} is`}`)
    : valid(new Secret(text));
}

const NOT_CALLED = "Pardot was not called.";
const HINTS: Readonly<Record<FailureKind, string>> = {
  configuration: `${NOT_CALLED} Correct the references, or the secrets they refer to; \`pardot-etl help authentication#secrets-in-aws\` describes how they are read.`,
  credentials: `${NOT_CALLED} Give this program the policy that \`pardot-etl help authentication#secrets-in-aws\` shows.`,
  network: `${NOT_CALLED} Check the network path to AWS (a private subnet needs an endpoint or NAT, AWS_REGION must be correct) and run again.`,
};

function unresolved(failures: readonly Failed[], count: number): PardotEtlError {
  const problems = failures.map(({ problem }) => problem);
  const has = (kind: FailureKind): boolean => failures.some((failure) => failure.kind === kind);
  const which = count === 1 ? "the reference" : `${failures.length} of ${count} references`;
  const message = `read secrets from AWS: ${which} cannot be resolved`;
  if (has("configuration"))
    return new ConfigError(message, problems, { code: "secrets.invalid", hint: HINTS.configuration });
  if (has("credentials")) return new AuthError(message, { code: "secrets.denied", hint: HINTS.credentials, problems });
  return new TransportError(message, { code: "secrets.unreachable", hint: HINTS.network, problems, retryable: true });
}
