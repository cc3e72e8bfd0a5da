import type { Pauses } from "../aws/retry.ts";
import type { SecretReference } from "./reference.ts";
import type { SecretStore } from "./secret-store.ts";

/** The store of a reference. The SDK's clients (some 110 ms each) are loaded when one is opened, and no sooner. */
export async function openSecretStore(reference: SecretReference, pauses: Pauses): Promise<SecretStore> {
  if (reference.service === "secrets-manager") {
    const { openSecretsManager } = await import("./secrets-manager.ts");
    return openSecretsManager(reference.region, pauses);
  }
  const { openParameterStore } = await import("./parameter-store.ts");
  return openParameterStore(reference.region, pauses);
}
