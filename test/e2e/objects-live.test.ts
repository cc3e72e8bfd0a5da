import { afterEach, describe, expect, it } from "vitest";
import { catalog } from "../../src/catalog/index.ts";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import type { LiveFields } from "../../src/operations/live-fields.ts";
import { callCli } from "../kit/cli.ts";
import type { CliResult } from "../kit/cli.ts";
import { filesBelow, landedText, scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";

// `objects --live`: the fields of this account, from outside.

const start = scenesUntil(afterEach);

async function objects(at: Scene, args: readonly string[], env: Environment = {}): Promise<CliResult> {
  return callCli(["objects", ...args], { ...at.env, ...env }, { cwd: at.root });
}

type Live = CatalogObject & { readonly live: LiveFields | null };

function liveIn({ stdout }: CliResult): Record<string, LiveFields | null> {
  const parsed = JSON.parse(stdout) as { readonly objects: readonly Live[] };
  return Object.fromEntries(parsed.objects.map(({ name, live }) => [name, live]));
}

describe("objects --live", () => {
  it("lists the custom fields of prospects and their accounts with three calls, and writes nothing", async () => {
    const at = await start({ knobs: { customFields: 5, accountCustomFields: 2, hiddenAccountFields: "sic,fax" } });
    const { simulator } = at;
    const result = await objects(at, ["--live", "--json"]);
    expect(result).toMatchObject({ code: 0, stderr: "" });
    const live = liveIn(result);
    expect(Object.keys(live)).toEqual(catalog.map(({ name }) => name));
    expect(live["Prospect"]).toMatchObject({ absentColumns: [], refusedFields: [] });
    expect(live["Prospect"]?.customFields).toHaveLength(5);
    expect(
      live["Prospect"]?.customFields.every(({ state, field, column }) => state === "new" && field === column),
    ).toBe(true);
    expect(live["ProspectAccount"]?.customFields).toHaveLength(2);
    expect(live["ProspectAccount"]?.absentColumns.toSorted()).toEqual(["fax", "sic"]);
    expect(live["Tag"]).toBeNull();
    expect(simulator.stats().byKind).toEqual({ "customField query": 2, "prospectAccount describe": 1 });
    // Its calls are counted, and nothing else is written.
    const written = await filesBelow(at.data);
    expect(written.filter((name) => !name.startsWith("_pardot_etl/state/calls/"))).toEqual([]);
  });

  it("shows custom fields as a count in the list, and by name after the core columns", async () => {
    const at = await start({ knobs: { customFields: 3, accountCustomFields: 0, hiddenAccountFields: "sic" } });
    const list = await objects(at, ["--live"]);
    expect(list.stdout).toMatch(/^OBJECT +GROUP +API +WAY +WATERMARK +COLUMNS +CUSTOM +DELETES$/m);
    expect(list.stdout).toMatch(/^Prospect +core +v4 +bulk +updated_at +43 +3 +\S/m);
    expect(list.stdout).toMatch(/^Tag +core +v4 +segmented +updated_at +4 +- +not seen$/m);
    const before = at.simulator.stats().calls;
    const named = await objects(at, ["Prospect", "--live"]);
    expect(at.simulator.stats().calls - before).toBe(2);
    expect(named.stdout).toMatch(
      / updated_at datetime\n +custom fields +\S+ string \(new: included from the next run on\)\n/,
    );
    const account = await objects(at, ["ProspectAccount", "--live"]);
    expect(account.stdout).toContain(" sic string (not in this account: null)\n");
    expect(account.stdout).toMatch(/ +custom fields +none in this account\n/);
  });

  it("compares custom fields with landed ones: in the order of the columns, new and gone", async () => {
    const at = await start(
      { knobs: { customFields: 4, customFieldsPerDay: 1, customFieldsLostPerDay: 1 } },
      { PARDOT_ETL_OBJECTS: "Prospect" },
    );
    const { manifest } = await at.run();
    const header = (await landedText(at.data, manifest.objects[0]?.files[0]?.key ?? "")).split("\n")[0] ?? "";
    const landed = header.split(",").slice(43);
    at.simulator.advance(1);
    const live = liveIn(await objects(at, ["Prospect", "--live", "--json", "--no-progress"]));
    const custom = live["Prospect"]?.customFields ?? [];
    expect(custom.map(({ column }) => column).slice(0, 4)).toEqual(landed);
    expect(custom.map(({ state }) => state).toSorted()).toEqual(["known", "known", "known", "new", "vanished"]);
    expect(custom.at(-1)?.state).toBe("new");
    const text = await objects(at, ["Prospect", "--live"]);
    expect(text.stdout).toContain("no longer in this account: null");
    // The next run matches the list.
    const next = await at.run();
    expect(next.manifest.objects[0]?.drift.appeared).toEqual([custom.at(-1)?.field]);
  });

  it("names refused fields", async () => {
    const first = await start({ rows: { Prospect: 5 }, knobs: { customFields: 2, clock: "frozen" } });
    const fields = liveIn(await objects(first, ["Prospect", "--live", "--json"]))["Prospect"]?.customFields ?? [];
    const refused = fields[1]?.field ?? "";
    const at = await start(
      { rows: { Prospect: 5 }, knobs: { customFields: 2, clock: "frozen", refusedFields: `Prospect.${refused}` } },
      { PARDOT_ETL_OBJECTS: "Prospect" },
    );
    await at.run();
    const result = await objects(at, ["Prospect", "--live", "--json"]);
    expect(liveIn(result)["Prospect"]?.refusedFields).toEqual([refused]);
    expect((await objects(at, ["Prospect", "--live"])).stdout).toContain(`${refused} string (Pardot refuses it)`);
  });

  it("requires the whole configuration and valid credentials", async () => {
    const at = await start();
    const unset = await objects(at, ["--live", "--json"], { PARDOT_BUSINESS_UNIT_ID: undefined });
    expect(unset.code).toBe(2);
    expect(unset.stdout).toContain("PARDOT_BUSINESS_UNIT_ID");
    expect((await objects(at, ["--json"], { PARDOT_BUSINESS_UNIT_ID: undefined })).code).toBe(0);
    const refused = await objects(at, ["--live", "--json"], { PARDOT_REFRESH_TOKEN: "not-it" });
    expect(refused.code).toBe(3);
    expect(at.simulator.stats().calls).toBe(0);
  });
});
