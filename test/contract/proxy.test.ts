import { createServer } from "node:http";
import type { Server } from "node:http";
import { tmpdir } from "node:os";
import { afterEach, beforeEach, describe, expect, it, onTestFinished, vi } from "vitest";
import { Secret } from "../../src/secrets/secret.ts";
import { openConnections } from "../../src/http/transport.ts";
import { snsChannel } from "../../src/notify/sns.ts";
import type { Notification } from "../../src/notify/notification.ts";
import type { SnowflakeConfig } from "../../src/config/config.ts";
import { systemRandom } from "../../src/platform/random.ts";
import { openParameterStore } from "../../src/secrets/parameter-store.ts";
import { openSecretsManager } from "../../src/secrets/secrets-manager.ts";
import { S3Storage } from "../../src/storage/s3/s3.ts";
import { SnowflakeSession } from "../../src/warehouse/snowflake/session.ts";
import { scene } from "../kit/scene.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { startConnectProxy } from "../kit/servers/connect-proxy.ts";
import type { ConnectProxy } from "../kit/servers/connect-proxy.ts";
import { startWebhookReceiver } from "../kit/servers/webhook.ts";
import { caught } from "../kit/fakes/pardot.ts";

// Holds G8: a token passes a proxy only in a tunnel.

// If a proxy is the only way out, every client uses it, and the proxy sees only tunnels.

const NEVER = new AbortController().signal;
const VARIABLES = ["HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy"];
const PAUSES = { clock: fakeClock(), random: systemRandom };

let proxy: ConnectProxy;
let server: Server;
let origin: string;

beforeEach(async () => {
  proxy = await startConnectProxy();
  server = createServer((_request, response) => void response.writeHead(404).end());
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
  const address = server.address();
  if (address === null || typeof address === "string") throw new Error("no port");
  origin = `http://127.0.0.1:${address.port}`;
  for (const name of VARIABLES) vi.stubEnv(name, undefined);
  vi.stubEnv("HTTP_PROXY", proxy.url);
  vi.stubEnv("HTTPS_PROXY", proxy.url);
  vi.stubEnv("AWS_ACCESS_KEY_ID", "id");
  vi.stubEnv("AWS_SECRET_ACCESS_KEY", "secret");
  vi.stubEnv("AWS_REGION", "eu-central-1");
  vi.stubEnv("AWS_CONFIG_FILE", "/dev/null");
});

afterEach(async () => {
  vi.unstubAllEnvs();
  await proxy.close();
  server.closeAllConnections();
  await new Promise((resolve) => {
    server.close(resolve);
  });
});

/** One request of each AWS client, at a separate endpoint. */
const AWS: Readonly<Record<string, (endpoint: string) => Promise<unknown>>> = {
  S3: async (endpoint) => {
    const place = { bucket: "bucket", prefix: "p", endpoint, pathStyle: true, ...PAUSES };
    return new S3Storage(place).read("a", NEVER);
  },
  SNS: async (endpoint) => {
    vi.stubEnv("AWS_ENDPOINT_URL_SNS", endpoint);
    const topic = { arn: "arn:aws:sns:eu-central-1:1:t", region: "eu-central-1" };
    const outcome = { status: "complete", exitCode: 0, businessUnit: null, unitName: null, runId: null };
    return snsChannel(topic).send({ subject: "s", text: "t", outcome } as Notification, NEVER);
  },
  "Secrets Manager": async (endpoint) => {
    vi.stubEnv("AWS_ENDPOINT_URL_SECRETS_MANAGER", endpoint);
    return openSecretsManager(null, PAUSES).read("name", NEVER);
  },
  "the parameter store": async (endpoint) => {
    vi.stubEnv("AWS_ENDPOINT_URL_SSM", endpoint);
    return openParameterStore(null, PAUSES).read("name", NEVER);
  },
};

describe.each(Object.entries(AWS))("%s", (_name, ask) => {
  it("goes through the proxy in a tunnel, also over plain HTTP", async () => {
    await ask(origin).catch(() => undefined);
    expect(new Set(proxy.tunnels)).toEqual(new Set([origin.slice("http://".length)]));
    await ask("https://store.invalid").catch(() => undefined);
    expect(proxy.tunnels).toContain("store.invalid:443");
    expect(proxy.plain).toEqual([]);
  });

  it("connects directly to a host in NO_PROXY, and without a proxy", async () => {
    vi.stubEnv("NO_PROXY", "127.0.0.1,.invalid");
    await ask(origin).catch(() => undefined);
    await ask("https://store.invalid").catch(() => undefined);
    vi.stubEnv("NO_PROXY", undefined);
    vi.stubEnv("HTTP_PROXY", undefined);
    await ask(origin).catch(() => undefined);
    expect([proxy.tunnels, proxy.plain]).toEqual([[], []]);
  });
});

describe("a run", () => {
  it("uses the proxy for Pardot, Salesforce's login, result files and the webhook, except for hosts in NO_PROXY", async () => {
    const at = await scene();
    onTestFinished(() => at.close());
    const receiver = await startWebhookReceiver();
    onTestFinished(() => receiver.close());
    const connections = openConnections({ connections: 2, requestTimeoutMs: 5000 });
    onTestFinished(() => connections.close());
    const url = new URL(receiver.origin);
    await connections.transport({ method: "POST", url, headers: {}, body: "{}" }, NEVER);
    expect(proxy.tunnels).toEqual([url.host]);

    const before = at.simulator.stats().calls;
    expect(await at.run()).toMatchObject({ exitCode: 0 });
    expect(at.simulator.stats().calls).toBeGreaterThan(before);
    const { host } = new URL(at.simulator.url);
    expect(new Set(proxy.tunnels)).toEqual(new Set([url.host, host]));
    expect(proxy.plain).toEqual([]);

    const { length } = proxy.tunnels;
    vi.stubEnv("NO_PROXY", "127.0.0.1");
    expect(await at.run()).toMatchObject({ exitCode: 0 });
    expect(proxy.tunnels).toHaveLength(length);
    // All connections of the first run used the proxy: without it there is no way out.
    vi.stubEnv("NO_PROXY", "");
    await proxy.close();
    expect(await caught(at.run())).toMatchObject({ code: "http.not-sent", exitCode: 5 });
  });

  it("names a proxy that refuses, and the variables if there is no way out", async () => {
    const connections = openConnections({ connections: 2, requestTimeoutMs: 5000 });
    onTestFinished(() => connections.close());
    const request = { method: "GET", url: new URL("https://pi.pardot.invalid/"), headers: {}, body: null } as const;
    const hint = expect.stringContaining("HTTPS_PROXY") as string;
    expect(await caught(connections.transport(request, NEVER))).toMatchObject({
      code: "http.not-sent",
      message: `GET pi.pardot.invalid/: the proxy ${new URL(proxy.url).host} refuses a tunnel (HTTP 502)`,
      hint,
    });
    expect(proxy.tunnels).toEqual(["pi.pardot.invalid:443"]);
    const direct = openConnections({ connections: 2, requestTimeoutMs: 5000, proxy: {} });
    onTestFinished(() => direct.close());
    const failed = await caught(direct.transport(request, NEVER));
    expect(failed).toMatchObject({ code: "http.not-sent", hint });
  });
});

describe("Snowflake's driver", () => {
  it("uses the proxy", { timeout: 60_000 }, async () => {
    const config: SnowflakeConfig = {
      kind: "snowflake",
      account: "acme-test",
      accessUrl: null,
      auth: { authenticator: "SNOWFLAKE", user: "u", password: new Secret("p") },
      role: null,
      warehouse: null,
      database: "D",
      schema: "S",
    };
    const stop = new AbortController();
    const session = new SnowflakeSession(config, { tmpDir: tmpdir() });
    const opening = caught(session.open(stop.signal));
    await vi.waitFor(() => expect(proxy.tunnels).toContain("acme-test.snowflakecomputing.com:443"), 50_000);
    stop.abort(new Error("seen"));
    await opening;
  });
});
