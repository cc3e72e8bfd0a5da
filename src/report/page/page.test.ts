import { describe, expect, it } from "vitest";
import { MORNINGS, openMorning, runtimeOf } from "../../../test/kit/mornings.ts";
import type { MorningName } from "../../../test/kit/mornings.ts";
import type { RunReport } from "../../operations/report/api.ts";
import { report } from "../../operations/report/report.ts";
import { changesOf } from "./changes.ts";
import { findingsOf } from "./findings.ts";
import { runPage } from "./page.ts";
import { verdictOf } from "./verdict.ts";

const same = (text: string): string => text;

async function reportOf(name: MorningName, runId: string | null = null): Promise<RunReport> {
  const morning = await openMorning(name);
  const config = { ...morning.config, etl: { ...morning.config.etl, warehouse: { kind: "none" as const } } };
  return report(config, runId, runtimeOf(morning));
}

/** The ids of runs are those of the mornings. */
const RUN_BEFORE = "20260319T060000Z-abbfff";

describe("the verdict", () => {
  it.each<readonly [MorningName, string, string, string | null]>([
    ["well", "Healthy", "This run read all of its 14 objects, and there is nothing to do.", null],
    [
      "partial",
      "Not healthy",
      "2 of 14 objects failed (VisitorActivity and Opportunity) and 1 object waits for the next run: run again; the next run keeps everything read so far and continues from there.",
      "pardot-etl run",
    ],
    [
      "died",
      "Not healthy",
      "The run died before it could commit: run again; the next run keeps everything read so far and continues from there.",
      "pardot-etl run",
    ],
    [
      "quota",
      "Not healthy",
      "9 objects wait for the next run because a limit of calls was reached: run again when the account's next day has begun; everything read so far is kept.",
      "pardot-etl run",
    ],
    [
      "drift",
      "Healthy, but look",
      "This run read all of its 14 objects, but Prospect has 2 new fields, and there are 2 more points to look at.",
      "pardot-etl ddl Prospect --live",
    ],
    [
      "rejects",
      "Not healthy",
      "3 records of Prospect were set aside and 1 record of Tag was set aside: correct them in Pardot, and the next run reads them again.",
      "pardot-etl run Prospect",
    ],
    [
      "silent",
      "Healthy, but look",
      "This run read all of its 14 objects, but ListMembership brought nothing new.",
      "pardot-etl plan ListMembership",
    ],
  ])("of the morning %s is one sentence with the next command", async (name, label, sentence, command) => {
    const found = await reportOf(name);
    expect(verdictOf(found, findingsOf(found))).toMatchObject({ label, sentence, command });
  });

  it("of an earlier run describes how that ended and how the destination is now", async () => {
    const found = await reportOf("partial", RUN_BEFORE);
    expect(verdictOf(found, findingsOf(found))).toMatchObject({
      label: "An earlier run",
      sentence: "This run read everything; 1 later run followed, and the destination is not healthy now.",
      command: "pardot-etl report",
    });
  });

  it.each(MORNINGS)("of the morning %s is healthy only if status is", async (name) => {
    const found = await reportOf(name);
    const { state } = verdictOf(found, findingsOf(found));
    expect(state !== "act").toBe(found.status.healthy);
  });

  it("of a run in progress promises nothing", async () => {
    const found = await reportOf("died");
    const running = { ...found, run: { ...found.run, status: "running" as const } };
    expect(verdictOf(running, findingsOf(running))).toMatchObject({ label: "In progress", state: "running" });
  });

  it("names a problem of the destination that the run itself does not explain", async () => {
    const found = await reportOf("well");
    const problems = ["the state: it is gone"];
    const lost = { ...found, status: { ...found.status, healthy: false, problems } };
    expect(verdictOf(lost, findingsOf(lost))).toMatchObject({ state: "act", command: "pardot-etl run --full" });
  });
});

describe("what to do", () => {
  it.each(MORNINGS)("on the morning %s has a command for each point", async (name) => {
    for (const { command } of findingsOf(await reportOf(name))) expect(command).toMatch(/^pardot-etl [a-z]+/);
  });

  it("names gaps, files that wait to be loaded and expired exports", async () => {
    const found = await reportOf("well");
    const [object, ...rest] = found.status.objects;
    if (object === undefined) throw new Error("no object");
    const gap = { from: "2026-01-01T00:00:00Z", to: "2026-01-03T00:00:00Z" };
    const exported = { exportId: "7", requestedAt: gap.from, ageSeconds: 9, state: "expired" as const, ...gap };
    const status = {
      ...found.status,
      gaps: [{ object: "Tag", ...gap }],
      objects: [{ ...object, notLoaded: 2 }, ...rest],
      exports: [{ object: "Visitor", ...exported }],
    };
    expect(findingsOf({ ...found, status, warehouse: "duckdb" }).map(({ title }) => title)).toEqual([
      "the coverage of Tag has gaps",
      "files of VisitorActivity wait to be loaded",
      "1 export expired at Pardot",
    ]);
  });

  it("does not name a refused field again that an earlier run has warned of", async () => {
    const found = await reportOf("drift");
    if (found.manifest === null) throw new Error("no manifest");
    const later = { ...found, manifest: { ...found.manifest, warnings: [] } };
    expect(findingsOf(found).map(({ title }) => title)).toContain("Pardot refuses 1 field of Opportunity");
    expect(findingsOf(later).map(({ title }) => title)).not.toContain("Pardot refuses 1 field of Opportunity");
  });

  it("puts no foreign name into a command", async () => {
    const found = await reportOf("drift");
    const { manifest } = found;
    if (manifest === null) throw new Error("no manifest");
    const renamed = <Item extends { readonly object: string | null }>(item: Item): Item => ({
      ...item,
      object: `${item.object ?? ""}; rm -rf ~`,
    });
    const objects = manifest.objects.map(renamed);
    const foreign = { ...found, manifest: { ...manifest, objects, warnings: manifest.warnings.map(renamed) } };
    const commands = findingsOf(foreign).map(({ command }) => command);
    expect(commands).toEqual(["pardot-etl ddl --live", "pardot-etl objects --live"]);
  });
});

describe("what changed", () => {
  it.each<readonly [MorningName, string]>([
    ["well", "14,687 rows, 2,067 fewer than in the run before."],
    ["partial", "Failed now, complete in the run before: VisitorActivity and Opportunity."],
    ["died", "The run before was complete; this one has no manifest to compare."],
    ["drift", "Prospect has new fields: Favorite_Color__c and NPS_Score__c."],
    ["silent", "ListMembership: 0 rows; it usually brings about 540."],
  ])("on the morning %s names the difference", async (name, change) => {
    expect(changesOf(await reportOf(name))).toContain(change);
  });

  it("calls a run dead although the run that took over has written a manifest for it", async () => {
    const found = await reportOf("partial");
    const died = { ...found, run: { ...found.run, status: "died" as const, code: "run.taken-over" } };
    expect(changesOf(died)[0]).toBe("This run died; the one before was complete.");
    const runs = found.status.runs.map((record) => ({ ...record, status: "died" as const }));
    const both = changesOf({ ...died, status: { ...found.status, runs } });
    expect(both.find((change) => change.startsWith("This run "))).toBeUndefined();
    const titles = findingsOf(died).map(({ title }) => title);
    expect(titles[0]).toMatch(/^the run died /);
    expect(titles).not.toContain("the run did not finish its work");
  });

  it("names a run before that left no manifest to compare with", async () => {
    const found = await reportOf("partial");
    const [record] = found.status.runs;
    if (record === undefined) throw new Error("no run");
    const failed = { ...record, runId: `${found.run.runId.slice(0, -6)}000000`, status: "failed" as const };
    const runs = [...found.status.runs.slice(0, -1), failed, ...found.status.runs.slice(-1)];
    expect(changesOf({ ...found, status: { ...found.status, runs } })[0]).toBe(
      "The run before failed without a manifest; this compares with the one before that.",
    );
  });
});

describe("the page", () => {
  it.each(MORNINGS)("of the morning %s loads nothing, runs nothing and links to itself alone", async (name) => {
    const page = runPage(await reportOf(name), same);
    expect(page).toContain(`content="default-src 'none'; style-src 'sha256-`);
    expect(page).not.toMatch(/<(?:script|link|img|iframe|object|embed|form|base|video|audio)\b/i);
    expect(page).not.toMatch(/\s(?:src|srcset|action|style|on\w+)=/i);
    expect(page).not.toMatch(/url\(|@import/i);
    const targets = [...page.matchAll(/href="([^"]*)"/g)].map(([, target = ""]) => target);
    expect(targets.length).toBeGreaterThan(5);
    for (const target of targets) {
      expect(target).toMatch(/^#\w+$/);
      expect(page).toContain(`id="${target.slice(1)}"`);
    }
  });

  it("has every id once, and a caption for each table", async () => {
    const page = runPage(await reportOf("drift"), same);
    const ids = [...page.matchAll(/\sid="([^"]*)"/g)].map(([, id]) => id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(page.match(/<caption/g)?.length).toBe(page.match(/<table/g)?.length);
  });

  it("shows files with their hashes, and names verify because their loading is not known without a warehouse", async () => {
    const found = await reportOf("well");
    const page = runPage(found, same);
    for (const { listed } of found.objects)
      for (const { key, sha256 } of listed) {
        expect(page).toContain(key);
        expect(page).toContain(sha256);
      }
    expect(page).toContain("No warehouse is configured");
    expect(page).toContain("pardot-etl verify");
  });

  it("shows columns and ids of rejects, and none of their values", async () => {
    const page = runPage(await reportOf("rejects"), same);
    expect(page).toContain("4711, 4712, 5013");
    expect(page).toContain("_pardot_etl/rejects/20260320T060000Z-abc000/Prospect.jsonl");
    expect(page).not.toContain("is not an integer");
  });

  it("holds no secret, wherever it came from", async () => {
    const page = runPage(await reportOf("partial"), (text) => text.replaceAll("Service Unavailable", "***"));
    expect(page).toContain("503 ***");
  });

  it("stays small with forty objects, thousands of files, fields, exports, warnings and long texts", async () => {
    const found = await reportOf("drift");
    const long = "x".repeat(5000);
    const many = <Item>(count: number, item: (i: number) => Item): Item[] =>
      Array.from({ length: count }, (_, i) => item(i));
    const [first] = found.objects;
    const [firstStatus] = found.status.objects;
    if (first === undefined || firstStatus === undefined || found.manifest === null) throw new Error("no object");
    const day = (n: number): string => new Date(Date.UTC(2020, 0, n)).toISOString();
    const span = (n: number) => ({ from: day(4 * n), to: day(4 * n + 1) });
    const objects = many(44, (i) => ({
      ...first,
      files: 5000,
      listed: many(10, (n) => ({ ...(first.listed[0] ?? { key: "" }), key: `Object${i}/${n}.csv` }) as never),
      entry: {
        ...first.entry,
        object: `Object${i}`,
        status: "failed" as const,
        error: { code: "a.b", message: long, hint: long, exit_code: 5 },
        drift: { appeared: many(300, (n) => `field_${n}`), vanished: many(300, (n) => `old_${n}`) },
      },
    }));
    const big: RunReport = {
      ...found,
      objects,
      manifest: {
        ...found.manifest,
        objects: objects.map(({ entry }) => entry),
        api_calls: { total: 9, by_kind: Object.fromEntries(many(300, (n) => [`kind ${n}`, n])) },
        warnings: many(5000, (n) => ({ code: `code.${n % 200}`, object: `Object${n % 44}`, message: long })),
      },
      status: {
        ...found.status,
        warnings: [],
        objects: many(44, (i) => ({
          ...firstStatus,
          object: `Object${i}`,
          gaps: many(500, span),
          openWindows: many(500, (n) => ({
            ...span(n),
            field: null,
            exportId: null,
            exportExpired: false,
            filesLanded: 0,
          })),
        })),
      },
    };
    const page = runPage(big, same);
    expect(page.length).toBeLessThan(600_000);
    expect(page).toContain("219,850 more files, all in the manifest");
  });
});
