import { randomUUID } from "node:crypto";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { GetSecretValueCommandOutput, PutSecretValueCommandInput } from "@aws-sdk/client-secrets-manager";
import { withRetries } from "../aws/retry.ts";
import type { Pauses } from "../aws/retry.ts";
import { SecretFailure } from "./failure.ts";
import { explained, storeOptions, writePatiently } from "./secret-store.ts";
import type { SecretStore } from "./secret-store.ts";

const GET = "secretsmanager:GetSecretValue";
const PUT = "secretsmanager:PutSecretValue";

/** AWS Secrets Manager in a region; null: the SDK's. Credentials come from the SDK's own chain. */
export function openSecretsManager(region: string | null, pauses: Pauses): SecretStore {
  const client = new SecretsManagerClient(storeOptions(region));
  const get = (name: string, signal: AbortSignal): Promise<GetSecretValueCommandOutput> =>
    client.send(new GetSecretValueCommand({ SecretId: name }), { abortSignal: signal });
  const put = (input: PutSecretValueCommandInput, signal: AbortSignal): Promise<unknown> =>
    client.send(new PutSecretValueCommand(input), { abortSignal: signal });

  return {
    read: (name, signal) =>
      explained(client, { action: GET }, async () =>
        textOf(await withRetries(() => get(name, signal), pauses, signal)),
      ),

    replace(name, change, signal) {
      const request = { action: GET };
      let sent: { readonly text: string; readonly token: string } | null = null;
      const attempt = async (): Promise<void> => {
        request.action = GET;
        const found = await get(name, signal);
        const before = textOf(found);
        const after = change(before);
        if (after === before) return;
        // The same token for the same text, so that AWS recognizes the repeat of a request whose response was lost.
        sent = sent?.text === after ? sent : { text: after, token: randomUUID() };
        request.action = PUT;
        await put({ SecretId: found.ARN ?? name, SecretString: after, ClientRequestToken: sent.token }, signal);
      };
      return explained(client, request, async () => {
        await writePatiently(attempt, pauses, signal);
        return null;
      });
    },

    tryReplace: (name, signal) =>
      explained(client, { action: PUT }, async () => {
        const { ARN, SecretString, VersionId } = await withRetries(() => get(name, signal), pauses, signal);
        if (SecretString === undefined || VersionId === undefined) return "unknown";
        // The same text under the same token "succeeds but does nothing" (AWS docs, PutSecretValue).
        const input = { SecretId: ARN ?? name, SecretString, ClientRequestToken: VersionId };
        await withRetries(() => put(input, signal), pauses, signal);
        return "allowed";
      }),
  };
}

function textOf({ SecretString: text, SecretBinary: bytes }: GetSecretValueCommandOutput): string {
  if (text !== undefined) return text;
  throw new SecretFailure(
    "configuration",
    bytes === undefined ? "a secret that has a value; this one has none yet" : "a secret of text; this one is binary",
  );
}
