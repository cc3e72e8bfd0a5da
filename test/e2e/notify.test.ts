import { readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, beforeAll, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { loadConfig } from "../../src/config/load.ts";
import { run } from "../../src/index.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import {
  SIMULATOR_BUSINESS_UNIT_ID,
  SIMULATOR_CLIENT_SECRET,
  SIMULATOR_REFRESH_TOKEN,
} from "../../src/simulator/index.ts";
import { startAwsSecrets } from "../kit/servers/aws-secrets.ts";
import { startSnsServer } from "../kit/servers/sns.ts";
import type { Delivered, SnsServer } from "../kit/servers/sns.ts";
import { startWebhookReceiver } from "../kit/servers/webhook.ts";
import type { WebhookReceiver } from "../kit/servers/webhook.ts";
import { callCli, runCli, startCli } from "../kit/cli.ts";
import type { CliResult } from "../kit/cli.ts";
import { filesBelow, scene } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Through the command line, with a topic and a webhook. Holds G2 (a failed object is named, with its reason, in the
// notification) and G8 (canaries).

const CANARIES = [SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN, "00DSIM000000001!AQ", "canary-"];
const PATH = "/services/canary-webhook-path";

let sns: SnsServer;
let webhook: WebhookReceiver;
let at: Scene;
let queue: string;
let env: Environment;
let count = 0;

beforeAll(async () => {
  sns = await startSnsServer();
  // Where the SDK looks when the command line does not run in a separate process.
  const own = { ...sns.env, AWS_CONFIG_FILE: "/dev/null", AWS_SHARED_CREDENTIALS_FILE: "/dev/null" };
  for (const [name, value] of Object.entries(own)) vi.stubEnv(name, value);
});
afterAll(async () => {
  vi.unstubAllEnvs();
  await sns.stop();
});
beforeEach(async () => {
  webhook = await startWebhookReceiver();
  onTestFinished(() => webhook.close());
  at = await scene({ now: new Date().toISOString() });
  onTestFinished(() => at.close());
  count += 1;
  queue = `queue-${count}`;
  sns.subscribe(queue);
  env = {
    ...at.env,
    ...sns.env,
    HOME: at.root,
    PARDOT_ETL_SNS_TOPIC_ARN: sns.topicArn,
    PARDOT_ETL_WEBHOOK_URL: `${webhook.origin}${PATH}`,
  };
});

type Fields = Readonly<Record<string, unknown>>;

interface Told extends CliResult {
  /** The last line of the log. */
  readonly last: Fields;
  readonly message: Delivered | undefined;
  readonly body: Fields | null;
}

/** A run's output and notifications; no secret is in them or in its files. */
async function told(ended: Promise<CliResult>): Promise<Told> {
  const result = await ended;
  const files = await filesBelow(at.root);
  const texts = await Promise.all(files.map((name) => readFile(join(at.root, name), "latin1")));
  const messages = sns.delivered(queue);
  const bodies = webhook.received.map(({ body }) => body);
  for (const canary of CANARIES) {
    for (const text of [result.stdout, result.stderr, ...texts, JSON.stringify(messages), ...bodies]) {
      expect(text).not.toContain(canary);
    }
  }
  const last = JSON.parse(result.stderr.trimEnd().split("\n").at(-1) ?? "") as Fields;
  const body = bodies.length === 0 ? null : (JSON.parse(bodies.at(-1) ?? "") as Fields);
  return { ...result, last, message: messages[0], body };
}

/** Checks that all three have the same content, in their own form. */
function expectAllTell({ code, last, message, body }: Told, headline: string, status: string): void {
  expect(last).toMatchObject({ event: "run_ended", exit_code: code, status });
  expect(message?.Subject).toContain(headline);
  expect(message?.Subject).toMatch(new RegExp(`, exit ${code}$`));
  expect(message?.Message).toContain(`pardot-etl: ${headline} (exit ${code})\n`);
  expect(message?.MessageAttributes).toMatchObject({
    status: { Type: "String", Value: status },
    exit_code: { Type: "Number", Value: String(code) },
  });
  // The webhook's fields are those of the last line, which is written a few milliseconds later.
  const { event: _, level: _level, time: _time, msg: _msg, ...fields } = last;
  const moment = expect.any(Number) as number;
  expect(body).toMatchObject({ ...fields, duration_ms: moment, started_at: expect.any(String) as string });
  // As Slack takes it.
  expect(body?.["text"]).toBe(message?.Message.trimEnd().replaceAll("&", "&amp;"));
}

const run_ = (more: Environment = {}, ...args: readonly string[]): Promise<Told> =>
  told(callCli(["run", ...args], { ...env, ...more }, { cwd: at.root, clock: systemClock }));

/** As a separate process. */
const runApart = (more: Environment = {}, ...args: readonly string[]): Promise<Told> =>
  told(runCli(["run", ...args], { ...env, ...more }, { cwd: at.root }));

describe("a run with a topic and a webhook", () => {
  it("that is done sends its numbers and the manifest's location", async () => {
    const ended = await runApart({}, "--json");
    expect(ended.code).toBe(0);
    expectAllTell(ended, "finished", "complete");
    const manifest = JSON.parse(ended.stdout) as Manifest;
    const location = join(at.data, "_pardot_etl/runs", manifest.run_id, "manifest.json");
    expect(ended.message?.Message).toContain(`manifest: ${location}\n`);
    expect(ended.message?.Message).toContain(`open the manifest: file://${location}\n`);
    expect(ended.message?.Message).toContain(`business unit Acme & Sons, "Ltd" (${SIMULATOR_BUSINESS_UNIT_ID}), run `);
    expect(ended.message?.Message).toContain(
      `\nall data read up to ${manifest.now.slice(0, 16).replace("T", " ")} UTC\n`,
    );
    expect(ended.message?.Message).toContain(`, ${manifest.api_calls.total} calls\n`);
    expect(ended.message?.MessageAttributes).toMatchObject({
      run_id: { Value: manifest.run_id },
      business_unit: { Value: SIMULATOR_BUSINESS_UNIT_ID },
      business_unit_name: { Value: 'Acme & Sons, "Ltd"' },
    });
    const files = manifest.objects.flatMap((object) => object.files);
    expect(ended.last).toMatchObject({ files: files.length, calls: manifest.api_calls.total, manifest: location });
    expect(webhook.received.map(({ path }) => path)).toEqual([PATH]);
  });

  it("that leaves a page sends where it is, and one that then cannot log in says how old the data is", async () => {
    const ended = await run_({ PARDOT_ETL_REPORT: "true" });
    const page = join(at.data, "_pardot_etl/runs", String(ended.last["run_id"]), "report.html");
    expect(ended.message?.Message).toContain(`open the report page: file://${page}\n`);
    expect(ended.last["last_complete_at"]).toMatch(/^20/);
    await run_({ PARDOT_CLIENT_SECRET: "not-the-secret" });
    const message = sns.delivered(queue).at(-1)?.Message;
    expect(message).toMatch(/^business unit Acme & Sons, "Ltd" \(/m);
    expect(message).toMatch(/^last complete run of all objects: 20.* UTC, \d+ s ago$/m);
  });

  it("G2 that is partial sends the failed object, its reason and the fix", async () => {
    at.simulator.faults([{ path: "/tag/version/4/do/query", code: 19, count: 100 }]);
    const ended = await run_();
    expect(ended.code).toBe(5);
    expectAllTell(ended, "finished in part: failed at Pardot or on the network", "partial");
    expect(ended.message?.Message).toMatch(/^Tag failed: tag query: .*19/m);
    expect(ended.message?.Message).toMatch(/^1 window left for the next run$/m);
    expect(ended.last).toMatchObject({ objects: 3, objects_failed: 1, failed_objects: ["Tag"], windows_open: 1 });
  });

  it("that failed sends a notification, even without a manifest", async () => {
    const ended = await run_({ PARDOT_CLIENT_SECRET: "canary-wrong" });
    expect(ended.code).toBe(3);
    expectAllTell(ended, "could not log in", "failed");
    expect(ended.message?.Message).toMatch(/^reason: .+$/m);
    expect(ended.message?.Message).toMatch(/^What to do: .*PARDOT_CLIENT_SECRET/m);
    expect(ended.last).toMatchObject({ manifest: null, error_code: "auth.client-secret-wrong", calls: 0 });
  });

  it("that reached its quota sends the usage and the time to continue", async () => {
    const ended = await run_({ PARDOT_DAILY_CALL_BUDGET: "4" });
    expect(ended.code).toBe(4);
    expect(ended.message?.Message).toContain("calls today: 4 of a budget of 4; 4 of the account's 50,000");
    expect(ended.message?.Message).toMatch(/^What to do: .*Run again after .*Z/m);
    expect(ended.message?.Subject).toContain("quota reached");
    expect(ended.last).toMatchObject({
      meaning: "limit reached, run again later",
      calls: 4,
      calls_today: 4,
      calls_budget: 4,
      quota_share: 1,
      error_code: "limit.call-budget",
    });
    expect(ended.body).toMatchObject({ exit_code: 4, quota_share: 1 });
  });

  it("that meets Pardot's own limit reports its quota as spent", async () => {
    at.simulator.faults([{ path: "/tag/version/4/do/query", code: 122, count: 1 }]);
    const ended = await run_();
    expect(ended).toMatchObject({ code: 4, last: { quota_share: 1, calls_budget: null } });
  });

  it("with a wrong configuration sends the problems, as far as the receiver is known", async () => {
    const wrong = { PARDOT_TIMEZONE: "Mars/Olympus", PARDOT_CLIENT_ID: undefined };
    const ended = await run_(wrong);
    expect(ended.code).toBe(2);
    expectAllTell(ended, "did not start: wrong configuration", "failed");
    expect(ended.message?.Message).toMatch(
      /^reason: .*PARDOT_TIMEZONE is "Mars\/Olympus": expected .*PARDOT_CLIENT_ID is missing/m,
    );
    expect(ended.last).toMatchObject({ run_id: null, business_unit: SIMULATOR_BUSINESS_UNIT_ID });
    expect(at.simulator.stats().requests).toEqual([]);

    const half = await run_({ ...wrong, PARDOT_ETL_SNS_TOPIC_ARN: "arn:aws:sns:nowhere" });
    expect([half.code, sns.delivered(queue).length, webhook.received.length]).toEqual([2, 1, 2]);
  });

  it("that finds another run in progress reports it, without a call", async () => {
    at.simulator.faults([{ path: "/tag/version/4/do/query", hang: true, count: 1 }]);
    // The other one is seen to live at its next sign of life, a quarter of this later.
    const lease = { PARDOT_ETL_LEASE_TTL: "6s" };
    const other = startCli(["run"], { ...at.env, ...lease }, { cwd: at.root });
    await other.said("Tag: started");
    const ended = await runApart(lease);
    other.kill("SIGKILL");
    await other.ended;
    expect(ended.code).toBe(8);
    expectAllTell(ended, "did not start: another run is in progress", "failed");
  });

  it("that is stopped sends a notification within the grace", async () => {
    at.simulator.faults([{ path: "/tag/version/4/do/query", hang: true, count: 99 }]);
    const cli = startCli(["run"], { ...env, PARDOT_ETL_STOP_GRACE: "1s" }, { cwd: at.root });
    await cli.said("Tag: started");
    cli.kill("SIGTERM");
    const ended = await told(cli.ended);
    expect(ended.code).toBe(130);
    expect(ended.last).toMatchObject({ exit_code: 130, meaning: "cancelled" });
    expect(ended.message?.Message).toMatch(/stopped \(exit 130\)\n/);
    expect(ended.message?.MessageAttributes["exit_code"]).toEqual({ Type: "Number", Value: "130" });
    expect(ended.body).toMatchObject({ exit_code: 130 });
  });

  it("with a webhook kept in AWS reads it from there, also if the rest of the configuration is wrong", async () => {
    const aws = await startAwsSecrets();
    try {
      aws.putSecret("acme/hook", JSON.stringify({ url: `${webhook.origin}${PATH}` }));
      const more = {
        ...aws.env,
        PARDOT_ETL_WEBHOOK_URL: "aws-secretsmanager:acme/hook#url",
        PARDOT_ETL_SNS_TOPIC_ARN: undefined,
      };
      expect((await runApart(more)).code).toBe(0);
      expect((await runApart({ ...more, PARDOT_TIMEZONE: "Mars/Olympus" })).code).toBe(2);
      expect(webhook.received.map(({ body }) => (JSON.parse(body) as Fields)["exit_code"])).toEqual([0, 2]);
      // The stored value is not an address: the same error as for a direct value.
      aws.putSecret("acme/hook", JSON.stringify({ url: "http://canary-webhook.example.com/" }));
      const wrong = await runApart(more);
      expect([wrong.code, webhook.received.length]).toEqual([2, 2]);
      expect(wrong.stderr).toContain("PARDOT_ETL_WEBHOOK_URL is ***: expected an https:// address");
      // If AWS refuses, there is no receiver, which does not change the ending.
      aws.putSecret("acme/hook", "{}");
      expect((await runApart({ ...more, PARDOT_TIMEZONE: "Mars/Olympus" })).code).toBe(2);
      expect(webhook.received).toHaveLength(2);
    } finally {
      await aws.close();
    }
  });

  it("loads the SDK's client only for a topic", async () => {
    const script = `import{registerHooks}from"node:module";registerHooks({resolve(name,context,next){
      if(name==="@aws-sdk/client-sns")process.stderr.write("loaded for a topic\\n");return next(name,context)}})`;
    const seen = { NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(script)}` };
    const without = await runApart({ ...seen, PARDOT_ETL_SNS_TOPIC_ARN: undefined });
    expect(without.stderr).not.toContain("loaded for a topic");
    expect((await runApart(seen)).stderr).toContain("loaded for a topic");
  });

  it("with an unusable destination reports it", async () => {
    await writeFile(at.data, "a file");
    const ended = await run_();
    expect(ended.code).toBe(7);
    expectAllTell(ended, "failed at destination or warehouse", "failed");
    expect(ended.message?.Message).toMatch(/^What to do: .*another/m);
  });

  it("that is a dry run sends nothing", async () => {
    const { code } = await callCli(["run", "--dry-run"], env, { cwd: at.root });
    expect([code, sns.delivered(queue), webhook.received]).toEqual([0, [], []]);
  });
});

describe("a failed notification", () => {
  it("is a warning in log and summary, and keeps the exit code", async () => {
    webhook.behave({ status: 410, body: "channel_is_archived" });
    const env_ = { PARDOT_ETL_SNS_TOPIC_ARN: `${sns.topicArn}-gone` };
    const ended = await run_(env_);
    expect(ended.code).toBe(0);
    const { host } = new URL(webhook.origin);
    const lines = ended.stderr
      .trimEnd()
      .split("\n")
      .map((line) => JSON.parse(line) as Fields);
    const warnings = lines
      .filter(({ event }) => event === "warning")
      .map(({ code, message }) => `${String(code)} ${String(message)}`);
    expect(warnings.toSorted()).toEqual([
      expect.stringContaining(`notify.failed could not notify SNS topic ${sns.topicArn}-gone: NotFound`),
      expect.stringContaining(`notify.failed could not notify webhook at ${host}: it returned 410`),
    ]);
    expect(ended.stdout).toContain(
      `warning: could not notify webhook at ${host}: it returned 410 (channel_is_archived)`,
    );
    expect(ended.last).toMatchObject({ exit_code: 0, status: "complete", warnings: 2 });
  });

  it("keeps the exit code of a failure, and the stdout of --json", async () => {
    at.simulator.faults([{ path: "/tag/version/4/do/query", code: 19, count: 100 }]);
    webhook.behave({ status: 500 }, { status: 500 });
    const ended = await run_({ PARDOT_ETL_SNS_TOPIC_ARN: undefined }, "--json");
    expect(ended.code).toBe(5);
    expect((JSON.parse(ended.stdout) as Manifest).status).toBe("partial");
    expect(webhook.received).toHaveLength(2);
    expect(ended.last).toMatchObject({ exit_code: 5, warnings: 1 });
  });

  it("does not keep a stopped run alive", async () => {
    at.simulator.faults([{ path: "/tag/version/4/do/query", hang: true, count: 99 }]);
    webhook.behave("hang", "hang");
    const more = { PARDOT_ETL_STOP_GRACE: "0s", PARDOT_ETL_SNS_TOPIC_ARN: undefined };
    const cli = startCli(["run"], { ...env, ...more }, { cwd: at.root });
    await cli.said("Tag: started");
    const stoppedAt = systemClock.now();
    cli.kill("SIGTERM");
    const ended = await told(cli.ended);
    // It ended on its own, before the command line would have been killed, and long before ten seconds.
    expect(systemClock.now() - stoppedAt).toBeLessThan(8000);
    // Depends on the machine's speed: "partial" if another object was complete by then, else "failed".
    expect(ended).toMatchObject({ code: 130, last: { exit_code: 130 } });
    expect(ended.stderr).toContain("could not notify webhook");
    expect(ended.stdout).toContain("manifest: ");
  });
});

describe("the library", () => {
  it("sends the same notifications as the command line", async () => {
    const config = await loadConfig({
      env: { ...env, PARDOT_ETL_SNS_TOPIC_ARN: undefined },
      cwd: at.root,
      configFile: null,
      options: {},
    });
    const wishes = { signal: new AbortController().signal, onEvent: () => undefined, pardot: config.pardot };
    const result = await withRuntime(wishes, (surroundings) => run(config, {}, surroundings));
    const { host } = new URL(webhook.origin);
    expect(result.notified).toEqual([{ channel: `webhook at ${host}`, failure: null }]);
    expect(JSON.parse(webhook.received[0]?.body ?? "")).toMatchObject({ run_id: result.manifest.run_id, exit_code: 0 });
  });
});
