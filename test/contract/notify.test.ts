import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import type { NotifyConfig } from "../../src/config/config.ts";
import { Secret } from "../../src/secrets/secret.ts";
import { AuthError } from "../../src/errors.ts";
import type { RunEvent } from "../../src/events.ts";
import { openConnections } from "../../src/http/transport.ts";
import type { Connections } from "../../src/http/transport.ts";
import type { Link } from "../../src/notify/link.ts";
import { notify } from "../../src/notify/notify.ts";
import { systemClock } from "../../src/platform/clock.ts";
import type { Clock } from "../../src/platform/clock.ts";
import { RunRecorder } from "../../src/operations/run/outcome.ts";
import type { RunOutcome } from "../../src/operations/run/outcome.ts";
import type { Notified } from "../../src/operations/api.ts";
import { fakeClock } from "../kit/fakes/io.ts";
import { startFaultProxy } from "../kit/servers/fault-proxy.ts";
import { startSnsServer } from "../kit/servers/sns.ts";
import type { SnsServer } from "../kit/servers/sns.ts";
import { startWebhookReceiver } from "../kit/servers/webhook.ts";
import type { WebhookReceiver } from "../kit/servers/webhook.ts";

// Holds G8: no message contains a webhook's address, which is a secret, or secrets that got into an error.

const CANARY = "canary-5up3r-s3cr3t";
const PATH = `/services/T000/${CANARY}`;
const NEVER = new AbortController().signal;

let connections: Connections;
beforeAll(() => {
  connections = openConnections({ connections: 4, requestTimeoutMs: 60_000 });
});
afterAll(() => connections.close());

/** How a run that could not log in ended, with a reason that quotes what it should not. */
function ending(): RunOutcome {
  const watch = new RunRecorder({ monotonic: () => 0, now: () => Date.UTC(2026, 0, 2) });
  watch.record({ type: "run-started", runId: "r1", businessUnit: "0Uv1", objects: ["Tag"] });
  const hint = "Ask <!channel> & Tom.";
  return watch.failed(new AuthError(`get a token: ${CANARY} was refused`, { code: "auth.refused", hint }));
}

interface Told {
  readonly notified: readonly Notified[];
  readonly warnings: readonly string[];
}

async function tell(
  config: Partial<NotifyConfig>,
  { outcome = ending(), ...wish }: { clock?: Clock; signal?: AbortSignal; outcome?: RunOutcome } = {},
): Promise<Told> {
  const events: RunEvent[] = [];
  const notified = await notify(outcome, {
    config: { about: "all", snsTopic: null, webhookUrl: null, ...config },
    transport: connections.transport,
    clock: systemClock,
    signal: NEVER,
    onEvent: (event) => events.push(event),
    secrets: [CANARY],
    ...wish,
  });
  expect(JSON.stringify([notified, events])).not.toContain(CANARY);
  const warnings = events.map((event) => {
    expect(event).toMatchObject({ type: "warning", code: "notify.failed", object: null });
    return event.type === "warning" ? event.message : "";
  });
  expect(notified.flatMap(({ failure }) => failure ?? [])).toEqual(warnings);
  return { notified, warnings };
}

describe("a webhook", () => {
  let receiver: WebhookReceiver;
  let webhookUrl: Secret;
  beforeEach(async () => {
    receiver = await startWebhookReceiver();
    webhookUrl = new Secret(`${receiver.origin}${PATH}`);
  });
  afterEach(() => receiver.close());

  const host = (): string => new URL(receiver.origin).host;

  it("gets one POST of JSON with Slack's text and our own fields", async () => {
    expect(await tell({ webhookUrl })).toEqual({
      notified: [{ channel: `webhook at ${host()}`, failure: null }],
      warnings: [],
    });
    expect(receiver.received).toHaveLength(1);
    const [got] = receiver.received;
    expect(got).toMatchObject({
      method: "POST",
      path: PATH,
      headers: { "content-type": "application/json; charset=utf-8" },
    });
    const body = JSON.parse(got?.body ?? "") as Readonly<Record<string, unknown>>;
    expect(body).toMatchObject({
      source: "pardot-etl",
      exit_code: 3,
      meaning: "credentials",
      status: "failed",
      run_id: "r1",
      business_unit: "0Uv1",
      error_code: "auth.refused",
      error: "get a token: *** was refused",
    });
    // Slack shows these unchanged: no mention, no link.
    expect(body["text"]).toContain("What to do: Ask &lt;!channel&gt; &amp; Tom.");
    expect(body["text"]).toMatch(/^pardot-etl: could not log in \(exit 3\)\n/);
    expect(got?.body).not.toContain(CANARY);
    // Names with another meaning for Slack or similar services.
    for (const taken of ["channel", "username", "blocks", "attachments", "type", "props", "metadata", "content"]) {
      expect(body).not.toHaveProperty(taken);
    }
  });

  it.each([
    [500, "it returned 500"],
    [503, "it returned 503"],
    [429, "it returned 429"],
  ])("is called again after one response with %d", async (status) => {
    receiver.behave({ status });
    expect((await tell({ webhookUrl })).warnings).toEqual([]);
    expect(receiver.received).toHaveLength(2);
    expect(receiver.received[0]?.body).toBe(receiver.received[1]?.body);
  });

  it("is called again after one broken connection", async () => {
    receiver.behave("reset");
    expect((await tell({ webhookUrl })).warnings).toEqual([]);
    expect(receiver.received).toHaveLength(2);
  });

  it("is given up after failing twice", async () => {
    receiver.behave({ status: 500 }, { status: 502, body: "rollup_error" });
    const { warnings } = await tell({ webhookUrl });
    expect(warnings).toEqual([`could not notify webhook at ${host()}: it returned 502 (rollup_error)`]);
    expect(receiver.received).toHaveLength(2);
  });

  it.each([
    ["a word", "channel_is_archived", "it returned 404 (channel_is_archived)."],
    ["the address", `Cannot POST ${PATH}`, "it returned 404."],
    ["a page", `<html>${"x".repeat(100_000)}</html>`, "it returned 404."],
  ])("is called once if it refuses with %s, and only a word of the response is shown", async (_what, body, told) => {
    receiver.behave({ status: 404, body });
    const { warnings } = await tell({ webhookUrl });
    expect(warnings).toEqual([
      `could not notify webhook at ${host()}: ${told} Check that the webhook still exists and accepts JSON.`,
    ]);
    expect(receiver.received).toHaveLength(1);
  });

  it("is not followed on a redirect", async () => {
    const other = await startWebhookReceiver();
    try {
      receiver.behave({ status: 307, headers: { location: `${other.origin}/${CANARY}` } });
      const { warnings } = await tell({ webhookUrl });
      expect(warnings[0]).toContain("it returned 307, and redirects are not followed");
      expect([receiver.received.length, other.received.length]).toEqual([1, 0]);
    } finally {
      await other.close();
    }
  });

  it("is given up within ten seconds, after two attempts, if it never responds", async () => {
    receiver.behave("hang", "hang");
    const clock = fakeClock();
    const telling = tell({ webhookUrl }, { clock });
    await receiver.hasReceived(1);
    await clock.advance(5000);
    await vi.waitFor(() => expect(clock.sleepers()).toBe(2));
    await clock.advance(500);
    await receiver.hasReceived(2);
    await clock.advance(4500);
    expect((await telling).warnings).toEqual([`could not notify webhook at ${host()}: no response in time`]);
    expect(clock.sleepers()).toBe(0);
  });

  it("is given up when no time is left", async () => {
    receiver.behave("hang");
    const stop = new AbortController();
    const telling = tell({ webhookUrl }, { signal: stop.signal, clock: fakeClock() });
    await receiver.hasReceived(1);
    stop.abort(new Error("over"));
    expect((await telling).warnings).toEqual([`could not notify webhook at ${host()}: no response in time`]);
  });

  it("is reported without its address if it is unreachable or not TLS", async () => {
    const tls = await tell({ webhookUrl: new Secret(`https://${host()}${PATH}`) });
    expect(tls.warnings[0]).toMatch(/^could not notify webhook at 127\.0\.0\.1:\d+: .*certificate is not trusted \(/);
    const { origin } = receiver;
    await receiver.close();
    const gone = await tell({ webhookUrl: new Secret(`${origin}${PATH}`) });
    expect(gone.warnings).toEqual([`could not notify webhook at ${host()}: no connection (ECONNREFUSED)`]);
    receiver = await startWebhookReceiver();
  });

  it("is not used with an invalid address", async () => {
    const { warnings } = await tell({ webhookUrl: new Secret(`http://example.com/${CANARY}`) });
    expect(warnings).toEqual([
      "could not notify webhook: its address cannot be used. Give PARDOT_ETL_WEBHOOK_URL an https:// address.",
    ]);
  });

  async function toSlack(path: string, link: Link | null = null): Promise<Record<string, unknown>> {
    const bodies: string[] = [];
    await notify(ending(), {
      link,
      config: { about: "all", snsTopic: null, webhookUrl: new Secret(`https://hooks.slack.com${path}`) },
      transport: async (request) => {
        bodies.push(request.body ?? "");
        return { status: 200, headers: {}, body: (async function* () {})(), endsByClose: false };
      },
      clock: systemClock,
      signal: NEVER,
      onEvent: () => {},
      secrets: [],
    });
    expect(bodies).toHaveLength(1);
    return JSON.parse(bodies[0] ?? "") as Record<string, unknown>;
  }

  it("gets only the text if it is a workflow of Slack's", async () => {
    expect(Object.keys(await toSlack("/triggers/T0/1/x"))).toEqual(["text"]);
  });

  it("gets the text and blocks of plain text if it is Slack's incoming webhook", async () => {
    const { text, blocks, ...more } = await toSlack("/services/T0/B0/x");
    expect(more).toEqual({});
    expect(text).toContain("&lt;!channel&gt;");
    const shown = blocks as readonly { type: string; text: { type: string; text: string } }[];
    expect(shown.map((block) => [block.type, block.text.type])).toEqual([
      ["header", "plain_text"],
      ["section", "plain_text"],
    ]);
    expect(shown[0]?.text.text).toBe("\u274C pardot-etl: could not log in (exit 3)");
    // Nothing is a mention in plain text.
    expect(shown[1]?.text.text).toContain("What to do: Ask <!channel> & Tom.");
  });

  it("gets a link to the report page if it is Slack's incoming webhook and the page is on the web", async () => {
    const url = "https://s3.console.aws.amazon.com/s3/object/lake?region=eu-central-1&prefix=runs/r1/report.html";
    const { text, blocks } = await toSlack("/services/T0/B0/x", { what: "report page", url });
    const linked = `<${url.replace("&", "&amp;")}|Open the report page>`;
    expect((blocks as readonly object[]).at(-1)).toEqual({
      type: "context",
      elements: [{ type: "mrkdwn", text: linked }],
    });
    expect(text).toContain(`open the report page: ${url.replace("&", "&amp;")}`);
    const local = await toSlack("/services/T0/B0/x", { what: "manifest", url: "file:///data/manifest.json" });
    const plain = { type: "plain_text", text: "open the manifest: file:///data/manifest.json", emoji: false };
    expect((local["blocks"] as readonly object[]).at(-1)).toEqual({ type: "context", elements: [plain] });
  });

  it("is notified of trouble only, where that is chosen, and of a complete run that took over from a dead one", async () => {
    const config = { webhookUrl, about: "trouble" as const };
    const complete = { ...ending(), exitCode: 0 as const, status: "complete" as const, error: null };
    for (const outcome of [complete, { ...complete, status: "partial" as const }, ending()])
      await tell(config, { outcome });
    expect(receiver.received).toHaveLength(2);
    // It could send nothing itself.
    const died = [{ died: "20260319T060000Z-abc001", startedAt: "2026-03-19T06:00:00.000Z" }];
    await tell(config, { outcome: { ...complete, died } });
    expect(receiver.received).toHaveLength(3);
  });
});

describe("an SNS topic, over the protocol", () => {
  let server: SnsServer;
  let home: string;
  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), "pardot-etl-aws-"));
    server = await startSnsServer();
  });
  afterAll(async () => {
    await server.stop();
    await rm(home, { recursive: true });
  });
  beforeEach(() => {
    // Ignore this machine's AWS settings.
    vi.stubEnv("AWS_CONFIG_FILE", join(home, "config"));
    vi.stubEnv("AWS_SHARED_CREDENTIALS_FILE", join(home, "credentials"));
    vi.stubEnv("AWS_EC2_METADATA_DISABLED", "true");
    for (const [name, value] of Object.entries(server.env)) vi.stubEnv(name, value);
  });
  afterEach(() => vi.unstubAllEnvs());

  const topic = (arn: string = server.topicArn): Partial<NotifyConfig> => ({
    snsTopic: { arn, region: String(arn.split(":")[3]) },
  });

  it("delivers subject, message and attributes to subscribers", async () => {
    server.subscribe("all");
    expect(await tell(topic())).toEqual({
      notified: [{ channel: `SNS topic ${server.topicArn}`, failure: null }],
      warnings: [],
    });
    expect(server.delivered("all")).toEqual([
      expect.objectContaining({
        Type: "Notification",
        TopicArn: server.topicArn,
        Subject: "pardot-etl: could not log in [0Uv1], exit 3",
        Message: expect.stringMatching(/^pardot-etl: could not log in \(exit 3\)\n/) as string,
        MessageAttributes: {
          status: { Type: "String", Value: "failed" },
          exit_code: { Type: "Number", Value: "3" },
          business_unit: { Type: "String", Value: "0Uv1" },
          run_id: { Type: "String", Value: "r1" },
        },
      }),
    ]);
    expect(JSON.stringify(server.delivered("all"))).not.toContain(CANARY);
  });

  it("lets filter policies choose by status and exit code", async () => {
    server.subscribe("failures", { status: ["failed", "partial"] });
    server.subscribe("complete", { status: ["complete"] });
    server.subscribe("not-zero", { exit_code: [{ numeric: [">", 0] }] });
    server.subscribe("quota", { exit_code: [{ numeric: ["=", 4] }] });
    await tell(topic());
    const counts = ["failures", "complete", "not-zero", "quota"].map((queue) => server.delivered(queue).length);
    expect(counts).toEqual([1, 0, 1, 0]);
  });

  it("is called once if it does not exist, and the hint names the setting", async () => {
    const { warnings } = await tell(topic(`${server.topicArn}-gone`));
    expect(warnings).toEqual([
      expect.stringMatching(
        /^could not notify SNS topic arn:.*-gone: NotFound \(HTTP 404\): .*\. Check PARDOT_ETL_SNS_TOPIC_ARN/,
      ),
    ]);
  });

  it("is called again after one failure of its endpoint", async () => {
    const proxy = await startFaultProxy(server.endpoint);
    try {
      vi.stubEnv("AWS_ENDPOINT_URL_SNS", proxy.endpoint);
      server.subscribe("again");
      proxy.fail("POST", { kind: "answer", status: 503, code: "ServiceUnavailable" });
      expect((await tell(topic())).warnings).toEqual([]);
      proxy.fail("POST", { kind: "reset-in-body", afterBytes: 0 });
      expect((await tell(topic())).warnings).toEqual([]);
      expect(proxy.requests).toHaveLength(4);
      expect(server.delivered("again")).toHaveLength(2);
    } finally {
      await proxy.close();
    }
  });

  it.each([
    ["AuthorizationError", "Allow sns:Publish on this topic"],
    ["KMSAccessDenied", "Allow kms:GenerateDataKey and kms:Decrypt"],
    ["InvalidClientTokenId", "Check the AWS credentials"],
  ])("is called once if it refuses with %s, and the message names the fix", async (code, hint) => {
    const receiver = await startWebhookReceiver();
    try {
      vi.stubEnv("AWS_ENDPOINT_URL_SNS", receiver.origin);
      const error = `<Error><Type>Sender</Type><Code>${code}</Code><Message>not you: ${CANARY}</Message></Error>`;
      const body = `<ErrorResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">${error}</ErrorResponse>`;
      receiver.behave({ status: 403, body, headers: { "content-type": "text/xml" } });
      const { warnings } = await tell(topic());
      // Signed for the region in the ARN, not for the environment's.
      expect(receiver.received[0]?.headers.authorization).toContain("/eu-south-2/sns/aws4_request");
      expect(warnings[0]).toContain(`: ${code} (HTTP 403): not you: ***. ${hint}`);
      expect(receiver.received).toHaveLength(1);
    } finally {
      await receiver.close();
    }
  });

  it("is reported as failed without credentials", async () => {
    vi.stubEnv("AWS_ACCESS_KEY_ID", undefined);
    vi.stubEnv("AWS_SECRET_ACCESS_KEY", undefined);
    const { warnings } = await tell(topic());
    expect(warnings).toEqual([expect.stringMatching(/CredentialsProviderError: .*Give the run AWS credentials/)]);
  });

  it("and a webhook are called in parallel, and a failure of one does not affect the other", async () => {
    const receiver = await startWebhookReceiver();
    try {
      receiver.behave({ status: 404 });
      server.subscribe("beside");
      const { notified } = await tell({ ...topic(), webhookUrl: new Secret(`${receiver.origin}${PATH}`) });
      expect(notified.map(({ failure }) => failure === null)).toEqual([true, false]);
      expect(server.delivered("beside")).toHaveLength(1);
    } finally {
      await receiver.close();
    }
  });
});
