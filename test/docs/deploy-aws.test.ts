import { readFileSync, statSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { readTerraform } from "../terraform/module.ts";

const PAGE = readPage("docs/deploy-aws.md");
const module = await readTerraform("deploy/terraform");
const example = await readTerraform("deploy/terraform/examples/daily");

function readPage(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

function section(heading: string): string {
  const part = PAGE.split(/^## /m).find((text) => text.startsWith(`${heading}\n`));
  if (part === undefined) throw new Error(`docs/deploy-aws.md has no section ${heading}`);
  return part;
}

/** Rows of the section's first table, without its header, each cell trimmed. */
function rows(heading: string): readonly (readonly string[])[] {
  const lines = section(heading)
    .split("\n")
    .filter((line) => line.startsWith("|"));
  return lines.slice(2).map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
}

function texts(pattern: RegExp, text: string = PAGE): readonly string[] {
  return [...text.matchAll(pattern)].map(([, found = ""]) => found);
}

test("the monthly cost adds up", () => {
  const table = rows("Monthly cost");
  const items = table.slice(0, -1);
  expect(items.length).toBeGreaterThan(8);
  for (const [what, quantity, , price, amount] of items) {
    expect(`${what}: ${amount}`).toBe(
      `${what}: ${(Math.round(Number(quantity) * Number(price) * 100) / 100).toFixed(2)}`,
    );
  }
  const sum = items.reduce((total, row) => total + Math.round(Number(row[4]) * 100), 0);
  expect(table.at(-1)).toEqual(["**Total**", "", "", "", (sum / 100).toFixed(2)]);
  // As many alarms as the module makes for one unit: one of each, and one for each name of for_each.
  const alarms = [...module.resources].filter(([name]) => name.startsWith("aws_cloudwatch_metric_alarm."));
  const each = alarms.map(
    ([, block]) => /^\$\{\{(.*)\}\}$/s.exec(String(block["for_each"]))?.[1]?.split(",").length ?? 1,
  );
  const made = each.reduce((total, count) => total + count, 0);
  expect(items.find(([what]) => what === "CloudWatch alarms")?.[1]).toBe(String(made));
});

describe("the alarms", () => {
  test("are those of the module, each with the required action", () => {
    const made = [...module.resources.keys()].flatMap((name) => {
      const [, own] = /^aws_cloudwatch_(?:metric_alarm|event_rule)\.(\w+)$/.exec(name) ?? [];
      return own === undefined ? [] : [`\`pardot-etl-prod-${own.replaceAll("_", "-")}`];
    });
    const told = rows("Alarms");
    expect(told.map(([name = ""]) => name).toSorted()).toEqual(made.map((name) => `${name}\``).toSorted());
    for (const [, when = "", asked = ""] of told) {
      expect(when.length).toBeGreaterThan(20);
      expect(asked.length).toBeGreaterThan(60);
    }
  });

  test("are named with a command that proves each", () => {
    const proved = new Set(rows("Prove your alarms").map(([name = ""]) => name.replaceAll("`", "")));
    const alarms = rows("Alarms").map(([name = ""]) => name.replaceAll("`", "").replace("pardot-etl-prod-", ""));
    expect(alarms.filter((name) => !proved.has(name))).toEqual([]);
  });
});

test("the secrets are those of the module, entry by entry and key by key", () => {
  const references = ["secret_references", "unit_secret_references"].map((name) => String(module.locals.get(name)));
  // As for a single unit.
  const single = references
    .join()
    .replaceAll("${unit.app_secret}", "salesforce")
    .replaceAll("${unit.token_secret}", "refresh-token");
  const made = [...single.matchAll(/([A-Z_]+) = "([\w-]+)#(\w+)"/g)].map(
    ([, variable, entry, key]) => `pardot-etl-prod/${entry}#${key} ${variable}`,
  );
  const told = rows("Secrets").map(([entry, key, variable]) => `${entry}#${key} ${variable}`.replaceAll("`", ""));
  expect(told.toSorted()).toEqual(made.toSorted());
});

describe("a command run by hand", () => {
  const typed = texts(/^deploy\/run-task\.sh prod +([a-z][^#\n]*?) *(?:#.*)?$/gm);

  test.each(typed)("%s", async (command) => {
    expect((await parseCommandLine(command.split(" "), COMMANDS, "0")).kind).toBe("command");
  });

  test("is meant for our container", async () => {
    expect(typed.length).toBeGreaterThan(5);
    const [override = ""] = texts(/--overrides '(.*)'$/gm);
    const { containerOverrides } = JSON.parse(override) as {
      containerOverrides: readonly { name: string; command: readonly string[] }[];
    };
    const task = String(module.resources.get("aws_ecs_task_definition.this")?.["container_definitions"]);
    expect(containerOverrides.map(({ name }) => name)).toEqual([/name += "([\w-]+)"/.exec(task)?.[1]]);
    expect((await parseCommandLine(containerOverrides[0]?.command ?? [], COMMANDS, "0")).kind).toBe("command");
  });
});

test("the page runs only existing scripts", () => {
  const scripts = new Set(texts(/\b(deploy\/[\w-]+\.sh)\b/g));
  expect(scripts.size).toBeGreaterThan(1);
  for (const script of scripts) {
    const { mode } = statSync(new URL(`../../${script}`, import.meta.url));
    expect(`${script} ${(mode & 0o111) !== 0}`).toBe(`${script} true`);
  }
});

test("the page names only existing outputs, variables and values", () => {
  const outputs = texts(/terraform output (?:-raw )?(\w+)/g);
  expect(outputs.length).toBeGreaterThan(2);
  expect(outputs.filter((name) => !example.outputs.has(name))).toEqual([]);
  const file = String(module.outputs.get("deploy_env")?.["value"]);
  const used = texts(/\$([A-Z_]+)/g);
  expect(used.length).toBeGreaterThan(8);
  expect(used.filter((name) => !new RegExp(`^ *${name}=`, "m").test(file))).toEqual([]);
  const pages = PAGE + readPage("docs/aws-existing.md");
  const variables = texts(/`(\w+) = [^`]+`/g, pages).map((name) => name.split(".")[0] ?? "");
  expect(variables.filter((name) => !module.variables.has(name))).toEqual([]);
});

test("the values to copy are all required ones, and none is unknown", () => {
  const values = readPage("deploy/terraform/examples/daily/terraform.tfvars.example");
  const given = texts(/^(?:# )?(\w+) += /gm, values);
  expect(given.filter((name) => !example.variables.has(name))).toEqual([]);
  const required = [...example.variables].filter(([, { default: value }]) => value === undefined).map(([name]) => name);
  expect(required.filter((name) => !texts(/^(\w+) += /gm, values).includes(name))).toEqual([]);
});
