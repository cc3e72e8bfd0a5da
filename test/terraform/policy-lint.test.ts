import { expect, test } from "vitest";
import { lintStatement } from "./policy-lint.ts";

const read = {
  Sid: "Read",
  Effect: "Allow",
  Action: ["s3:GetObject"],
  Resource: ["arn:aws:s3:::acme-lake/pardot/*"],
} as const;

test("the linter of policies accepts a statement whose action, resource and condition AWS knows", async () => {
  expect(await lintStatement(read)).toEqual([]);
  const run = {
    ...read,
    Action: ["ecs:RunTask"],
    Resource: ["arn:aws:ecs:eu-central-1:111122223333:task-definition/pardot-etl-prod:*"],
    Condition: { ArnEquals: { "ecs:cluster": "arn:aws:ecs:eu-central-1:111122223333:cluster/pardot-etl-prod" } },
  };
  expect(await lintStatement(run)).toEqual([]);
});

test.each([
  ["an action that does not exist", { Action: ["s3:ReadObject"] }, "Read: no action s3:ReadObject"],
  ["a star in place of resources", { Resource: ["*"] }, "Read: s3:GetObject supports resources, and has *"],
  [
    "a resource of another service",
    { Resource: ["arn:aws:sqs:eu-central-1:1:q"] },
    "Read: no action for arn:aws:sqs:eu-central-1:1:q",
  ],
  [
    "a resource for an action that supports none",
    { Action: ["ecr:GetAuthorizationToken"], Resource: ["arn:aws:ecr:eu-central-1:111122223333:repository/a"] },
    "Read: ecr:GetAuthorizationToken supports no resource",
  ],
  [
    "a condition key that the action does not know",
    { Condition: { StringEquals: { "ecs:cluster": "a" } } },
    "Read: s3:GetObject does not know the condition key ecs:cluster",
  ],
])("the linter of policies refuses %s", async (_what, change, problem) => {
  expect(await lintStatement({ ...read, ...change })).toContain(problem);
});
