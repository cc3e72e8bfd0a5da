import { readFile } from "node:fs/promises";
import { delimited, number } from "./protobuf.ts";

/** A provider's schema as `terraform providers schema -json` prints it. */
export interface ProviderSchema {
  readonly provider: Schema;
  readonly resource_schemas: Readonly<Record<string, Schema>>;
  readonly data_source_schemas: Readonly<Record<string, Schema>>;
}

interface Schema {
  readonly version: number;
  readonly block: Block;
}

interface Block {
  readonly attributes?: Readonly<Record<string, Attribute>>;
  readonly block_types?: Readonly<Record<string, NestedBlock>>;
}

interface Attribute {
  readonly type: unknown;
  readonly required?: boolean;
  readonly optional?: boolean;
  readonly computed?: boolean;
}

interface NestedBlock {
  readonly nesting_mode: keyof typeof NESTING;
  readonly block: Block;
  readonly min_items?: number;
  readonly max_items?: number;
}

/** Numbers of the modes in Terraform's plugin protocol 5. */
const NESTING = { single: 1, list: 2, set: 3, map: 4, group: 5 } as const;

/** The resources and data sources of hashicorp/aws that the module uses; scripts/provider-schema.ts writes the file. */
export async function awsSchema(): Promise<ProviderSchema> {
  const file = new URL("../fixtures/terraform/aws-provider-schema.json", import.meta.url);
  const { provider_schemas: providers } = JSON.parse(await readFile(file, "utf8")) as {
    provider_schemas: Readonly<Record<string, ProviderSchema>>;
  };
  const aws = providers["registry.terraform.io/hashicorp/aws"];
  if (aws === undefined) throw new Error(`${file.pathname} has no schema of hashicorp/aws`);
  return aws;
}

/** The response to GetSchema of plugin protocol 5. */
export function schemaAnswer(schema: ProviderSchema): Buffer {
  const entry = (field: number, [name, value]: readonly [string, Schema]): Buffer =>
    delimited(field, Buffer.concat([delimited(1, name), delimited(2, encodeSchema(value))]));
  return Buffer.concat([
    delimited(1, encodeSchema(schema.provider)),
    ...Object.entries(schema.resource_schemas).map((pair) => entry(2, pair)),
    ...Object.entries(schema.data_source_schemas).map((pair) => entry(3, pair)),
  ]);
}

function encodeSchema({ version, block }: Schema): Buffer {
  return Buffer.concat([number(1, version), delimited(2, encodeBlock(block))]);
}

function encodeBlock({ attributes = {}, block_types: blocks = {} }: Block): Buffer {
  const encodedAttributes = Object.entries(attributes).map(([name, attribute]) =>
    delimited(
      2,
      Buffer.concat([
        delimited(1, name),
        delimited(2, JSON.stringify(attribute.type)),
        number(4, attribute.required ?? false),
        number(5, attribute.optional ?? false),
        number(6, attribute.computed ?? false),
      ]),
    ),
  );
  const encodedBlocks = Object.entries(blocks).map(([name, nested]) =>
    delimited(
      3,
      Buffer.concat([
        delimited(1, name),
        delimited(2, encodeBlock(nested.block)),
        number(3, NESTING[nested.nesting_mode]),
        number(4, nested.min_items ?? 0),
        number(5, nested.max_items ?? 0),
      ]),
    ),
  );
  return Buffer.concat([...encodedAttributes, ...encodedBlocks]);
}
