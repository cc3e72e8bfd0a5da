import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SETTINGS } from "../../src/config/settings.ts";
import type { RunEvent } from "../../src/events.ts";
import { RunRecorder } from "../../src/operations/run/outcome.ts";
import { EXIT_CODES } from "../../src/report/exit-codes.ts";
import { openJsonLog } from "../../src/report/log.ts";
import { found, localOf, readTerraform } from "./module.ts";

const module = await readTerraform("deploy/terraform");

/** What a call of the SDK has to be allowed; the parts of an upload go by the right to put the object. */
const ACTION_OF: Readonly<Record<string, string>> = {
  AbortMultipartUpload: "s3:AbortMultipartUpload",
  CompleteMultipartUpload: "s3:PutObject",
  CreateMultipartUpload: "s3:PutObject",
  DeleteObject: "s3:DeleteObject",
  GetObject: "s3:GetObject",
  GetSecretValue: "secretsmanager:GetSecretValue",
  HeadObject: "s3:GetObject",
  ListObjectsV2: "s3:ListBucket",
  Publish: "sns:Publish",
  PutObject: "s3:PutObject",
  PutSecretValue: "secretsmanager:PutSecretValue",
  UploadPart: "s3:PutObject",
};

/** The program's own files below a folder, without tests. */
function sources(folder: string): readonly string[] {
  const root = new URL(`../../${folder}/`, import.meta.url);
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(new URL(name, root), "utf8"));
}

describe("what Terraform gives the program is what the program takes", () => {
  test("settings exist", () => {
    const settings = new Set<string>([...SETTINGS.map((setting) => setting.env), "AWS_REGION"]);
    const given = found(
      localOf(module, "environment") + localOf(module, "secret_references"),
      /\b([A-Z]+_[A-Z_]+) +=/g,
    );
    expect(given.length).toBeGreaterThan(12);
    expect(given.filter((name) => !settings.has(name))).toEqual([]);
  });

  test("secrets are references, each setting that is one", () => {
    const secrets = SETTINGS.filter(({ parser }) => parser.isSecret === true).map((setting): string => setting.env);
    const referred = found(localOf(module, "secret_references"), /\b([A-Z]+_[A-Z_]+) =/g);
    expect(referred.filter((name) => !secrets.includes(name))).toEqual([]);
    expect(
      found(localOf(module, "environment"), /\b([A-Z]+_[A-Z_]+) +=/g).filter((name) => secrets.includes(name)),
    ).toEqual([]);
    const refused = found(JSON.stringify(module.variables.get("settings")), /\b([A-Z]+_[A-Z_]+)\b/g);
    expect(secrets.filter((name) => !refused.includes(name))).toEqual([]);
  });
  test("may do each thing that the program asks AWS for, and nothing else", () => {
    const granted = found(localOf(module, "task_statements"), /"(\w+:[A-Z*][\w*]*)"/g);
    const asked = new Set(sources("src").flatMap((text) => found(text, /\bnew (\w+)Command\(/g)));
    // The module keeps its secrets in Secrets Manager; kms is for a bucket with a key of its own.
    const parameterStore = new Set(["GetParameter", "DescribeParameters", "PutParameter"]);
    const calls = [...asked].filter((call) => !parameterStore.has(call));
    expect(calls.filter((call) => ACTION_OF[call] === undefined)).toEqual([]);
    const needed = new Set([...calls.map((call) => ACTION_OF[call]), "kms:Decrypt", "kms:GenerateDataKey"]);
    expect(new Set(granted)).toEqual(needed);
  });
});

/** One condition of a metric filter for JSON: field, comparison, value. */
const CONDITION = /^\$\.(\w+) (=|!=|>=) ("[^"]*"|\d+)$/;

/** What CloudWatch does with such a filter. A comparison of numbers holds for numbers only, so not for null. */
function matches(pattern: string, line: Readonly<Record<string, unknown>>): boolean {
  const conditions = pattern.replaceAll(/^\{ | \}$/g, "").split(" && ");
  return conditions.every((condition) => {
    const [, field = "", comparison, text = ""] = CONDITION.exec(condition) ?? [];
    if (comparison === undefined) throw new Error(`a condition that is not understood here: ${condition}`);
    const wanted: unknown = JSON.parse(text);
    const value = line[field];
    if (typeof value !== typeof wanted) return false;
    if (comparison === "=") return value === wanted;
    return comparison === "!=" ? value !== wanted : Number(value) >= Number(wanted);
  });
}

/** Every line of the log of a run that has begun and ends with an exit code. */
async function logOf(exitCode: number, quotaShare: number | null): Promise<readonly Record<string, unknown>[]> {
  const lines: string[] = [];
  const log = await openJsonLog({ level: "debug", write: (line) => lines.push(line), now: () => 0 });
  const watch = new RunRecorder({ now: () => 0, monotonic: () => 0 });
  const events: RunEvent[] = [
    { type: "run-started", runId: "r1", businessUnit: "0Uv000000000001AAA", objects: ["Tag"] },
    { type: "object-failed", object: "Tag", code: "a.b", message: "no" },
    { type: "calls-counted", calls: 1, callsToday: 1, callsBudget: 2, quotaUsed: null, quotaMax: null, quotaShare },
  ];
  for (const event of events) {
    log.onEvent(event);
    watch.record(event);
  }
  log.end(watch.cutShort(exitCode));
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

describe("the alarms read what the program writes", () => {
  const filters = module.locals.get("metric_filters") as Readonly<Record<string, { pattern: string; value: string }>>;

  test.each(EXIT_CODES.map(({ code }) => code))("exit code %d", async (code) => {
    const lines = await logOf(code, null);
    const counted = Object.entries(filters).flatMap(([name, { pattern }]) =>
      lines.filter((line) => matches(pattern, line)).map(() => name),
    );
    const expected: Readonly<Record<number, string>> = { 0: "succeeded", 4: "quota-stopped" };
    // No run ends with 9, which is `status --max-age`.
    const rings = [1, 2, 3, 5, 6, 7, 9].includes(code) ? "failed" : expected[code];
    // 8 and 130 are counted by none, and each other one by exactly one line.
    expect(counted).toEqual(rings === undefined ? [] : [rings]);
  });

  test("the share of the quota where it is known", async () => {
    const quota = filters["quota"];
    const lines = (await logOf(0, 0.25)).filter((line) => matches(quota?.pattern ?? "", line));
    expect(lines.map((line) => line[quota?.value.replace("$.", "") ?? ""])).toEqual([0.25]);
  });

  test("a task counts as dead with any exit code that the program has not", () => {
    const pattern = String(module.resources.get("aws_cloudwatch_event_rule.died")?.["event_pattern"]);
    const excepted = /anything-but = \[([\d, ]+)\]/.exec(pattern)?.[1]?.split(", ").map(Number);
    // A bug may strike before there is a log.
    expect(excepted).toEqual(EXIT_CODES.map(({ code }) => code).filter((code) => code !== 1));
  });

  test("the query of the page shows fields of the last line", async () => {
    const page = readFileSync(new URL("../../docs/deploy-aws.md", import.meta.url), "utf8");
    const shown = /^\| display @timestamp, (.*)$/m.exec(page)?.[1]?.split(", ") ?? [];
    const last = (await logOf(0, null)).at(-1) ?? {};
    expect(shown.length).toBeGreaterThan(4);
    expect(shown.filter((field) => !(field in last))).toEqual([]);
  });
});
