import { describe, expect, test } from "vitest";
import { GOOD, load, problemsOf, useConfigFolder } from "../../test/kit/config-rig.ts";

useConfigFolder();

describe("notification settings", () => {
  test.each([
    "arn:aws:sns:eu-central-1:123456789012:pardot-etl.fifo",
    "arn:aws:sqs:eu-central-1:123456789012:pardot-etl",
    "arn:aws:sns:eu-central-1:1234:pardot-etl",
    "arn:aws:sns::123456789012:pardot-etl",
    "pardot-etl",
  ])("refuse %s as a topic", async (arn) => {
    const problems = await problemsOf({ env: { ...GOOD, PARDOT_ETL_SNS_TOPIC_ARN: arn } });
    expect(problems).toEqual([
      { path: "PARDOT_ETL_SNS_TOPIC_ARN", value: arn, expected: expect.stringContaining("standard topic") as string },
    ]);
  });

  test.each([
    "http://hooks.slack.com/s3cr3t-client",
    "ftp://127.0.0.1/s3cr3t-client",
    "https://me:s3cr3t-client@example.com/",
    "https://example.com/#s3cr3t-client",
    "s3cr3t-client",
  ])("refuse %s as a webhook without showing it", async (address) => {
    const problems = await problemsOf({ env: { ...GOOD, PARDOT_ETL_WEBHOOK_URL: address } });
    expect(problems).toEqual([
      {
        path: "PARDOT_ETL_WEBHOOK_URL",
        value: "***",
        expected: expect.stringContaining("an https:// address") as string,
      },
    ]);
  });

  test.each(["http://127.0.0.1:9/a", "http://localhost/a?b=c", "https://example.com:8443/a"])(
    "accept %s as a webhook",
    async (address) => {
      const { notify } = await load({ env: { ...GOOD, PARDOT_ETL_WEBHOOK_URL: address } });
      expect(notify.webhookUrl?.reveal()).toBe(address);
    },
  );
});
