import { parse } from "@cdktn/hcl2json";
import type { TerraformFolder } from "../terraform/module.ts";

/** An event of EventBridge, as far as rules look at it. */
export type Event = Readonly<Record<string, unknown>>;

export interface EventRule {
  /** The text that the target receives; null if the rule does not match. */
  messageOf(event: Event): string | null;
}

interface Target {
  readonly input_transformer: readonly [
    { readonly input_paths: Readonly<Record<string, string>>; readonly input_template: string },
  ];
}

/**
 * A rule of the module and its target, with values for the references in them: which events match (EventBridge user
 * guide, "Event patterns"), and what becomes of one ("Input transformation": a path that is missing yields nothing, and
 * other values are put between the template's quotes).
 */
export async function readEventRule(
  module: TerraformFolder,
  name: string,
  references: Readonly<Record<string, string>>,
): Promise<EventRule> {
  const expression = String(module.resources.get(`aws_cloudwatch_event_rule.${name}`)?.["event_pattern"]);
  const pattern = await literal(expression.replaceAll(/^\$\{jsonencode\(|\)\}$/g, ""), references);
  const target = module.resources.get(`aws_cloudwatch_event_target.${name}`) as unknown as Target;
  const [{ input_paths: paths, input_template: template }] = target.input_transformer;
  const text = fill(template, references);
  return {
    messageOf: (event) => {
      if (!matches(pattern as Event, event)) return null;
      const message: unknown = JSON.parse(
        text.replaceAll(/<(\w+)>/g, (_all, variable: string) => valueAt(event, paths[variable] ?? "")),
      );
      if (typeof message !== "string") throw new Error("the template is not a text");
      return message;
    },
  };
}

/** Replaces every `${reference}`. One that has no value is an error. */
function fill(template: string, references: Readonly<Record<string, string>>): string {
  return template.replaceAll(/\$\{([^}]+)\}/g, (_all, reference: string) => {
    const value = references[reference];
    if (value === undefined) throw new Error(`${reference} has no value here`);
    return value;
  });
}

/** The value of an object in Terraform's language: its references become texts first. */
async function literal(expression: string, references: Readonly<Record<string, string>>): Promise<unknown> {
  const bare = Object.entries(references).reduce(
    (text, [reference, value]) => text.replaceAll(`[${reference}]`, JSON.stringify([value])),
    expression,
  );
  return ((await parse("pattern.tf", `locals { value = ${fill(bare, references)} }`)) as Locals).locals[0].value;
}

interface Locals {
  readonly locals: readonly [{ readonly value: unknown }];
}

function matches(pattern: Event, event: unknown): boolean {
  if (Array.isArray(event)) return event.some((element) => matches(pattern, element));
  return Object.entries(pattern).every(([field, wanted]) => {
    if (field === "$or") return (wanted as readonly Event[]).some((one) => matches(one, event));
    const value = (event as Event | undefined)?.[field];
    if (!Array.isArray(wanted)) return value !== undefined && matches(wanted as Event, value);
    return value !== undefined && wanted.some((one) => isMet(one, value));
  });
}

function isMet(condition: unknown, value: unknown): boolean {
  if (typeof condition !== "object" || condition === null) return condition === value;
  const [[kind, operand] = []] = Object.entries(condition);
  if (kind === "prefix") return typeof value === "string" && value.startsWith(String(operand));
  if (kind === "anything-but") return !(operand as readonly unknown[]).includes(value);
  throw new Error(`a condition that is not understood here: ${kind}`);
}

function valueAt(event: Event, path: string): string {
  const fields = path.replace(/^\$\./, "").split(".");
  const value = fields.reduce<unknown>((found, field) => (found as Event | undefined)?.[field], event);
  return typeof value === "string" ? value : "";
}
