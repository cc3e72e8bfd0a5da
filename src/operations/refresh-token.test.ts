import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { AuthConfig } from "../config/config.ts";
import { Secret } from "../secrets/secret.ts";
import { fakeClock } from "../../test/kit/fakes/clock.ts";
import type { RunEvent } from "../events.ts";
import { systemProcesses } from "../platform/process-identity.ts";
import { systemRandom } from "../platform/random.ts";
import { refreshTokenKeeper } from "./refresh-token.ts";
import type { RefreshTokenKeeper } from "./refresh-token.ts";

const APP = { clientId: "c", clientSecret: new Secret("s") };

let folder = "";
let path = "";
let events: RunEvent[] = [];
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "pardot-etl-keeper-"));
  path = join(folder, "token");
  events = [];
});
afterEach(() => rm(folder, { recursive: true }));

function keeper(auth: AuthConfig): RefreshTokenKeeper {
  const onEvent = (event: RunEvent): void => void events.push(event);
  const pardot = { auth, requestTimeoutMs: 60_000 };
  return refreshTokenKeeper(pardot, { onEvent, clock: fakeClock(), random: systemRandom, processes: systemProcesses });
}

function withFile(): RefreshTokenKeeper {
  return keeper({
    flow: "refresh_token",
    ...APP,
    refreshToken: new Secret("configured"),
    reference: null,
    tokenFile: path,
  });
}

async function put(token: string): Promise<void> {
  await writeFile(path, `${token}\n`, { mode: 0o600 });
}

describe("a token file", () => {
  test("is returned at the start and when another process has written it, but not when this one has", async () => {
    const { keptRefreshToken, onRotatedRefreshToken } = withFile();
    const next = async (): Promise<string | undefined> => (await keptRefreshToken())?.reveal();
    expect(await next()).toBeUndefined();
    await put("first");
    expect([await next(), await next()]).toEqual(["first", undefined]);
    await onRotatedRefreshToken(new Secret("second"));
    expect([await readFile(path, "utf8"), await next()]).toEqual(["second\n", undefined]);
    await put("third");
    expect([await next(), await next()]).toEqual(["third", undefined]);
    expect(events).toEqual([]);
  });

  test("that others can read is reported once", async () => {
    await put("first");
    await chmod(path, 0o644);
    const { keptRefreshToken } = withFile();
    expect((await keptRefreshToken())?.reveal()).toBe("first");
    await keptRefreshToken();
    expect(events).toMatchObject([{ type: "warning", code: "auth.token-file-open" }]);
  });

  test("that cannot be read throws", async () => {
    await mkdir(path);
    await expect(withFile().keptRefreshToken()).rejects.toMatchObject({
      code: "config.token-file",
      exitCode: 2,
    });
  });

  test("that cannot be written is a warning that makes the run partial, and the old token is not used again", async () => {
    await put("first");
    const { keptRefreshToken, onRotatedRefreshToken } = withFile();
    await keptRefreshToken();
    await rm(folder, { recursive: true });
    await onRotatedRefreshToken(new Secret("canary"));
    expect(events).toMatchObject([{ type: "warning", code: "auth.token-rotated" }]);
    expect(JSON.stringify(events)).toMatch(/could not be written to .*token \(ENOENT\)/);
    expect(JSON.stringify(events)).not.toContain("canary");
    await mkdir(folder);
    await put("first");
    expect(await keptRefreshToken()).toBeNull();
  });
});

test.each<[string, AuthConfig]>([
  [
    "no token file",
    { flow: "refresh_token", ...APP, refreshToken: new Secret("configured"), reference: null, tokenFile: null },
  ],
  ["another flow", { flow: "client_credentials", ...APP }],
])("with %s a rotation is a warning that makes the run partial", async (_how, auth) => {
  const { keptRefreshToken, onRotatedRefreshToken } = keeper(auth);
  expect(await keptRefreshToken()).toBeNull();
  await onRotatedRefreshToken(new Secret("canary"));
  expect(events).toMatchObject([{ type: "warning", code: "auth.token-rotated" }]);
  expect(JSON.stringify(events)).not.toContain("canary");
});
