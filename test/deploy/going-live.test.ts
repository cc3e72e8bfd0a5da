import { describe, expect, test } from "vitest";
import { deployUnder, described, ended, failed, FAMILY, IMAGE, NO_SUCH_IMAGE, REGISTRY, TASK } from "./scene.ts";
import { shells } from "./shells.ts";
import type { Answer, Outcome } from "./stand-ins.ts";

// What a deployment does before and after an image goes live: the check of the new revision, a published image instead of
// a build, and the way back.

const NEW = `${FAMILY}:7`;
const PUT = /^aws ssm put-parameter/;
const DEREGISTER = `aws ecs deregister-task-definition --task-definition ${NEW} --query taskDefinition.status --output text`;

describe.each(shells)("under $name", ({ path }) => {
  const deploy = (args: readonly string[], ...answers: readonly Answer[]): Promise<Outcome> =>
    deployUnder(path, args, { answers });
  const after = (exit: number): Answer => ({ when: "aws ecs describe-tasks", out: ended(exit) });
  const last = ({ stderr }: Outcome): string => stderr.trim().split("\n").at(-1) ?? "";
  const changes = ({ calls }: Outcome): string[] => calls.filter((call) => call === DEREGISTER || PUT.test(call));

  describe("the check", () => {
    test("runs with the new revision, and lets it go live if it ends with 0", async () => {
      const outcome = await deploy([], after(0));
      expect(outcome.code).toBe(0);
      const started = outcome.calls.find((call) => call.startsWith("aws ecs run-task")) ?? "";
      expect(started).toContain(` --task-definition ${NEW} `);
      expect(started).toContain('"command":["check"]');
      expect(changes(outcome)).toEqual([expect.stringMatching(PUT)]);
      // Its log is for people; stdout belongs to --run.
      expect(outcome.stdout).toBe("");
      expect(outcome.stderr).toContain("first line\n");
    });

    test.each([2, 3, 6, 7, 137])("that ends with %i takes the revision back and leaves the parameter", async (exit) => {
      const outcome = await deploy(["--run"], after(exit));
      expect(outcome.code).toBe(1);
      expect(changes(outcome)).toEqual([DEREGISTER]);
      expect(last(outcome)).toBe(
        `ProdDeploy.sh: check ended with ${exit}: ${NEW} is taken back, and the task deployed before is in place again`,
      );
      expect(outcome.calls.filter((call) => call.startsWith("aws ecs run-task"))).toHaveLength(1);
    });

    test.each<readonly [string, Answer]>([
      ["cannot be started", { when: "aws ecs run-task", out: "None\tRESOURCE:FARGATE\tNone\n" }],
      ["is interrupted", { when: "sleep", interrupts: true }],
      ["is never seen to end", { when: "aws ecs describe-tasks", err: "AccessDenied\n", code: 254 }],
    ])("that %s takes the revision back too", async (_what, answer) => {
      const outcome = await deploy([], answer);
      expect(outcome.code).toBe(1);
      expect(changes(outcome)).toEqual([DEREGISTER]);
    });

    test("that fails says how to take the revision back if that is not permitted", async () => {
      const { answers = [] } = failed("aws ecs deregister", "AccessDenied");
      const outcome = await deploy([], after(3), ...answers);
      expect(outcome.code).toBe(1);
      expect(last(outcome)).toMatch(
        /check ended with 3, and .*:7 could not be taken back \(.*AccessDenied.*aws ecs deregister-task-definition --region/,
      );
      expect(outcome.calls.filter((call) => PUT.test(call))).toEqual([]);
    });

    test("is made for a business unit if there are several: the first, or the one of --unit", async () => {
      const unit = { environment: [{ name: "A", value: "1" }] };
      const listed = {
        // Units that are switched off are not among them.
        when: `aws ssm get-parameters-by-path --path /pardot-etl-prod/units --query Parameters[?!contains(Value, '"enabled":false')].[Name]`,
        out: "/pardot-etl-prod/units/apac\n/pardot-etl-prod/units/emea\n",
      };
      const stored = { when: "aws ssm get-parameter ", out: JSON.stringify(unit) };
      const first = await deploy([], listed, stored, after(0));
      expect(first.calls.filter((call) => call.startsWith("aws ssm get-parameter "))).toEqual([
        "aws ssm get-parameter --name /pardot-etl-prod/units/apac --query Parameter.Value --output text",
      ]);
      const alone = await deploy(["--no-check", "--run"], listed, stored, after(0));
      expect(alone.calls.find((call) => call.startsWith("aws ecs run-task"))).toContain('"environment":[{"name":"A"');
      const named = await deploy(["--unit", "emea", "--run"], listed, stored, after(0));
      expect(named.code).toBe(0);
      const read = named.calls.filter((call) => call.startsWith("aws ssm get-parameter"));
      expect(read.map((call) => /--name (\S+)/.exec(call)?.[1])).toEqual(Array(2).fill("/pardot-etl-prod/units/emea"));
    });

    test("is made for the task alone, and says why, if units cannot be listed", async () => {
      const { answers = [] } = failed("aws ssm get-parameters-by-path", "AccessDeniedException");
      const outcome = await deploy([], ...answers, after(0));
      expect(outcome.code).toBe(0);
      expect(outcome.stderr).toMatch(/cannot list the business units \(.*AccessDenied.*: the task runs for the one/);
    });

    test("is left out with --no-check, by DevDeploy.sh, and if the task has the image already", async () => {
      const runs = ({ calls }: Outcome): number => calls.filter((call) => call.includes("run-task")).length;
      expect(runs(await deploy(["--no-check"]))).toBe(0);
      expect(runs(await deployUnder(path, [], {}, "DevDeploy.sh"))).toBe(0);
      expect(runs(await deployUnder(path, ["--check"], { answers: [after(0)] }, "DevDeploy.sh"))).toBe(1);
      const current = { when: "aws ecs describe-task-definition --task-definition pardot-etl-prod --include" };
      expect(runs(await deploy([], { ...current, out: JSON.stringify(described(IMAGE)) }))).toBe(0);
    });
  });

  describe("--image", () => {
    const DIGEST = "0123456789abcdef".repeat(4);
    const SOURCE = `ghcr.io/example/pardot-etl@sha256:${DIGEST}`;
    const COPY = `${REGISTRY}/pardot-etl-prod:sha256-0123456789ab`;

    test("copies a published image, without a checkout, and deploys the copy", async () => {
      const { code, calls, registered } = await deploy(["--no-check", "--image", SOURCE]);
      expect(code).toBe(0);
      expect(calls.filter((call) => call.startsWith("docker") || call.startsWith("git"))).toEqual([
        "docker buildx version",
        `docker buildx imagetools inspect ${SOURCE}`,
        `docker login --username AWS --password-stdin ${REGISTRY}`,
        `docker buildx imagetools create --tag ${COPY} ${SOURCE}`,
      ]);
      expect(JSON.stringify(registered)).toContain(`"image":"${COPY}"`);
      expect(calls.at(-1)).toContain("--value sha256-0123456789ab ");
      const again = await deploy(["--no-check", "--image", SOURCE], {
        when: "aws ecr describe-images",
        out: "sha256:1\n",
      });
      expect(again.calls.filter((call) => call.includes("imagetools create"))).toEqual([]);
    });

    test.each<readonly [string, readonly Answer[], RegExp]>([
      [
        "that cannot be read",
        [{ when: "docker buildx imagetools inspect", err: "ERROR: denied\n", code: 1 }],
        /cannot read ghcr\.io.* \(ERROR: denied\)/,
      ],
      [
        "for another platform",
        [{ when: "docker buildx imagetools inspect", out: "  Platform:  linux/amd64\n" }],
        /is not for linux\/arm64, the platform of pardot-etl-prod/,
      ],
      [
        "that cannot be copied",
        [{ when: "docker buildx imagetools create", code: 1 }],
        /copy of ghcr\.io.* failed; the deployed task is unchanged/,
      ],
    ])("%s exits with 1, and nothing is registered", async (_what, answers, message) => {
      const outcome = await deploy(["--image", SOURCE], ...answers);
      expect(outcome.code).toBe(1);
      expect(last(outcome)).toMatch(message);
      expect(outcome.calls.filter((call) => /register-task|put-parameter/.test(call))).toEqual([]);
    });

    test.each([
      "ghcr.io/example/pardot-etl:1.2.3",
      "ghcr.io/example/pardot-etl@sha256:0123",
      `@sha256:${DIGEST}`,
      `ghcr.io/a@sha256:${DIGEST}0`,
      `ghcr.io/a;b@sha256:${DIGEST}`,
      `ghcr.io/a@sha256:${"x".repeat(64)}`,
    ])("exits with 2 for %s, which may mean another image tomorrow or none", async (source) => {
      const outcome = await deploy(["--image", source]);
      expect(outcome).toMatchObject({ code: 2, calls: [] });
      expect(outcome.stderr).toContain("is not an image by its digest");
    });
  });

  describe("--rollback", () => {
    const OLD = `${REGISTRY}/pardot-etl-prod:ba9876543210`;
    const imageOf = (revision: string, image: string): Answer => ({
      when: `aws ecs describe-task-definition --task-definition ${revision} --output text --query`,
      out: `${image}\n`,
    });
    const history = [
      imageOf("pardot-etl-prod", IMAGE),
      imageOf(`${FAMILY}:6`, IMAGE),
      imageOf(`${FAMILY}:5`, IMAGE),
      imageOf(`${FAMILY}:4`, OLD),
      { when: "aws ecs describe-task-definition", out: JSON.stringify(described(IMAGE)) },
    ];
    const list = { when: "aws ecs list-task-definitions", out: `${FAMILY}:6\t${FAMILY}:5\t${FAMILY}:4\t${FAMILY}:3\n` };
    const there = { when: "aws ecr describe-images", out: "sha256:0123\n" };

    test("deploys the image before, in today's task, without a checkout or Docker", async () => {
      const { code, calls, registered } = await deploy(["--rollback"], list, there, ...history);
      expect(code).toBe(0);
      const expected = described(OLD) as { taskDefinition: { containerDefinitions: object[] } };
      expect(registered).toMatchObject({ containerDefinitions: expected.taskDefinition.containerDefinitions });
      expect(calls.at(-1)).toContain("--value ba9876543210 ");
      expect(calls.filter((call) => /^(docker|git|aws ecr get|aws ecs run)/.test(call))).toEqual([]);
    });

    test.each<readonly [string, readonly Answer[], RegExp]>([
      [
        "there is none",
        [
          { ...list, out: `${FAMILY}:6\t${FAMILY}:5\t${FAMILY}:1\n` },
          imageOf(`${FAMILY}:1`, `${REGISTRY}/pardot-etl-prod:none`),
          there,
        ],
        /no earlier revision with another image/,
      ],
      [
        "it has expired",
        [list, { ...there, out: "", err: NO_SUCH_IMAGE, code: 254 }],
        /:ba9876543210 is no longer in the repo/,
      ],
      [
        "the list is refused",
        [{ ...list, err: "AccessDenied\n", code: 254 }],
        /cannot list the revisions .*AccessDenied/,
      ],
    ])("exits with 1 and changes nothing if %s", async (_what, answers, message) => {
      const outcome = await deploy(["--rollback"], ...answers, ...history);
      expect(outcome.code).toBe(1);
      expect(last(outcome)).toMatch(message);
      expect(outcome.calls.filter((call) => /register-task|put-parameter/.test(call))).toEqual([]);
    });

    test("and --image together exit with 2", async () => {
      expect(await deploy(["--rollback", "--image", TASK])).toMatchObject({ code: 2, calls: [] });
    });
  });
});
