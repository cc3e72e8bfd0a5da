import { createPublicKey, generateKeyPairSync, sign } from "node:crypto";
import { describe, expect, test } from "vitest";
import {
  SIMULATOR_CLIENT_ID,
  SIMULATOR_PASSWORD,
  SIMULATOR_USERNAME,
  startSimulator,
} from "../../src/simulator/index.ts";
import { connect, REFRESH } from "../kit/simulator-client.ts";
import type { SimulatorClient } from "../kit/simulator-client.ts";

const { publicKey, privateKey } = generateKeyPairSync("rsa", { modulusLength: 2048 });
const jwtPublicKey = publicKey.export({ type: "spki", format: "pem" }).toString();
const TAG = "/api/tag/version/4/do/query";

/** Independent of the simulator's and the client's code. */
function assertion(client: SimulatorClient, change: Readonly<Record<string, unknown>> = {}, key = privateKey): string {
  const exp = Math.floor(client.simulator.now().getTime() / 1000) + 60;
  const claims = { iss: SIMULATOR_CLIENT_ID, sub: SIMULATOR_USERNAME, aud: "https://login.salesforce.com", exp };
  const parts = [{ alg: "RS256" }, { ...claims, ...change }];
  const content = parts.map((part) => Buffer.from(JSON.stringify(part)).toString("base64url")).join(".");
  return `${content}.${sign("RSA-SHA256", Buffer.from(content), key).toString("base64url")}`;
}

function jwtForm(text: string): Record<string, string> {
  return { grant_type: "urn:ietf:params:oauth:grant-type:jwt-bearer", assertion: text };
}

describe("a JWT assertion", () => {
  test("signed with the app's key returns an access token and no refresh token", async () => {
    await using client = await connect({ jwtPublicKey });
    const { status, body } = await client.token(jwtForm(assertion(client)));
    expect([status, body["refresh_token"]]).toEqual([200, undefined]);
    expect(await client.code(TAG, { headers: { Authorization: `Bearer ${body["access_token"]}` } })).toBeNull();
  });

  test("is refused with the error of its defect", async () => {
    await using client = await connect({ jwtPublicKey });
    const now = Math.floor(client.simulator.now().getTime() / 1000);
    const other = generateKeyPairSync("rsa", { modulusLength: 2048 }).privateKey;
    const good = assertion(client);
    const cases: readonly (readonly [string, string, string])[] = [
      [assertion(client, { iss: "other" }), "invalid_client_id", "client identifier invalid"],
      [assertion(client, { aud: "https://test.salesforce.com" }), "invalid_grant", "audience is invalid"],
      [assertion(client, { sub: "other@acme.example" }), "invalid_grant", "user hasn't approved this consumer"],
      [assertion(client, { exp: now }), "invalid_grant", "expired authorization code"],
      [assertion(client, { exp: now + 181 }), "invalid_grant", "invalid assertion"],
      [assertion(client, { exp: "soon" }), "invalid_grant", "invalid assertion"],
      [assertion(client, {}, other), "invalid_grant", "invalid assertion"],
      [
        good.replace(/\..*\./, `.${Buffer.from("{}").toString("base64url")}.`),
        "invalid_client_id",
        "client identifier invalid",
      ],
      ["nonsense", "invalid_grant", "invalid assertion"],
    ];
    for (const [text, error, description] of cases) {
      const { status, body } = await client.token(jwtForm(text));
      expect([status, body]).toEqual([400, { error, error_description: description }]);
    }
    expect((await client.token(jwtForm(assertion(client, { exp: now + 180 })))).status).toBe(200);
    expect((await client.token({ grant_type: jwtForm("")["grant_type"] ?? "" })).body["error"]).toBe("invalid_request");
  });

  test("is refused without a certificate, for a user who is not pre-authorized, and by a sandbox", async () => {
    await using bare = await connect();
    expect((await bare.token(jwtForm(assertion(bare)))).body["error_description"]).toBe("invalid assertion");
    await using strict = await connect({ jwtPublicKey, knobs: { jwtUserApproved: false } });
    const refused = await strict.token(jwtForm(assertion(strict)));
    expect(refused.body["error_description"]).toBe("user hasn't approved this consumer");
    await using sandbox = await connect({ jwtPublicKey, knobs: { jwtAudience: "https://test.salesforce.com" } });
    expect((await sandbox.token(jwtForm(assertion(sandbox)))).body["error_description"]).toBe("audience is invalid");
    const right = assertion(sandbox, { aud: "https://test.salesforce.com" });
    expect((await sandbox.token(jwtForm(right))).status).toBe(200);
  });

  test("needs an RSA key", async () => {
    const { publicKey: elliptic } = generateKeyPairSync("ec", { namedCurve: "P-256" });
    const pem = createPublicKey(elliptic.export({ type: "spki", format: "pem" })).export({
      type: "spki",
      format: "pem",
    });
    await expect(startSimulator({ jwtPublicKey: pem.toString() })).rejects.toThrow(/jwtPublicKey: expected .* RSA/);
    await expect(startSimulator({ jwtPublicKey: "nonsense" })).rejects.toThrow(/jwtPublicKey/);
  });
});

describe("username and password", () => {
  const { client_id: id = "", client_secret: secret = "" } = REFRESH;
  const form = {
    grant_type: "password",
    client_id: id,
    client_secret: secret,
    username: SIMULATOR_USERNAME,
    password: SIMULATOR_PASSWORD,
  };

  test("return a token that the API accepts even without the scope", async () => {
    await using client = await connect({ knobs: { scopePardotApi: false } });
    const { status, body } = await client.token(form);
    expect([status, body["scope"]]).toEqual([200, "refresh_token"]);
    expect(await client.code(TAG, { headers: { Authorization: `Bearer ${body["access_token"]}` } })).toBeNull();
    const other = (await client.token(REFRESH)).body["access_token"] ?? "";
    expect(await client.code(TAG, { headers: { Authorization: `Bearer ${other}` } })).toBe(184);
  });

  test("are refused when wrong, without the app's secret, and if the org blocks them", async () => {
    await using client = await connect();
    for (const change of [{ username: "other" }, { password: "other" }]) {
      const { status, body } = await client.token({ ...form, ...change });
      expect([status, body]).toEqual([400, { error: "invalid_grant", error_description: "authentication failure" }]);
    }
    expect((await client.token({ ...form, client_secret: "other" })).body["error"]).toBe("invalid_client");
    await using blocked = await connect({ knobs: { passwordFlow: false } });
    expect((await blocked.token(form)).body["error_description"]).toBe("authentication failure");
  });
});
