import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import type { FaultRule, SimulatorOptions } from "../../src/simulator/index.ts";
import {
  expectExactly,
  expectNothingWrong,
  expectTruth,
  filesBelow,
  landedText,
  OBJECTS,
  scenesUntil,
  wholeManifests,
} from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// Holds G1 and G2 with faulty responses and networks: a run ends complete and correct, or names the failed object and lands
// nothing wrong, and the next plain run completes it. Every call is counted.

const QUERY = "/tag/version/4/do/query";
const PROBE = "/account/version/4/do/read";
const CREATE = "/do/create";
const LOOK = "/export/version/4/do/read";
const DOWNLOAD = "/downloadResults/";
const TOKEN = "/services/oauth2/token";

interface Case {
  readonly rules: readonly FaultRule[];
  readonly simulator?: SimulatorOptions;
  readonly env?: Environment;
  /** 0: the run is complete anyway. Else its exit code; `failed` lists the objects. */
  readonly code?: number;
  readonly failed?: readonly string[];
  readonly warnings?: readonly string[];
}

/** Enough pages for a fault between them: 600 tags are four pages. */
const ACCOUNT: SimulatorOptions = { rows: { Tag: 600 } };

const CASES: Readonly<Record<string, Case>> = {
  "a status 500 on a page": { rules: [{ path: QUERY, status: 500, skip: 1, count: 3 }] },
  "a status 503 with Retry-After": { rules: [{ path: QUERY, status: 503, headers: { "Retry-After": "3" } }] },
  "a status 500 on every kind of call": {
    rules: [PROBE, QUERY, CREATE, LOOK, DOWNLOAD, TOKEN].map((path) => ({ path, status: 500 })),
    warnings: ["pardot.repeated"],
  },
  "resets on every kind of call": {
    rules: [PROBE, QUERY, CREATE, LOOK, DOWNLOAD, TOKEN].map((path) => ({ path, reset: true, skip: 0 })),
    warnings: ["pardot.repeated"],
  },
  "no response to a page request": { rules: [{ path: QUERY, hang: true }], env: { PARDOT_REQUEST_TIMEOUT: "1s" } },
  "a stall in the middle of a file": {
    rules: [{ path: DOWNLOAD, truncate: 2000, stall: true }],
    env: { PARDOT_REQUEST_TIMEOUT: "1s" },
  },
  "a truncated page": { rules: [{ path: QUERY, truncate: 500, skip: 1 }] },
  "a truncated page that seems complete": { rules: [{ path: QUERY, truncate: 500, quiet: true, skip: 1 }] },
  "a truncated page that seems complete, without compression": {
    rules: [{ path: QUERY, truncate: 5000, quiet: true, skip: 1 }],
    simulator: { knobs: { gzip: false } },
  },
  "an empty body": { rules: [{ path: QUERY, truncate: 0, quiet: true }] },
  "a truncated file": { rules: [{ path: DOWNLOAD, truncate: 2000, count: 2 }] },
  "a truncated file that seems complete": { rules: [{ path: DOWNLOAD, truncate: 2000, quiet: true, count: 2 }] },
  "a truncated file that seems complete, without compression, in the middle of a record": {
    rules: [{ path: DOWNLOAD, truncate: 20_003, quiet: true, count: 2 }],
    simulator: { knobs: { gzip: false } },
  },
  "a file shorter than its length": {
    rules: [{ path: DOWNLOAD, truncate: 20_003, count: 2 }],
    simulator: { knobs: { gzip: false, downloadLength: "content-length" } },
  },
  "garbage on every kind of call": {
    rules: [PROBE, QUERY, CREATE, LOOK, TOKEN].map((path) => ({ path, garbage: true })),
    warnings: ["pardot.repeated"],
  },
  "a temporary HTML page": { rules: [{ path: QUERY, html: true, status: 502, skip: 1 }] },
  "a false empty page": { rules: [{ path: QUERY, emptyPage: true, skip: 1 }] },
  "a token that expires during the run": { rules: [{ path: QUERY, expiredToken: true, skip: 1 }] },
  "a token that expires with every kind of call": {
    rules: [QUERY, CREATE, LOOK, DOWNLOAD].map((path) => ({ path, expiredToken: true })),
  },
  "66 (too many in flight)": { rules: [{ path: QUERY, code: 66, count: 3 }] },
  "183 (internal error)": {
    rules: [
      { path: QUERY, code: 183, count: 2 },
      { path: LOOK, code: 183 },
    ],
  },
  "202 (the minute's limit)": { rules: [{ path: QUERY, code: 202, count: 2 }] },
  "214 (took too long)": { rules: [{ path: QUERY, code: 214 }] },
  "an export that fails once": { rules: [{ path: CREATE, failExport: true }], warnings: ["export.recreated"] },
  "178 for an existing file": { rules: [{ path: DOWNLOAD, code: 178 }], warnings: ["export.recreated"] },
  "109 for an existing export": { rules: [{ path: LOOK, code: 109 }], warnings: ["export.recreated"] },

  "88 and 89: an account of the other version": {
    rules: [],
    simulator: { knobs: { versionAllowed: 3 } },
  },

  "a query that always fails": {
    rules: [{ path: QUERY, status: 500, skip: 2, count: 99 }],
    code: 5,
    failed: ["Tag"],
  },
  "permanent 214": { rules: [{ path: QUERY, code: 214, count: 99 }], code: 5, failed: ["Tag"] },
  "a permanent login page for an object": {
    rules: [{ path: QUERY, html: true, count: 99 }],
    code: 5,
    failed: ["Tag"],
  },
  "a token that is always refused": {
    rules: [{ path: QUERY, code: 184, skip: 1, count: 99 }],
    code: 3,
    failed: ["Tag"],
  },
  "exports that always fail": {
    rules: [{ path: CREATE, failExport: true, count: 99 }],
    code: 5,
    failed: ["VisitorActivity"],
    warnings: ["export.recreated"],
  },
  "files that are always truncated": {
    rules: [{ path: DOWNLOAD, truncate: 20_003, quiet: true, count: 99 }],
    simulator: { knobs: { gzip: false } },
    code: 6,
    failed: ["VisitorActivity"],
  },
  "a procedure that the account refuses": {
    rules: [{ path: CREATE, code: 174, count: 99 }],
    code: 5,
    failed: ["VisitorActivity"],
  },
};

const start = scenesUntil(afterAll);

async function expectCallsCounted(at: Scene): Promise<void> {
  const manifests = await wholeManifests(at.data);
  const { calls, byKind } = at.simulator.stats();
  expect(manifests.reduce((sum, manifest) => sum + manifest.api_calls.total, 0)).toBe(calls);
  const sums: Record<string, number> = {};
  for (const { api_calls: counted } of manifests) {
    for (const [kind, count] of Object.entries(counted.by_kind)) sums[kind] = (sums[kind] ?? 0) + count;
  }
  expect(sums).toEqual(byKind);
}

describe.concurrent("G1 G2 a run that meets", { timeout: 120_000 }, () => {
  it.each(Object.entries(CASES))(
    "%s",
    async (_what, { rules, simulator, env = {}, code = 0, failed = [], warnings = [] }) => {
      const at = await start({ ...ACCOUNT, ...simulator });
      at.simulator.faults(rules);
      const first = await at.run({ env });
      expect({ code: first.exitCode, error: code === 0 ? first.error : null }).toEqual({ code, error: null });
      expect(first.manifest.status).toBe(failed.length === 0 ? "complete" : "partial");
      expect(first.manifest.objects.filter(({ status }) => status === "failed").map(({ object }) => object)).toEqual(
        failed,
      );
      expect([...new Set(first.manifest.warnings.map((warning) => warning.code))]).toEqual(warnings);
      await expectCallsCounted(at);
      for (const name of OBJECTS) {
        await expectNothingWrong(at, name);
        if (!failed.includes(name)) await expectExactly(at, name);
      }
      // A rule without a hit would prove nothing.
      const isMet = first.events.some(
        ({ type }) => type === "retrying" || type === "object-failed" || type === "warning",
      );
      expect(isMet || rules.some(({ emptyPage }) => emptyPage === true)).toBe(true);

      at.simulator.faults([]);
      expect(await at.run()).toMatchObject({ exitCode: 0, manifest: { status: "complete" } });
      for (const name of OBJECTS) await expectExactly(at, name);
      await expectCallsCounted(at);
    },
  );
});

describe.concurrent("G8 a result address on another host", { timeout: 120_000 }, () => {
  it("is refused without a request to it", async () => {
    const at = await start({ knobs: { resultRefsHost: "https://evil.test" } });
    const { exitCode, error, manifest } = await at.run();
    expect({ exitCode, error }).toMatchObject({ exitCode: 5, error: { code: "pardot.foreign-address" } });
    expect(manifest.objects.map(({ status }) => status)).toEqual(["failed", "complete", "complete"]);
    await expectCallsCounted(at);
  });
});

describe.concurrent("G1 exports with lost files", { timeout: 120_000 }, () => {
  it("are requested again, and their landed files stay", async () => {
    const at = await start({ knobs: { filesPerExport: 3 } });
    at.simulator.faults([{ path: DOWNLOAD, status: 500, skip: 2, count: 99 }]);
    expect(await at.run()).toMatchObject({ exitCode: 5 });
    // Six tries per started file: one in each lane of the exports that are being landed.
    expect(at.simulator.stats().byKind["export download"]).toBeLessThanOrEqual(2 + 3 * 2 * 6);
    const landed = await filesBelow(join(at.data, "VisitorActivity"));
    expect(landed).toHaveLength(2);
    at.simulator.faults([]);
    // Files expire after seven days.
    at.simulator.advance(8);
    const next = await at.run();
    expect(next.error).toBeNull();
    expect(new Set(next.manifest.warnings.map(({ code }) => code))).toEqual(new Set(["export.recreated"]));
    expect(await filesBelow(join(at.data, "VisitorActivity"))).toEqual(expect.arrayContaining(landed));
    for (const name of OBJECTS) await expectTruth(at, name);
    await expectCallsCounted(at);
  });
});

describe.concurrent("G1 a result file of unknown length", { timeout: 120_000 }, () => {
  const PLAIN: SimulatorOptions = { knobs: { gzip: false, clock: "frozen" } };

  /** The file's id and bytes as the account sends them: the folder gets them unchanged. */
  async function aFile(): Promise<{ id: string; text: string }> {
    const twin = await start(PLAIN);
    const { manifest } = await twin.run();
    const key = String(manifest.objects[0]?.files[0]?.key);
    return { id: String(/-(\d+)\.csv$/.exec(key)?.[1]), text: await landedText(twin.data, key) };
  }

  it.each<readonly [string, (text: string) => number]>([
    ["is truncated in the last field of a record", (text) => text.indexOf("\n", 3000) - 3],
    ["is truncated after the last field of a record", (text) => text.indexOf("\n", 3000)],
    ["is empty", () => 0],
  ])("that %s is fetched again", async (_where, place) => {
    const { id, text } = await aFile();
    const at = await start(PLAIN);
    const truncate = Buffer.byteLength(text.slice(0, place(text)));
    at.simulator.faults([{ path: id, truncate, quiet: true }]);
    const { error, events } = await at.run();
    expect(error).toBeNull();
    expect(events.some(({ type }) => type === "retrying")).toBe(true);
    for (const name of OBJECTS) await expectExactly(at, name);
    await expectCallsCounted(at);
  });

  it("that never ends with a line end is accepted after a second download", async () => {
    const { id, text } = await aFile();
    const at = await start(PLAIN);
    at.simulator.faults([{ path: id, truncate: Buffer.byteLength(text) - 1, quiet: true, count: 99 }]);
    expect((await at.run()).error).toBeNull();
    for (const name of OBJECTS) await expectExactly(at, name);
  });
});
