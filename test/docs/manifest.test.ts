import { spawnSync } from "node:child_process";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { Ajv } from "ajv";
import type { AnySchemaObject } from "ajv";
import { afterAll, beforeAll, describe, expect, it, test } from "vitest";
import { DOCUMENTS, schemaText } from "../../scripts/schemas.ts";
import { callCli } from "../kit/cli.ts";
import { scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { blocksOf, pageText } from "./blocks.ts";

// Holds docs/manifest.md and docs/schemas against what the commands print.

let at: Scene;
/** What a command printed, by the name of its schema. */
const printed = new Map<string, unknown[]>();
let run: string;

async function print(name: string, args: readonly string[], env: Environment = {}): Promise<string> {
  const { stdout } = await callCli([...args, "--json"], { ...at.env, ...env }, { cwd: at.root });
  printed.set(name, [...(printed.get(name) ?? []), JSON.parse(stdout) as unknown]);
  return stdout;
}

beforeAll(async () => {
  at = await scene({ knobs: { customFields: 2 } }, { PARDOT_ETL_OBJECTS: "Prospect,Tag,VisitorActivity" });
  await print("plan", ["plan"]);
  await print("check", ["check"]);
  run = await print("manifest", ["run"]);
  await print("status", ["status"]);
  await print("verify", ["verify"]);
  // With what a bad morning adds: errors, open windows, gaps and problems.
  at.simulator.advance(2);
  at.simulator.faults([{ path: "tag/", code: 10, count: 50 }]);
  await print("manifest", ["run"]);
  await print("manifest", ["run", "--full"], { PARDOT_DAILY_CALL_BUDGET: "40" });
  await print("plan", ["plan"], { PARDOT_CLIENT_SECRET: "wrong" });
  await print("status", ["status"]);
  await print("verify", ["verify"], { PARDOT_ETL_WAREHOUSE: at.duckdb });
  await print("check", ["check"], { PARDOT_ETL_DESTINATION: "/proc/none" });
});
afterAll(async () => at.close());

/** The schema in which unknown keys are not allowed, so that each printed key must be described. */
function strict(schema: unknown): AnySchemaObject {
  return JSON.parse(JSON.stringify(schema), (_key, value: unknown) => {
    const isRecord = typeof value === "object" && value !== null && "properties" in value;
    return isRecord ? { ...value, additionalProperties: false } : value;
  }) as AnySchemaObject;
}

async function schemaOf(name: string): Promise<AnySchemaObject> {
  return JSON.parse(
    await readFile(join(import.meta.dirname, `../../docs/schemas/${name}.schema.json`), "utf8"),
  ) as AnySchemaObject;
}

describe.each(Object.keys(DOCUMENTS))("the schema of %s", (name) => {
  test("is what `npm run docs` writes", async () => {
    // Formatted as all files are.
    expect(JSON.parse(await pageText(`docs/schemas/${name}.schema.json`))).toEqual(JSON.parse(schemaText(name)));
  });

  test("describes each key that was printed, and its type", async () => {
    const documents = printed.get(name) ?? [];
    expect(documents.length).toBeGreaterThan(1);
    const schema = strict(await schemaOf(name));
    const ajv = new Ajv({ strict: false, allErrors: true });
    for (const document of documents) {
      // A command that has no result prints only why.
      if (Object.keys(document as object).join(",") === "error") continue;
      const isValid = ajv.validate(schema, document);
      expect(isValid ? [] : ajv.errors?.slice(0, 3)).toEqual([]);
    }
  });

  test("refuses a document that lacks a key or has one of another type", async () => {
    const schema = await schemaOf(name);
    const [document] = printed.get(name) ?? [];
    const [key = ""] = schema["required"] as string[];
    const ajv = new Ajv({ strict: false });
    const { [key]: _gone, ...rest } = document as Record<string, unknown>;
    expect(ajv.validate(schema, document)).toBe(true);
    expect(ajv.validate(schema, rest)).toBe(false);
    expect(ajv.validate(schema, { ...rest, [key]: { other: 1 } })).toBe(false);
  });
});

describe("docs/manifest.md", () => {
  it("shows a manifest whose keys all exist", async () => {
    const example = blocksOf(await pageText("docs/manifest.md")).find(({ language }) => language === "json");
    const schema = strict(await schemaOf("manifest"));
    // The example leaves keys out.
    const optional = JSON.parse(JSON.stringify(schema), (key, value: unknown) =>
      key === "required" ? undefined : value,
    ) as AnySchemaObject;
    const ajv = new Ajv({ strict: false, allErrors: true });
    expect(ajv.validate(optional, JSON.parse(example?.text ?? "")) ? [] : ajv.errors).toEqual([]);
  });

  // jq comes with .ci/run.
  const isHere = spawnSync("jq", ["--version"]).status === 0 || process.env["PARDOT_ETL_REQUIRE_SHELLS"] === "1";
  it.skipIf(!isHere)("has examples for jq that run on what the commands print", async () => {
    const lines = blocksOf(await pageText("docs/manifest.md"))
      .filter(({ language }) => language === "sh")
      .flatMap(({ text }) => text.split("\n"))
      .filter((line) => line.includes("jq "));
    expect(lines).toHaveLength(3);
    const status = JSON.stringify(printed.get("status")?.[0]);
    const answers = lines.map((line) => {
      const [, options = "", program = ""] = /jq ((?:-\w )*)'([^']+)'/.exec(line) ?? [];
      const { stdout, stderr } = spawnSync("jq", [...options.split(" ").filter(Boolean), program], {
        input: line.includes("status --json") ? status : run,
        encoding: "utf8",
      });
      expect(stderr).toBe("");
      return stdout;
    });
    expect(answers[0]).toMatch(/^Prospect\tcomplete\t\d+$/m);
    expect(answers[1]).toMatch(/^Tag\/Tag_api_\S+\.csv$/m);
    expect(JSON.parse(answers[2] ?? "")).toEqual({ hours: 0, problems: [] });
  });
});
