import { readdir } from "node:fs/promises";
import { afterEach, describe, expect, it } from "vitest";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import { prospectAccount } from "../kit/fakes/objects.ts";
import { prospect } from "../kit/fakes/objects.ts";
import type { ManifestObject } from "../../src/manifest/manifest.ts";
import type { RunEvent } from "../../src/events.ts";
import type { RunOptions, RunResult } from "../../src/operations/api.ts";
import { plan } from "../../src/operations/plan/plan.ts";
import { resultOf } from "../../src/operations/run/outcome.ts";
import { run } from "../../src/operations/run/run.ts";
import { withRuntime } from "../../src/operations/runtime.ts";
import { fakeClock } from "../kit/fakes/clock.ts";
import { byId, expectTable, filesBelow, landedRecords, landedText, scenesUntil } from "../kit/scene.ts";
import type { Environment, Scene } from "../kit/scene.ts";
import { newest, readStrictly } from "../kit/records.ts";
import type { Cells } from "../kit/records.ts";

// Custom fields and fields that Pardot refuses, seen from outside. Holds G1, G3 and G6 for exports in several groups.

const start = scenesUntil(afterEach);

interface Wishes {
  readonly options?: RunOptions;
  readonly env?: Environment;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: RunEvent) => void;
}

async function runOf(at: Scene, object: CatalogObject, wishes: Wishes = {}): Promise<RunResult> {
  const config = await at.config(wishes.env);
  const only = { ...config, catalog: [object], etl: { ...config.etl, objects: [object.name] } };
  const signal = wishes.signal ?? new AbortController().signal;
  const onEvent = wishes.onEvent ?? ((): void => undefined);
  const outcome = await withRuntime({ signal, onEvent, pardot: config.pardot }, (surroundings) =>
    run(only, wishes.options ?? {}, { ...surroundings, clock: fakeClock(at.simulator.now().getTime()) }),
  );
  return resultOf(outcome);
}

function objectIn(result: RunResult): ManifestObject {
  expect(result.error).toBeNull();
  const [object] = result.manifest.objects;
  if (object === undefined) throw new Error("the manifest names the object");
  return object;
}

function warnings(result: RunResult): string[] {
  return result.manifest.warnings.map(({ code }) => code);
}

function truth(at: Scene, object: string): Map<string, Cells> {
  const text = (value: number | string | boolean | object | null): string | null =>
    value === null ? null : typeof value === "object" ? JSON.stringify(value) : String(value);
  return byId(
    [...at.simulator.rows(object)].map((row) =>
      Object.fromEntries(Object.entries(row).map(([name, value]) => [name, text(value)])),
    ),
  );
}

/** All records have landed with all their values, and columns have no other values. */
async function expectTruth(
  at: Scene,
  object: string,
  { blankIsNull = false, vanished = [] }: { blankIsNull?: boolean; vanished?: readonly string[] } = {},
): Promise<void> {
  const landed = newest(await landedRecords(at.data, object));
  for (const [id, row] of truth(at, object)) {
    const cells = landed.get(id) ?? {};
    expect(cells["id"]).toBe(id);
    const known = Object.entries(row).map(([name, value]) => [name, blankIsNull && value === "" ? null : value]);
    // A field added later has no column in older files.
    const found = Object.keys(row).map((name) => [name, cells[name] ?? null]);
    expect(Object.fromEntries(found), `${object} ${id}`).toEqual(Object.fromEntries(known));
    const others = Object.entries(cells).filter(([name]) => !(name in row) && !vanished.includes(name));
    for (const [name, value] of others) expect(value, name).toBeNull();
  }
}

async function headerOf(at: Scene, key: string | undefined): Promise<readonly string[]> {
  return readStrictly(await landedText(at.data, key ?? "")).header;
}

const CORE = prospect.columns.map(({ name }) => name);
const creates = (at: Scene): number => at.simulator.stats().byKind["export create"] ?? 0;

describe("custom fields of prospects", () => {
  it("land after the core columns, cost two calls, and pass through unchanged", async () => {
    const at = await start({ rows: { Prospect: 60 }, knobs: { customFields: 12 } });
    const object = objectIn(await runOf(at, prospect));
    const [file] = object.files;
    expect(file?.key).toMatch(/^Prospect\/Prospect_bulk_19000101T000000Z_\d{8}T\d{6}Z_\d+-\d+\.csv$/);
    const header = await headerOf(at, file?.key);
    expect(header.slice(0, CORE.length)).toEqual(CORE);
    expect(header).toHaveLength(CORE.length + 12);
    await expectTruth(at, "Prospect");
    expect(at.simulator.stats().byKind["customField query"]).toBe(2);
    expect(object).toMatchObject({ drift: { appeared: [], vanished: [] }, refused_fields: [], incomplete_rows: 0 });
  });

  it("G1 G6 land completely when there are 400, joined from exports with the same bounds, with the same names and bytes", async () => {
    const landed: Record<string, string>[] = [];
    for (let i = 0; i < 2; i += 1) {
      const at = await start({
        rows: { Prospect: 120 },
        knobs: { customFields: 400, clock: "frozen", filesPerExport: 3 },
      });
      const result = await runOf(at, prospect);
      const object = objectIn(result);
      const { exports } = at.simulator.stats();
      for (const file of object.files) {
        const [, exportId, fileId] = /_(\d+)-(\d+)-[0-9a-f]{8}\.csv$/.exec(file.key) ?? [];
        const first = exports.find(({ id }) => String(id) === exportId);
        expect(file.export_id).toBe(exportId);
        expect(fileId).toMatch(/^\d+$/);
        expect(first?.fields.slice(0, CORE.length)).toEqual(CORE);
        const group = exports.filter((one) => JSON.stringify(one.arguments) === JSON.stringify(first?.arguments));
        expect(group.map(({ fields }) => fields.length)).toEqual([150, 150, 145]);
        expect(new Set(group.flatMap(({ fields }) => fields)).size).toBe(443);
      }
      expect(object.files.length).toBeGreaterThan(0);
      expect(object.incomplete_rows).toBe(0);
      await expectTruth(at, "Prospect");
      expect(await filesBelow(at.tmp)).toEqual([]);
      expect(result.manifest.api_calls.total).toBe(at.simulator.stats().calls);
      landed.push(Object.fromEntries(object.files.map(({ key, sha256 }) => [key, sha256])));
    }
    expect(landed[1]).toEqual(landed[0]);
  });

  it("cost the calls that a plan predicts", async () => {
    const at = await start({ rows: { Prospect: 120 }, knobs: { customFields: 400, filesPerExport: 1 } });
    const config = await at.config();
    const chosen = { ...config, catalog: [prospect], etl: { ...config.etl, objects: ["Prospect"] } };
    const signal = new AbortController().signal;
    const planned = await withRuntime({ signal, onEvent: () => undefined, pardot: config.pardot }, (around) =>
      plan(chosen, {}, around),
    );
    const { manifest } = await runOf(at, prospect);
    const spent = manifest.api_calls.total;
    const extraReads =
      (manifest.api_calls.by_kind["export read"] ?? 0) - (manifest.api_calls.by_kind["export create"] ?? 0);
    expect(planned.expectedCalls).toBe(spent - extraReads);
  });

  it("G3 are not exported again after a kill between the groups", async () => {
    const at = await start({
      rows: { Prospect: 120 },
      knobs: { customFields: 400, filesPerExport: 2, clock: "frozen" },
    });
    const killing = new AbortController();
    let seen = 0;
    const killed = await runOf(at, prospect, {
      env: { PARDOT_ETL_STOP_GRACE: "0s" },
      signal: killing.signal,
      onEvent: (event) => {
        if (event.type === "export-polled" && event.state === "Complete") seen += 1;
        if (seen === 2) killing.abort(new Error("killed"));
      },
    }).catch((error: unknown) => error);
    expect(killed).toMatchObject({ error: { message: "killed" } });
    expect(await filesBelow(at.tmp)).toEqual([]);
    expect(at.simulator.stats().byKind["export download"] ?? 0).toBe(0);
    const before = creates(at);
    const adopted: string[] = [];
    const result = await runOf(at, prospect, {
      onEvent: (event) => {
        if (event.type === "export-adopted") adopted.push(event.exportId);
      },
    });
    const windows = objectIn(result).windows.length;
    expect(adopted).toHaveLength(before);
    // Windows of the killed run and the new one: three exports each, none twice.
    expect(creates(at)).toBe(3 * windows);
    const { byKind, exports } = at.simulator.stats();
    expect(byKind["export download"]).toBe(exports.reduce((sum, { files }) => sum + files, 0));
    await expectTruth(at, "Prospect");
  });

  it("are reported when they appear and disappear, and a column keeps its position", async () => {
    const at = await start({
      rows: { Prospect: 80 },
      knobs: { customFields: 12, customFieldsPerDay: 2, customFieldsLostPerDay: 1 },
    });
    const before = await headerOf(at, objectIn(await runOf(at, prospect)).files[0]?.key);
    at.simulator.advance(1);
    const second = await runOf(at, prospect);
    const { drift, files } = objectIn(second);
    expect([drift.appeared.length, drift.vanished.length]).toEqual([2, 1]);
    expect(warnings(second)).toEqual(["fields.appeared", "fields.vanished"]);
    const after = await headerOf(at, files[0]?.key);
    expect(after).toEqual([...before, ...drift.appeared]);
    const asked = at.simulator.stats().exports.at(-1)?.fields ?? [];
    const [gone = ""] = drift.vanished;
    expect(asked).not.toContain(gone);
    const { records } = readStrictly(await landedText(at.data, files[0]?.key ?? ""));
    expect(records.length).toBeGreaterThan(0);
    for (const record of records) expect(record[gone]).toBeNull();
    await expectTruth(at, "Prospect", drift);
    const third = await runOf(at, prospect);
    expect(objectIn(third).drift).toEqual({ appeared: [], vanished: [] });
    expect(warnings(third)).toEqual([]);
  });
});

describe("the embedded warehouse", () => {
  it("loads joined files, and adds a column for each new field", async () => {
    const at = await start({ rows: { Prospect: 100 }, knobs: { customFields: 120, customFieldsPerDay: 2 } });
    const env = { PARDOT_ETL_WAREHOUSE: at.duckdb };
    objectIn(await runOf(at, prospect, { env }));
    await expectTable(at, "Prospect");
    at.simulator.advance(1);
    objectIn(await runOf(at, prospect, { env }));
    await expectTable(at, "Prospect");
  });
});

describe("a field that Pardot refuses", () => {
  it.each([130, 180] as const)(
    "with code %i is identified, omitted, reported, and not tried again until --full",
    async (code) => {
      const refusedFields = "Prospect.Zip7,Prospect.fax,Prospect.my__field_5";
      const at = await start({
        rows: { Prospect: 60 },
        knobs: { customFields: 12, refusedFields, exportBadFieldCode: code },
      });
      const first = await runOf(at, prospect);
      const object = objectIn(first);
      expect(object.refused_fields.toSorted()).toEqual(["Zip7", "fax", "my__field_5"]);
      // One for the core fields, one for the custom ones.
      expect(warnings(first)).toEqual(["fields.refused", "fields.refused"]);
      expect(first.manifest.warnings.map(({ message }) => message).join()).toMatch(/fax.*column is null/);
      const landed = await landedRecords(at.data, "Prospect");
      expect(landed).toHaveLength(60);
      for (const cells of landed)
        expect([cells["fax"], cells["Zip7"], cells["my__field_5"]]).toEqual([null, null, null]);
      const probes = creates(at);
      const second = await runOf(at, prospect);
      expect(warnings(second)).toEqual([]);
      expect(objectIn(second).refused_fields).toHaveLength(3);
      expect(creates(at)).toBe(probes + 1);
      const full = await runOf(at, prospect, { options: { full: true } });
      expect(warnings(full)).toHaveLength(2);
      expect(creates(at)).toBeGreaterThan(probes + 3);
    },
  );
});

describe("prospect accounts", () => {
  it("land with the fields that describe lists; missing fields are null and not requested", async () => {
    const at = await start({ rows: { ProspectAccount: 50 }, knobs: { hiddenAccountFields: "fax,sic,billing_zip" } });
    const object = objectIn(await runOf(at, prospectAccount));
    await expectTruth(at, "ProspectAccount");
    const header = await headerOf(at, object.files[0]?.key);
    expect(header.slice(0, prospectAccount.columns.length)).toEqual(prospectAccount.columns.map(({ name }) => name));
    expect(header.slice(prospectAccount.columns.length)).toEqual([
      "Account_Field_0",
      "Account_Field_1",
      "Account_Field_2",
    ]);
    const { exports, byKind } = at.simulator.stats();
    for (const { fields, procedure } of exports) {
      expect(procedure).toBe("filter_by_updated_at");
      for (const name of ["fax", "sic", "billing_zip"]) expect(fields).not.toContain(name);
    }
    expect(byKind["prospectAccount describe"]).toBe(1);
  });

  it("G1 are queried if the export is refused, and later runs query at once", async () => {
    const at = await start({
      rows: { ProspectAccount: 450 },
      knobs: { refusedProcedures: "ProspectAccount.filter_by_updated_at", hiddenAccountFields: "fax" },
    });
    const first = await runOf(at, prospectAccount);
    expect(warnings(first)).toEqual(["export.procedure-refused"]);
    const object = objectIn(first);
    for (const { key } of object.files) expect(key).toMatch(/^ProspectAccount\/ProspectAccount_api_/);
    await expectTruth(at, "ProspectAccount", { blankIsNull: true });
    expect((await readdir(`${at.data}/ProspectAccount`)).length).toBe(object.files.length);
    expect(creates(at)).toBe(1);
    at.simulator.advance(1);
    const second = await runOf(at, prospectAccount);
    expect(warnings(second)).toEqual([]);
    objectIn(second);
    await expectTruth(at, "ProspectAccount", { blankIsNull: true });
    expect(creates(at)).toBe(1);
    expect(second.manifest.api_calls.total + first.manifest.api_calls.total).toBe(at.simulator.stats().calls);
  });

  it("are read from JSON with wrapped fields too", async () => {
    const at = await start({
      rows: { ProspectAccount: 30 },
      knobs: {
        refusedProcedures: "ProspectAccount.filter_by_updated_at",
        prospectAccountValueFields: true,
        numericTextToNumber: false,
      },
    });
    objectIn(await runOf(at, prospectAccount, { env: { PARDOT_V4_FORMAT: "json" } }));
    await expectTruth(at, "ProspectAccount", { blankIsNull: true });
  });

  it("are selected by their prospects' time if configured", async () => {
    const at = await start({ rows: { ProspectAccount: 50, Prospect: 80 } });
    const { export: access } = prospectAccount.way;
    if (access === undefined) throw new Error("it has an export");
    const procedure = {
      name: "filter_by_prospect_updated_at",
      field: "updated_at",
      range: { after: "prospect_updated_after", before: "prospect_updated_before" },
      arguments: {},
      evidence: "recorded",
    } as const;
    const overridden = {
      ...prospectAccount,
      way: { ...prospectAccount.way, export: { ...access, procedures: [procedure] } },
    };
    const object = objectIn(await runOf(at, overridden));
    expect(object.files.length).toBeGreaterThan(0);
    for (const one of at.simulator.stats().exports) {
      expect(one.procedure).toBe("filter_by_prospect_updated_at");
      expect(Object.keys(one.arguments)).toEqual(["prospect_updated_after", "prospect_updated_before"]);
    }
  });
});
