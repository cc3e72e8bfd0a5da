import { setImmediate as turn } from "node:timers/promises";
import { StateError } from "./states.ts";
import type { Surroundings } from "./states.ts";

/** How one call of RunTask ends; a number is the program's exit code. */
export type Ending =
  | number
  /** RunTask answers with HTTP 200 and `failures`. */
  | "no capacity"
  | "throttled"
  /** The image cannot be pulled: no exit code. */
  | "not started"
  /** Stopped by `aws ecs stop-task`; the program ends with 130. */
  | "stopped by hand"
  /** Stopped by AWS for maintenance; the program ends with 130. */
  | "stopped by AWS"
  /** Step Functions stops it after the state's TimeoutSeconds. */
  | "hangs"
  /** The description of the failed task is longer than a cause may be. */
  | "cut off"
  /** A permission is missing; the text has quotes and a line end. */
  | "refused";

/** What Step Functions passes to RunTask. */
export interface RunTask {
  readonly Overrides: {
    readonly TaskRoleArn: string;
    readonly ContainerOverrides: readonly [
      { readonly Name: string; readonly Environment: readonly { readonly Name: string; readonly Value: string }[] },
    ];
  };
}

export interface Unit {
  readonly name: string;
  readonly taskRoleArn: string;
  readonly environment: readonly { readonly Name: string; readonly Value: string }[];
}

/** A unit as the module puts it into the execution's input. */
export function unit(name: string, environment: Readonly<Record<string, string>> = {}): Unit {
  return {
    name,
    taskRoleArn: `arn:aws:iam::111122223333:role/pardot-etl-prod-unit-${name}`,
    environment: Object.entries(environment).map(([Name, Value]) => ({ Name, Value })),
  };
}

/** The unit that a call of RunTask is for. */
export function unitOf({ Overrides: { TaskRoleArn } }: RunTask): string {
  return TaskRoleArn.replace(/^.*?-unit-/, "");
}

/** How the nth start of a unit ends. */
type Run = (call: RunTask, nth: number) => Ending | Promise<Ending>;

/**
 * Stands in for `ecs:runTask.sync`. A failed task is `States.TaskFailed` with its description as JSON text, keys in
 * PascalCase; `failures` under HTTP 200 are `AmazonECS.Unknown` (Step Functions guide, "Run Amazon ECS tasks").
 */
export class StandInEcs implements Surroundings {
  readonly calls: RunTask[] = [];
  readonly pauses: number[] = [];
  mostAtOnce = 0;
  private atOnce = 0;
  private readonly run: Run;

  constructor(run: Run) {
    this.run = run;
  }

  async task(resource: string, argument: unknown): Promise<unknown> {
    if (resource !== "arn:aws:states:::ecs:runTask.sync") throw new Error(`an unknown resource: ${resource}`);
    const call = argument as RunTask;
    this.calls.push(call);
    const nth = this.calls.filter((each) => unitOf(each) === unitOf(call)).length;
    this.atOnce += 1;
    this.mostAtOnce = Math.max(this.mostAtOnce, this.atOnce);
    await turn();
    try {
      return outcome(await this.run(call, nth), call);
    } finally {
      this.atOnce -= 1;
    }
  }

  pause(seconds: number): Promise<void> {
    this.pauses.push(seconds);
    return Promise.resolve();
  }
}

function outcome(ending: Ending, call: RunTask): unknown {
  switch (ending) {
    case "no capacity":
      throw new StateError("AmazonECS.Unknown", "Capacity is unavailable at this time. Please try again later");
    case "throttled":
      throw new StateError("ECS.AmazonECSException", "Rate exceeded (Error Code: ThrottlingException)");
    case "hangs":
      throw new StateError("States.Timeout");
    case "cut off":
      throw new StateError("States.TaskFailed", '{"Containers":[{"Name":"pardot-etl","ExitCo');
    case "refused":
      throw new StateError("ECS.AccessDeniedException", 'User: "x"\nis not authorized to perform "ecs:RunTask"');
    case "not started":
      throw failed(call, null, "TaskFailedToStart", "CannotPullContainerError: manifest unknown");
    case "stopped by hand":
      throw failed(call, 130, "UserInitiated", "Task stopped by user");
    case "stopped by AWS":
      throw failed(call, 130, "TerminationNotice", "Your Fargate task is being replaced");
    case 0:
      return task(call, 0, "EssentialContainerExited", "Essential container in task exited");
    default:
      throw failed(call, ending, "EssentialContainerExited", "Essential container in task exited");
  }
}

function failed(...of: Parameters<typeof task>): StateError {
  return new StateError("States.TaskFailed", JSON.stringify(task(...of)));
}

/** With a container that the platform adds, first and ending well. */
function task(call: RunTask, exitCode: number | null, stopCode: string, reason: string): unknown {
  return {
    TaskArn: "arn:aws:ecs:eu-central-1:111122223333:task/pardot-etl-prod/0123456789abcdef0123456789abcdef",
    LastStatus: "STOPPED",
    StopCode: stopCode,
    StoppedReason: reason,
    Overrides: call.Overrides,
    Containers: [
      { Name: "aws-guardduty-agent-1", LastStatus: "STOPPED", ExitCode: 0 },
      { Name: "pardot-etl", LastStatus: "STOPPED", ...(exitCode === null ? {} : { ExitCode: exitCode }) },
    ],
  };
}
