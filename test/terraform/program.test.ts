import { readdirSync, readFileSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { SETTINGS } from "../../src/config/settings.ts";
import { warn } from "../../src/events.ts";
import type { RunEvent } from "../../src/events.ts";
import { CERTIFICATE_ENDS } from "../../src/operations/certificate.ts";
import { RunRecorder } from "../../src/operations/run/outcome.ts";
import { EXIT_CODES } from "../../src/report/exit-codes.ts";
import { openJsonLog } from "../../src/report/log.ts";
import { isCounted } from "../kit/filter-pattern.ts";
import { found, localOf, readTerraform } from "./module.ts";

const module = await readTerraform("deploy/terraform");

/** Permission for each SDK call; the parts of an upload need the permission to put the object. */
const ACTION_OF: Readonly<Record<string, string>> = {
  AbortMultipartUpload: "s3:AbortMultipartUpload",
  CompleteMultipartUpload: "s3:PutObject",
  CreateMultipartUpload: "s3:PutObject",
  DeleteObject: "s3:DeleteObject",
  DeleteObjects: "s3:DeleteObject",
  GetObject: "s3:GetObject",
  GetSecretValue: "secretsmanager:GetSecretValue",
  HeadObject: "s3:GetObject",
  ListObjectsV2: "s3:ListBucket",
  Publish: "sns:Publish",
  PutObject: "s3:PutObject",
  PutSecretValue: "secretsmanager:PutSecretValue",
  UploadPart: "s3:PutObject",
};

/** Locals with variables of the task. */
const ENVIRONMENT = [
  "environment",
  "unit_environment",
  "proxy_environment",
  "secret_references",
  "unit_secret_references",
];

/** The program's own files below a folder, without tests. */
function sources(folder: string): readonly string[] {
  const root = new URL(`../../${folder}/`, import.meta.url);
  return readdirSync(root, { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts") && !name.endsWith(".test.ts"))
    .map((name) => readFileSync(new URL(name, root), "utf8"));
}

describe("the program's environment in Terraform", () => {
  test("has only existing settings", () => {
    const settings = new Set<string>([
      ...SETTINGS.map((setting) => setting.env),
      "AWS_REGION",
      "HTTPS_PROXY",
      "NO_PROXY",
      "PARDOT_ETL_CONFIG",
    ]);
    const given = found(ENVIRONMENT.map((name) => localOf(module, name)).join("\n"), /\b([A-Z]+_[A-Z_]+) +=/g);
    expect(given.length).toBeGreaterThan(12);
    expect(given.filter((name) => !settings.has(name))).toEqual([]);
  });

  test("secrets are references, each setting that is one", () => {
    const secrets = SETTINGS.filter(({ parser }) => parser.isSecret === true).map((setting): string => setting.env);
    const references = localOf(module, "secret_references") + localOf(module, "unit_secret_references");
    const referred = found(references, /\b([A-Z]+_[A-Z_]+) =/g);
    expect(referred.length).toBeGreaterThan(5);
    expect(referred.filter((name) => !secrets.includes(name))).toEqual([]);
    const plainly = localOf(module, "environment") + localOf(module, "unit_environment");
    expect(found(plainly, /\b([A-Z]+_[A-Z_]+) +=/g).filter((name) => secrets.includes(name))).toEqual([]);
    const refused = /can\(regex\(\\"([A-Z_|]+)\\", name\)\)/.exec(
      JSON.stringify(module.variables.get("settings")),
    )?.[1];
    const pattern = new RegExp(refused ?? "^$");
    // A certificate is public.
    expect(secrets.filter((name) => !pattern.test(name))).toEqual(["PARDOT_CERTIFICATE"]);
    const plain = SETTINGS.filter(({ parser }) => parser.isSecret !== true).map((setting): string => setting.env);
    expect(plain.filter((name) => pattern.test(name) && !name.endsWith("_FILE"))).toEqual([]);
  });

  test("allows exactly the AWS actions that the program uses", () => {
    const granted = found(localOf(module, "task_statements"), /"(\w+:[A-Z*][\w*]*)"/g);
    const asked = new Set(sources("src").flatMap((text) => found(text, /\bnew (\w+)Command\(/g)));
    // The module keeps its secrets in Secrets Manager; kms is for a bucket with its own key.
    const parameterStore = new Set(["GetParameter", "DescribeParameters", "PutParameter"]);
    const calls = [...asked].filter((call) => !parameterStore.has(call));
    expect(calls.filter((call) => ACTION_OF[call] === undefined)).toEqual([]);
    const needed = new Set([...calls.map((call) => ACTION_OF[call]), "kms:Decrypt", "kms:GenerateDataKey"]);
    expect(new Set(granted)).toEqual(needed);
  });
});

test("the deploy role allows exactly the AWS actions of the deploy scripts", () => {
  const folder = new URL("../../deploy/", import.meta.url);
  const scripts = readdirSync(folder).filter((name) => name.endsWith(".sh"));
  const text = scripts.map((name) => readFileSync(new URL(name, folder), "utf8")).join("\n");
  const calls = [...text.matchAll(/\b(ecs|ecr|ssm|logs) ([a-z]+(?:-[a-z]+)+)/g)].map(
    ([, service = "", verb = ""]) =>
      `${service}:${verb.replaceAll(/(?:^|-)([a-z])/g, (_, letter: string) => letter.toUpperCase())}`,
  );
  expect(calls.length).toBeGreaterThan(6);
  const needed = calls.map((call) => (call === "ecr:GetLoginPassword" ? "ecr:GetAuthorizationToken" : call));
  const statements = module.locals.get("deploy_statements") as readonly { readonly Action: readonly string[] }[];
  const granted = statements.flatMap(({ Action }) => Action);
  expect(needed.filter((action) => !granted.includes(action))).toEqual([]);
  // Docker pushes, a registration and a start add tags, and the guide lists and stops tasks by hand.
  const others =
    /^ecr:(?:Batch|Complete|GetDownload|Initiate|Put|Upload)|^iam:PassRole$|^ecs:(?:TagResource|StopTask|ListTasks)$/;
  expect(granted.filter((action) => !needed.includes(action) && !others.test(action))).toEqual([]);
});

/** Log lines of a started run that ends with an exit code. */
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

describe("the alarms read the program's output", () => {
  const filters = module.locals.get("metric_filters") as Readonly<Record<string, { pattern: string; value: string }>>;

  const CHARTS = ["rows", "calls", "duration"];

  test("and the dashboard reads numbers that every last line has", async () => {
    const last = (await logOf(5, null)).at(-1) ?? {};
    for (const name of CHARTS) {
      const { pattern = "", value = "" } = filters[name] ?? {};
      expect(isCounted(pattern, last)).toBe(true);
      expect(last[value.replace("$.", "")]).toBeTypeOf("number");
    }
    expect(last["business_unit"]).toBe("0Uv000000000001AAA");
  });

  test.each(EXIT_CODES.map(({ code }) => code))("for exit code %d", async (code) => {
    const lines = await logOf(code, null);
    const counted = Object.entries(filters).flatMap(([name, { pattern }]) =>
      lines.filter((line) => isCounted(pattern, line)).map(() => name),
    );
    const expected: Readonly<Record<number, string>> = { 0: "succeeded", 4: "quota-stopped" };
    const counts = expected[code];
    // Those that fail ring by the state machine, which may repeat them.
    expect(counted.filter((name) => !CHARTS.includes(name))).toEqual(counts === undefined ? [] : [counts]);
  });

  test("for a known share of the quota", async () => {
    const quota = filters["quota"];
    const lines = (await logOf(0, 0.25)).filter((line) => isCounted(quota?.pattern ?? "", line));
    expect(lines.map((line) => line[quota?.value.replace("$.", "") ?? ""])).toEqual([0.25]);
  });

  test("for a certificate that ends, by the code of the warning and no other", async () => {
    const lines: string[] = [];
    const log = await openJsonLog({ level: "info", write: (line) => lines.push(line), now: () => 0 });
    for (const code of [CERTIFICATE_ENDS, "auth.password-flow"]) warn(log.onEvent, code, "it ends");
    const pattern = filters["certificate"]?.pattern ?? "";
    expect(lines.map((line) => isCounted(pattern, JSON.parse(line) as Record<string, unknown>))).toEqual([true, false]);
  });

  test("for a task with an exit code unknown to the program", () => {
    const pattern = String(module.resources.get("aws_cloudwatch_event_rule.died")?.["event_pattern"]);
    const excepted = /anything-but = \[([\d, ]+)\]/.exec(pattern)?.[1]?.split(", ").map(Number);
    // A bug may occur before there is a log.
    expect(excepted).toEqual(EXIT_CODES.map(({ code }) => code).filter((code) => code !== 1));
  });

  test("with fields of the last line in the page's query, which is the saved one", async () => {
    const page = readFileSync(new URL("../../docs/deploy-aws.md", import.meta.url), "utf8");
    const shown = /^\| display @timestamp, (.*)$/m.exec(page)?.[1]?.split(", ") ?? [];
    const last = (await logOf(0, null)).at(-1) ?? {};
    const saved = String(module.resources.get("aws_cloudwatch_query_definition.runs")?.["query_string"]);
    expect(saved).toContain(`| display @timestamp, ${shown.join(", ")}\n`);
    expect(shown.length).toBeGreaterThan(4);
    expect(shown.filter((field) => !(field in last))).toEqual([]);
  });
});
