/**
 * The parameter `fields`: names of the object, and dots to related objects, at most three of them (vendor docs, v5 overview).
 */
import { ApiError } from "../api-error.ts";
import type { Account } from "../../account/account.ts";
import type { Knobs } from "../../knobs.ts";
import { PROSPECT } from "../../objects/prospect.ts";
import type { V5Field, V5Object } from "../../objects/v5/notation.ts";
import { v5Object } from "../../objects/v5/objects-v5.ts";

const HOPS_MAX = 3;

/** One requested name, with what is requested inside it. */
export type Picked =
  | { readonly kind: "field"; readonly name: string; readonly field: V5Field; readonly parts: readonly string[] | null }
  | {
      readonly kind: "relation";
      readonly name: string;
      readonly id: V5Field;
      readonly target: V5Object;
      readonly picks: readonly Picked[];
    };

export interface FieldContext {
  readonly account: Account;
  readonly knobs: Knobs;
  readonly operation: "query" | "read" | "export";
}

/** Throws ApiError: 51 names the first unknown field, 224 is for fields that this operation does not return. */
export function readFields(text: string | undefined, object: V5Object, context: FieldContext): readonly Picked[] {
  const names = (text ?? "").split(",").map((name) => name.trim());
  if (text === undefined || names.every((name) => name === "")) throw new ApiError(context.knobs.v5FieldsMissingCode);
  return picksOf(names, "", object, 0, context);
}

/** The message is what PostHog's production logs show (PR 102066). */
export function unknownField(name: string): ApiError {
  return new ApiError(51, `: fields. It contains an invalid or unknown field: ${name}.`);
}

/** A field of this business unit by name, custom fields included; null if there is none. */
export function fieldOf(
  object: V5Object,
  name: string,
  { account, knobs }: Omit<FieldContext, "operation">,
): V5Field | null {
  if (knobs.v5MissingFields.split(",").includes(`${object.name}.${name}`)) return null;
  return object.fields.get(name) ?? customField(object, name, account);
}

/** Custom fields of prospects are named one by one, with `__c` (vendor docs, prospects). */
function customField(object: V5Object, name: string, account: Account): V5Field | null {
  if (object.name !== PROSPECT.name || !name.endsWith("__c")) return null;
  const column = name.slice(0, -"__c".length);
  const columns = account.columns(PROSPECT).slice(PROSPECT.columns.length);
  if (columns.every((candidate) => candidate.name !== column)) return null;
  const isMulti = PROSPECT.custom?.isMultiValue(column, account.world) === true;
  return { name, type: isMulti ? "list" : "string", access: "all", parts: [] };
}

/** All fields that a read returns, in order. */
export function allFields(object: V5Object, account: Account): readonly V5Field[] {
  const columns = object.name === PROSPECT.name ? account.columns(PROSPECT).slice(PROSPECT.columns.length) : [];
  const custom = columns.flatMap(({ name }) => customField(object, `${name}__c`, account) ?? []);
  return [...object.fields.values(), ...custom].filter(({ access }) => access !== "write");
}

function picksOf(
  names: readonly string[],
  path: string,
  object: V5Object,
  hops: number,
  context: FieldContext,
): readonly Picked[] {
  const inside = new Map<string, string[] | null>();
  for (const name of names) {
    const [first = "", ...rest] = name.split(".");
    if (rest.length === 0) inside.set(first, null);
    else inside.set(first, [...(inside.get(first) ?? []), rest.join(".")]);
  }
  return [...inside].map(([name, deeper]): Picked => {
    const full = path + name + (deeper === null ? "" : `.${deeper[0] ?? ""}`);
    const relation = object.relations.get(name);
    if (relation !== undefined && deeper !== null) {
      const [target, id] = [v5Object(relation.object), object.fields.get(relation.id)];
      if (target === undefined || id === undefined || hops >= HOPS_MAX) throw unknownField(full);
      return {
        kind: "relation",
        name,
        id,
        target,
        picks: picksOf(deeper, `${path}${name}.`, target, hops + 1, context),
      };
    }
    const field = fieldOf(object, name, context);
    if (field === null) throw unknownField(full);
    if (deeper?.some((part) => !field.parts.includes(part)) === true) throw unknownField(full);
    checkAccess(field, hops, context);
    return { kind: "field", name, field, parts: deeper };
  });
}

function checkAccess({ name, type, access }: V5Field, hops: number, { knobs, operation }: FieldContext): void {
  if (access === "write") {
    throw knobs.v5WriteOnlyCode === 51 ? unknownField(name) : new ApiError(224);
  }
  if (operation === "read" && hops === 0) return;
  const isArray = type === "list" || type === "record";
  // Exports have no lists (AWS Glue manual). Multi-value custom fields are left out of queries instead of refused.
  if (isArray && operation === "export") throw new ApiError(180);
  if (access === "read" || (isArray && knobs.v5Arrays === "refused" && !name.endsWith("__c"))) throw new ApiError(224);
}
