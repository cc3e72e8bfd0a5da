import type { Pauses } from "../aws/retry.ts";
import { Secret } from "./secret.ts";
import { AuthError, ConfigError, TransportError } from "../errors.ts";
import type { PardotEtlError, Problem } from "../errors.ts";
import { SecretFailure } from "./failure.ts";
import type { FailureKind } from "./failure.ts";
import { readKey } from "./json-key.ts";
import { openSecretStore } from "./open.ts";
import type { SecretReference } from "./reference.ts";
import type { SecretStore } from "./secret-store.ts";
import type { Parsed } from "../errors.ts";

/** A reference and where it was given, for messages: `PARDOT_CLIENT_SECRET`, `pardot.client_secret (pardot-etl.yaml)`. */
export interface GivenReference {
  readonly path: string;
  readonly reference: SecretReference;
}

interface Failed {
  readonly kind: FailureKind;
  readonly problem: Problem;
}

/**
 * The secrets behind references, by the reference's text. Each secret or parameter is read once, whichever number of
 * keys is wanted of it, all side by side. Throws one error that lists every reference that cannot be followed:
 * `ConfigError` (exit 2) when there is a mistake among them, `AuthError` (3) when AWS refuses, `TransportError` (5) when
 * AWS is not to be reached.
 */
export async function followReferences(
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
  const failures: Failed[] = [];
  for (const { path, reference, outcome } of await Promise.all(
    given.map(async (each) => ({ ...each, outcome: await attempt(read(each)) })),
  )) {
    const fail = (kind: FailureKind, expected: string): void => {
      failures.push({ kind, problem: { path, value: reference.text, expected } });
    };
    if (outcome instanceof SecretFailure) {
      fail(outcome.kind, outcome.expected);
      continue;
    }
    const secret = secretOf(outcome, reference);
    if (secret.ok) secrets.set(reference.text, secret.value);
    else fail("configuration", secret.expected);
  }
  if (failures.length > 0) throw cannotFollow(failures, given.length);
  return secrets;
}

async function attempt(reading: Promise<string>): Promise<string | SecretFailure> {
  try {
    return await reading;
  } catch (error) {
    if (error instanceof SecretFailure) return error;
    throw error;
  }
}

/** The secret in what is kept: trimmed like any setting, because a line's end slips in where secrets are put by hand. */
export function secretOf(kept: string, { key }: SecretReference): Parsed<Secret> {
  const reading: Parsed<string> = key === null ? { ok: true, value: kept } : readKey(kept, key);
  if (!reading.ok) return reading;
  const text = reading.value.trim();
  return text === ""
    ? { ok: false, expected: `a secret that is not empty${key === null ? "" : `; the text under ${key} is`}` }
    : { ok: true, value: new Secret(text) };
}

const NOT_CALLED = "Pardot was not called.";
const HINTS: Readonly<Record<FailureKind, string>> = {
  configuration: `${NOT_CALLED} Correct the references or what they lead to; docs/authentication.md says how they are read.`,
  credentials: `${NOT_CALLED} docs/authentication.md has the policy that this program needs.`,
  network: `${NOT_CALLED} Check the way from here to AWS (a private subnet needs an endpoint or NAT, AWS_REGION has to be right) and run again.`,
};

function cannotFollow(failures: readonly Failed[], count: number): PardotEtlError {
  const problems = failures.map(({ problem }) => problem);
  const has = (kind: FailureKind): boolean => failures.some((failure) => failure.kind === kind);
  const which = count === 1 ? "the reference" : `${failures.length} of ${count} references`;
  const message = `read secrets from AWS: ${which} cannot be followed`;
  if (has("configuration"))
    return new ConfigError(message, problems, { code: "secrets.invalid", hint: HINTS.configuration });
  if (has("credentials")) return new AuthError(message, { code: "secrets.denied", hint: HINTS.credentials, problems });
  return new TransportError(message, { code: "secrets.unreachable", hint: HINTS.network, problems, retryable: true });
}
