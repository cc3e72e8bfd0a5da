import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { readdirSync } from "node:fs";
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, onTestFinished, test } from "vitest";
import { SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN, SIMULATOR_USERNAME } from "../../src/simulator/index.ts";
import { runCli } from "../kit/cli.ts";
import { scene } from "../kit/scene.ts";
import type { Environment } from "../kit/scene.ts";
import { startAwsSecrets } from "../kit/servers/aws-secrets.ts";
import { BROKEN } from "./broken.ts";
import { lintStatement } from "./policy-lint.ts";
import type { Statement } from "./policy-lint.ts";
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

  const outcomes = new Map<string, Promise<TestEvent[]>>();
  /** What `terraform test` says about a file of tests, run once for all tests here. */
  async function played(name: string): Promise<TestEvent[]> {
    const known = outcomes.get(name) ?? eventsOf(copy, name);
    outcomes.set(name, known);
    return known;
  }

  /** The module as a run of a file of tests leaves it. */
  async function state(run: string, name = "daily.tftest.hcl"): Promise<State | undefined> {
    return (await played(name)).find((event) => event["@testrun"] === run && event.test_state)?.test_state;
  }

  /** Runs with one text of one file replaced, then restores the file. */
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

  test("is formatted by `terraform fmt`", async () => {
    expect(await copy.run(["fmt", "-check", "-recursive", "-diff"])).toEqual({ code: 0, text: "" });
  });

  test("has valid names and types, and all required arguments", async () => {
    const outcome = await copy.run(["validate"]);
    expect(outcome.text).toContain("The configuration is valid");
    expect(outcome.code).toBe(0);
  });

  test("is called correctly by the example root module", async () => {
    expect(await copy.run(["init", "-backend=false", "-input=false"], "examples/daily")).toMatchObject({ code: 0 });
    const outcome = await copy.run(["validate"], "examples/daily");
    expect(outcome.text).toContain("The configuration is valid");
  });

  test("is refused with an argument unknown to the provider", async () => {
    const outcome = await changed("registry.tf", "scan_on_push", "scan_when_pushed", async () =>
      copy.run(["validate"]),
    );
    expect(outcome.code).toBe(1);
    expect(outcome.text).toContain('An argument named "scan_when_pushed" is not expected here');
  });

  test.each(tests)("passes %s", async (name) => {
    const events = await played(name);
    expect(events.filter((event) => event["@level"] === "error").map((event) => event["@message"])).toEqual([]);
    const summary = events.at(-1)?.test_summary;
    expect(summary).toMatchObject({ status: "pass", failed: 0, errored: 0, skipped: 0 });
    expect(summary?.passed).toBeGreaterThan(0);
  });

  test.each([
    ["task", "daily.tftest.hcl"],
    ["refresh_token", "daily.tftest.hcl"],
    ["a_unit", "fleet.tftest.hcl"],
  ])("gives the program everything a run needs (run %s of %s)", async (run, name) => {
    const given = environmentOf(await state(run, name));
    const aws = await startAwsSecrets();
    onTestFinished(() => aws.close());
    const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
    const values = {
      private_key: privateKey.export({ type: "pkcs8", format: "pem" }),
      client_secret: SIMULATOR_CLIENT_SECRET,
      refresh_token: SIMULATOR_REFRESH_TOKEN,
    };
    const entries = Object.values(given).flatMap((value) => /^aws-secretsmanager:(.*)#/.exec(value ?? "")?.[1] ?? []);
    expect(entries.length).toBeGreaterThan(0);
    for (const entry of entries) aws.putSecret(entry, JSON.stringify(values));
    const at = await scene({
      now: new Date().toISOString(),
      timezone: given["PARDOT_TIMEZONE"] ?? "",
      jwtPublicKey: publicKey.export({ type: "spki", format: "pem" }).toString(),
    });
    onTestFinished(() => at.close());
    // The account is the simulator's and the destination is not AWS; everything else is from Terraform.
    const { PARDOT_API_URL, PARDOT_LOGIN_URL, PARDOT_BUSINESS_UNIT_ID, PARDOT_CLIENT_ID } = at.env;
    const here: Environment = {
      PARDOT_API_URL,
      PARDOT_LOGIN_URL,
      PARDOT_BUSINESS_UNIT_ID,
      PARDOT_CLIENT_ID,
      ...(given["PARDOT_USERNAME"] === undefined ? {} : { PARDOT_USERNAME: SIMULATOR_USERNAME }),
      PARDOT_ETL_DESTINATION: at.data,
      PARDOT_ETL_TMPDIR: at.tmp,
      PARDOT_ETL_SNS_TOPIC_ARN: "",
      PARDOT_ETL_OBJECTS: "Account",
      // There is no Snowflake here.
      ...(given["PARDOT_ETL_WAREHOUSE"] === undefined ? {} : { PARDOT_ETL_WAREHOUSE: "none" }),
    };
    expect(Object.keys(given)).toEqual(expect.arrayContaining(Object.keys(here)));
    const result = await runCli(["run"], { ...aws.env, ...given, ...here }, { cwd: at.root });
    expect(`${result.code} ${result.stderr}`).toMatch(/^0 /);
    expect(new Set(aws.asked)).toEqual(
      new Set(entries.filter((entry) => !entry.endsWith("/snowflake")).map((entry) => `GetSecretValue ${entry}`)),
    );
  });

  test.each(tests.filter((name) => name !== "variables.tftest.hcl"))(
    "has policies that AWS understands (all of %s)",
    async (name) => {
      const policies = new Set(
        (await played(name)).flatMap((event) =>
          (event.test_state?.root_module.resources ?? []).flatMap(({ type, values }) =>
            // Other resources have a computed one, which the mocks fill with any text.
            /^aws_(iam_role|s3_bucket|sns_topic)_policy$/.test(type) ? (values.policy ?? []) : [],
          ),
        ),
      );
      const statements = [...policies].flatMap((text) => (JSON.parse(text) as { Statement: Statement[] }).Statement);
      expect(statements.length).toBeGreaterThan(15);
      const problems = new Set((await Promise.all(statements.map(lintStatement))).flat());
      expect([...problems]).toEqual([]);
    },
  );

  test("writes every line of the file that the deploy scripts read", async () => {
    const file = String((await state("outputs"))?.outputs["deploy_env"]?.value);
    const names = [...file.matchAll(/^(\w+)=(?=.)/gm)].map(([, name = ""]) => name);
    expect(names).toContain("IMAGE_TAG_PARAMETER");
    await mkdir(join(copy.path, "deploy"));
    await writeFile(join(copy.path, "deploy/prod.env"), file);
    const reader = fileURLToPath(new URL("../../deploy/environment.sh", import.meta.url));
    const print = names.map((name) => `printf '${name}=%s\\n' "$${name}"`).join("; ");
    const script = `set -eu; program=test dry_run=no; . '${reader}'; make_scratch; read_environment prod; ${print}`;
    const { stdout } = await promisify(execFile)("sh", ["-c", script], { cwd: copy.path });
    expect(stdout).toBe(file);
  });

  test.each(Object.entries(BROKEN))(
    "fails, assertion by assertion, with a module that breaks those of %s",
    async (name, broken) => {
      const outcome = await broken.reduce<() => Promise<{ readonly code: number; readonly text: string }>>(
        (run, [file, from, to]) =>
          async () =>
            changed(file, from, to, run),
        async () => copy.run(["test", `-filter=tests/${name}`]),
      )();
      const said = outcome.text.replaceAll(/\s+/g, " ");
      for (const [, , , message] of broken) expect(said).toContain(message);
      expect(outcome.code).toBe(1);
    },
  );
});

/** Runs one file of tests of the module. */
async function eventsOf(copy: ModuleCopy, name: string): Promise<TestEvent[]> {
  const { text } = await copy.run(["test", "-json", "-verbose", `-filter=tests/${name}`]);
  return text
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as TestEvent);
}

/** The task's environment; in a fleet with what a start of the unit unit-1 overrides. */
function environmentOf(state: State | undefined): Environment {
  const task = state?.root_module.resources.find(({ type }) => type === "aws_ecs_task_definition");
  const [container] = JSON.parse(task?.values.container_definitions ?? "[]") as readonly Container[];
  const unit = state?.root_module.resources.find(
    ({ type, index }) => type === "aws_ssm_parameter" && index === "unit-1",
  );
  const overrides = JSON.parse(unit?.values.insecure_value ?? '{"environment": []}') as Container;
  const environment = [...(container?.environment ?? []), ...overrides.environment];
  return Object.fromEntries(environment.map(({ name, value }) => [name, value]));
}

/** A line of `terraform test -json -verbose`. */
interface TestEvent {
  readonly "@level": string;
  readonly "@message": string;
  readonly "@testrun"?: string;
  readonly test_state?: State;
  readonly test_summary?: Readonly<Record<"passed" | "failed" | "errored" | "skipped", number>> & {
    readonly status: string;
  };
}

interface State {
  readonly outputs: Readonly<Record<string, { readonly value: unknown }>>;
  readonly root_module: {
    readonly resources: readonly {
      readonly type: string;
      readonly index?: string | number;
      readonly values: {
        readonly container_definitions?: string;
        readonly insecure_value?: string;
        readonly policy?: string;
      };
    }[];
  };
}

interface Container {
  readonly environment: readonly { readonly name: string; readonly value: string }[];
}

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
