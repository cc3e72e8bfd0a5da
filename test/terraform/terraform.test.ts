import { readdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { startProvider } from "./stand-in-provider.ts";
import type { StandInProvider } from "./stand-in-provider.ts";
import { copyModule, mayFetchProvider, terraformProgram } from "./terraform.ts";
import type { ModuleCopy } from "./terraform.ts";

const program = terraformProgram();
const tests = readdirSync(new URL("../../deploy/terraform/tests", import.meta.url)).filter((name) =>
  name.endsWith(".tftest.hcl"),
);

const noProgram = program === null ? " (skipped: no program `terraform` on the PATH)" : "";
const noProvider =
  noProgram !== ""
    ? noProgram
    : mayFetchProvider()
      ? ""
      : " (skipped: PARDOT_ETL_TERRAFORM_REGISTRY=1 is not set, so the real provider is not fetched)";
for (const reason of new Set([noProgram, noProvider])) {
  if (reason !== "") console.warn(`test/terraform:${reason}`);
}

describe.skipIf(program === null)(`the module, with a stand-in of the provider${noProgram}`, () => {
  let provider: StandInProvider;
  let copy: ModuleCopy;
  beforeAll(async () => {
    provider = await startProvider();
    copy = await copyModule(program ?? "", provider.env);
  });
  afterAll(async () => {
    await copy.remove();
    await provider.close();
  });

  /** Runs with one text of one file replaced, and puts the file back. */
  async function changed<T>(name: string, from: string, to: string, run: () => Promise<T>): Promise<T> {
    const path = join(copy.path, name);
    const before = await readFile(path, "utf8");
    expect(before).toContain(from);
    await writeFile(path, before.replace(from, to));
    try {
      return await run();
    } finally {
      await writeFile(path, before);
    }
  }

  test("is formatted as `terraform fmt` does it", async () => {
    expect(await copy.run(["fmt", "-check", "-recursive", "-diff"])).toEqual({ code: 0, text: "" });
  });

  test("is valid: names, types and what is required", async () => {
    const outcome = await copy.run(["validate"]);
    expect(outcome.text).toContain("The configuration is valid");
    expect(outcome.code).toBe(0);
  });

  test("is called rightly by the root that people copy", async () => {
    expect(await copy.run(["init", "-backend=false", "-input=false"], "examples/daily")).toMatchObject({ code: 0 });
    const outcome = await copy.run(["validate"], "examples/daily");
    expect(outcome.text).toContain("The configuration is valid");
  });

  test("would be refused with an argument that the provider does not know", async () => {
    const outcome = await changed("registry.tf", "scan_on_push", "scan_when_pushed", async () =>
      copy.run(["validate"]),
    );
    expect(outcome.code).toBe(1);
    expect(outcome.text).toContain('An argument named "scan_when_pushed" is not expected here');
  });

  test.each(tests)("passes %s", async (name) => {
    const outcome = await copy.run(["test", `-filter=tests/${name}`]);
    expect(outcome.text).toMatch(/Success! [1-9]\d* passed, 0 failed/);
    expect(outcome.code).toBe(0);
  });

  test("would fail, promise by promise, with a module that breaks them", async () => {
    const outcome = await BROKEN.reduce(
      (run, [file, from, to]) =>
        async () =>
          changed(file, from, to, run),
      async () => copy.run(["test", "-filter=tests/daily.tftest.hcl"]),
    )();
    const said = outcome.text.replaceAll(/\s+/g, " ");
    for (const [, , , message] of BROKEN) expect(said).toContain(message);
    expect(outcome.code).toBe(1);
  });
});

/** File, what stands there, what breaks it, and what has to be said then. */
const BROKEN = [
  ["task.tf", "readonlyRootFilesystem = true", "readonlyRootFilesystem = false", "root file system must be read-only"],
  ["bucket.tf", "prefix = rule.value", 'prefix = "pardot/"', "none may reach _pardot_etl/"],
  ["roles.tf", "/_pardot_etl/*", "/*", "must not be able to remove landed files"],
  [
    "schedule.tf",
    "task_definition_arn = aws_ecs_task_definition.this.arn_without_revision",
    "task_definition_arn = aws_ecs_task_definition.this.arn",
    "the family's latest revision",
  ],
  ["alarms.tf", 'treat_missing_data  = "breaching"', 'treat_missing_data  = "missing"', "No run at all must ring"],
] as const;

describe.skipIf(noProvider !== "")(`the module, with the real provider${noProvider}`, () => {
  let copy: ModuleCopy;
  beforeAll(async () => {
    copy = await copyModule(program ?? "", {});
    for (const below of [".", "examples/daily"]) {
      const outcome = await copy.run(["init", "-backend=false", "-input=false"], below);
      if (outcome.code !== 0) throw new Error(`terraform init in ${below}: ${outcome.text}`);
    }
  });
  afterAll(async () => copy.remove());

  test.each([".", "examples/daily"])("is valid in %s", async (below) => {
    const outcome = await copy.run(["validate"], below);
    expect(outcome.text).toContain("The configuration is valid");
  });

  test.each(tests)("passes %s", async (name) => {
    const outcome = await copy.run(["test", `-filter=tests/${name}`]);
    expect(outcome.text).toMatch(/Success! [1-9]\d* passed, 0 failed/);
  });
});
