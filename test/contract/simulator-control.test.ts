import { describe, expect, test } from "vitest";
import { connect, jsonBody, records, REFRESH } from "../kit/simulator-client.ts";
import { SIMULATOR_BUSINESS_UNIT_ID, simulatorMain } from "../../src/simulator/index.ts";

const TAG = "/api/tag/version/4/do/query";

describe("scripted faults", () => {
  test("hit matching requests, after `skip` of them, `count` times", async () => {
    await using client = await connect();
    client.simulator.faults([{ path: "/tag/", skip: 1, count: 2, status: 503 }]);
    const statuses = [];
    for (let n = 0; n < 4; n += 1) statuses.push((await client.call(TAG)).status);
    expect(statuses).toEqual([200, 503, 503, 200]);
    expect((await client.call("/api/account/version/4/do/read")).status).toBe(200);
  });

  test("return an error envelope, another status, headers, a delay", async () => {
    await using client = await connect();
    client.simulator.faults([
      { path: "tag", code: 183, headers: { "Retry-After": "3" }, delayMs: 5 },
      { path: "tag.*limit=7", status: 500, code: 214, message: "custom" },
    ]);
    const first = await client.call(TAG);
    expect([first.status, first.headers.get("retry-after")]).toEqual([400, "3"]);
    expect(first.text).toContain('<err code="183">An internal error occurred, please try your request again</err>');
    const second = await client.call(`${TAG}?limit=7&format=json`);
    expect([second.status, second.text]).toEqual([500, expect.stringContaining('"err":"custom"')]);
  });

  test("reset, hang, truncate, truncate silently, send garbage, send a page", async () => {
    await using client = await connect({ rows: { Tag: 300 } });
    const whole = (await client.call(TAG, { headers: { "Accept-Encoding": "identity" } })).text;
    const identity = { headers: { "Accept-Encoding": "identity" } };
    client.simulator.faults([
      { path: "limit=1&", reset: true },
      { path: "limit=2&", hang: true },
      { path: "limit=200&x=cut", truncate: 100 },
      { path: "limit=200&x=quiet", truncate: 100, quiet: true },
      { path: "limit=3&", garbage: true },
      { path: "limit=4&", html: true },
      { path: "limit=5&", emptyPage: true },
    ]);
    await expect(client.call(`${TAG}?limit=1&`)).rejects.toThrow();
    const stop = new AbortController();
    const hanging = client.call(`${TAG}?limit=2&`, { signal: stop.signal });
    await expect.poll(() => client.simulator.stats().byKind["tag query"]).toBe(3);
    stop.abort();
    await expect(hanging).rejects.toThrow();
    await expect(client.call(`${TAG}?limit=200&x=cut`, identity)).rejects.toThrow();
    expect((await client.call(`${TAG}?limit=200&x=quiet`, identity)).text).toBe(whole.slice(0, 100));
    expect((await client.call(`${TAG}?limit=3&`)).text).toContain("\u0000");
    expect((await client.call(`${TAG}?limit=4&`)).text).toContain("<title>Sign In</title>");
    expect((await client.json(`${TAG}?limit=5&`)).result).toEqual({ total_results: 300 });
    expect(records(await client.json(`${TAG}?limit=5&`), "tag")).toHaveLength(5);
  });

  test("invalidate the token of one call, fail an export, and hit the token endpoint", async () => {
    await using client = await connect();
    client.simulator.faults([
      { path: "/tag/", expiredToken: true },
      { path: "oauth2", status: 400, message: "invalid_grant: authentication failure" },
      { path: "do/create", failExport: true },
    ]);
    expect(await client.code(TAG)).toBe(184);
    expect(await client.code(TAG)).toBe(184);
    expect((await client.token(REFRESH)).body).toEqual({
      error: "invalid_grant",
      error_description: "authentication failure",
    });
    const token = (await client.token(REFRESH)).body["access_token"] ?? "";
    const headers = { Authorization: `Bearer ${token}` };
    expect(await client.code(TAG, { headers })).toBeNull();
    const body = {
      object: "VisitorActivity",
      procedure: { name: "filter_by_created_at", arguments: { created_after: "2026-01-01" } },
    };
    const init = jsonBody(body);
    await client.call("/api/export/version/4/do/create", {
      ...init,
      headers: { ...headers, "Content-Type": "application/json" },
    });
    expect(client.simulator.stats().exports.map(({ state }) => state)).toEqual(["Failed"]);
  });

  test("cut a streamed file, or stall it", async () => {
    await using client = await connect({ scale: "small" });
    const body = {
      object: "VisitorActivity",
      procedure: { name: "filter_by_created_at", arguments: { created_after: "2025-06-01" } },
    };
    const id = await client.createExport(body);
    const { export: status } = await client.json(`/api/export/version/4/do/read/id/${id}`);
    const [ref = ""] = [status?.["resultRefs"]].flat() as string[];
    client.simulator.faults([
      { path: "downloadResults", truncate: 5_000 },
      { path: "downloadResults", truncate: 5_000, quiet: true },
    ]);
    const headers = { ...client.headers, "Accept-Encoding": "identity" };
    await expect(fetch(ref, { headers }).then((response) => response.text())).rejects.toThrow();
    const quiet = await fetch(ref, { headers }).then((response) => response.arrayBuffer());
    expect(quiet.byteLength).toBe(5_000);
    const whole = await fetch(ref, { headers }).then((response) => response.arrayBuffer());
    expect(whole.byteLength).toBeGreaterThan(5_000);
  });

  test("are refused with all problems named", async () => {
    await using client = await connect();
    expect(() => client.simulator.faults([{ path: 3 }, { path: "(", colour: true }])).toThrow(
      /rule 0.*path must be a string.*rule 1.*unknown key colour.*not a valid regular expression/,
    );
    const response = await fetch(`${client.simulator.url}/__sim/faults`, { method: "POST", body: '{"path":1}' });
    expect(response.status).toBe(400);
  });

  test("are set and cleared over HTTP", async () => {
    await using client = await connect();
    const url = `${client.simulator.url}/__sim/faults`;
    await fetch(url, { method: "POST", body: JSON.stringify([{ path: "/tag/", count: 100, status: 500 }]) });
    expect((await client.call(TAG)).status).toBe(500);
    await fetch(url, { method: "DELETE" });
    expect((await client.call(TAG)).status).toBe(200);
  });
});

describe("the controls", () => {
  test("count calls by kind, token requests separately, and not themselves", async () => {
    await using client = await connect();
    await client.call("/api/account/version/4/do/read");
    await client.call(`${TAG}?updated_after=2026-01-01`);
    await client.call(TAG, { headers: { Authorization: "Bearer x" } });
    await client.call("/api/nonsense");
    const response = await fetch(`${client.simulator.url}/__sim/stats`);
    const stats = (await response.json()) as ReturnType<typeof client.simulator.stats>;
    expect(stats).toMatchObject({
      calls: 4,
      byKind: { "account read": 1, "tag query": 2, unknown: 1 },
      tokenRequests: 1,
      maxInFlight: 1,
      quota: { used: 4, max: 50_000 },
    });
    expect(stats.bytesSent).toBeGreaterThan(500);
    const query = stats.requests.find(({ kind }) => kind === "tag query");
    expect(query).toMatchObject({ path: TAG, parameters: { updated_after: "2026-01-01" }, status: 200 });
    expect(JSON.stringify(stats)).not.toContain("simulator-client-secret");
  });

  test("stream all rows, advance the days and the Date header, and reset everything", async () => {
    await using client = await connect();
    const rows = async (): Promise<string> =>
      (await fetch(`${client.simulator.url}/__sim/rows/VisitorActivity`)).text();
    const before = await rows();
    expect(
      before
        .trimEnd()
        .split("\n")
        .map((line) => JSON.parse(line) as unknown),
    ).toEqual([...client.simulator.rows("VisitorActivity")]);
    const date = async (): Promise<number> => Date.parse((await client.call(TAG)).headers.get("date") ?? "");
    expect(await date()).toBe(Date.parse("2026-03-20T09:30:00Z"));
    const advanced = await fetch(`${client.simulator.url}/__sim/advance`, { method: "POST", body: '{"days":2}' });
    expect(await advanced.json()).toEqual({ now: "2026-03-22T09:30:00.000Z" });
    expect(await date()).toBe(Date.parse("2026-03-22T09:30:00Z"));
    expect(await rows()).not.toBe(before);
    for (const body of ["", "{}", "null"]) {
      const one = await fetch(`${client.simulator.url}/__sim/advance`, { method: "POST", body });
      expect(one.status).toBe(200);
    }
    expect(client.simulator.stats().days).toBe(5);
    await fetch(`${client.simulator.url}/__sim/reset`, { method: "POST" });
    expect(await rows()).toBe(before);
    expect(client.simulator.stats()).toMatchObject({ calls: 0, days: 0, tokenRequests: 0 });
    expect(await date()).toBe(Date.parse("2026-03-20T09:30:00Z"));
  });

  test("set the number of emails by the object's name", async () => {
    await using client = await connect({ rows: { Email: 9 } });
    expect([...client.simulator.rows("Email")]).toHaveLength(9);
  });

  test("show the rows of every object of a table by its name, also those that are another object's", async () => {
    await using client = await connect({ rows: { TaggedObject: 7 }, knobs: { accessTokenSeconds: 1e9 } });
    const { simulator } = client;
    expect([...simulator.rows("TaggedObject")]).toEqual([...simulator.rows("TagObject", "live", { api: 5 })]);
    expect([...simulator.rows("TaggedObject")]).toHaveLength(7);
    expect([...simulator.rows("Export")]).toEqual([]);
    simulator.advance(20);
    for (const object of ["Prospect", "ListMembership"]) {
      const deleted = [...simulator.rows(`${object}Deleted`)];
      expect(deleted).toEqual([...simulator.rows(object, "deleted")]);
      expect(deleted.length).toBeGreaterThan(0);
    }
  });

  test("refuse invalid days and unknown objects", async () => {
    await using client = await connect();
    expect(() => client.simulator.advance(0)).toThrow(RangeError);
    const { url } = client.simulator;
    expect((await fetch(`${url}/__sim/advance`, { method: "POST", body: '{"days":1.5}' })).status).toBe(400);
    expect((await fetch(`${url}/__sim/rows/Nonsense`)).status).toBe(400);
    expect((await fetch(`${url}/__sim/nonsense`)).status).toBe(404);
  });

  test("simulatorMain writes one line with everything a client needs, and listens on loopback", async () => {
    const lines: string[] = [];
    await using stack = new AsyncDisposableStack();
    const simulator = await simulatorMain({ scale: "tiny", seed: 3 }, (line) => lines.push(line));
    stack.defer(() => simulator.close());
    expect(lines).toHaveLength(1);
    const told = JSON.parse(lines[0] ?? "") as Record<string, unknown>;
    expect(told).toMatchObject({ url: simulator.url, business_unit_id: SIMULATOR_BUSINESS_UNIT_ID, seed: 3 });
    expect(Object.keys(told)).toEqual([
      "url",
      "business_unit_id",
      "client_id",
      "client_secret",
      "refresh_token",
      "now",
      "seed",
      "timezone",
    ]);
    expect(simulator.url).toMatch(/^http:\/\/127\.0\.0\.1:\d+$/);
  });
});
