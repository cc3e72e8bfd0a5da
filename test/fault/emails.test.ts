import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { afterEach, describe, expect, it } from "vitest";
import type { FaultRule } from "../../src/simulator/index.ts";
import { expectTruth, landedRecords, scenesUntil, truth } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";

// Emails and pages that Pardot cannot return: the run lands everything else.

const opened = scenesUntil(afterEach);

async function start(objects: string): Promise<Scene> {
  return opened({ scale: "tiny", knobs: { clock: "frozen" } }, { PARDOT_ETL_OBJECTS: objects });
}

const week = (at: Scene): void => at.simulator.advance(7);
const everything = (path: string, rule: Partial<FaultRule>): FaultRule => ({ path, count: 1_000_000, ...rule });

describe("one unreadable email", () => {
  it.each<[string, Partial<FaultRule>]>([
    ["a body that no reader takes", { garbage: true }],
    ["HTTP 500", { status: 500 }],
    ["HTTP 504", { status: 504 }],
    ["code 1", { code: 1 }],
    ["code 49", { code: 49 }],
    ["code 109", { code: 109 }],
    ["a page of HTML", { html: true }],
  ])("G9 costs only that email: %s", async (_, rule) => {
    const at = await start("VisitorActivity,Email");
    const first = await at.run();
    expect(first.error).toBeNull();
    const emails = await landedRecords(at.data, "Email");
    expect(emails.length).toBeGreaterThan(5);
    const bad = emails[3]?.["email_id"];
    at.simulator.faults([everything(`email/version/4/do/read/id/${bad}\\b`, rule)]);
    const full = await at.run({ options: { full: true } });
    expect(full.error).toBeNull();
    expect(full.manifest.warnings.filter(({ code }) => code === "email.unreadable")).toHaveLength(1);
    const again = full.manifest.objects.find(({ object }) => object === "Email");
    expect(again?.files.reduce((sum, { rows }) => sum + rows, 0)).toBe(emails.length - 1);
    at.simulator.faults([]);
    week(at);
    const healed = await at.run();
    const reads = at.simulator.stats().requests.filter(({ path }) => path.endsWith(`/read/id/${bad}`));
    expect(healed.error).toBeNull();
    expect(reads.at(-1)?.status).toBe(200);
  });
});

describe("emails", () => {
  it.each(["4", "5"])("are read as soon as all activities are in, while others are read: v%s", async (version) => {
    const rows = { VisitorActivity: 400, Visitor: 12_000 };
    const env = { PARDOT_ETL_OBJECTS: "Prospect,Visitor,VisitorActivity,Email", PARDOT_API_VERSION: version };
    const at = await opened({ rows, knobs: { exportPolls: 3, v5ReadLagSeconds: 0 } }, env);
    const { error, events } = await at.run();
    expect(error).toBeNull();
    const called = events.flatMap((event) =>
      event.type === "called" || event.type === "page-read" ? [event.object ?? ""] : [],
    );
    const first = called.indexOf("Email");
    expect(first).toBeGreaterThan(called.lastIndexOf("VisitorActivity"));
    expect(first).toBeLessThan(called.lastIndexOf("Visitor"));
  });
});

describe("--full", () => {
  it("reads every email again, also if the table contains them", async () => {
    const at = await start("VisitorActivity,Email");
    const env = { PARDOT_ETL_WAREHOUSE: at.duckdb };
    const reads = (): number => at.simulator.stats().byKind["email read"] ?? 0;
    await at.run({ env });
    const once = reads();
    await at.run({ env });
    expect(reads()).toBe(once);
    const { error } = await at.run({ env, options: { full: true } });
    expect(error).toBeNull();
    expect(reads()).toBe(2 * once);
  });
});

describe("pages", () => {
  it("of opportunities are requested with half the limit if they take too long", async () => {
    const at = await start("Opportunity");
    at.simulator.faults([everything("opportunity/version/4/do/query.*limit=(200|100)\\b", { code: 214 })]);
    const { error } = await at.run();
    expect(error).toBeNull();
    await expectTruth(at, "Opportunity");
  });

  it("that are empty in the lookup of the oldest record cost empty windows, but no record", async () => {
    const at = await start("Visitor");
    at.simulator.faults([{ path: "visitor/version/4/do/query", emptyPage: true, count: 2 }]);
    const { error, manifest } = await at.run();
    expect(error).toBeNull();
    await expectTruth(at, "Visitor");
    expect(manifest.objects[0]?.windows.length).toBeGreaterThan(15);
  });

  it("of campaigns that are empty although there were some end the run with exit 6", async () => {
    const at = await start("Campaign,Tag");
    await at.run();
    at.simulator.advance(1);
    at.simulator.faults([everything("campaign/version/4/do/query", { emptyPage: true })]);
    const { exitCode, error, manifest } = await at.run();
    expect(exitCode).toBe(6);
    expect(error).toMatchObject({ code: "data.all-gone" });
    expect(manifest.objects.map(({ object, status }) => [object, status])).toEqual([
      ["Campaign", "failed"],
      ["Tag", "complete"],
    ]);
    at.simulator.faults([]);
    expect((await at.run()).error).toBeNull();
  });

  it("with a total but no row end the run with exit 6", async () => {
    const at = await start("Form");
    at.simulator.faults([everything("form/version/4/do/query", { emptyPage: true })]);
    expect(await at.run()).toMatchObject({ exitCode: 6, error: { code: "data.total-without-rows" } });
    at.simulator.faults([]);
    expect((await at.run()).error).toBeNull();
    await expectTruth(at, "Form");
  });
});

it("the state keeps list emails in a compact form", async () => {
  const at = await start("VisitorActivity,Email");
  await at.run();
  const dir = join(at.data, "_pardot_etl/state");
  const newest =
    (await readdir(dir))
      .filter((name) => name.endsWith(".json"))
      .toSorted()
      .at(-1) ?? "";
  const entry = JSON.parse(await readFile(join(dir, newest), "utf8")) as {
    readonly snapshot: { readonly emails: { readonly shards: Readonly<Record<string, string>> } };
  };
  const texts = Object.values(entry.snapshot.emails.shards).join("");
  expect(texts.match(/ \d+:\d+!\+0(?= )/g)).toHaveLength(truth(at.simulator, "Email").length);
});
