import { PublishCommand, SNSClient } from "@aws-sdk/client-sns";
import type { MessageAttributeValue } from "@aws-sdk/client-sns";
import { clientOptions } from "../aws/client-options.ts";
import { isTransient, readFailure } from "../aws/failure.ts";
import type { SnsTopic } from "../config/config.ts";
import { visible } from "../text.ts";
import type { Channel, Notification, Refused } from "./notification.ts";

/** Time to connect, after which the endpoint counts as unreachable. */
const CONNECTION_TIMEOUT_MS = 3000;

/** Longest silence of a connection; notify.ts ends an attempt before that. */
const IDLE_TIMEOUT_MS = 10_000;

const MAY_PUBLISH = "Allow sns:Publish on this topic for the run's role or user.";
const MAY_USE_KEY = "Allow kms:GenerateDataKey and kms:Decrypt on the key of this topic for the run's role or user.";
const CREDENTIALS = "Check the AWS credentials of the run.";

/** What to do about a failure, by its code; some endpoints add `Exception` to it. */
const HINTS: Readonly<Record<string, string>> = {
  AuthorizationError: MAY_PUBLISH,
  AccessDenied: MAY_PUBLISH,
  NotFound: "Check PARDOT_ETL_SNS_TOPIC_ARN: account, region and name.",
  KMSAccessDenied: MAY_USE_KEY,
  InvalidClientTokenId: CREDENTIALS,
  SignatureDoesNotMatch: CREDENTIALS,
  ExpiredToken: CREDENTIALS,
  CredentialsProviderError: "Give the run AWS credentials: a task role, a profile or AWS_ACCESS_KEY_ID.",
};

/** The region is the topic's. AWS_ENDPOINT_URL_SNS sets another endpoint, as everywhere in the SDK. */
export function snsChannel(topic: SnsTopic): Channel {
  return {
    name: `SNS topic ${topic.arn}`,
    send: async (notification, signal) => {
      const client = new SNSClient({ region: topic.region, ...clientOptions(CONNECTION_TIMEOUT_MS, IDLE_TIMEOUT_MS) });
      try {
        await client.send(new PublishCommand(messageOf(topic, notification)), { abortSignal: signal });
        return null;
      } catch (error) {
        signal.throwIfAborted();
        return refusal(error);
      } finally {
        client.destroy();
      }
    },
  };
}

function messageOf(topic: SnsTopic, { subject, text, outcome }: Notification): PublishCommand["input"] {
  return {
    TopicArn: topic.arn,
    Subject: subject,
    Message: text,
    MessageAttributes: {
      status: stringAttribute(outcome.status),
      exit_code: { DataType: "Number", StringValue: String(outcome.exitCode) },
      // An attribute without a value is refused.
      ...(outcome.businessUnit === null ? {} : { business_unit: stringAttribute(outcome.businessUnit) }),
      ...(outcome.unitName === null ? {} : { business_unit_name: stringAttribute(visible(outcome.unitName)) }),
      ...(outcome.runId === null ? {} : { run_id: stringAttribute(outcome.runId) }),
    },
  };
}

function stringAttribute(value: string): MessageAttributeValue {
  return { DataType: "String", StringValue: value };
}

function refusal(error: unknown): Refused {
  const failure = readFailure(error);
  const { name, status, message } = failure;
  return {
    reason: `${name}${status === null ? "" : ` (HTTP ${status})`}: ${message}`,
    hint: HINTS[name.replace(/Exception$/, "")] ?? null,
    retryable: isTransient(failure),
  };
}
