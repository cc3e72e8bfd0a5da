import validate from "asl-validator";
import { describe, expect, test } from "vitest";
import { EXIT_CODES } from "../../src/report/exit-codes.ts";
import { fleetDefinition, VARIABLES } from "./definition.ts";
import { StandInEcs, unit, unitOf } from "./ecs.ts";
import type { Ending, Unit } from "./ecs.ts";
import { execute } from "./states.ts";
import type { Execution } from "./states.ts";

const { template, definition } = fleetDefinition();

/** Runs units whose starts end one after another as listed. */
async function fleetOf(
  endings: Readonly<Record<string, readonly Ending[]>>,
  units: readonly Unit[] = Object.keys(endings).map((name) => unit(name)),
): Promise<{ readonly ecs: StandInEcs; readonly execution: Execution }> {
  const ecs = new StandInEcs((call, nth) => {
    const ending = endings[unitOf(call)]?.[nth - 1];
    if (ending === undefined) throw new Error(`${unitOf(call)} was started ${nth} times`);
    return ending;
  });
  return { ecs, execution: await execute(definition, { units }, ecs) };
}

test("the definition is valid by the schema of the language", () => {
  const { isValid, errorsText } = validate(structuredClone(definition));
  expect(isValid ? "" : errorsText()).toBe("");
});

test("the definition uses every variable of its interface, and stays below the limit of 1 MB", () => {
  for (const name of Object.keys(VARIABLES)) expect(template).toMatch(new RegExp(String.raw`\$\{[^}]*\b${name}\b`));
  expect(template.length).toBeLessThan(1024 ** 2);
});

test("a unit is started with its own environment and role, and a fleet of one with an empty environment", async () => {
  const units = [unit("emea", { PARDOT_BUSINESS_UNIT_ID: "0Uv1" }), unit("apac")];
  const { ecs, execution } = await fleetOf({ emea: [0], apac: [0] }, units);
  expect(ecs.calls[0]).toEqual({
    Cluster: VARIABLES.cluster_arn,
    TaskDefinition: VARIABLES.task_definition_arn,
    LaunchType: "FARGATE",
    PropagateTags: "TASK_DEFINITION",
    NetworkConfiguration: {
      AwsvpcConfiguration: { Subnets: ["subnet-1", "subnet-2"], SecurityGroups: ["sg-1"], AssignPublicIp: "DISABLED" },
    },
    Overrides: {
      TaskRoleArn: "arn:aws:iam::111122223333:role/pardot-etl-prod-unit-emea",
      ContainerOverrides: [{ Name: "pardot-etl", Environment: [{ Name: "PARDOT_BUSINESS_UNIT_ID", Value: "0Uv1" }] }],
    },
  });
  expect(ecs.calls[1]?.Overrides.ContainerOverrides).toEqual([{ Name: "pardot-etl", Environment: [] }]);
  expect(execution).toEqual({
    status: "SUCCEEDED",
    output: ["emea", "apac"].map((name) => ({ unit: name, outcome: "done", starts: 1, why: "exit code 0" })),
  });
});

describe("one unit whose starts end with", () => {
  const well: readonly [readonly Ending[], string][] = [
    [[0], "done"],
    [[4], "limit"],
    [[8], "running"],
    [["stopped by hand"], "stopped"],
    [[5, 0], "done"],
    [[5, 5, 0], "done"],
    [[7, 0], "done"],
    [[137, 0], "done"],
    [["not started", 0], "done"],
    [["stopped by AWS", 0], "done"],
    [["cut off", 0], "done"],
    [["throttled", "no capacity", "throttled", 0], "done"],
    // Whatever the first start was, the second one meets its lease if it lives.
    [["throttled", 8], "running"],
    [[5, 4], "limit"],
  ];
  test.each(well)("%j succeeds: %s", async (endings, outcome) => {
    const { ecs, execution } = await fleetOf({ emea: endings });
    expect(execution).toMatchObject({ status: "SUCCEEDED", output: [{ unit: "emea", outcome }] });
    expect(ecs.calls).toHaveLength(endings.length);
  });

  const failing: readonly [readonly Ending[], string][] = [
    [[1], "exit code 1"],
    [[2], "exit code 2"],
    [[3], "exit code 3"],
    [[6], "exit code 6"],
    [[5, 5, 5], "exit code 5, 3 starts"],
    [[7, 7], "exit code 7, 2 starts"],
    [[137, 137], "exit code 137, 2 starts"],
    [["stopped by AWS", "stopped by AWS"], "exit code 130, 2 starts"],
    [
      ["not started", "not started"],
      "no exit code, TaskFailedToStart: CannotPullContainerError: manifest unknown, 2 starts",
    ],
    [
      ["no capacity", "no capacity", "throttled", "throttled"],
      "ECS.AmazonECSException: Rate exceeded (Error Code: ThrottlingException), 4 starts",
    ],
    [["hangs"], "States.Timeout"],
    [["cut off", "cut off"], "States.TaskFailed: { Containers :[{ Name : pardot-etl , ExitCo, 2 starts"],
    // Starts count together: no unit is started without end.
    [[137, 5, 5], "exit code 5, 3 starts"],
  ];
  test.each(failing)("%j fails: %s", async (endings, why) => {
    const { ecs, execution } = await fleetOf({ emea: endings });
    expect(execution).toEqual({
      status: "FAILED",
      error: "UnitsFailed",
      cause: `1 of 1 units failed: emea (${why})`,
    });
    expect(ecs.calls).toHaveLength(endings.length);
  });

  test("every exit code of run is among them", () => {
    const tried = new Set([...well, ...failing].flatMap(([endings]) => endings));
    // 9 is the code of `status --max-age`; 130 is tried by who stopped the task.
    const codes = EXIT_CODES.map(({ code }) => code).filter((code) => code !== 9 && code !== 130);
    expect(codes.filter((code) => !tried.has(code))).toEqual([]);
  });
});

test("pauses double and are lengthened by up to a half, so that units do not return together", async () => {
  const { ecs } = await fleetOf({ emea: ["throttled", "throttled", "throttled", 0] });
  const bases = [60, 120, 240];
  expect(ecs.pauses).toHaveLength(bases.length);
  for (const [index, base] of bases.entries()) {
    expect(ecs.pauses[index]).toBeGreaterThanOrEqual(base);
    expect(ecs.pauses[index]).toBeLessThanOrEqual(base * 1.5);
  }
  const { ecs: later } = await fleetOf({ emea: [5, 5, 0] });
  expect(later.pauses[0]).toBeGreaterThanOrEqual(600);
  expect(later.pauses[1]).toBeGreaterThanOrEqual(1200);
});
