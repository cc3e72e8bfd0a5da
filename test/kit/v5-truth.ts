import { expect } from "vitest";
import { customFieldsOf } from "../../src/catalog/catalog.ts";
import type { CatalogObject, Column } from "../../src/catalog/catalog.ts";
import type { ManifestObject } from "../../src/manifest/manifest.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { newest } from "./records.ts";
import type { Cells } from "./records.ts";
import { landedRecords } from "./scene.ts";
import type { Scene } from "./scene.ts";

export type Json = string | number | boolean | null | undefined | readonly Json[] | { readonly [name: string]: Json };
type Fields = Readonly<Record<string, Json>>;

/** Names of the objects in the simulator, where they are others. */
const SIMULATED: Readonly<Record<string, string>> = { TaggedObject: "TagObject", EmailStats: "ListEmailStats" };

/** The simulator's rows of an object in the names of v5, by key. `deleted` as in `Simulator.rows`. */
export function v5Rows(
  simulator: Pick<Simulator, "rows">,
  object: string,
  deleted: "live" | "deleted" | "all" = "live",
): Map<string, Fields> {
  const rows = simulator.rows(SIMULATED[object] ?? object, deleted, { api: 5, columns: "all" });
  return new Map(Array.from(rows, (row) => [plain(row["id"] ?? row["listEmailId"]), row]));
}

/** A value as text; a list or a record as JSON. */
export function plain(value: Json): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** Instants of the truth are text that sorts: `2026-01-02 03:04:05`. */
export function textOf(row: Fields, name: string): string {
  const value = row[name];
  return typeof value === "string" ? value : "";
}

/**
 * Differences between a landed record and a row, as `column: found, expected`. `campaignName`: of a campaign by its id. The
 * empty string is another value than null, except where the column is no text: there v5 has no other word for nothing.
 */
export function differences(
  record: Cells,
  row: Fields,
  { columns }: Pick<CatalogObject, "columns">,
  campaignName: (id: Json) => Json,
): string[] {
  const known = new Map(columns.map((column) => [column.name, column]));
  return Object.entries(record).flatMap(([name, found]) => {
    const column = known.get(name);
    const value = column === undefined ? row[`${name}__c`] : valueOf(column, row, campaignName);
    const expected = expectedOf(column, value);
    const same = column?.type === "json" && found !== null ? canonical(JSON.parse(found) as Json) : found;
    return same === expected ? [] : [`${name}: ${String(found)}, expected ${String(expected)}`];
  });
}

/**
 * The record that lands for a row: every column of the catalog, and the custom fields of an object that has them. JSON is
 * as `canonicalText` writes it.
 */
export function expectedRecord(row: Fields, object: CatalogObject, campaignName: (id: Json) => Json): Cells {
  const custom = customFieldsOf(object) === undefined ? [] : Object.keys(row).filter((name) => name.endsWith("__c"));
  return Object.fromEntries([
    ...object.columns.map((column) => [column.name, expectedOf(column, valueOf(column, row, campaignName))] as const),
    ...custom.map((name) => [name.slice(0, -"__c".length), expectedOf(undefined, row[name])] as const),
  ]);
}

/** JSON with the names of every record in order, so that equal values are equal texts. */
export function canonicalText(json: string): string {
  return canonical(JSON.parse(json) as Json);
}

function valueOf({ name, wire }: Column, row: Fields, campaignName: (id: Json) => Json): Json {
  if (wire === null || wire === undefined) return null;
  if (wire === "campaign.id") return row["campaignId"];
  if (wire === "campaign.name") return campaignName(row["campaignId"]);
  return name === "list_email_id" && row["listEmailId"] === undefined ? row["listId"] : row[wire.replace("[]", "")];
}

function expectedOf(column: Column | undefined, value: Json): string | null {
  // Only a read returns several values of a custom field.
  if (column === undefined) return value === null || value === undefined || isList(value) ? null : plain(value);
  if (column.items !== undefined && column.wire !== null) {
    const list = isList(value) ? value : [];
    const { items } = column;
    return canonical(
      list.map((item) =>
        Object.fromEntries(items.map(({ name, wire }) => [name, (item as Fields)[wire ?? name] ?? null])),
      ),
    );
  }
  if (value === null || value === undefined) return null;
  // MySQL's form of no date.
  if (column.type === "datetime" && value === "0000-00-00 00:00:00") return null;
  if (column.type === "json") return canonical(value);
  return value === "" && column.type !== "string" ? null : plain(value);
}

function canonical(value: Json): string {
  return JSON.stringify(value, (_, part: Json) => {
    if (typeof part !== "object" || part === null || isList(part)) return part;
    return Object.fromEntries(Object.entries(part).toSorted(([a], [b]) => (a < b ? -1 : 1)));
  });
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

/**
 * Compares what v5 has landed with the account after each run. A record of the last minute before a run comes with the
 * next one, and a record that went in the meantime stays in the files.
 */
export class Comparison {
  readonly #at: Scene;
  readonly #newestOf: (object: CatalogObject) => Promise<ReadonlyMap<string, Cells>>;
  readonly #seen = new Map<string, Set<string>>();

  /** `newestOf`: the newest version of each record, by id; default: in the landed files. */
  constructor(at: Scene, newestOf?: (object: CatalogObject) => Promise<ReadonlyMap<string, Cells>>) {
    this.#at = at;
    this.#newestOf = newestOf ?? (async ({ name }) => newest(await landedRecords(at.data, name)));
  }

  async expectTruth(object: CatalogObject, { windows }: ManifestObject): Promise<void> {
    const { simulator } = this.#at;
    const { name, watermark } = object;
    const end = windows.at(-1)?.to.slice(0, 19).replace("T", " ") ?? "";
    const field = watermark === null ? null : watermark === "created_at" ? "createdAt" : "updatedAt";
    const campaigns = v5Rows(simulator, "Campaign", "all");
    const landed = await this.#newestOf(object);
    const seen = this.#seen.get(name) ?? new Set<string>();
    this.#seen.set(name, seen);
    const wrong: string[] = [];
    for (const [id, row] of v5Rows(simulator, name, object.deletes ? "all" : "live")) {
      if (field !== null && end !== "" && textOf(row, field) >= end) continue;
      seen.add(id);
      const record = landed.get(id);
      if (record === undefined) wrong.push(`${id} is missing`);
      else {
        const found = differences(record, row, object, (campaign) => campaigns.get(JSON.stringify(campaign))?.["name"]);
        wrong.push(...found.map((difference) => `${id} ${difference}`));
      }
    }
    expect(wrong.slice(0, 5), name).toEqual([]);
    expect(new Set(landed.keys()), name).toEqual(seen);
    if (!object.deletes) return;
    const deleted = [...v5Rows(simulator, name, "deleted").keys()].filter((id) => seen.has(id));
    const marked = [...landed.values()].filter((record) => record["is_deleted"] === "true");
    expect(new Set(marked.map(({ id }) => id)), name).toEqual(new Set(deleted));
  }
}
