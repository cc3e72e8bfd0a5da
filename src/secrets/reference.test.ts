import { describe, expect, test } from "vitest";
import { isReference, readReference } from "./reference.ts";

const ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:acme/pardot-a1B2c3";
const CHINA = "arn:aws-cn:ssm:cn-north-1:123456789012:parameter/acme/pardot";

describe("a reference", () => {
  test.each([
    ["aws-secretsmanager:acme/pardot", "secrets-manager", "acme/pardot", null, null],
    ["aws-secretsmanager:acme/pardot#client_secret", "secrets-manager", "acme/pardot", "client_secret", null],
    [
      "aws-secretsmanager:a_1/+=.@-#key with # and : in it",
      "secrets-manager",
      "a_1/+=.@-",
      "key with # and : in it",
      null,
    ],
    [`aws-secretsmanager:${ARN}#token`, "secrets-manager", ARN, "token", "eu-west-1"],
    [`aws-secretsmanager:${ARN}`, "secrets-manager", ARN, null, "eu-west-1"],
    ["aws-ssm:/acme/pardot/token", "parameter-store", "/acme/pardot/token", null, null],
    ["aws-ssm:token", "parameter-store", "token", null, null],
    [`aws-ssm:${CHINA}`, "parameter-store", CHINA, null, "cn-north-1"],
  ])("%s is read", (text, service, name, key, region) => {
    expect(isReference(text)).toBe(true);
    expect(readReference(text)).toEqual({ ok: true, value: { service, text, name, key, region } });
  });

  test.each([
    ["aws-secretsmanager:", /name or ARN after aws-secretsmanager:$/],
    ["aws-secretsmanager:#canary", /name or ARN/],
    ["aws-secretsmanager:canary#", /a key of the secret's JSON after the #/],
    ["aws-secretsmanager:can ary", /letters, digits and/],
    ["aws-secretsmanager:canary:key", /letters, digits and/],
    // The form that an ECS task definition wants.
    [`aws-secretsmanager:${ARN}:canary::`, /after a #: an ARN here ends with the secret's name/],
    ["aws-secretsmanager:arn:aws:s3:::canary", /name \(letters/],
    ["aws-ssm:", /name or ARN after aws-ssm:$/],
    ["aws-ssm:/acme#canary", /without #.*keys are for aws-secretsmanager:/],
    // A version is read for ever, so nothing could be written back.
    ["aws-ssm:/acme/canary:3", /name \(letters/],
    ["aws-ssm:arn:aws:ssm:eu-west-1:1:parameter/canary", /or ARN/],
  ])("%s is refused, and not quoted", (text, expected) => {
    expect(isReference(text)).toBe(true);
    const reading = readReference(text);
    expect(reading).toEqual({ ok: false, expected: expect.stringMatching(expected) as string });
    expect(JSON.stringify(reading)).not.toContain("canary");
  });

  test.each(["secret", "AWS-SSM:x", "aws-sms:x", " aws-ssm:x", "arn:aws:secretsmanager:x"])(
    "%s is not a reference",
    (text) => {
      expect(isReference(text)).toBe(false);
    },
  );
});
