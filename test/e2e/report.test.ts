import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { StorageError } from "../../src/errors.ts";
import type { RunEvent } from "../../src/events.ts";
import { runAndNotify } from "../../src/notify/run.ts";
import { reportKey } from "../../src/notify/report.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import type { RunOutcome } from "../../src/operations/run/outcome.ts";
import { openStorage } from "../../src/storage/open.ts";
import type { Storage } from "../../src/storage/storage.ts";
import { callCli } from "../kit/cli.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { filesBelow, scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// A run against a simulated account, and the page that it leaves.

const scene = scenesUntil(afterEach);
const ON = { PARDOT_ETL_REPORT: "true" };

/** A destination that does not take some documents. */
function refusing(storage: Storage, refuses: RegExp): Storage {
  const create: Storage["create"] = async (key, ...rest) => {
    if (refuses.test(key)) throw new StorageError(`write ${key}: denied`, { code: "storage.denied" });
    return storage.create(key, ...rest);
  };
  return new Proxy(storage, {
    get: (own, name) => {
      const member: unknown = name === "create" ? create : Reflect.get(own, name);
      return typeof member === "function" ? (member.bind(own) as unknown) : member;
    },
  });
}

/** A run with all that follows it. `refuses`: keys that the destination does not take. */
async function runWith(at: Scene, env: Environment, refuses = /$^/): Promise<RunOutcome & { events: RunEvent[] }> {
  const config = await at.config(env);
  const events: RunEvent[] = [];
  const { signal } = new AbortController();
  const onEvent = (event: RunEvent): void => void events.push(event);
  const clock = fakeClock(at.simulator.now().getTime());
  const open: typeof openStorage = async (...given) => refusing(await openStorage(...given), refuses);
  const outcome = await withRuntime({ signal, onEvent, pardot: config.pardot }, (runtime) =>
    runAndNotify(config, {}, { ...runtime, clock, openStorage: open }),
  );
  return { ...outcome, events };
}

describe("a run", () => {
  test("leaves no page unless it is asked to", async () => {
    const at = await scene();
    await runWith(at, {});
    expect((await filesBelow(at.data)).filter((name) => name.endsWith(".html"))).toEqual([]);
  });

  test("with PARDOT_ETL_REPORT leaves the page in the folder of its manifest, and no warning", async () => {
    const at = await scene();
    const { runId, exitCode, warnings } = await runWith(at, ON);
    expect([exitCode, warnings]).toEqual([0, []]);
    const page = await readFile(join(at.data, reportKey(String(runId))), "utf8");
    expect(page).toContain("This run read all of its 3 objects, and there is nothing to do.");
    const env = { PARDOT_ETL_DESTINATION: "data" };
    const clock = fakeClock(at.simulator.now().getTime());
    const { code, stdout } = await callCli(["report", "--output", "-"], env, { cwd: at.root, clock });
    expect(code).toBe(0);
    // Made at another time, from the same records.
    const untimed = (text: string): string =>
      text.replaceAll(/made at.*?<\/span>|The drawing goes.*|<rect.*?\/>|This tool made.*/g, "").trim();
    expect(untimed(stdout)).toBe(untimed(page));
    expect((await callCli(["verify", "--files-only"], env, { cwd: at.root })).code).toBe(0);
  });

  test("that fails before it commits leaves a page with the reason", async () => {
    const at = await scene();
    const { runId, exitCode } = await runWith(at, { ...ON, PARDOT_CLIENT_SECRET: "not-the-secret" });
    expect(exitCode).toBe(3);
    const page = await readFile(join(at.data, reportKey(String(runId))), "utf8");
    expect(page).toContain("The run failed before it could commit");
    expect(page).toContain("pardot-etl check");
    expect(page).not.toContain("not-the-secret");
  });

  test("that cannot write its page keeps its exit code and warns", async () => {
    const at = await scene();
    const outcome = await runWith(at, ON, /report\.html$/);
    expect([outcome.exitCode, outcome.status]).toEqual([0, "complete"]);
    expect(outcome.events).toContainEqual(
      expect.objectContaining({ type: "warning", code: "report.not-written", object: null }),
    );
    expect(outcome.warnings).toEqual([
      expect.stringMatching(/^write the page about the run, .*report\.html: .*denied/),
    ]);
  });
});
