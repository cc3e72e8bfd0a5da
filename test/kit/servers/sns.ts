import { startFauxqs } from "fauxqs";

/** A message as a queue that is subscribed to the topic gets it. */
export interface Delivered {
  readonly Type: string;
  readonly TopicArn: string;
  readonly Subject: string;
  readonly Message: string;
  readonly MessageAttributes: Readonly<Record<string, { readonly Type: string; readonly Value: string }>>;
}

/** An emulator of SNS and SQS on a loopback port that speaks their protocols, with one topic. */
export interface SnsServer {
  /** `http://127.0.0.1:<port>`. */
  readonly endpoint: string;
  readonly topicArn: string;
  /** What leads the SDK there. */
  readonly env: Readonly<Record<string, string>>;
  /** Subscribes a queue of this name to the topic, with a filter policy if one is given. */
  subscribe(queue: string, filterPolicy?: unknown): void;
  /** What has come into a queue. */
  delivered(queue: string): readonly Delivered[];
  stop(): Promise<void>;
}

/** A region that nothing else here has, so that it can only come from the topic's ARN. */
const REGION = "eu-south-2";

export async function startSnsServer(): Promise<SnsServer> {
  const server = await startFauxqs({ port: 0, logger: false, defaultRegion: REGION });
  const { topicArn } = server.createTopic("pardot-etl", { region: REGION });
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    endpoint,
    topicArn,
    env: {
      AWS_ENDPOINT_URL_SNS: endpoint,
      AWS_ACCESS_KEY_ID: "AKIAEMULATOR",
      AWS_SECRET_ACCESS_KEY: "canary-aws-secret",
      AWS_REGION: "us-west-1",
    },
    subscribe: (queue, filterPolicy) => {
      server.createQueue(queue, { region: REGION });
      const attributes = filterPolicy === undefined ? {} : { FilterPolicy: JSON.stringify(filterPolicy) };
      server.subscribe({ topic: "pardot-etl", queue, region: REGION, attributes });
    },
    delivered: (queue) =>
      (server.inspectQueue(queue)?.messages.ready ?? []).map((message) => JSON.parse(message.body) as Delivered),
    stop: () => server.stop(),
  };
}
