import { spawnSync } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readFileSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { parse, parseAllDocuments } from "yaml";
import { COMMANDS } from "../../src/cli/commands/index.ts";
import { parseCommandLine } from "../../src/cli/parse.ts";
import { loadConfig } from "../../src/config/load.ts";
import { SETTING_BY_NAME } from "../../src/config/settings.ts";
import { EXIT_CODES } from "../../src/report/exit-codes.ts";
import { fleetDefinition } from "./definition.ts";

// Examples for other schedulers: each parses, sets what exists, and treats exit codes as docs/orchestrate.md says.

type Environment = Readonly<Record<string, string>>;

function read(path: string): string {
  return readFileSync(new URL(`../../${path}`, import.meta.url), "utf8");
}

const PAGE = read("docs/orchestrate.md");
const FILES = [
  "deploy/kubernetes/base/cronjob.yaml",
  "deploy/kubernetes/base/kustomization.yaml",
  "deploy/kubernetes/base/serviceaccount.yaml",
  "deploy/kubernetes/emea/kustomization.yaml",
  "deploy/airflow/pardot_etl.py",
  "deploy/compose/compose.yaml",
  "deploy/compose/emea.env.example",
  "deploy/github-actions.yml",
];

/** Rows of the page's table of exit codes. */
const ROWS = [...PAGE.matchAll(/^\| (\d+|other) +\| (.*?) +\| (.*?) +\| (.*?) +\| /gm)].map(
  ([, code = "", meaning = "", again = "", alert = ""]) => ({ code, meaning, again, alert }),
);
const notAgain = ROWS.filter(({ again }) => again === "no").map(({ code }) => Number(code));
const notTrouble = ROWS.filter(({ alert, again }) => alert === "no" && again === "no").map(({ code }) => Number(code));

const key = generateKeyPairSync("rsa", {
  modulusLength: 2048,
  privateKeyEncoding: { type: "pkcs8", format: "pem" },
  publicKeyEncoding: { type: "spki", format: "pem" },
});

/** Loads it as the program would; the reference to a secret is replaced by a key. */
async function load(env: Environment): Promise<string> {
  expect(env["PARDOT_PRIVATE_KEY"]).toMatch(/^aws-secretsmanager:/);
  const config = await loadConfig({
    env: { ...env, PARDOT_PRIVATE_KEY: key.privateKey },
    cwd: "/",
    configFile: null,
    options: {},
  });
  return config.pardot.businessUnitId;
}

function variables(lines: readonly string[]): Environment {
  return Object.fromEntries(lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]));
}

test("the page lists every exit code of a run with its meaning", () => {
  const codes = EXIT_CODES.filter(({ code }) => code !== 9).map(({ code, meaning }) => [String(code), meaning]);
  expect(ROWS.map(({ code, meaning }) => [code, meaning]).slice(0, -1)).toEqual(codes);
  expect(notTrouble).toEqual([0, 4, 8]);
});

test.each(FILES)("%s has at most 60 lines, and names only settings that exist", (path) => {
  const text = read(path);
  expect(text.split("\n").length).toBeLessThanOrEqual(60);
  const names = text.match(/\b(?:PARDOT|SNOWFLAKE)_[A-Z][A-Z_0-9]*\b/g) ?? [];
  expect(names.filter((name) => !SETTING_BY_NAME.has(name))).toEqual([]);
});

test("every command on the page and in the files is one of the program", async () => {
  const compose = [...PAGE.matchAll(/run --rm pardot-etl(?: (.*))?$/gm)].map(([, rest]) => rest ?? "run");
  const bare = [...PAGE.matchAll(/`pardot-etl ([a-z].*?)`/g)].map(([, rest = ""]) => rest);
  expect([compose.length, bare.length]).toEqual([4, 2]);
  for (const line of [...compose, ...bare]) {
    expect((await parseCommandLine(line.split(" "), COMMANDS, "0")).kind, line).toBe("command");
  }
});

test("the state machine repeats what the page says", () => {
  const { template } = fleetDefinition();
  expect(template).toMatch(/"Condition": "\{% \$code = 5 and \$starts < 3 %\}",\s*"Assign": \{ "pause": 600 \}/);
  expect(template).toMatch(/"Condition": "\{% \$code = 7 and \$starts < 2 %\}",\s*"Assign": \{ "pause": 600 \}/);
  expect(PAGE).toContain("after 10 and after 20 minutes");
});

describe("on Kubernetes", () => {
  interface CronJob {
    readonly spec: {
      readonly concurrencyPolicy: string;
      readonly jobTemplate: {
        readonly spec: {
          readonly backoffLimit: number;
          readonly podFailurePolicy: {
            readonly rules: readonly {
              readonly action: string;
              readonly onExitCodes?: { readonly containerName: string; readonly values: readonly number[] };
            }[];
          };
          readonly template: {
            readonly spec: {
              readonly terminationGracePeriodSeconds: number;
              readonly restartPolicy: string;
              readonly securityContext: unknown;
              readonly containers: readonly [Readonly<Record<string, unknown>>];
            };
          };
        };
      };
    };
  }
  const job = parse(read("deploy/kubernetes/base/cronjob.yaml")) as CronJob;
  const { spec } = job.spec.jobTemplate;
  const pod = spec.template.spec;
  const overlay = parse(read("deploy/kubernetes/emea/kustomization.yaml")) as {
    readonly configMapGenerator: readonly [{ readonly literals: readonly string[] }];
    readonly images: readonly [{ readonly name: string }];
    readonly patches: readonly { readonly patch: string }[];
  };

  test("a Job is not started again after the exit codes of the page, and at most twice after others", () => {
    const rule = spec.podFailurePolicy.rules.find(({ action }) => action === "FailJob");
    expect([0, ...(rule?.onExitCodes?.values ?? [])]).toEqual(notAgain);
    expect([spec.backoffLimit, pod.restartPolicy, job.spec.concurrencyPolicy]).toEqual([2, "Never", "Forbid"]);
    expect(rule?.onExitCodes?.containerName).toBe(pod.containers[0]["name"]);
    // A drained node comes first: its exit code is 130 or 137.
    expect(spec.podFailurePolicy.rules[0]).toMatchObject({ action: "Ignore" });
  });

  test("the pod has the constraints of the image", () => {
    expect(pod.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 65_532, fsGroup: 65_532 });
    expect(pod.terminationGracePeriodSeconds).toBe(60);
    expect(pod.containers[0]).toMatchObject({
      args: ["run"],
      securityContext: {
        readOnlyRootFilesystem: true,
        allowPrivilegeEscalation: false,
        capabilities: { drop: ["ALL"] },
      },
      volumeMounts: [{ name: "scratch", mountPath: "/var/pardot-etl" }],
    });
  });

  test("the unit's settings are a configuration, and its patches apply to what the base has", async () => {
    expect(await load(variables(overlay.configMapGenerator[0].literals))).toBe("0Uv000000000001AAA");
    expect(pod.containers[0]["image"]).toBe(overlay.images[0].name);
    const paths = overlay.patches.flatMap(({ patch }) =>
      (parse(patch) as readonly { path: string }[]).map((op) => op.path),
    );
    expect(paths).toEqual(["/metadata/annotations", "/spec/schedule", "/spec/timeZone"]);
    for (const name of ["schedule", "timeZone"]) expect(job.spec).toHaveProperty(name);
    expect(parseAllDocuments(read("deploy/kubernetes/base/serviceaccount.yaml"))).toHaveLength(1);
  });
});

const python = spawnSync("python3", ["--version"]).status === 0 || process.env["PARDOT_ETL_REQUIRE_SHELLS"] === "1";

describe.skipIf(!python)("on Airflow", () => {
  // Reads the file with Python's own parser, as far as it consists of literals.
  const SCRIPT = `
import ast, json, sys
tree = ast.parse(sys.stdin.read())
names = {t.id: ast.literal_eval(n.value) for n in tree.body if isinstance(n, ast.Assign) for t in n.targets}
calls = [n for n in ast.walk(tree) if isinstance(n, ast.Call) and getattr(n.func, "attr", "") == "partial"]
def literal(node):
    try: return ast.literal_eval(node)
    except ValueError: return ast.unparse(node)
print(json.dumps({**names, "partial": {k.arg: literal(k.value) for k in calls[0].keywords}}))
`;
  test("a task is skipped for a limit and another run, and each unit's settings are a configuration", async () => {
    const ran = spawnSync("python3", ["-c", SCRIPT], { input: read("deploy/airflow/pardot_etl.py"), encoding: "utf8" });
    expect(ran.stderr).toBe("");
    const { COMMON, UNITS, partial } = JSON.parse(ran.stdout) as {
      readonly COMMON: Environment;
      readonly UNITS: Readonly<Record<string, Environment>>;
      readonly partial: Readonly<Record<string, unknown>>;
    };
    expect(partial).toMatchObject({ retries: 2, arguments: ["run"], termination_grace_period: 60, deferrable: true });
    expect([0, ...(partial["skip_on_exit_code"] as readonly number[])]).toEqual(notTrouble);
    const ids: string[] = [];
    for (const [name, unit] of Object.entries(UNITS)) {
      ids.push(await load({ ...COMMON, ...unit, PARDOT_ETL_DESTINATION: `s3://example-marketing/pardot/${name}` }));
    }
    expect(new Set(ids).size).toBe(2);
  });
});

describe("on GitHub Actions", () => {
  const { jobs } = parse(read("deploy/github-actions.yml")) as {
    readonly jobs: {
      readonly run: {
        readonly env: Environment;
        readonly strategy: { readonly "fail-fast": boolean };
        readonly steps: readonly { readonly run?: string; readonly uses?: string }[];
      };
    };
  };
  const { run } = jobs;
  const script = run.steps.find((step) => step.run !== undefined)?.run ?? "";

  test("the variables are those of the example for Compose, and actions are pinned by commit", () => {
    const names = read("deploy/compose/emea.env.example").match(/^[A-Z_]+(?==)/gm);
    expect(Object.keys(run.env)).toEqual(names);
    expect(run.strategy["fail-fast"]).toBe(false);
    for (const { uses } of run.steps)
      expect(uses ?? "pinned@0000000000000000000000000000000000000000").toMatch(/@[0-9a-f]{40}$/);
  });

  test.each(EXIT_CODES.map(({ code }) => code))("the step ends as the page says for exit code %d", async (code) => {
    // A stand-in for docker, which prints the file of variables and ends with the code.
    const docker = `docker() { cat names; return ${code}; }`;
    const cwd = await mkdtemp(join(tmpdir(), "pardot-etl-fleet-"));
    const env = { PATH: process.env["PATH"], AWS_REGION: "eu-central-1", PARDOT_CLIENT_ID: "canary", IMAGE: "image" };
    const ran = spawnSync("sh", ["-e", "-c", `${docker}\n${script}`], { cwd, env, encoding: "utf8" });
    await rm(cwd, { recursive: true });
    expect(ran.status).toBe(notTrouble.includes(code) ? 0 : code);
    expect(ran.stdout.includes("::warning::")).toBe([4, 8].includes(code));
    // Names only: docker takes the values, of several lines too, from its own environment.
    expect(ran.stdout.match(/^[A-Z_]+$/gm)?.toSorted()).toEqual(["AWS_REGION", "PARDOT_CLIENT_ID"]);
    expect(ran.stdout).not.toContain("canary");
  });
});

test("Compose runs the image under its constraints, and the example is a configuration", async () => {
  const { services } = parse(read("deploy/compose/compose.yaml")) as {
    readonly services: Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  };
  expect(services["pardot-etl"]).toMatchObject({
    command: ["run"],
    read_only: true,
    cap_drop: ["ALL"],
    security_opt: ["no-new-privileges:true"],
    stop_grace_period: "60s",
    restart: "no",
    volumes: [{ type: "volume", target: "/var/pardot-etl" }],
  });
  const lines = read("deploy/compose/emea.env.example").split("\n");
  expect(await load(variables(lines.filter((line) => /^[A-Z]/.test(line))))).toBe("0Uv000000000001AAA");
});

test("the lines for cron have five fields of time and one command", () => {
  const block = /```crontab\n([\s\S]*?)```/.exec(PAGE)?.[1]?.trim().split("\n") ?? [];
  const jobs = block.filter((line) => !/^[A-Z]+=/.test(line));
  expect(jobs).toHaveLength(2);
  for (const job of jobs)
    expect(job).toMatch(/^\d+ \d+ \* \* \* cd \/\S+ && UNIT=\w+ docker compose run --rm pardot-etl run --quiet$/);
});
