import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { parse } from "@cdktn/hcl2json";

/** A block's arguments; an expression is text in `${…}`. */
export type Arguments = Readonly<Record<string, unknown>>;

/** Terraform files of one folder, read by HashiCorp's own parser. */
export interface TerraformFolder {
  /** By `type.name`; `data.type.name` for data sources. */
  readonly resources: ReadonlyMap<string, Arguments>;
  readonly variables: ReadonlyMap<string, Arguments>;
  readonly outputs: ReadonlyMap<string, Arguments>;
  readonly locals: ReadonlyMap<string, unknown>;
  readonly modules: ReadonlyMap<string, Arguments>;
  /** The concatenated files, without comments. */
  readonly text: string;
}

type Named = Readonly<Record<string, readonly Arguments[]>>;

interface Parsed {
  readonly resource?: Readonly<Record<string, Named>>;
  readonly data?: Readonly<Record<string, Named>>;
  readonly variable?: Named;
  readonly output?: Named;
  readonly module?: Named;
  readonly locals?: readonly Readonly<Record<string, unknown>>[];
}

/** @param path below the repository's root */
export async function readTerraform(path: string): Promise<TerraformFolder> {
  const folder = fileURLToPath(new URL(`../../${path}/`, import.meta.url));
  const resources = new Map<string, Arguments>();
  const variables = new Map<string, Arguments>();
  const outputs = new Map<string, Arguments>();
  const modules = new Map<string, Arguments>();
  const locals = new Map<string, unknown>();
  const texts: string[] = [];
  for (const name of readdirSync(folder).filter((file) => file.endsWith(".tf"))) {
    const text = readFileSync(folder + name, "utf8");
    texts.push(text.replaceAll(/^\s*#.*$/gm, ""));
    const parsed = (await parse(name, text)) as Parsed;
    for (const [prefix, types] of [["", parsed.resource] as const, ["data.", parsed.data] as const]) {
      for (const [type, named] of Object.entries(types ?? {})) take(named, resources, `${prefix}${type}.`);
    }
    take(parsed.variable, variables);
    take(parsed.output, outputs);
    take(parsed.module, modules);
    for (const block of parsed.locals ?? []) {
      for (const [local, value] of Object.entries(block)) locals.set(local, value);
    }
  }
  return { resources, variables, outputs, locals, modules, text: texts.join("\n") };
}

function take(named: Named | undefined, into: Map<string, Arguments>, prefix = ""): void {
  for (const [name, [block]] of Object.entries(named ?? {})) into.set(prefix + name, block ?? {});
}

/** The expression of a local of a folder, as text. */
export function localOf({ locals }: TerraformFolder, name: string): string {
  const value = locals.get(name);
  if (typeof value !== "string") throw new Error(`local.${name} is no expression`);
  return value;
}

/** All matches of a pattern, each once, sorted. */
export function found(text: string, pattern: RegExp): readonly string[] {
  return [...new Set([...text.matchAll(pattern)].map(([, name = ""]) => name))].toSorted();
}
