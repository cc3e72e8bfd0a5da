import { describe, expect, test } from "vitest";
import {
  deployUnder,
  described,
  ended,
  ENVIRONMENT,
  failed,
  FAMILY,
  IMAGE,
  PAGE,
  PASSWORD,
  REVISION,
  shown,
} from "./scene.ts";
import type { Wish } from "./scene.ts";
import { shells } from "./shells.ts";
import type { Outcome } from "./stand-ins.ts";

// DevDeploy.sh and ProdDeploy.sh with recording stand-ins for AWS, Docker and git.

/** Commands that change something on this machine or outside. */
const CHANGES = /^(docker (login|push|buildx build)|aws (ecr get-login-password|ecs (register|run-task)|ssm put))/;

describe.each(shells)("under $name", ({ path }) => {
  const deploy = (args: readonly string[], wish?: Wish, script?: string): Promise<Outcome> =>
    deployUnder(path, args, wish, script);

  test("a deployment runs the commands of the page, in that order", async () => {
    const { code, calls, stdout, stderr, password, registered } = await deploy([]);
    expect({ code, stderr }).toEqual({ code: 0, stderr: expect.any(String) as string });
    // The check is a run by hand, which has commands of its own on the page.
    const check = /^\+ (deploy\/run-task\.sh .*)$/m.exec(stderr)?.[1] ?? "";
    const from = calls.findIndex((call) => call.includes("get-parameters-by-path")) + 1;
    const to = calls.findIndex((call) => call.includes("put-parameter"));
    expect([...calls.slice(0, from), check, ...calls.slice(to)]).toEqual(shown("Commands of a deployment"));
    expect(calls.slice(from, to).map((call) => call.split(" ").slice(0, 3).join(" "))).toEqual(
      expect.arrayContaining(["aws ecs run-task", "aws ecs describe-tasks", "aws logs get-log-events"]),
    );
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
    const would = stderr
      .split("\n")
      .filter((line) => line.startsWith("+ "))
      .map((line) => line.replace(/^\+ (aws ecr get-login-password \| )?/, "").replace(/file:\S+/, "file://next"))
      .map((line) => line.replace(/'pardot-etl-prod:<new revision>'/, `${FAMILY}:7`));
    const pages = [...shown("Commands of a deployment"), ...shown("Commands of a manual run")];
    const isPrinted = (call: string): boolean => CHANGES.test(call) || call.startsWith("deploy/");
    expect(would).toEqual(pages.filter((call) => isPrinted(call) && !call.includes("get-login-password")));
  });

  test("DevDeploy.sh reads deploy/dev.env", async () => {
    const { code, stderr } = await deploy([], { environment: null }, "DevDeploy.sh");
    expect({ code, stderr }).toMatchObject({ code: 1, stderr: expect.stringContaining("deploy/dev.env") as string });
    expect(await deploy([], {}, "DevDeploy.sh")).toMatchObject({ code: 0 });
  });

  test("an existing image is not built again", async () => {
    const there = { when: "aws ecr describe-images", out: "sha256:0123\n" };
    const { code, calls, registered } = await deploy([], { answers: [there] });
    expect({ code, isRegistered: registered !== null }).toEqual({ code: 0, isRegistered: true });
    expect(calls.filter((call) => call.startsWith("docker"))).toEqual(["docker buildx version"]);
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

  test.each([
    ["the file's line", ENVIRONMENT, "linux/arm64"],
    ["an ARM task's definition", ENVIRONMENT.replace(/^PLATFORM.*\n/m, ""), "linux/arm64"],
    ["an Intel task's definition", ENVIRONMENT.replace(/^PLATFORM.*\n/m, ""), "linux/amd64"],
  ] as const)("the image is built for the platform of %s", async (_what, environment, platform) => {
    const arm = described("x:old") as { taskDefinition: object };
    const runtimePlatform = { cpuArchitecture: platform === "linux/arm64" ? "ARM64" : "X86_64" };
    const out = JSON.stringify({ ...arm, taskDefinition: { ...arm.taskDefinition, runtimePlatform } }, null, 4);
    const current = { when: "aws ecs describe-task-definition --task-definition pardot-etl-prod --include", out };
    const { calls } = await deploy(["--no-check"], { environment, answers: [current] });
    expect(calls.find((call) => call.startsWith("docker buildx build"))).toContain(` --platform ${platform} --load `);
  });

  test("the build takes the base image of the file, and the certificate that this machine needs for npm", async () => {
    const image = "mirror.example.com:5000/node@sha256:0123";
    const { calls } = await deploy(["--no-check"], {
      environment: `${ENVIRONMENT}NODE_IMAGE=${image}\n`,
      variables: { NODE_EXTRA_CA_CERTS: "/etc/our ca.pem" },
    });
    const build = calls.find((call) => call.startsWith("docker buildx build")) ?? "";
    expect(build).toContain(` --build-arg NODE_IMAGE=${image} `);
    expect(build).toContain(" --secret 'id=ca,src=/etc/our ca.pem' ");
  });

  test("a file with the line ends of Windows is read like any other", async () => {
    const { code, calls } = await deploy(["--no-check"], { environment: ENVIRONMENT.replaceAll("\n", "\r\n") });
    expect(code).toBe(0);
    expect(calls.filter((call) => call.includes("\r"))).toEqual([]);
  });

  test("without Terraform's parameter nothing is written", async () => {
    const environment = ENVIRONMENT.replace(/^IMAGE_TAG_PARAMETER.*\n/m, "");
    const { code, calls } = await deploy([], { environment });
    expect({ code, ssm: calls.filter((call) => call.includes("ssm put")) }).toEqual({ code: 0, ssm: [] });
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
      "a key is in the tree",
      { answers: [{ when: "git status", out: "?? src/new.ts\n?? keys/pardot_etl.p8\n" }] },
      /keys\/pardot_etl\.p8 may hold a secret: never commit it; .*\.gitignore/,
    ],
    [
      "a key with a blank in its name is staged",
      { answers: [{ when: "git status", out: 'A  "our keys/the pardot.json"\nA  "our keys/pardot.json"\n' }] },
      /our keys\/pardot\.json may hold a secret: never commit it/,
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
      "the build fails",
      { answers: [{ when: "docker buildx build", err: "ERROR: npm ci\n", code: 1 }] },
      /build of .* failed; the deployed task is unchanged/,
      /docker push/,
    ],
    [
      "the push fails",
      { answers: [{ when: "docker push", err: "denied\n", code: 1 }] },
      /push of .* failed; the deployed task is unchanged/,
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
      const { code, stderr, calls } = await deploy(["--run", "--no-check"], wish);
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
    for (const option of ["--run", "--dry-run", "--image", "--rollback", "--check", "--no-check", "--unit"]) {
      expect(stdout).toContain(`  ${option}`);
      expect(PAGE).toContain(`\`${option}\``);
    }
  });

  test.each([0, 4, 5, 130, 137])("--run follows the log to the end and ends with the task's code: %i", async (exit) => {
    const wish = { answers: [{ when: "aws ecs describe-tasks", out: ["RUNNING\tNone\tNone\n", ended(exit)] }] };
    const { code, stdout, stderr, calls } = await deploy(["--run", "--no-check"], wish);
    expect({ code, stdout }).toEqual({ code: exit, stdout: "first line\nlast\tline\n" });
    expect(stderr).toContain(`run-task.sh: exit code ${exit} (Essential container in task exited)\n`);
    const place = (name: string): number => calls.findIndex((call) => call.includes(name));
    expect(place("register-task-definition")).toBeLessThan(place("run-task"));
  });
});
