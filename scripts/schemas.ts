/** Writes docs/schemas: JSON Schemas of the manifest and of what `--json` prints, from their TypeScript types. */
import { mkdir, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { createGenerator } from "ts-json-schema-generator";
import type { Schema } from "ts-json-schema-generator";
import { snakeCase } from "../src/report/log.ts";

const ROOT = join(import.meta.dirname, "..");

interface Document {
  readonly file: string;
  readonly type: string;
  readonly title: string;
  /** Whether keys are printed in snake case; the manifest has its own. */
  readonly isSnake: boolean;
  /** Keys of the type that are not printed. */
  readonly without?: readonly string[];
  /** Whether an `error` precedes the result when something failed. */
  readonly mayFail?: true;
}

const OPERATIONS = "src/operations/api.ts";

/** By the name of the schema. */
export const DOCUMENTS: Readonly<Record<string, Document>> = {
  manifest: {
    file: "src/manifest/manifest.ts",
    type: "Manifest",
    title: "manifest.json of a run, and what `run --json` prints",
    isSnake: false,
    mayFail: true,
  },
  plan: { file: OPERATIONS, type: "PlanResult", title: "What `plan --json` prints", isSnake: true, mayFail: true },
  check: { file: OPERATIONS, type: "CheckResult", title: "What `check --json` prints", isSnake: true, mayFail: true },
  status: {
    file: OPERATIONS,
    type: "StatusResult",
    title: "What `status --json` prints",
    isSnake: true,
    without: ["exitCode", "pardotNow"],
  },
  verify: { file: OPERATIONS, type: "VerifyResult", title: "What `verify --json` prints", isSnake: true },
};

const ERROR: Schema = {
  type: "object",
  description: "Only when something failed.",
  properties: {
    code: { type: "string" },
    message: { type: "string" },
    hint: { type: ["string", "null"] },
    problems: { type: "array", items: { type: "object" } },
  },
  required: ["code", "message", "hint"],
};

/** The text of a schema's file. Keys that it does not have are allowed: later versions may add some. */
export function schemaText(name: string): string {
  const document = DOCUMENTS[name];
  if (document === undefined) throw new Error(`no schema ${name}`);
  const { file, type, title, isSnake, without = [], mayFail = false } = document;
  const generated = createGenerator({
    path: join(ROOT, file),
    tsconfig: join(ROOT, "tsconfig.json"),
    type,
    topRef: false,
    additionalProperties: true,
    skipTypeCheck: true,
    sortProps: false,
  }).createSchema(type);
  const whole = withoutKeys(generated, without);
  const schema = mayFail ? { ...whole, properties: { error: ERROR, ...whole.properties } } : whole;
  const { $schema: dialect, definitions, ...rest } = isSnake ? snakeProperties(schema) : schema;
  return `${JSON.stringify({ $schema: dialect, title, ...rest, ...(definitions === undefined ? {} : { definitions }) }, null, 2)}\n`;
}

function withoutKeys(schema: Schema, keys: readonly string[]): Schema {
  const properties = Object.entries(schema.properties ?? {}).filter(([key]) => !keys.includes(key));
  return {
    ...schema,
    properties: Object.fromEntries(properties),
    required: (schema.required ?? []).filter((key) => !keys.includes(key)),
  };
}

/** The schema with the names of properties as they are printed. */
function snakeProperties(schema: Schema): Schema {
  return JSON.parse(JSON.stringify(schema), (key: string, value: unknown) => {
    if (key === "required" && Array.isArray(value)) return value.map((name) => snakeCase(String(name)));
    if (key !== "properties" || typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, of]) => [snakeCase(name), of as unknown]));
  }) as Schema;
}

if (process.argv[1] === import.meta.filename) {
  await mkdir(join(ROOT, "docs/schemas"), { recursive: true });
  for (const name of Object.keys(DOCUMENTS)) {
    await writeFile(join(ROOT, `docs/schemas/${name}.schema.json`), schemaText(name));
  }
}
