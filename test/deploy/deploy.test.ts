import { readFile } from "node:fs/promises";
import { describe, expect, onTestFinished, test } from "vitest";
import { answers, described, ended, ENVIRONMENT, IMAGE, PASSWORD, REVISION, TASK } from "./scene.ts";
import { shells } from "./shells.ts";
import { checkout } from "./stand-ins.ts";
import type { Answer, Outcome } from "./stand-ins.ts";

// DevDeploy.sh and ProdDeploy.sh with recording stand-ins for AWS, Docker and git.

const PAGE = await readFile(new URL("../../docs/deploy.md", import.meta.url), "utf8");

/** The page's commands below a heading. */
function shown(heading: string): string[] {
  const section = PAGE.split(/^##+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const [, block = ""] = /^```sh\n(.*?)^```$/ms.exec(section) ?? [];
  return block
    .replaceAll(/ \\\n +/g, " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/ +#.*$/, ""));
}

/** Commands that change something on this machine or outside. */
const CHANGES = /^(docker (login|buildx (create|build))|aws (ecr get-login-password|ecs (register|run-task)|ssm put))/;

describe.each(shells)("under $name", ({ path }) => {
  interface Wish {
    readonly answers?: readonly Answer[];
    readonly environment?: string | null;
    readonly without?: string;
  }

  async function deploy(args: readonly string[], wish: Wish = {}, script = "ProdDeploy.sh"): Promise<Outcome> {
    const { environment = ENVIRONMENT } = wish;
    const name = script.startsWith("Dev") ? "dev" : "prod";
    const at = await checkout({
      shell: path,
      answers: answers(...(wish.answers ?? [])),
      files: environment === null ? {} : { [`deploy/${name}.env`]: environment },
      without: wish.without,
    });
    onTestFinished(() => at.close());
    const outcome = await at.run(script, ...args);
    expect(outcome.stdout + outcome.stderr + outcome.calls.join("\n")).not.toContain(PASSWORD);
    return outcome;
  }

  test("a deployment runs the commands of the page, in that order", async () => {
    const { code, calls, stdout, stderr, password, registered } = await deploy([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
    expect(calls).toEqual(shown("Commands of a deployment"));
    expect(calls.length).toBeGreaterThan(10);
    expect(stdout).toBe("");
    expect(password).toBe(PASSWORD);
    // The same task with another image: nothing that ECS would refuse, nothing missing.
    const { taskDefinition, tags } = described(IMAGE) as { taskDefinition: Record<string, unknown>; tags: unknown };
    const {
      taskDefinitionArn: _a,
      revision: _r,
      status: _s,
      requiresAttributes: _q,
      compatibilities: _c,
      ...rest
    } = taskDefinition;
    const { registeredAt: _at, registeredBy: _by, ...kept } = rest;
    expect(registered).toEqual({ ...kept, tags });
    // Changing commands are printed while they run.
    const changes = calls.filter((call) => CHANGES.test(call) && !call.includes("get-login-password"));
    expect(changes.length).toBeGreaterThan(4);
    for (const call of changes) expect(stderr.replace(/file:\/\/\S+/, "file://next")).toContain(call);
  });

  test("--dry-run checks the same things, changes nothing, and prints the commands", async () => {
    const { code, calls, stderr, password, registered } = await deploy(["--dry-run", "--run"]);
    expect({ code, password, registered }).toEqual({ code: 0, password: "", registered: null });
    expect(calls.filter((call) => CHANGES.test(call))).toEqual([]);
    const would = stderr.split("\n").filter((line) => line.startsWith("+ "));
    const pages = [...shown("Commands of a deployment"), ...shown("Commands of a manual run")];
    const changes = pages.filter((call) => CHANGES.test(call) && !call.includes("get-login-password"));
    expect(
      would.map((line) => line.replace(/^\+ (aws ecr get-login-password \| )?/, "").replace(/file:\S+/, "file://next")),
    ).toEqual(changes);
  });

  test("DevDeploy.sh reads deploy/dev.env", async () => {
    const { code, stderr } = await deploy([], { environment: null }, "DevDeploy.sh");
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("deploy/dev.env") as string });
    expect(await deploy([], {}, "DevDeploy.sh")).toMatchObject({ code: 0 });
  });

  test("an existing image is not built again, and an existing builder not created again", async () => {
    const there = { when: "aws ecr describe-images", out: "sha256:0123\n" };
    const { code, calls, registered } = await deploy([], { answers: [there] });
    expect({ code, isRegistered: registered !== null }).toEqual({ code: 0, isRegistered: true });
    expect(calls.filter((call) => call.startsWith("docker"))).toEqual(["docker buildx version"]);
    const again = await deploy([], { answers: [{ when: "docker buildx inspect" }] });
    expect(again.calls.filter((call) => call.startsWith("docker buildx create"))).toEqual([]);
    expect(again.calls.filter((call) => call.startsWith("docker buildx build"))).toHaveLength(1);
  });

  test("a task that already has the image gets no new revision, but Terraform's parameter is written anyway", async () => {
    const current = { when: "aws ecs describe-task-definition", out: JSON.stringify(described(IMAGE)) };
    const { code, calls, stderr } = await deploy([], { answers: [current] });
    expect(code).toBe(0);
    expect(stderr).toContain(`pardot-etl-prod already uses ${IMAGE}\n`);
    expect(calls.filter((call) => call.includes("register-task-definition"))).toEqual([]);
    expect(calls.at(-1)).toBe(
      `aws ssm put-parameter --name /pardot-etl-prod/image-tag --value ${REVISION} --overwrite`,
    );
  });

  test("without Terraform's parameter nothing is written", async () => {
    const environment = ENVIRONMENT.replace(/^IMAGE_TAG_PARAMETER.*\n/m, "");
    const { code, calls } = await deploy([], { environment });
    expect({ code, ssm: calls.filter((call) => call.includes("ssm")) }).toEqual({ code: 0, ssm: [] });
  });

  const failed = (when: string, message: string): Wish => ({
    answers: [{ when, err: `\nAn error occurred (${message}) when calling it: told why\n`, code: 254 }],
  });
  const line = (name: string, value: string): Wish => ({
    environment: ENVIRONMENT.replace(new RegExp(`^${name}=.*`, "m"), value),
  });

  test.each<readonly [string, Wish, RegExp]>([
    ["git is missing", { without: "git" }, /git is not installed/],
    ["node is missing", { without: "node" }, /node is not installed/],
    ["docker is missing", { without: "docker" }, /docker is not installed/],
    ["aws is missing", { without: "aws" }, /aws is not installed/],
    ["buildx is missing", { answers: [{ when: "docker buildx version", code: 1 }] }, /no buildx/],
    [
      "the environment has no file",
      { environment: null },
      /deploy\/prod\.env does not exist.*environment\.env\.example/,
    ],
    ["a placeholder is left", line("AWS_ACCOUNT_ID", "AWS_ACCOUNT_ID=<12 digits>"), /AWS_ACCOUNT_ID is not filled in/],
    ["a line is missing", line("ECS_CLUSTER", ""), /ECS_CLUSTER is missing/],
    ["a line is not a setting", line("ECS_CLUSTER", "cluster"), /line 7 is not NAME=value/],
    ["a name is unknown", line("ECS_CLUSTER", "ECS_CLUTSER=x"), /unknown setting ECS_CLUTSER/],
    ["a value would do something", line("ECS_CLUSTER", "ECS_CLUSTER=$(sleep 1)"), /ECS_CLUSTER contains a character/],
    ["the account id is short", line("AWS_ACCOUNT_ID", "AWS_ACCOUNT_ID=11112222333"), /not 12 digits/],
    ["the account id is long", line("AWS_ACCOUNT_ID", "AWS_ACCOUNT_ID=1111222233334"), /not 12 digits/],
    ["the account id is a name", line("AWS_ACCOUNT_ID", "AWS_ACCOUNT_ID=our-account-"), /not 12 digits/],
    ["it is neither public nor not", line("ASSIGN_PUBLIC_IP", "ASSIGN_PUBLIC_IP=yes"), /not ENABLED or DISABLED/],
    ["the task's platform is not built", line("PLATFORM", "PLATFORM=linux/riscv64"), /linux\/riscv64/],
    [
      "the folder is not a git repository",
      { answers: [{ when: "git rev-parse", err: "fatal: not a git repository\n", code: 128 }] },
      /no git revision.*not a git repository/,
    ],
    [
      "the tree is dirty",
      { answers: [{ when: "git status", out: " M src/operations/run/run.ts\n?? x\n" }] },
      /the tree is dirty: commit or stash src\/operations\/run\/run\.ts/,
    ],
    [
      "credentials are expired",
      failed("aws sts", "ExpiredToken"),
      /credentials are missing or expired \(An error occurred \(ExpiredToken\)/,
    ],
    [
      "credentials are missing",
      { answers: [{ when: "aws sts", err: "Unable to locate credentials\n", code: 253 }] },
      /Unable to locate credentials/,
    ],
    [
      "the account is a different one",
      { answers: [{ when: "aws sts", out: "999999999999\n" }] },
      /wrong account: .*999999999999.*111122223333/,
    ],
    [
      "the task definition does not exist",
      failed("aws ecs describe-task-definition", "ClientException"),
      /no task definition pardot-etl-prod .*deploy-aws\.md/,
    ],
    [
      "the task has another container",
      {
        answers: [
          {
            when: "aws ecs describe-task-definition",
            out: JSON.stringify(described(IMAGE)).replace('"pardot-etl"', '"another"'),
          },
        ],
      },
      /cannot create a new revision of pardot-etl-prod: it has no container named pardot-etl/,
    ],
    [
      "the image repository does not exist",
      failed("aws ecr describe-images", "RepositoryNotFoundException"),
      /cannot read the repository pardot-etl-prod: .*RepositoryNotFound/,
    ],
  ])("when %s, one line reports it and nothing changes", async (_what, wish, message) => {
    const { code, stdout, stderr, calls } = await deploy(["--run"], wish);
    expect({ code, stdout }).toEqual({ code: 1, stdout: "" });
    expect(stderr).toMatch(/^ProdDeploy\.sh: [^\n]+\n$/);
    expect(stderr).toMatch(message);
    expect(calls.filter((call) => CHANGES.test(call))).toEqual([]);
  });

  test.each<readonly [string, Wish, RegExp, RegExp]>([
    [
      "no password is given",
      failed("aws ecr get-login-password", "AccessDenied"),
      /no password for .*AccessDenied/,
      /docker login/,
    ],
    [
      "the registry refuses it",
      { answers: [{ when: "docker login", err: "denied\n", code: 1 }] },
      /docker login at .* failed: denied/,
      /buildx build/,
    ],
    [
      "no builder can be created",
      { answers: [{ when: "docker buildx create", code: 1 }] },
      /buildx create failed/,
      /buildx build/,
    ],
    [
      "the build fails",
      { answers: [{ when: "docker buildx build", err: "ERROR: npm ci\n", code: 1 }] },
      /build or push of .* failed; the deployed task is unchanged/,
      /register/,
    ],
    [
      "the revision is refused",
      failed("aws ecs register", "ClientException"),
      /refused \(An error.*the image is pushed, the deployed task is unchanged/,
      /put-parameter/,
    ],
    [
      "the parameter is refused",
      failed("aws ssm", "AccessDenied"),
      /could not write .*AccessDenied.*run this again/,
      /run-task/,
    ],
  ])(
    "when %s, the last line reports the finished steps, and no other step runs",
    async (_what, wish, message, next) => {
      const { code, stderr, calls } = await deploy(["--run"], wish);
      expect(code).toBe(1);
      expect(stderr.trim().split("\n").at(-1)).toMatch(/^ProdDeploy\.sh: /);
      expect(stderr.trim().split("\n").at(-1)).toMatch(message);
      expect(calls.filter((call) => next.test(call))).toEqual([]);
    },
  );

  test("an unknown option exits with 2, and --help lists the known ones", async () => {
    expect(await deploy(["--force"])).toMatchObject({ code: 2, calls: [] });
    const { code, stdout, calls } = await deploy(["--help"]);
    expect({ code, calls }).toEqual({ code: 0, calls: [] });
    for (const option of ["--run", "--dry-run"]) {
      expect(stdout).toContain(`  ${option}`);
      expect(PAGE).toContain(`\`${option}\``);
    }
  });

  test.each([0, 4, 5, 130, 137])("--run follows the log to the end and ends with the task's code: %i", async (exit) => {
    const wish = { answers: [{ when: "aws ecs describe-tasks", out: ["RUNNING\tNone\tNone\n", ended(exit)] }] };
    const { code, stdout, stderr, calls } = await deploy(["--run"], wish);
    expect({ code, stdout }).toEqual({ code: exit, stdout: "first line\nlast\tline\n" });
    expect(stderr).toContain(`run-task.sh: exit code ${exit} (Essential container in task exited)\n`);
    const place = (name: string): number => calls.findIndex((call) => call.includes(name));
    expect(place("register-task-definition")).toBeLessThan(place("run-task"));
  });

  async function runTask(args: readonly string[], ...others: readonly Answer[]): Promise<Outcome> {
    return deploy(["prod", ...args], { answers: others }, "run-task.sh");
  }

  test("a run by hand runs the commands of the page", async () => {
    const { code, calls } = await runTask([]);
    expect(code).toBe(0);
    const wanted = shown("Commands of a manual run");
    expect(wanted.length).toBeGreaterThan(4);
    const first = calls.filter((call) => !call.startsWith("sleep") && !call.includes("--next-token"));
    expect([...new Set(first)]).toEqual(wanted);
    // From the last position until there is no more output.
    const tokens = calls.flatMap((call) => /--next-token (\S+)/.exec(call)?.[1] ?? []);
    expect(tokens).toEqual(["f/0", "f/1", "f/1", "f/2", "f/2", "f/2"]);
  });

  test("a run by hand passes another command on unchanged", async () => {
    const { calls } = await runTask(["run", "--since", '2026-01-01 "x" \\']);
    const started = calls.find((call) => call.includes("run-task")) ?? "";
    const [, json = ""] = /--overrides '(.*?)' --query/.exec(started) ?? [];
    expect(JSON.parse(json)).toEqual({
      containerOverrides: [{ name: "pardot-etl", command: ["run", "--since", '2026-01-01 "x" \\'] }],
    });
  });

  test.each<readonly [string, Answer, RegExp]>([
    [
      "no place for it",
      { when: "aws ecs run-task", out: "None\tRESOURCE:FARGATE\n" },
      /could not be started: RESOURCE:FARGATE/,
    ],
    [
      "no permission",
      { when: "aws ecs run-task", err: "\nAn error occurred (AccessDenied)\n", code: 254 },
      /could not be started: .*AccessDenied/,
    ],
    [
      "no image",
      { when: "aws ecs describe-tasks", out: ended("None", "CannotPullContainerError: x") },
      /ended before the container ran: CannotPullContainerError/,
    ],
    [
      "no sight of it",
      { when: "aws ecs describe-tasks", err: "ExpiredToken\n", code: 254 },
      new RegExp(`ExpiredToken.*aws ecs stop-task .*--task ${TASK}`),
    ],
    [
      "no knowledge of it",
      { when: "aws ecs describe-tasks", out: "None\n" },
      /ECS has not known the task for a minute/,
    ],
    [
      "no sight of its log",
      { when: "aws logs", err: "AccessDenied\n", code: 254 },
      /cannot read the log \(AccessDenied\)/,
    ],
  ])("a run by hand with %s exits with 1 and one last line", async (_what, answer, message) => {
    const { code, stderr } = await runTask([], answer);
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toMatch(message);
  });

  test("an interrupted run by hand leaves the task running, and prints how to stop it", async () => {
    const { code, stderr } = await runTask([], { when: "sleep", interrupts: true });
    expect(code).toBe(130);
    expect(stderr.trim().split("\n").at(-1)).toBe(
      "run-task.sh: the task continues; to stop it: " +
        `aws ecs stop-task --region eu-central-1 --cluster pardot-etl-prod --task ${TASK}`,
    );
  });

  test("the script waits for a log that does not exist yet", async () => {
    const missing = { when: "aws logs", err: "ResourceNotFoundException\n", code: 254 };
    expect(await runTask([], missing)).toMatchObject({ code: 0, stdout: "" });
  });

  test("an unknown environment exits with 2", async () => {
    expect(await deploy(["test"], {}, "run-task.sh")).toMatchObject({ code: 2, calls: [] });
  });
});
