/**
 * Writes test/fixtures/terraform/aws-provider-schema.json: the schema of those resources and data sources of the provider
 * hashicorp/aws that deploy/terraform uses, in the form of `terraform providers schema -json`. The source is the npm
 * package @cdktn/provider-aws, which is generated from the provider's schema (see its README for the version). It is too
 * large for a dependency:
 *
 *     npm pack @cdktn/provider-aws@25.7.0 && tar -xzf cdktn-provider-aws-25.7.0.tgz
 *     node_modules/.bin/node scripts/provider-schema.ts package
 */
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import process from "node:process";

interface Block {
  readonly attributes: Record<string, object>;
  readonly block_types: Record<string, object>;
}

type Type = string | readonly [string, string];

/** Type of an attribute by its kind in the package. */
const STORED: Readonly<Record<string, Type>> = {
  string: "string",
  number: "number",
  boolean: "bool",
  any: "dynamic",
  stringList: ["list", "string"],
  numberList: ["list", "number"],
  stringMap: ["map", "string"],
  numberMap: ["map", "number"],
  booleanMap: ["map", "bool"],
};

/** Type of a read-only attribute, by the name of its getter. */
const READ: Readonly<Record<string, Type>> = {
  String: "string",
  Number: "number",
  Boolean: "bool",
  List: ["list", "string"],
  StringMap: ["map", "string"],
};

/** A writable attribute: name, how the value is made, whether it is a block, collection, kind. */
const WRITTEN =
  /^\s+(\w+): \{\n\s+value: (.*),\n\s+isBlock: (true|false),\n\s+type: "(\w+)",\n\s+storageClassType: "(\w+)",\n/gm;
/** Comment for each name in a class: `// bucket - computed: true, optional: true, required: false`. */
const FLAGS = /\/\/ (\w+) - computed: (\w+), optional: (\w+), required: (\w+)/g;
const GETTER = /this\.get(\w+)Attribute\('(\w+)'\)/g;

const root = new URL("../", import.meta.url);
const [source] = process.argv.slice(2);
if (source === undefined)
  throw new Error("usage: node scripts/provider-schema.ts FOLDER of the unpacked @cdktn/provider-aws");

const module = await textOf(["deploy/terraform", "deploy/terraform/examples/daily"]);
const schema = {
  format_version: "1.0",
  provider_schemas: {
    "registry.terraform.io/hashicorp/aws": {
      provider: await schemaOf("provider"),
      resource_schemas: await schemasOf("resource", ""),
      data_source_schemas: await schemasOf("data", "data-aws-"),
    },
  },
};
const file = new URL("test/fixtures/terraform/aws-provider-schema.json", root);
await writeFile(file, `${JSON.stringify(sorted(schema))}\n`);

async function textOf(folders: readonly string[]): Promise<string> {
  const texts: string[] = [];
  for (const folder of folders) {
    const names = (await readdir(new URL(`${folder}/`, root))).filter((name) => name.endsWith(".tf"));
    for (const name of names) texts.push(await readFile(new URL(`${folder}/${name}`, root), "utf8"));
  }
  return texts.join("\n");
}

async function schemasOf(kind: string, folderPrefix: string): Promise<Record<string, object>> {
  const types = [...module.matchAll(new RegExp(`^${kind} "aws_(\\w+)"`, "gm"))].map(([, type = ""]) => type);
  const schemas: Record<string, object> = {};
  for (const type of types) schemas[`aws_${type}`] = await schemaOf(folderPrefix + type.replaceAll("_", "-"));
  return schemas;
}

async function schemaOf(folder: string): Promise<object> {
  const script = await readFile(join(source ?? "", "lib", folder, "index.js"), "utf8");
  // The resource's own class is exported last.
  const name = [...script.matchAll(/^exports\.(\w+) = \1;$/gm)].at(-1)?.[1] ?? "";
  const body = classOf(script, name) ?? "";
  const written = /synthesizeHclAttributes\(\) \{([\s\S]*?)\n {4}\}/.exec(body)?.[1] ?? "";
  return { version: 0, block: blockOf(script, written, body) };
}

function classOf(script: string, name: string): string | null {
  const start = script.indexOf(`class ${name} extends`);
  return start === -1 ? null : script.slice(start, script.indexOf("\n}\n", start));
}

function blockOf(script: string, written: string, body: string): Block {
  const flags = new Map(
    [...body.matchAll(FLAGS)].map(([, name = "", computed, optional, required]) => [
      name,
      { computed: computed === "true", optional: optional === "true", required: required === "true" },
    ]),
  );
  const block: Block = { attributes: {}, block_types: {} };
  for (const [, name = "", value = "", isBlock, collection = "", kind = ""] of written.matchAll(WRITTEN)) {
    const flag = flags.get(name);
    if (isBlock === "true") {
      block.block_types[name] = nestedBlock(script, value, collection, flag?.required ?? false);
      continue;
    }
    const type = STORED[kind];
    if (type === undefined) throw new Error(`${name}: unknown kind ${kind}`);
    block.attributes[name] = { type: collection === "set" ? ["set", type[1]] : type, ...trueOnes(flag ?? {}) };
  }
  for (const [, kind = "", name = ""] of body.matchAll(GETTER)) {
    const type = READ[kind];
    if (name in block.attributes || name in block.block_types || type === undefined) continue;
    block.attributes[name] = { type, computed: true };
  }
  return block;
}

function nestedBlock(script: string, value: string, collection: string, isRequired: boolean): object {
  const converter = /(\w+)ToHclTerraform/.exec(value)?.[1] ?? "";
  const written = new RegExp(`function ${converter}ToHclTerraform\\(struct\\) \\{([\\s\\S]*?)\\n\\}\\n`).exec(script);
  if (written === null) throw new Error(`no ${converter}ToHclTerraform`);
  // Blocks of the provider's configuration have no class.
  const body = classOf(script, `${converter.charAt(0).toUpperCase()}${converter.slice(1)}OutputReference`) ?? "";
  const mode = collection === "struct" ? "single" : collection;
  return {
    nesting_mode: mode,
    ...(isRequired && mode !== "single" ? { min_items: 1 } : {}),
    ...(value.includes("listMapperHcl") || mode === "single" ? {} : { max_items: 1 }),
    block: blockOf(script, written[1] ?? "", body),
  };
}

function trueOnes(flags: Readonly<Record<string, boolean>>): Record<string, boolean> {
  return Object.fromEntries(Object.entries(flags).filter(([, isSet]) => isSet));
}

function sorted(value: unknown): unknown {
  if (Array.isArray(value) || value === null || typeof value !== "object") return value;
  const entries = Object.entries(value).toSorted(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([key, part]) => [key, sorted(part)]));
}
