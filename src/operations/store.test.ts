import { mkdir, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it, onTestFinished } from "vitest";
import { openStore } from "./store.ts";
import { systemClock as clock } from "../platform/clock.ts";
import { systemRandom as random } from "../platform/random.ts";
import type { Runtime } from "./runtime.ts";

it("a destination within another one is refused, however deep, before anything is written", async () => {
  const root = await mkdtemp(join(tmpdir(), "pardot-etl-nested-"));
  onTestFinished(() => rm(root, { recursive: true }));
  await mkdir(join(root, "outer", "_pardot_etl", "state"), { recursive: true });
  const runtime = { clock, random, signal: new AbortController().signal } as unknown as Runtime;
  const open = (path: string): Promise<unknown> =>
    openStore({ etl: { destination: { kind: "folder", path }, s3PathStyle: null } }, runtime);
  for (const path of [join(root, "outer", "Tag"), join(root, "outer", "a", "b")]) {
    await expect(open(path)).rejects.toMatchObject({ exitCode: 2, code: "config.destination-nested" });
  }
  await open(join(root, "outer"));
  await open(join(root, "beside"));
});
