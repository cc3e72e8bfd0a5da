import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Environment } from "../scene.ts";
import { isSigned } from "./aws-signature.ts";

/**
 * A stand-in for AWS Secrets Manager and the parameter store of Systems Manager, over their protocol (AWS JSON 1.1).
 * Written from the public API references: actions GetSecretValue and PutSecretValue (versions, idempotency by
 * ClientRequestToken, errors), GetParameter, DescribeParameters and PutParameter (types, versions, the account's default
 * key where none is named), "Common Errors", and "Signing AWS API requests".
 */
export interface AwsSecrets {
  /** What a program needs to find it and to be let in. */
  readonly env: Environment;
  /** What was asked so far, first to last: `GetSecretValue acme/pardot`, those that were answered with an error too. */
  readonly asked: readonly string[];
  /** The ClientRequestToken of each PutSecretValue. */
  readonly tokens: readonly string[];
  /** Puts a secret there, as its owner would: text, or bytes. */
  putSecret(name: string, value: string | Uint8Array): void;
  putParameter(name: string, parameter: StoredParameter): void;
  /** What stands there now; null: nothing. */
  secret(name: string): StoredSecret | null;
  parameter(name: string): (StoredParameter & { readonly version: number }) | null;
  /** Gives the next requests of an action this fate, one after another. */
  fail(action: string, ...fates: readonly Fate[]): void;
  /** Called before an action is answered. */
  onAction(action: string, called: () => void): void;
  close(): Promise<void>;
}

export interface StoredSecret {
  readonly arn: string;
  readonly value: string | Uint8Array;
  /** Versions by their ids, oldest first; the last is AWSCURRENT. */
  readonly versions: ReadonlyMap<string, string | Uint8Array>;
}

export interface StoredParameter {
  readonly type: "String" | "StringList" | "SecureString";
  readonly value: string;
  /** Default for a SecureString: the account's own. */
  readonly keyId?: string;
}

export type Fate =
  /** Answered with this error, and nothing is done. */
  | { readonly status: number; readonly error: string; readonly message?: string }
  /** Done, and the answer is lost with the connection. */
  | "lose-answer"
  /** Taken, not done, and never answered. */
  | "hang";

export const REGION = "eu-central-1";
const ACCOUNT = "123456789012";
const CREDENTIALS = { id: "AKIDEXAMPLE", secret: "canary-aws-secret-access-key" };
const DEFAULT_KEY = "alias/aws/ssm";

/** Fields of the requests that are looked at. */
interface Input {
  readonly SecretId?: string;
  readonly SecretString?: string;
  readonly ClientRequestToken?: string;
  readonly Name?: string;
  readonly Value?: string;
  readonly Type?: StoredParameter["type"];
  readonly Overwrite?: boolean;
  readonly KeyId?: string;
  readonly WithDecryption?: boolean;
  readonly ParameterFilters?: readonly { readonly Values: readonly string[] }[];
}

class ServiceError extends Error {
  readonly status: number;
  readonly type: string;
  constructor(type: string, message: string, status: number = 400) {
    super(message);
    this.status = status;
    this.type = type;
  }
}

export async function startAwsSecrets(): Promise<AwsSecrets> {
  const secrets = new Map<string, { arn: string; versions: Map<string, string | Uint8Array> }>();
  const parameters = new Map<string, { parameter: StoredParameter; version: number }>();
  const fates = new Map<string, Fate[]>();
  const listeners = new Map<string, () => void>();
  const asked: string[] = [];
  const tokens: string[] = [];

  const findSecret = (
    id: string | undefined,
  ): { name: string; arn: string; versions: Map<string, string | Uint8Array> } => {
    for (const [name, secret] of secrets) if (id === name || id === secret.arn) return { name, ...secret };
    throw new ServiceError("ResourceNotFoundException", "Secrets Manager can't find the specified secret.");
  };
  const findParameter = (id: string | undefined): { name: string; parameter: StoredParameter; version: number } => {
    for (const [name, found] of parameters) if (id === name || id === parameterArn(name)) return { name, ...found };
    throw new ServiceError("ParameterNotFound", "");
  };

  const ACTIONS: Readonly<Record<string, (input: Input) => object>> = {
    "secretsmanager.GetSecretValue": ({ SecretId }) => {
      const { name, arn, versions } = findSecret(SecretId);
      const [id, value] = [...versions].at(-1) ?? [];
      const content = typeof value === "string" ? { SecretString: value } : { SecretBinary: base64(value) };
      return { ARN: arn, Name: name, VersionId: id, VersionStages: ["AWSCURRENT"], CreatedDate: 1.7e9, ...content };
    },
    "secretsmanager.PutSecretValue": ({ SecretId, SecretString = "", ClientRequestToken: token }) => {
      const { name, arn, versions } = findSecret(SecretId);
      if (typeof token !== "string" || token.length < 32 || token.length > 64) {
        throw new ServiceError("InvalidParameterException", "You must provide a ClientRequestToken value.");
      }
      const known = versions.get(token);
      if (known !== undefined && known !== SecretString) {
        const message = "You can't modify a secret version: a version with this token has other content.";
        throw new ServiceError("ResourceExistsException", message);
      }
      if (known === undefined) versions.set(token, SecretString);
      return { ARN: arn, Name: name, VersionId: token, VersionStages: ["AWSCURRENT"] };
    },
    "AmazonSSM.GetParameter": ({ Name, WithDecryption }) => {
      const { name, parameter, version } = findParameter(Name);
      const isHidden = parameter.type === "SecureString" && WithDecryption !== true;
      const Value = isHidden ? "AQICAHencrypted" : parameter.value;
      return { Parameter: { Name: name, Type: parameter.type, Value, Version: version, ARN: parameterArn(name) } };
    },
    "AmazonSSM.DescribeParameters": ({ ParameterFilters }) => {
      const name = ParameterFilters?.[0]?.Values[0] ?? "";
      const found = parameters.get(name);
      if (found === undefined) return { Parameters: [] };
      const { type, keyId } = found.parameter;
      const KeyId = type === "SecureString" ? { KeyId: keyId ?? DEFAULT_KEY } : {};
      return { Parameters: [{ Name: name, Type: type, ...KeyId }] };
    },
    "AmazonSSM.PutParameter": ({ Name = "", Value = "", Type, Overwrite, KeyId }) => {
      if (Name.startsWith("arn:")) throw new ServiceError("ValidationException", "Parameter name: can't be an ARN.");
      const before = parameters.get(Name);
      if (before !== undefined && Overwrite !== true) throw new ServiceError("ParameterAlreadyExists", "It exists.");
      const type = Type ?? before?.parameter.type ?? "String";
      const keyId = type === "SecureString" ? { keyId: KeyId ?? DEFAULT_KEY } : {};
      const version = (before?.version ?? 0) + 1;
      parameters.set(Name, { parameter: { type, value: Value, ...keyId }, version });
      return { Version: version, Tier: "Standard" };
    },
  };

  const answer = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const body = await bodyOf(request);
    const target = String(request.headers["x-amz-target"]);
    const action = target.split(".").at(-1) ?? "";
    const input = JSON.parse(body) as Input;
    asked.push(`${action} ${nameOf(input)}`);
    if (input.ClientRequestToken !== undefined) tokens.push(input.ClientRequestToken);
    listeners.get(action)?.();
    const fate = fates.get(action)?.shift();
    if (fate === "hang") return;
    try {
      const service = target.startsWith("AmazonSSM.") ? "ssm" : "secretsmanager";
      if (!request.headers.authorization?.includes(`Credential=${CREDENTIALS.id}/`)) {
        throw new ServiceError("UnrecognizedClientException", "The security token included in the request is invalid.");
      }
      if (!isSigned(request, body, { secret: CREDENTIALS.secret, region: REGION, service })) {
        throw new ServiceError("InvalidSignatureException", "The request signature we calculated does not match.");
      }
      if (typeof fate === "object") throw new ServiceError(fate.error, fate.message ?? "", fate.status);
      const act = ACTIONS[target];
      if (act === undefined) throw new ServiceError("UnknownOperationException", "");
      const result = act(input);
      if (fate === "lose-answer") response.destroy();
      else send(response, 200, result);
    } catch (error) {
      if (!(error instanceof ServiceError)) throw error;
      send(response, error.status, { __type: error.type, message: error.message });
    }
  };

  const server = createServer((request, response) => {
    answer(request, response).catch((error: unknown) => {
      send(response, 500, { __type: "StandInBroke", message: String(error) });
    });
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    env: {
      AWS_REGION: REGION,
      AWS_ACCESS_KEY_ID: CREDENTIALS.id,
      AWS_SECRET_ACCESS_KEY: CREDENTIALS.secret,
      AWS_ENDPOINT_URL_SECRETS_MANAGER: url,
      AWS_ENDPOINT_URL_SSM: url,
      AWS_EC2_METADATA_DISABLED: "true",
      AWS_CONFIG_FILE: "/dev/null",
      AWS_SHARED_CREDENTIALS_FILE: "/dev/null",
    },
    asked,
    tokens,
    putSecret: (name, value) => {
      const known = secrets.get(name) ?? { arn: secretArn(name), versions: new Map() };
      known.versions.set(randomUUID(), value);
      secrets.set(name, known);
    },
    putParameter: (name, parameter) => {
      parameters.set(name, { parameter, version: (parameters.get(name)?.version ?? 0) + 1 });
    },
    secret: (name) => {
      const found = secrets.get(name);
      const value = [...(found?.versions.values() ?? [])].at(-1);
      return found === undefined || value === undefined ? null : { ...found, value };
    },
    parameter: (name) => {
      const found = parameters.get(name);
      return found === undefined ? null : { ...found.parameter, version: found.version };
    },
    fail: (action, ...more) => {
      fates.set(action, [...(fates.get(action) ?? []), ...more]);
    },
    onAction: (action, called) => {
      listeners.set(action, called);
    },
    close: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
}

/** Six random characters follow the name (AWS docs, "Secret ARN"). */
export function secretArn(name: string): string {
  return `arn:aws:secretsmanager:${REGION}:${ACCOUNT}:secret:${name}-a1B2c3`;
}

export function parameterArn(name: string): string {
  return `arn:aws:ssm:${REGION}:${ACCOUNT}:parameter/${name.replace(/^\//, "")}`;
}

function nameOf(input: Input): string {
  return input.SecretId ?? input.Name ?? input.ParameterFilters?.[0]?.Values[0] ?? "";
}

function base64(value: string | Uint8Array | undefined): string {
  return Buffer.from(value ?? "").toString("base64");
}

async function bodyOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString("utf8");
}

function send(response: ServerResponse, status: number, body: object): void {
  response.writeHead(status, { "content-type": "application/x-amz-json-1.1", "x-amzn-requestid": randomUUID() });
  response.end(JSON.stringify(body));
}
