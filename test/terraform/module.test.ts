import { readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { catalog } from "../../src/catalog/index.ts";
import { FORMATS } from "../../src/encode/formats.ts";
import { COMPRESSION_SUFFIX } from "../../src/land/names.ts";
import { found, localOf, readTerraform } from "./module.ts";

const module = await readTerraform("deploy/terraform");
const example = await readTerraform("deploy/terraform/examples/daily");

describe.each([
  ["the module", module],
  ["the example root module", example],
] as const)("in %s", (_name, folder) => {
  test.each([...folder.variables])("variable %s is described, typed and used", (name, variable) => {
    expect(variable["description"]).toMatch(/\S.{10,}[.…]$/);
    expect(variable["type"]).toBeDefined();
    const uses = [...folder.text.matchAll(new RegExp(`\\bvar\\.${name}\\b`, "g"))];
    // A validation alone doesn't count as use.
    const validations = JSON.stringify(variable).split(`var.${name}`).length - 1;
    expect(uses.length - validations).toBeGreaterThan(0);
  });

  test.each([...folder.outputs])("output %s is described", (_output, output) => {
    expect(output["description"]).toMatch(/\S.{10,}[.…]$/);
  });

  test("every reference has a target", () => {
    const { text, resources, variables, locals, modules } = folder;
    const missing = [
      ...found(text, /\bvar\.(\w+)/g).filter((name) => !variables.has(name)),
      ...found(text, /\blocal\.(\w+)/g).filter((name) => !locals.has(name)),
      ...found(text, /\bmodule\.(\w+)/g).filter((name) => !modules.has(name)),
      ...found(text, /(?<!["\w.])((?:data\.)?aws_\w+\.\w+)/g).filter((name) => !resources.has(name)),
    ];
    expect(missing).toEqual([]);
    expect([...locals.keys()].filter((name) => !text.includes(`local.${name}`))).toEqual([]);
  });
});

test("the example root module sets only known variables of the module, and reads only its outputs", () => {
  const { source, ...given } = example.modules.get("pardot_etl") ?? {};
  expect(source).toBe("../..");
  expect(Object.keys(given).filter((name) => !module.variables.has(name))).toEqual([]);
  const required = [...module.variables].filter(([, { default: value }]) => value === undefined);
  expect(required.map(([name]) => name).filter((name) => !(name in given))).toEqual([]);
  expect(found(example.text, /\bmodule\.pardot_etl\.(\w+)/g).filter((name) => !module.outputs.has(name))).toEqual([]);
});

describe("the bucket", () => {
  test("expires landed files by the first letters of the catalog's objects, and nothing else", () => {
    const initials = catalog.map((object) => object.name.charAt(0));
    expect(module.locals.get("initials")).toEqual([...new Set(initials)].toSorted());
    // There are no other rules: the resource and the output for an existing bucket have the same list.
    const rules = [...module.resources.keys()].filter((name) => name.includes("lifecycle_configuration"));
    expect(rules).toEqual(["aws_s3_bucket_lifecycle_configuration.this"]);
    const { rule, dynamic } = module.resources.get(rules[0] ?? "") ?? {};
    expect(rule).toBeUndefined();
    expect(dynamic).toMatchObject({ rule: [{ for_each: "${local.lifecycle_rules}" }] });
    const expiring = localOf(module, "lifecycle_rules").match(/expire = (?!null)[^,]+/g);
    expect(expiring).toEqual(["expire = var.landed_files_days"]);
    expect(localOf(module, "lifecycle_rules")).toMatch(
      /for id, prefix in local\.landed : \{ id = id, prefix = prefix,/,
    );
  });

  test("sends events for every kind of landed file and the manifests, and each event to one rule", () => {
    const suffixes = found(localOf(module, "landed_suffixes"), /"([^"]+)"/g);
    const compressions = Object.values(COMPRESSION_SUFFIX);
    const landed = Object.values(FORMATS).flatMap(({ name, suffix }) =>
      name === "parquet" ? [suffix] : compressions.map((compression) => suffix + compression),
    );
    expect(suffixes).toEqual([...landed, "/manifest.json"].toSorted());
  });

  test("is private, versioned, encrypted and not deleted with its contents", () => {
    expect(module.resources.get("aws_s3_bucket_public_access_block.this")).toMatchObject({
      block_public_acls: true,
      block_public_policy: true,
      ignore_public_acls: true,
      restrict_public_buckets: true,
    });
    expect(module.resources.get("aws_s3_bucket_versioning.this")).toMatchObject({
      versioning_configuration: [{ status: "Enabled" }],
    });
    expect(module.resources.has("aws_s3_bucket_server_side_encryption_configuration.this")).toBe(true);
    expect(module.text).not.toContain("force_destroy");
  });
});

test("secrets have no value in Terraform", () => {
  expect(module.text + example.text).not.toMatch(/secret_string|secret_binary|aws_secretsmanager_secret_version/);
});

describe("the task", () => {
  test("has a role that names each action", () => {
    const granted = found(localOf(module, "task_statements"), /"(\w+:[A-Z*][\w*]*)"/g);
    expect(granted.length).toBeGreaterThan(5);
    expect(granted.filter((action) => action.includes("*"))).toEqual([]);
  });

  test("matches the image: its user, its only volume, its command", () => {
    const image = readFileSync(new URL("../../Dockerfile", import.meta.url), "utf8");
    const last = image.slice(image.lastIndexOf("\nFROM "));
    expect(/^USER (\S+)$/m.exec(last)?.[1]).toBe(localOf(module, "user"));
    expect(/^VOLUME \["(\S+)"\]$/m.exec(last)?.[1]).toBe(localOf(module, "scratch_path"));
    const task = String(module.resources.get("aws_ecs_task_definition.this")?.["container_definitions"]);
    expect(/^CMD (\[.*\])$/m.exec(last)?.[1]).toBe(/command += (\[.*\])/.exec(task)?.[1]);
  });

  test("runs the image set by the deploy script, and Terraform does not change it", () => {
    const parameter = module.resources.get("aws_ssm_parameter.image_tag");
    expect(parameter).toMatchObject({ lifecycle: [{ ignore_changes: ["${insecure_value}"] }] });
    const task = module.resources.get("aws_ecs_task_definition.this");
    expect(task?.["container_definitions"]).toContain(
      "${local.repository_url}:${aws_ssm_parameter.image_tag.insecure_value}",
    );
  });
});
