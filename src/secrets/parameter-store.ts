import { DescribeParametersCommand, GetParameterCommand, PutParameterCommand, SSMClient } from "@aws-sdk/client-ssm";
import type { DescribeParametersCommandOutput, Parameter } from "@aws-sdk/client-ssm";
import { withRetries } from "../aws/retry.ts";
import type { Pauses } from "../aws/retry.ts";
import { SecretFailure } from "./failure.ts";
import { explained, storeOptions, writePatiently } from "./secret-store.ts";
import type { SecretStore } from "./secret-store.ts";

/** A parameter that has a value. */
type Found = Parameter & { readonly Name: string; readonly Value: string };

const GET = "ssm:GetParameter";
const PUT = "ssm:PutParameter";

/**
 * The parameter store of AWS Systems Manager in a region; null: the SDK's. Credentials come from the SDK's own chain.
 */
export function openParameterStore(region: string | null, pauses: Pauses): SecretStore {
  const client = new SSMClient(storeOptions(region));

  const get = async (name: string, signal: AbortSignal): Promise<Found> => {
    const command = new GetParameterCommand({ Name: name, WithDecryption: true });
    const { Parameter: found } = await client.send(command, { abortSignal: signal });
    if (found?.Type === "StringList") throw unfit("a parameter of type SecureString; this one is a StringList");
    if (found?.Value === undefined) throw unfit("a parameter that has a value; this one has none");
    return { ...found, Name: found.Name ?? name, Value: found.Value };
  };

  /** The key that encrypts a parameter, or why it cannot be determined. */
  const keyOf = async (name: string, signal: AbortSignal): Promise<{ readonly KeyId?: string } | SecretFailure> => {
    const ParameterFilters = [{ Key: "Name", Option: "Equals", Values: [name] }];
    const command = new DescribeParametersCommand({ ParameterFilters });
    const send = (): Promise<DescribeParametersCommandOutput> => client.send(command, { abortSignal: signal });
    try {
      const { Parameters: [found] = [] } = await explained(client, { action: "ssm:DescribeParameters" }, () =>
        withRetries(send, pauses, signal),
      );
      return found?.KeyId === undefined ? {} : { KeyId: found.KeyId };
    } catch (error) {
      if (error instanceof SecretFailure) return error;
      throw error;
    }
  };

  return {
    read: (name, signal) =>
      explained(
        client,
        { action: GET },
        async () => (await withRetries(() => get(name, signal), pauses, signal)).Value,
      ),

    replace(name, change, signal) {
      const request = { action: GET };
      let remark: string | null = null;
      const attempt = async (): Promise<void> => {
        request.action = GET;
        const { Name, Type, Value: before } = await get(name, signal);
        const after = change(before);
        if (after === before) return;
        // Without a key, AWS encrypts a new value with the account's default key.
        const key = Type === "SecureString" ? await keyOf(Name, signal) : {};
        if (key instanceof SecretFailure) remark = `${KEY_UNKNOWN} (${key.expected})`;
        const input = { Name, Value: after, Type, Overwrite: true, ...(key instanceof SecretFailure ? {} : key) };
        request.action = PUT;
        await client.send(new PutParameterCommand(input), { abortSignal: signal });
      };
      return explained(client, request, async () => {
        await writePatiently(attempt, pauses, signal);
        return remark;
      });
    },

    // Each PutParameter creates a version.
    tryReplace: async () => "unknown",
  };
}

const KEY_UNKNOWN =
  "the parameter is now encrypted with the account's default key, because its own could not be determined; grant ssm:DescribeParameters";

function unfit(expected: string): SecretFailure {
  return new SecretFailure("configuration", expected);
}
