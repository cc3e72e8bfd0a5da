import { describe, expect, test } from "vitest";
import { deployUnder, ended, shown, TASK } from "./scene.ts";
import { shells } from "./shells.ts";
import type { Answer, Outcome } from "./stand-ins.ts";

// run-task.sh with recording stand-ins for AWS.

const OK = "RUNNING\tNone\tNone\n";

describe.each(shells)("under $name", ({ path }) => {
  async function runTask(args: readonly string[], ...answers: readonly Answer[]): Promise<Outcome> {
    return deployUnder(path, ["prod", ...args], { answers }, "run-task.sh");
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
      { when: "aws ecs run-task", out: "None\tRESOURCE:FARGATE\tNone\n" },
      /could not be started: RESOURCE:FARGATE$/,
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
      "no place and its reason",
      { when: "aws ecs run-task", out: "None\tCapacity is unavailable at this time\tzone a\n" },
      /could not be started: Capacity is unavailable at this time\tzone a$/,
    ],
    [
      "no right to see it",
      { when: "aws ecs describe-tasks", err: "AccessDeniedException: no\n", code: 254 },
      new RegExp(`AccessDenied.*the task continues.*aws ecs stop-task .*--task ${TASK}`),
    ],
    [
      "no knowledge of it",
      { when: "aws ecs describe-tasks", out: "None\n" },
      /ECS has not known the task for a minute/,
    ],
    [
      "no sight of its log",
      { when: "aws logs", err: "AccessDenied\n", code: 254 },
      /cannot read the log \(AccessDenied\); the task continues/,
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

  test.each(["aws ecs describe-tasks", "aws logs get-log-events"])(
    "a connection that is lost in %s for less than five minutes ends nothing",
    async (when) => {
      const good = when.includes("logs") ? ["f/1\nfirst line\n", "f/1\n"] : [OK, ended(4)];
      const lost = { when, out: good, failsFirst: 3, err: "Could not connect to the endpoint URL\n" };
      const { code, stdout, stderr } = await runTask([], lost, { when: "aws ecs describe-tasks", out: ended(4) });
      expect({ code, stdout }).toEqual({ code: 4, stdout: expect.stringContaining("first line\n") as string });
      expect(stderr.match(/trying again for five minutes/g)).toHaveLength(1);
      expect(stderr).toMatch(/cannot (describe the task|read the log) \(Could not connect to the endpoint URL\)/);
    },
  );

  test.each(["aws ecs describe-tasks", "aws logs get-log-events"])(
    "it gives up after five minutes without an answer of %s, and prints how to stop the task",
    async (when) => {
      const running = { when: "aws ecs describe-tasks", out: OK };
      const { code, stderr, calls } = await runTask([], { when, err: "ExpiredToken\n", code: 254 }, running);
      expect(code).toBe(1);
      expect(stderr.trim().split("\n").at(-1)).toMatch(
        new RegExp(`for five minutes \\(ExpiredToken\\); the task continues; to stop it: aws ecs stop-task .*${TASK}$`),
      );
      expect(calls.filter((call) => call === "sleep 5")).toHaveLength(59);
    },
  );

  test("another revision of the task is run if it is named", async () => {
    const { code, calls } = await runTask(["--task-definition", "pardot-etl-prod:3", "check"], {
      when: "aws ecs describe-task-definition --task-definition pardot-etl-prod:3",
      out: "run\n",
    });
    expect(code).toBe(0);
    expect(calls.find((call) => call.includes("run-task"))).toContain(" --task-definition pardot-etl-prod:3 ");
  });

  const UNIT = {
    environment: [
      { name: "PARDOT_BUSINESS_UNIT_ID", value: "0Uv000000000001AAA" },
      { name: "SNOWFLAKE_SCHEMA", value: 'A "B"' },
    ],
    taskRoleArn: "arn:aws:iam::111122223333:role/pardot-etl-prod-unit-emea",
  };
  const stored = {
    when: "aws ssm get-parameter --name /pardot-etl-prod/units/emea ",
    out: `${JSON.stringify(UNIT)}\n`,
  };
  const overridesOf = ({ calls }: Outcome): unknown =>
    JSON.parse(
      /--overrides '(.*?)' --query/.exec(calls.find((call) => call.includes("run-task")) ?? "")?.[1] ?? "null",
    );

  test("a business unit is run with its own environment and role", async () => {
    const container = { name: "pardot-etl", environment: UNIT.environment };
    const plain = await runTask(["--unit", "emea"], stored);
    expect(plain.code).toBe(0);
    expect(overridesOf(plain)).toEqual({ taskRoleArn: UNIT.taskRoleArn, containerOverrides: [container] });
    const full = await runTask(["--unit", "emea", "run", "--full"], stored);
    expect(overridesOf(full)).toMatchObject({ containerOverrides: [{ ...container, command: ["run", "--full"] }] });
  });

  test.each<readonly [string, Answer, RegExp]>([
    [
      "without a parameter",
      { when: "aws ssm get-parameter ", err: "\nAn error occurred (ParameterNotFound) when calling it\n", code: 254 },
      /no settings of the unit emea \(.*ParameterNotFound.*run-task\.sh prod units lists the units$/,
    ],
    [
      "with a parameter of another kind",
      { when: "aws ssm get-parameter ", out: "none\n" },
      /units\/emea: no settings of a unit: /,
    ],
    [
      "without an environment",
      { when: "aws ssm get-parameter ", out: "{}\n" },
      /units\/emea: no settings .* no environment$/,
    ],
  ])("a business unit %s exits with 1 and starts nothing", async (_what, answer, message) => {
    const { code, stderr, calls } = await runTask(["--unit", "emea"], answer);
    expect(code).toBe(1);
    expect(stderr.trim().split("\n").at(-1)).toMatch(message);
    expect(calls.filter((call) => call.includes("run-task"))).toEqual([]);
  });

  test("units lists the business units by name", async () => {
    const out = "/pardot-etl-prod/units/apac\n/pardot-etl-prod/units/emea\n";
    const { code, stdout, calls } = await runTask(["units"], { when: "aws ssm get-parameters-by-path", out });
    expect({ code, stdout }).toEqual({ code: 0, stdout: "apac\nemea\n" });
    expect(calls.filter((call) => call.includes("run-task"))).toEqual([]);
    const single = await runTask(["units"], { when: "aws ssm get-parameters-by-path", out: "" });
    expect(single).toMatchObject({ code: 0, stdout: "", stderr: expect.stringContaining("no units") as string });
  });

  test("any environment is known whose file is there, and another exits with 2", async () => {
    const at = (...args: readonly string[]): Promise<Outcome> => deployUnder(path, args, {}, "run-task.sh");
    for (const args of [[], ["test"], ["../prod"], ["--unit"], ["prod", "--unit"], ["prod", "--force"]]) {
      expect(await at(...args)).toMatchObject({
        code: 2,
        calls: [],
        stderr: expect.stringContaining("usage:") as string,
      });
    }
    const emea = await deployUnder(path, ["prod-emea"], { file: "prod-emea" }, "run-task.sh");
    expect(emea.code).toBe(0);
    expect(await at("--help")).toMatchObject({
      code: 0,
      calls: [],
      stdout: expect.stringContaining("--unit") as string,
    });
  });
});
