import { readFile } from "node:fs/promises";
import { expect, onTestFinished } from "vitest";
import { checkout } from "./stand-ins.ts";
import type { Answer, Outcome } from "./stand-ins.ts";

// A successful deployment; a test changes the part that it is about.

export const ACCOUNT: string = "111122223333";
export const REVISION: string = "0123456789ab";
export const REGISTRY: string = `${ACCOUNT}.dkr.ecr.eu-central-1.amazonaws.com`;
export const IMAGE: string = `${REGISTRY}/pardot-etl-prod:${REVISION}`;
export const FAMILY: string = `arn:aws:ecs:eu-central-1:${ACCOUNT}:task-definition/pardot-etl-prod`;
export const TASK: string = `arn:aws:ecs:eu-central-1:${ACCOUNT}:task/pardot-etl-prod/5d41402abc4b2a76b9719d911017c592`;
/** A canary: only `docker login` may read it. */
export const PASSWORD: string = "canary-ecr-password";

export const ENVIRONMENT: string = `# written by terraform output -raw deploy_env
AWS_ACCOUNT_ID=${ACCOUNT}
AWS_REGION=eu-central-1
ECR_REPOSITORY=pardot-etl-prod
IMAGE_TAG_PARAMETER=/pardot-etl-prod/image-tag
PLATFORM=linux/arm64
ECS_CLUSTER=pardot-etl-prod
TASK_FAMILY=pardot-etl-prod
LOG_GROUP=/ecs/pardot-etl-prod
SUBNET_IDS=subnet-1,subnet-2
SECURITY_GROUP_IDS=sg-1
ASSIGN_PUBLIC_IP=DISABLED
`;

/** ECS's response about a revision, including an unknown field. */
export function described(image: string): object {
  return {
    taskDefinition: {
      taskDefinitionArn: `${FAMILY}:6`,
      containerDefinitions: [
        { name: "sidecar", image: "public.ecr.aws/sidecar:1" },
        {
          name: "pardot-etl",
          image,
          command: ["run"],
          readonlyRootFilesystem: true,
          environment: [{ name: "A", value: "1" }],
        },
      ],
      family: "pardot-etl-prod",
      taskRoleArn: "arn:aws:iam::111122223333:role/task",
      revision: 6,
      volumes: [{ name: "scratch" }],
      status: "ACTIVE",
      requiresAttributes: [{ name: "ecs.capability.task-eni" }],
      compatibilities: ["EC2", "FARGATE"],
      cpu: "512",
      learntLater: { kept: true },
      registeredAt: "2026-11-01T00:00:00Z",
      registeredBy: "arn:aws:iam::111122223333:user/terraform",
    },
    tags: [{ key: "app", value: "pardot-etl" }],
  };
}

export const NO_SUCH_IMAGE =
  "\nAn error occurred (ImageNotFoundException) when calling the DescribeImages operation: The image does not exist\n";

const USUAL: readonly Answer[] = [
  { when: "docker buildx version", out: "github.com/docker/buildx v0.19.0\n" },
  { when: "git rev-parse", out: `${REVISION}\n` },
  { when: "git status", out: "" },
  { when: "git show", out: "2026-11-24T09:30:00+00:00\n" },
  { when: "aws sts get-caller-identity", out: `${ACCOUNT}\n` },
  // First one value is requested, then everything.
  { when: "aws ecs describe-task-definition --task-definition pardot-etl-prod --query", out: "run\n" },
  { when: `aws ecs describe-task-definition --task-definition ${FAMILY}:7 --query`, out: "run\n" },
  {
    when: "aws ecs describe-task-definition",
    out: JSON.stringify(described(`${REGISTRY}/pardot-etl-prod:ba9876543210`)),
  },
  { when: "aws ecr describe-images", err: NO_SUCH_IMAGE, code: 254 },
  { when: "aws ecr get-login-password", out: `${PASSWORD}\n` },
  { when: "docker login", out: "Login Succeeded\n" },
  { when: "docker buildx build" },
  { when: "docker push" },
  { when: "docker buildx imagetools inspect", out: "Name: x\n  Platform:  linux/amd64\n  Platform:  linux/arm64\n" },
  { when: "docker buildx imagetools create" },
  { when: "aws ecs register-task-definition", out: `${FAMILY}:7\n` },
  { when: "aws ecs deregister-task-definition", out: "INACTIVE\n" },
  { when: "aws ssm put-parameter", out: "{}\n" },
  { when: "aws ssm get-parameters-by-path" },
  { when: "aws ecs run-task", out: `${TASK}\tNone\tNone\n` },
  { when: "aws ecs describe-tasks", out: ["PROVISIONING\tNone\tNone\n", "RUNNING\tNone\tNone\n", ended(0)] },
  { when: "aws logs get-log-events", out: ["f/0\n", "f/1\nfirst line\n", "f/1\n", "f/2\nlast\tline\n", "f/2\n"] },
  { when: "sleep" },
];

/** Response of describe-tasks about a task whose container ended. */
export function ended(code: number | "None", why = "Essential container in task exited"): string {
  return `STOPPED\t${code}\t${why}\n`;
}

/** The usual responses, with these overrides. */
export function answers(...others: readonly Answer[]): readonly Answer[] {
  return [...others, ...USUAL];
}

export interface Wish {
  readonly answers?: readonly Answer[];
  /** Text of the environment file; null for none. */
  readonly environment?: string | null;
  /** Name of the environment file; the script's own by default. */
  readonly file?: string;
  /** A tool that is not installed. */
  readonly without?: string;
  /** Variables of the person who deploys. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Runs a script of deploy/ under a shell; a password that it got is nowhere to be seen. */
export async function deployUnder(
  shell: string,
  args: readonly string[],
  wish: Wish = {},
  script = "ProdDeploy.sh",
): Promise<Outcome> {
  const { environment = ENVIRONMENT } = wish;
  const name = wish.file ?? (script.startsWith("Dev") ? "dev" : "prod");
  const at = await checkout({
    shell,
    answers: answers(...(wish.answers ?? [])),
    files: environment === null ? {} : { [`deploy/${name}.env`]: environment },
    without: wish.without,
    variables: wish.variables,
  });
  onTestFinished(() => at.close());
  const outcome = await at.run(script, ...args);
  expect(outcome.stdout + outcome.stderr + outcome.calls.join("\n")).not.toContain(PASSWORD);
  return outcome;
}

/** An error as the AWS command line reports it. */
export function failed(when: string, message: string): Wish {
  return { answers: [{ when, err: `\nAn error occurred (${message}) when calling it: reason given\n`, code: 254 }] };
}

/** docs/deploy.md. */
export const PAGE: string = await readFile(new URL("../../docs/deploy.md", import.meta.url), "utf8");

/** The page's commands below a heading. */
export function shown(heading: string): string[] {
  const section = PAGE.split(/^##+ /m).find((part) => part.startsWith(`${heading}\n`)) ?? "";
  const [, block = ""] = /^```sh\n(.*?)^```$/ms.exec(section) ?? [];
  return block
    .replaceAll(/ \\\n +/g, " ")
    .split("\n")
    .filter((line) => line !== "" && !line.startsWith("#"))
    .map((line) => line.replace(/ +#.*$/, ""));
}
