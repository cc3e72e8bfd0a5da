import { randomUUID } from "node:crypto";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { GetSecretValueCommandOutput } from "@aws-sdk/client-secrets-manager";
import { withRetries } from "../aws/retry.ts";
import type { Pauses } from "../aws/retry.ts";
import { SecretFailure, secretFailure } from "./failure.ts";
import { storeOptions, writePatiently } from "./secret-store.ts";
import type { SecretStore } from "./secret-store.ts";

/** AWS Secrets Manager in a region; null: the SDK's. Credentials come from the SDK's own chain. */
export function openSecretsManager(region: string | null, pauses: Pauses): SecretStore {
  const client = new SecretsManagerClient(storeOptions(region));
  type Action = "GetSecretValue" | "PutSecretValue";
  const failed = async (thrown: unknown, action: Action): Promise<unknown> =>
    secretFailure(thrown, {
      service: "secrets-manager",
      action: `secretsmanager:${action}`,
      carriesSecret: action === "PutSecretValue",
      region: await client.config.region().catch(() => null),
    });
  const get = (name: string, signal: AbortSignal): Promise<GetSecretValueCommandOutput> =>
    client.send(new GetSecretValueCommand({ SecretId: name }), { abortSignal: signal });

  return {
    async read(name, signal) {
      try {
        return textOf(await withRetries(() => get(name, signal), pauses, signal));
      } catch (error) {
        throw await failed(error, "GetSecretValue");
      }
    },

    async replace(name, change, signal) {
      let action: Action = "GetSecretValue";
      let sent: { readonly text: string; readonly token: string } | null = null;
      const attempt = async (): Promise<void> => {
        action = "GetSecretValue";
        const found = await get(name, signal);
        const before = textOf(found);
        const after = change(before);
        if (after === before) return;
        // The same token for the same text, so that AWS recognizes the repeat of a request whose response was lost.
        sent = sent?.text === after ? sent : { text: after, token: randomUUID() };
        const input = { SecretId: found.ARN ?? name, SecretString: after, ClientRequestToken: sent.token };
        action = "PutSecretValue";
        await client.send(new PutSecretValueCommand(input), { abortSignal: signal });
      };
      try {
        await writePatiently(attempt, pauses, signal);
        return null;
      } catch (error) {
        throw await failed(error, action);
      }
    },

    async tryReplace(name, signal) {
      try {
        const { ARN, SecretString, VersionId } = await withRetries(() => get(name, signal), pauses, signal);
        if (SecretString === undefined || VersionId === undefined) return "unknown";
        // The same text under the same token "succeeds but does nothing" (AWS docs, PutSecretValue).
        const input = { SecretId: ARN ?? name, SecretString, ClientRequestToken: VersionId };
        const put = (): Promise<unknown> => client.send(new PutSecretValueCommand(input), { abortSignal: signal });
        await withRetries(put, pauses, signal);
        return "allowed";
      } catch (error) {
        throw await failed(error, "PutSecretValue");
      }
    },
  };
}

function textOf({ SecretString: text, SecretBinary: bytes }: GetSecretValueCommandOutput): string {
  if (text !== undefined) return text;
  throw new SecretFailure(
    "configuration",
    bytes === undefined ? "a secret that has a value; this one has none yet" : "a secret of text; this one is binary",
  );
}
