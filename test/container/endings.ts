import { existsSync } from "node:fs";
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Manifest } from "../../src/manifest/manifest.ts";
import { SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN } from "../../src/simulator/index.ts";
import type { SimulatorOptions } from "../../src/simulator/index.ts";
import type { CliResult } from "../kit/cli.ts";
import { expectExactly, filesBelow, wholeManifests } from "../kit/scene.ts";
import type { Environment } from "../kit/scene.ts";
import { leavingNothing } from "./container-scene.ts";
import type { ContainerScene } from "./container-scene.ts";

/** Prefix of the simulator's access tokens. */
const CANARIES = [SIMULATOR_CLIENT_SECRET, SIMULATOR_REFRESH_TOKEN, "00DSIM000000001!AQ"];

interface Ended {
  readonly code: number | null;
  /** Contents of stdout: the manifest, the error, or both. */
  readonly summary: Partial<Manifest> & { readonly error?: { code: string; message: string; hint: string } };
  readonly stderr: string;
  /** The JSON lines of stderr. */
  readonly log: readonly LogLine[];
}

interface LogLine {
  readonly level: string;
  readonly time: string;
  readonly event: string;
  readonly msg: string;
  readonly [field: string]: unknown;
}

/** Status in the last line of the log by exit code. */
const MEANINGS: Readonly<Record<number, readonly [level: string, meaning: string]>> = {
  0: ["info", "done"],
  3: ["error", "credentials"],
  4: ["warn", "limit reached, run again later"],
  5: ["error", "Pardot or network failed"],
  8: ["warn", "another run holds the lease"],
  130: ["warn", "cancelled"],
};

/** Reads the log of a run without a terminal: lines of JSON, and text for people about an error or a signal. */
function readLog(stderr: string): LogLine[] {
  const lines = stderr.trim().split("\n");
  const text = lines.filter((line) => !line.startsWith("{"));
  for (const line of text) expect(line).toMatch(/^(pardot-etl|hint|SIGTERM): /);
  // The very last line, after the text for people: alarms and `tail -1` read it.
  expect(lines.at(-1)).toMatch(/^\{.*"event":"run_ended"/);
  const log = lines.filter((line) => line.startsWith("{")).map((line) => JSON.parse(line) as LogLine);
  for (const line of log) {
    expect(["info", "warn", "error"]).toContain(line.level);
    expect(new Date(line.time).toISOString()).toBe(line.time);
    expect(line).toMatchObject({ event: expect.any(String) as string, msg: expect.any(String) as string });
  }
  // One line per page would be a thousand unread lines a day.
  expect(log.filter(({ event }) => event === "page_read")).toEqual([]);
  return log;
}

type Start = (options?: SimulatorOptions, env?: Environment) => Promise<ContainerScene>;

/**
 * Endings of a run in a container, as seen from outside: the exit code, the summary on stdout, the log on stderr. Holds G2,
 * G4, G5 and G8 there.
 */
export function endings(start: Start): void {
  async function ended(at: ContainerScene, result: Promise<CliResult>): Promise<Ended> {
    const { code, stdout, stderr } = await leavingNothing(at, () => result);
    const written = await Promise.all(
      (await filesBelow(at.data)).map((name) => readFile(join(at.data, name), "latin1")),
    );
    for (const canary of CANARIES) for (const text of [stdout, stderr, ...written]) expect(text).not.toContain(canary);
    const summary = JSON.parse(stdout) as Ended["summary"];
    const log = readLog(stderr);
    const [level, meaning] = MEANINGS[code ?? -1] ?? [];
    expect(log.at(-1)).toMatchObject({
      level,
      meaning,
      exit_code: code,
      // Without a manifest there is no result.
      status: summary.status ?? "failed",
      ...(summary.run_id === undefined ? {} : { run_id: summary.run_id }),
      calls: summary.api_calls?.total ?? 0,
    });
    return { code, summary, stderr, log };
  }

  function run(at: ContainerScene): Promise<Ended> {
    return ended(at, at.run(["run", "--json"]));
  }

  async function expectManifest(at: ContainerScene, { summary }: Ended): Promise<void> {
    const manifests = await wholeManifests(at.data);
    expect(manifests).toHaveLength(1);
    const { error: _error, ...manifest } = summary;
    expect(manifest).toEqual(manifests[0]);
  }

  const statuses = ({ summary }: Ended): unknown => summary.objects?.map(({ object, status }) => [object, status]);

  describe("a run in a container", () => {
    it("G2 that cannot log in ends with exit 3 and the error as JSON, without a call or a landed file", async () => {
      const at = await start({}, { PARDOT_CLIENT_SECRET: "canary-wrong" });
      const end = await run(at);
      expect({ code: end.code, error: end.summary.error?.code }).toEqual({
        code: 3,
        error: "auth.client-secret-wrong",
      });
      expect(end.stderr).toContain(end.summary.error?.message);
      expect(end.stderr).toContain(end.summary.error?.hint);
      expect(at.simulator.stats().calls).toBe(0);
    });

    it("G2 in which every object fails ends with exit 5 and status failed, each object with its reason", async () => {
      const at = await start({}, { PARDOT_ETL_OBJECTS: "VisitorActivity,Tag" });
      at.simulator.faults([{ path: "/(tag|export)/", code: 19, count: 1000 }]);
      const end = await run(at);
      expect({ code: end.code, status: end.summary.status }).toEqual({ code: 5, status: "failed" });
      expect(statuses(end)).toEqual([
        ["VisitorActivity", "failed"],
        ["Tag", "failed"],
      ]);
      for (const { object, error } of end.summary.objects ?? []) {
        expect(error?.code).toMatch(/^pardot\./);
        expect(end.stderr).toContain(object);
      }
      await expectManifest(at, end);
    });

    it("G2 in which one object fails ends with its exit code and status partial, and commits the others", async () => {
      const at = await start();
      at.simulator.faults([{ path: "/tag/version/4/do/query", code: 19, count: 100 }]);
      const end = await run(at);
      expect({ code: end.code, status: end.summary.status }).toEqual({ code: 5, status: "partial" });
      expect(statuses(end)).toEqual([
        ["VisitorActivity", "complete"],
        ["Tag", "failed"],
        ["Account", "complete"],
      ]);
      expect(end.log.filter(({ event }) => event === "object_failed")).toMatchObject([
        { object: "Tag", code: "pardot.sort-key-unknown" },
      ]);
      expect(end.log.at(-1)).toMatchObject({ failed_objects: ["Tag"], objects_failed: 1, objects: 3 });
      await expectManifest(at, end);
      await expectExactly(at, "VisitorActivity");
    });

    it("G4 with a spent budget ends with exit 4 without another call", async () => {
      const BUDGET = 8;
      const at = await start({ rows: { Tag: 1200 } }, { PARDOT_DAILY_CALL_BUDGET: String(BUDGET) });
      const end = await run(at);
      expect({ code: end.code, status: end.summary.status }).toEqual({ code: 4, status: "partial" });
      expect(end.stderr).toContain("PARDOT_DAILY_CALL_BUDGET");
      expect(end.log.at(-1)).toMatchObject({ calls_budget: BUDGET, quota_share: expect.any(Number) as number });
      expect(at.simulator.stats().calls).toBeLessThanOrEqual(BUDGET);
      expect(end.summary.api_calls?.total).toBe(at.simulator.stats().calls);
      await expectManifest(at, end);
    });

    it("G5 next to another run, with the same host name, ends with exit 8 without a call", async () => {
      const at = await start(
        {},
        { PARDOT_ETL_STOP_GRACE: "0s", PARDOT_ETL_LEASE_TTL: "3s", PARDOT_ETL_OBJECTS: "Tag" },
      );
      at.simulator.faults([{ path: "/tag/version/4/do/query", hang: true, count: 1000 }]);
      const first = at.start(["run", "--json"]);
      await reached(() => requests(at, "tag query") > 0);
      const { calls } = at.simulator.stats();
      // A second run that ignored the first would be complete.
      at.simulator.faults([]);
      const second = at.run(["run", "--json"]);
      await second;
      first.kill("SIGTERM");
      await first.ended;
      const end = await ended(at, second);
      expect({ code: end.code, error: end.summary.error?.code, calls: at.simulator.stats().calls }).toEqual({
        code: 8,
        error: "lease.held",
        calls,
      });
    });

    it("G2 that is stopped ends with exit 130, commits finished work, and the next run continues", async () => {
      const at = await start(
        { rows: { Tag: 1200 } },
        { PARDOT_ETL_STOP_GRACE: "2s", PARDOT_ETL_OBJECTS: "Account,Tag" },
      );
      at.simulator.faults([{ path: "/tag/version/4/do/query", skip: 4, hang: true, count: 1000 }]);
      const running = at.start(["run", "--json"]);
      await reached(() => requests(at, "tag query") > 4 && existsSync(join(at.data, "Account")));
      running.kill("SIGTERM");
      const end = await ended(at, running.ended);
      expect({ code: end.code, status: end.summary.status }).toEqual({ code: 130, status: "partial" });
      expect(end.stderr).toContain("stopped by SIGTERM");
      expect(statuses(end)).toEqual([
        ["Tag", "postponed"],
        ["Account", "complete"],
      ]);
      await expectManifest(at, end);
      await expectExactly(at, "Account");
      at.simulator.faults([]);
      expect((await run(at)).code).toBe(0);
      for (const name of ["Account", "Tag"]) await expectExactly(at, name);
    });
  });
}

function requests({ simulator }: ContainerScene, kind: string): number {
  return simulator.stats().requests.filter((request) => request.kind === kind).length;
}

/** Resolves when the condition holds. */
async function reached(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise((resolve) => setImmediate(resolve));
}
