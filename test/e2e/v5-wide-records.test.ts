import { afterEach, describe, expect, it } from "vitest";
import type { ManifestObject } from "../../src/manifest/manifest.ts";
import type { RunResult } from "../../src/operations/api.ts";
import type { Knobs } from "../../src/simulator/knobs.ts";
import { entries } from "../../src/catalog/index.ts";
import { selectWays } from "../../src/catalog/versions.ts";
import { newest } from "../kit/records.ts";
import { landedRecords, scenesUntil } from "../kit/scene.ts";
import type { Scene } from "../kit/scene.ts";
import { differences, v5Rows } from "../kit/v5-truth.ts";

// Holds G1 and G9 where an account has more custom fields than one address of API v5 takes.

const opened = scenesUntil(afterEach);

async function start(knobs: Partial<Knobs>, prospects = 60): Promise<Scene> {
  return opened(
    { rows: { Prospect: prospects, CustomField: 300 }, knobs: { v5ReadLagSeconds: 0, clock: "frozen", ...knobs } },
    { PARDOT_ETL_V5_LAG: "1m", PARDOT_API_VERSION: "5", PARDOT_ETL_OBJECTS: "Prospect" },
  );
}

function prospectsIn({ manifest }: RunResult): ManifestObject {
  const object = manifest.objects.find((one) => one.object === "Prospect");
  if (object === undefined) throw new Error("the manifest has no Prospect");
  return object;
}

const PROSPECT = selectWays(entries, "5").find(({ name }) => name === "Prospect");

/** Every prospect has landed, and its newest reading has every value of every field. */
async function expectTruth(at: Scene): Promise<void> {
  const landed = await expectValues(at);
  expect(landed).toEqual(new Set(v5Rows(at.simulator, "Prospect").keys()));
}

/** Every prospect that has landed and was not deleted has every value. Returns the ids of all. */
async function expectValues(at: Scene): Promise<ReadonlySet<string>> {
  if (PROSPECT === undefined) throw new Error("no Prospect");
  const landed = [...newest(await landedRecords(at.data, "Prospect")).values()];
  const rows = v5Rows(at.simulator, "Prospect");
  const campaigns = v5Rows(at.simulator, "Campaign", "all");
  const wrong: string[] = [];
  for (const record of landed) {
    const row = rows.get(record["id"] ?? "");
    if (row === undefined) continue;
    wrong.push(...differences(record, row, PROSPECT, (id) => campaigns.get(JSON.stringify(id))?.["name"]));
  }
  expect(wrong.slice(0, 5)).toEqual([]);
  expect(Object.keys(landed.at(-1) ?? {}).length).toBeGreaterThan(300);
  return new Set(landed.map(({ id }) => id ?? ""));
}

function requests(at: Scene): readonly { readonly status: number | null }[] {
  return at.simulator.stats().requests.filter(({ path }) => path.endsWith("/prospects"));
}

describe("prospects with 300 custom fields", () => {
  it("G1 land whole and once, in addresses that servers take", async () => {
    const at = await start({ customFields: 300 });
    const result = await at.run();
    expect(result.error).toBeNull();
    const sent = requests(at);
    expect(sent.filter(({ status }) => status !== 200)).toEqual([]);
    expect(sent).toHaveLength(2);
    await expectTruth(at);
    expect(await landedRecords(at.data, "Prospect")).toHaveLength(60);
    expect(prospectsIn(result)).toMatchObject({ incomplete_rows: 0, refused_fields: [] });
    const counted = result.events.flatMap((event) => (event.type === "page-read" ? event.records : []));
    expect(counted.reduce((sum, records) => sum + records, 0)).toBe(60);
  });

  it.each([414, 431, 400])("G1 G9 come in smaller groups after HTTP %i for an address", async (addressRefusal) => {
    const at = await start({ customFields: 300, addressMax: 2800, addressRefusal });
    const result = await at.run();
    expect(result.error).toBeNull();
    await expectTruth(at);
    const statuses = requests(at).map(({ status }) => status);
    expect(statuses.slice(0, 3)).toEqual([addressRefusal, addressRefusal, 200]);
    expect(new Set(statuses.slice(2))).toEqual(new Set([200]));
  });

  it("G9 lose only the fields that are refused, whichever group they are in", async () => {
    const missing = ["Prospect.jobTitle", "Prospect.Zip299__c"];
    const at = await start({ customFields: 300, v5MissingFields: missing.join() });
    const result = await at.run();
    expect(result.error).toBeNull();
    expect(prospectsIn(result).refused_fields).toEqual(["jobTitle", "Zip299__c"]);
    expect(requests(at).filter(({ status }) => status !== 200)).toHaveLength(2);
    const landed = await landedRecords(at.data, "Prospect");
    expect(landed.length).toBe(v5Rows(at.simulator, "Prospect").size);
    for (const prospect of landed) expect(prospect).toMatchObject({ job_title: null, Zip299: null });
  });

  it("G1 that change between the requests are counted as incomplete, and whole after the next run", async () => {
    const at = await start({ customFields: 300 });
    let pages = 0;
    const first = await at.run({
      onEvent: ({ type }) => {
        if (type !== "page-read") return;
        pages += 1;
        if (pages === 1) at.simulator.advance(1);
      },
    });
    const incomplete = prospectsIn(first).incomplete_rows;
    expect(incomplete).toBeGreaterThan(0);
    expect(first.manifest.warnings.map(({ code }) => code)).toContain("fields.rows-incomplete");
    expect((await at.run()).error).toBeNull();
    expect((await expectValues(at)).size).toBeGreaterThan(50);
  });

  it("fail by name when no address is short enough", async () => {
    const at = await start({ customFields: 300, addressMax: 400 });
    const result = await at.run();
    expect(result.exitCode).toBe(5);
    expect(prospectsIn(result)).toMatchObject({ status: "failed", error: { code: "pardot.address-too-long" } });
  });
});
