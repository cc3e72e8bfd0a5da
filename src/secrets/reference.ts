import { invalid, valid } from "../errors.ts";
import type { Parsed } from "../errors.ts";

/** Where a secret is kept instead of in the configuration. Not secret itself. */
export interface SecretReference {
  readonly service: SecretService;
  /** As the operator wrote it. */
  readonly text: string;
  /** The secret's or parameter's name, or its ARN. */
  readonly name: string;
  /** The key in the secret's JSON; null: the whole text is the secret. Always null for parameters. */
  readonly key: string | null;
  /** An ARN's region; null: the SDK's (AWS_REGION, the profile). */
  readonly region: string | null;
}

export type SecretService = "secrets-manager" | "parameter-store";

const SECRETS_MANAGER = "aws-secretsmanager:";
const PARAMETER_STORE = "aws-ssm:";

/** Characters of a secret's name (AWS docs, CreateSecret), ARNs without their colons. */
const SECRET_NAME = /^[\w/+=.@-]{1,512}$/;
/** Characters of a parameter's name (AWS docs, PutParameter). */
const PARAMETER_NAME = /^[\w/.-]{1,1011}$/;
const SECRET_ARN = /^arn:[\w-]+:secretsmanager:([\w-]+):\d{12}:secret:([\w/+=.@-]+)(:.*)?$/;
const PARAMETER_ARN = /^arn:[\w-]+:ssm:([\w-]+):\d{12}:parameter\/[\w/.-]+$/;

/** Whether a setting's text is meant as a reference, well formed or not. */
export function isReference(text: string): boolean {
  return text.startsWith(SECRETS_MANAGER) || text.startsWith(PARAMETER_STORE);
}

/** Parses a reference. `expected` never quotes it, because a typo may have put a secret there. */
export function readReference(text: string): Parsed<SecretReference> {
  return text.startsWith(SECRETS_MANAGER)
    ? readSecretName(text, text.slice(SECRETS_MANAGER.length))
    : readParameterName(text, text.slice(PARAMETER_STORE.length));
}

function readSecretName(text: string, rest: string): Parsed<SecretReference> {
  // Neither names nor ARNs contain a #; keys may.
  const [name = "", ...keys] = rest.split("#");
  const key = keys.length === 0 ? null : keys.join("#");
  if (name === "") return invalid(`the secret's name or ARN after ${SECRETS_MANAGER}`);
  if (key === "") return invalid("a key of the secret's JSON after the #, or no # to take the whole secret");
  const [isArn, region = null, , more] = SECRET_ARN.exec(name) ?? [];
  if (more !== undefined)
    return invalid("a key of the secret's JSON after a #: an ARN here ends with the secret's name");
  if (isArn === undefined && !SECRET_NAME.test(name)) {
    return invalid(`the secret's name (letters, digits and /_+=.@-) or ARN after ${SECRETS_MANAGER}`);
  }
  return valid({ service: "secrets-manager", text, name, key, region });
}

function readParameterName(text: string, name: string): Parsed<SecretReference> {
  if (name === "") return invalid(`the parameter's name or ARN after ${PARAMETER_STORE}`);
  if (name.includes("#"))
    return invalid(`a parameter without #: its whole value is the secret; keys are for ${SECRETS_MANAGER}`);
  const [isArn, region = null] = PARAMETER_ARN.exec(name) ?? [];
  if (isArn === undefined && !PARAMETER_NAME.test(name)) {
    return invalid(`the parameter's name (letters, digits and /_.-) or ARN after ${PARAMETER_STORE}`);
  }
  return valid({ service: "parameter-store", text, name, key: null, region });
}
