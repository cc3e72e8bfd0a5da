import { describe, expect, test } from "vitest";
import { EXIT_CODES } from "../../src/report/exit-codes.ts";
import { readTerraform } from "../terraform/module.ts";
import { fleetDefinition, VARIABLES } from "./definition.ts";
import { StandInEcs, unit } from "./ecs.ts";
import type { Ending } from "./ecs.ts";
import { readEventRule } from "./event-rule.ts";
import type { Event } from "./event-rule.ts";
import { execute } from "./states.ts";

// The module's two rules of EventBridge, with the events that Step Functions and ECS send.

const MACHINE = "arn:aws:states:eu-central-1:111122223333:stateMachine:pardot-etl-prod";
const REFERENCES = {
  "local.name": "pardot-etl-prod",
  "local.cluster_arn": VARIABLES.cluster_arn,
  "local.cluster_name": "pardot-etl-prod",
  "aws_sfn_state_machine.this.arn": MACHINE,
  "aws_ecs_task_definition.this.arn_without_revision": VARIABLES.task_definition_arn,
  "aws_cloudwatch_log_group.this.name": "/ecs/pardot-etl-prod",
};
const module = await readTerraform("deploy/terraform");
const failed = await readEventRule(module, "failed", REFERENCES);
const died = await readEventRule(module, "died", REFERENCES);
const { definition } = fleetDefinition();

/** What Step Functions sends when an execution ends. */
function ended(detail: Event, machine: string = MACHINE): Event {
  return {
    source: "aws.states",
    "detail-type": "Step Functions Execution Status Change",
    detail: { stateMachineArn: machine, executionArn: `${machine.replace("stateMachine", "execution")}:1`, ...detail },
  };
}

async function endOf(...endings: readonly Ending[]): Promise<Event> {
  const ecs = new StandInEcs((_call, nth) => endings[nth - 1] ?? 0);
  return ended({ ...(await execute(definition, { units: [unit("emea")] }, ecs)) });
}

describe("the message of a failed execution", () => {
  test.each<readonly [readonly Ending[], string]>([
    [[3], "1 of 1 units failed: emea (exit code 3)"],
    [[5, 5, 5], "emea (exit code 5, 3 starts)"],
    [["hangs"], "emea (States.Timeout)"],
    // Neither quotes nor line ends may get from an error's text into the JSON of the message.
    [["cut off", "cut off"], "emea (States.TaskFailed: { Containers :[{ Name : pardot-etl , ExitCo, 2 starts)"],
    [["refused", "refused", "refused", "refused"], "emea (ECS.AccessDeniedException: User: x is not authorized"],
  ])("after %j names the unit and its end", async (endings, cause) => {
    const message = failed.messageOf(await endOf(...endings));
    expect(message).toContain("pardot-etl-prod: a scheduled run ended as FAILED (UnitsFailed). ");
    expect(message).toContain(cause);
    expect(message).toContain("at the end of the log /ecs/pardot-etl-prod");
    expect(message).toMatch(/Execution: arn:aws:states:\S+:1$/);
  });

  test("comes for one that hung or was stopped too, without a cause", () => {
    for (const status of ["TIMED_OUT", "ABORTED"]) {
      expect(failed.messageOf(ended({ status }))).toContain(`a scheduled run ended as ${status} ().`);
    }
  });

  test("does not come for one that began or succeeded, nor for another state machine", async () => {
    for (const endings of [[0], [4], [8], [5, 0]]) expect(failed.messageOf(await endOf(...endings))).toBeNull();
    expect(failed.messageOf(ended({ status: "RUNNING" }))).toBeNull();
    expect(failed.messageOf(ended({ status: "FAILED" }, `${MACHINE}-2`))).toBeNull();
  });
});

describe("the message of a task that died", () => {
  /** What ECS sends about a task; GuardDuty's container is killed when ours has ended. */
  function stopped(exitCode: number | null, change: Event = {}): Event {
    const own = { name: "pardot-etl", ...(exitCode === null ? {} : { exitCode }) };
    return {
      source: "aws.ecs",
      "detail-type": "ECS Task State Change",
      detail: {
        clusterArn: VARIABLES.cluster_arn,
        taskDefinitionArn: `${VARIABLES.task_definition_arn}:7`,
        taskArn: "arn:aws:ecs:eu-central-1:111122223333:task/pardot-etl-prod/1",
        lastStatus: "STOPPED",
        stopCode: "EssentialContainerExited",
        stoppedReason: "Essential container in task exited",
        containers: [{ name: "aws-guardduty-agent-1", exitCode: 137 }, own],
        ...change,
      },
    };
  }

  test.each<readonly [string, Event]>([
    ["a kill", stopped(137)],
    ["a bug, which may come before there is a log", stopped(1)],
    ["no image", stopped(null, { stopCode: "TaskFailedToStart" })],
    ["an end by AWS", stopped(130, { stopCode: "TerminationNotice" })],
  ])("comes for %s", (_what, event) => {
    expect(died.messageOf(event)).toMatch(/^pardot-etl-prod: a task ended .*task\/pardot-etl-prod\/1/);
  });

  test.each<readonly [string, Event]>([
    ...EXIT_CODES.filter(({ code }) => code !== 1).map(
      ({ code }) => [`exit code ${code}, although another container was killed`, stopped(code)] as const,
    ),
    ["a task that still runs", stopped(null, { lastStatus: "RUNNING" })],
    ["a task of another family", stopped(137, { taskDefinitionArn: `${VARIABLES.task_definition_arn}-2:7` })],
    ["a task in another cluster", stopped(137, { clusterArn: `${VARIABLES.cluster_arn}-2` })],
  ])("does not come for %s", (_what, event) => {
    expect(died.messageOf(event)).toBeNull();
  });
});
