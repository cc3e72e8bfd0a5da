import { readFileSync } from "node:fs";

const TEMPLATE = new URL("../../deploy/terraform/fleet.asl.json.tftpl", import.meta.url);
/** A name, `jsonencode(name)`, or `name ? "this" : "that"`. */
const INTERPOLATION = /\$\{(?:(\w+)|jsonencode\((\w+)\)|(\w+) \? "(\w+)" : "(\w+)")\}/g;

/** Values as the module would give them. */
export const VARIABLES = {
  partition: "aws",
  cluster_arn: "arn:aws:ecs:eu-central-1:111122223333:cluster/pardot-etl-prod",
  task_definition_arn: "arn:aws:ecs:eu-central-1:111122223333:task-definition/pardot-etl-prod",
  container_name: "pardot-etl",
  subnet_ids: ["subnet-1", "subnet-2"],
  security_group_ids: ["sg-1"],
  assign_public_ip: false,
  max_concurrency: 8,
} as const;

/** The template as text, and with the variables in it, like Terraform's `templatefile`. */
export function fleetDefinition(): { readonly template: string; readonly definition: Record<string, unknown> } {
  const template = readFileSync(TEMPLATE, "utf8");
  const valueOf = (name: string): unknown => {
    if (!Object.hasOwn(VARIABLES, name)) throw new Error(`the template has a variable ${name} that is unknown here`);
    return (VARIABLES as Readonly<Record<string, unknown>>)[name];
  };
  const filled = template.replaceAll(
    INTERPOLATION,
    (_all, plain?: string, encoded?: string, condition?: string, yes?: string, no?: string): string => {
      if (plain !== undefined) return String(valueOf(plain));
      if (encoded !== undefined) return JSON.stringify(valueOf(encoded));
      return valueOf(condition ?? "") === true ? `${yes}` : `${no}`;
    },
  );
  return { template, definition: JSON.parse(filled) as Record<string, unknown> };
}
