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
} from "../e2e/harness.ts";
import type { Environment, Scene } from "../e2e/harness.ts";

// Holds G1 and G2 against whatever Pardot and the network answer: a run that meets it ends complete and equal to the
// truth, or names the object that failed and lands nothing wrong; then the next plain run makes it whole. Every call is
// counted.

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
  /** 0: the run does it all in spite of it. Else its exit code, and which objects fail. */
  readonly code?: number;
  readonly failed?: readonly string[];
  readonly warnings?: readonly string[];
}

/** Pages enough for something to happen between them: 600 tags are four pages. */
const ACCOUNT: SimulatorOptions = { rows: { Tag: 600 } };

const CASES: Readonly<Record<string, Case>> = {
  "a status 500 on a page": { rules: [{ path: QUERY, status: 500, skip: 1, count: 3 }] },
  "a status 503 with a wish for a pause": { rules: [{ path: QUERY, status: 503, headers: { "Retry-After": "3" } }] },
  "a status 500 on every kind of call": {
    rules: [PROBE, QUERY, CREATE, LOOK, DOWNLOAD, TOKEN].map((path) => ({ path, status: 500 })),
    warnings: ["pardot.repeated"],
  },
  "resets on every kind of call": {
    rules: [PROBE, QUERY, CREATE, LOOK, DOWNLOAD, TOKEN].map((path) => ({ path, reset: true, skip: 0 })),
    warnings: ["pardot.repeated"],
  },
  "silence instead of a page": { rules: [{ path: QUERY, hang: true }], env: { PARDOT_REQUEST_TIMEOUT: "1s" } },
  "silence in the middle of a file": {
    rules: [{ path: DOWNLOAD, truncate: 2000, stall: true }],
    env: { PARDOT_REQUEST_TIMEOUT: "1s" },
  },
  "a cut page": { rules: [{ path: QUERY, truncate: 500, skip: 1 }] },
  "a page that is cut and pretends to be whole": { rules: [{ path: QUERY, truncate: 500, quiet: true, skip: 1 }] },
  "the same without compression": {
    rules: [{ path: QUERY, truncate: 5000, quiet: true, skip: 1 }],
    simulator: { knobs: { gzip: false } },
  },
  "an empty body": { rules: [{ path: QUERY, truncate: 0, quiet: true }] },
  "a cut file": { rules: [{ path: DOWNLOAD, truncate: 2000, count: 2 }] },
  "a file that is cut and pretends to be whole": { rules: [{ path: DOWNLOAD, truncate: 2000, quiet: true, count: 2 }] },
  "the same without compression, in the middle of a record": {
    rules: [{ path: DOWNLOAD, truncate: 20_003, quiet: true, count: 2 }],
    simulator: { knobs: { gzip: false } },
  },
  "a file that is cut below its length": {
    rules: [{ path: DOWNLOAD, truncate: 20_003, count: 2 }],
    simulator: { knobs: { gzip: false, downloadLength: "content-length" } },
  },
  "garbage on every kind of call": {
    rules: [PROBE, QUERY, CREATE, LOOK, TOKEN].map((path) => ({ path, garbage: true })),
    warnings: ["pardot.repeated"],
  },
  "a page of HTML that passes": { rules: [{ path: QUERY, html: true, status: 502, skip: 1 }] },
  "an empty page in mid-run": { rules: [{ path: QUERY, emptyPage: true, skip: 1 }] },
  "a token that dies in mid-run": { rules: [{ path: QUERY, expiredToken: true, skip: 1 }] },
  "a token that dies under every kind of call": {
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
  "178 on a file that was there": { rules: [{ path: DOWNLOAD, code: 178 }], warnings: ["export.recreated"] },
  "109 on an export that was there": { rules: [{ path: LOOK, code: 109 }], warnings: ["export.recreated"] },

  "88 and 89: an account of the other version": {
    rules: [],
    simulator: { knobs: { versionAllowed: 3 } },
  },

  "a query that fails for good": {
    rules: [{ path: QUERY, status: 500, skip: 2, count: 99 }],
    code: 5,
    failed: ["Tag"],
  },
  "214 for good": { rules: [{ path: QUERY, code: 214, count: 99 }], code: 5, failed: ["Tag"] },
  "an object's login page for good": {
    rules: [{ path: QUERY, html: true, count: 99 }],
    code: 5,
    failed: ["Tag"],
  },
  "a token that is refused whatever happens": {
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
  "files that are always cut": {
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
      // A rule that hits nothing would prove nothing.
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
  it("is refused, and nothing is sent there", async () => {
    const at = await start({ knobs: { resultRefsHost: "https://evil.test" } });
    const { exitCode, error, manifest } = await at.run();
    expect({ exitCode, error }).toMatchObject({ exitCode: 5, error: { code: "pardot.foreign-address" } });
    expect(manifest.objects.map(({ status }) => status)).toEqual(["failed", "complete", "complete"]);
    await expectCallsCounted(at);
  });
});

describe.concurrent("G1 exports whose files are gone", { timeout: 120_000 }, () => {
  it("are asked for again, and what had landed of them stays", async () => {
    const at = await start({ knobs: { filesPerExport: 3 } });
    at.simulator.faults([{ path: DOWNLOAD, status: 500, skip: 2, count: 99 }]);
    expect(await at.run()).toMatchObject({ exitCode: 5 });
    // Six tries for each file that is begun: one in each of the lanes of the exports that are being landed.
    expect(at.simulator.stats().byKind["export download"]).toBeLessThanOrEqual(2 + 3 * 2 * 6);
    const landed = await filesBelow(join(at.data, "VisitorActivity"));
    expect(landed).toHaveLength(2);
    at.simulator.faults([]);
    // Files live for seven days.
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

  /** The file's id and bytes as the account gives them: nothing is changed on the way to the folder. */
  async function aFile(): Promise<{ id: string; text: string }> {
    const twin = await start(PLAIN);
    const { manifest } = await twin.run();
    const key = String(manifest.objects[0]?.files[0]?.key);
    return { id: String(/-(\d+)\.csv$/.exec(key)?.[1]), text: await landedText(twin.data, key) };
  }

  it.each<readonly [string, (text: string) => number]>([
    ["is cut in the last field of a record", (text) => text.indexOf("\n", 3000) - 3],
    ["is cut behind the last field of a record", (text) => text.indexOf("\n", 3000)],
    ["comes without a byte", () => 0],
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

  it("that never ends with a line end is taken as it is, after a second look", async () => {
    const { id, text } = await aFile();
    const at = await start(PLAIN);
    at.simulator.faults([{ path: id, truncate: Buffer.byteLength(text) - 1, quiet: true, count: 99 }]);
    expect((await at.run()).error).toBeNull();
    for (const name of OBJECTS) await expectExactly(at, name);
  });
});
