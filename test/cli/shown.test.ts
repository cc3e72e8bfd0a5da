import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:http";
import type { Server } from "node:http";
import type { AddressInfo } from "node:net";
import { hostname, tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { main } from "../../src/cli/main.ts";
import { systemClock } from "../../src/platform/clock.ts";
import { fakeIo } from "../kit/fakes/io.ts";

// Holds G8: text of others controls no terminal.

// Text from Pardot, from files and from arguments is shown without control characters.

const ESCAPE = "\u001B";
const SPOOKY = "\u001B]0;owned\u0007\u001B[2J\u009B31m\u007F\u202Ereversed\u2066";
const FORGED = `${SPOOKY}\r\nok           destination    forged`;
/** What must not be there. */
const CONTROLS = /[[\p{Cc}--\n]\u200E\u200F\u202A-\u202E\u2066-\u2069\u061C]/v;

/** The cursor movements of the display itself. */
const DRAWING = new RegExp(`\\r?${ESCAPE}\\[(?:\\d+A|K|J)`, "g");

let server: Server;
let cwd: string;
/** What the stand-in returns for a call to the API. */
let answer: (path: string) => { readonly status?: number; readonly body: string };
beforeEach(async () => {
  cwd = await mkdtemp(join(tmpdir(), "pardot-etl-shown-"));
  server = createServer((request, response) => {
    request.resume();
    if (request.url?.startsWith("/services/oauth2/token") === true) {
      response.end(JSON.stringify({ access_token: "t0ken-of-test", scope: "pardot_api" }));
      return;
    }
    const { status = 200, body } = answer(request.url ?? "");
    response.statusCode = status;
    response.end(body);
  });
  await new Promise<void>((resolve) => {
    server.listen(0, "127.0.0.1", resolve);
  });
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(cwd, { recursive: true });
});

interface Shown {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

async function cli(argv: readonly string[], isTerminal = false): Promise<Shown> {
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const env = {
    PARDOT_BUSINESS_UNIT_ID: "0Uv000000000001AAA",
    PARDOT_API_URL: url,
    PARDOT_LOGIN_URL: url,
    PARDOT_CLIENT_ID: "client",
    PARDOT_CLIENT_SECRET: "s3cr3t-client",
    PARDOT_REFRESH_TOKEN: "s3cr3t-refresh",
    PARDOT_ETL_DESTINATION: "data",
    PARDOT_ETL_LEASE_TTL: "1s",
    PARDOT_REQUEST_TIMEOUT: "2s",
  };
  const world = fakeIo({
    env,
    cwd,
    clock: { ...systemClock, sleep: async (ms, signal) => systemClock.sleep(Math.min(ms, 20), signal) },
  });
  const io = isTerminal ? { ...world, stderr: { ...world.stderr, isTerminal: true } } : world;
  const code = await main(argv, io);
  return { code, stdout: world.stdout.text(), stderr: world.stderr.text() };
}

function account(company: string): string {
  const text = company.replaceAll(/[<&]|[^ -~]/g, (sign) => `&#${sign.codePointAt(0) ?? 0};`);
  return `<?xml version="1.0" encoding="UTF-8"?><rsp stat="ok" version="1.0"><account><id>1</id><company>${text}</company></account></rsp>`;
}

function refusal(text: string): string {
  return JSON.stringify({ "@attributes": { stat: "fail", version: 1, err_code: 71 }, err: text });
}

test.each([
  ["a log of JSON", ["run", "Tag", "--json", "--log-level", "debug"], false],
  ["a log of lines", ["run", "Tag", "--log-level", "debug"], true],
  ["a display", ["run", "Tag"], true],
  ["no progress", ["run", "Tag", "--no-progress"], true],
  ["a check", ["check"], true],
  ["a check in JSON", ["check", "--json"], false],
  ["a plan", ["plan", "Tag"], true],
] as const)("Pardot's texts are shown without terminal control characters by %s", async (_name, argv, isTerminal) => {
  answer = () => ({ status: 200, body: refusal(FORGED) });
  const { stdout, stderr } = await cli(argv, isTerminal);
  const shown = `${stdout}${stderr.replaceAll(DRAWING, "")}`;
  expect(shown).toContain(String.raw`\u001b]0;owned`);
  expect(shown).not.toMatch(CONTROLS);
  expect(shown).not.toMatch(/^ok +destination +forged/m);
  if (argv.includes("--json" as never)) expect(() => JSON.parse(stdout) as unknown).not.toThrow();
});

test("a company's name cannot forge a line of check", async () => {
  answer = () => ({ body: account("Acme\u009B31m\u202E\r\nok           destination    forged") });
  const { stdout } = await cli(["check"]);
  expect(stdout).toContain(String.raw`Acme\u009b31m\u202e\u000d\u000aok `);
  expect(stdout).not.toMatch(/^ok +destination +forged/m);
  expect(stdout).not.toMatch(CONTROLS);
});

test("arguments and keys of a file are shown without terminal control characters", async () => {
  await writeFile(join(cwd, "pardot-etl.yaml"), JSON.stringify({ etl: { [FORGED]: 1, overlap: FORGED } }));
  for (const argv of [["run", FORGED], [FORGED], ["run", `--${SPOOKY}`], ["run", "--log-level", FORGED]]) {
    const { code, stdout, stderr } = await cli([...argv, "--json"]);
    expect(code).toBe(2);
    expect(`${stdout}${stderr}`).not.toMatch(CONTROLS);
    expect(`${stdout}${stderr}`).not.toMatch(/^ok +destination/m);
  }
});

test("a lease's run is shown without terminal control characters", async () => {
  const folder = join(cwd, "data", "_pardot_etl", "state", "lease");
  await mkdir(folder, { recursive: true });
  const holder = { run_id: FORGED, host: `${hostname()}${SPOOKY}`, pid: 1, boot: "b", started: "1" };
  await writeFile(join(folder, "0000000001.json"), JSON.stringify(holder));
  let beats = 0;
  const beat = setInterval(() => {
    beats += 1;
    void writeFile(join(folder, `0000000001.beat-${String(beats).padStart(6, "0")}.json`), "{}");
  }, 5);
  try {
    const { code, stderr } = await cli(["run", "Tag"]);
    expect(code).toBe(8);
    expect(stderr).toContain(String.raw`\u001b]0;owned`);
    expect(stderr).not.toMatch(CONTROLS);
  } finally {
    clearInterval(beat);
  }
});
