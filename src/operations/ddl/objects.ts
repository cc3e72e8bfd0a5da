import { zoneOf } from "../../catalog/catalog.ts";
import type { CatalogObject, Column } from "../../catalog/catalog.ts";
import { deletesOf } from "../../catalog/facts.ts";
import type { TablesConfig } from "../../config/config.ts";
import { objectFields } from "../../extract/fields.ts";
import { objectState } from "../../state/state.ts";
import type { State } from "../../state/state.ts";
import type { DdlObject, Deletes } from "../../warehouse/ddl/statement.ts";
import { FORMATS, formatOf } from "../../encode/formats.ts";
import type { FormatName } from "../../encode/encoder.ts";
import { landedSpan } from "../../land/names.ts";
import type { LiveFields } from "../live-fields.ts";
import type { Store } from "../store.ts";

/** The objects that are printed, and the others whose tables the views over all tables need. */
export interface DdlObjects {
  readonly objects: readonly DdlObject[];
  readonly others: readonly DdlObject[];
}

/** Describes the chosen objects and the configured ones for the warehouse. `live`: the fields that Pardot listed just now. `formats`: `landedFormats`. */
export function ddlObjects(
  { catalog, etl, pardot }: TablesConfig,
  state: State,
  live: readonly LiveFields[],
  formats: ReadonlyMap<string, readonly FormatName[]>,
): DdlObjects {
  const wanted = new Set([...etl.configuredObjects, ...etl.objects]);
  const described = catalog
    .filter(({ name }) => wanted.has(name))
    .map((object): DdlObject => {
      const { name, table, key, watermark, way } = object;
      const { fields } = objectState(state, name);
      const asked = live.find((each) => each.object === name);
      const custom = asked?.customFields.map(({ column }): Column => ({ name: column, type: "string" }));
      const columns = custom === undefined ? objectFields(object, fields).columns : [...object.columns, ...custom];
      return {
        name,
        table,
        key,
        watermark,
        columns,
        core: object.columns.length,
        zone: zoneOf(object, pardot.timeZone),
        api: way.api,
        isExported: way.process === "bulk",
        deletes: deletes(object, catalog, wanted),
        formats: formats.get(name) ?? [],
      };
    });
  const isChosen = ({ name }: DdlObject): boolean => etl.objects.includes(name);
  return { objects: described.filter(isChosen), others: described.filter((object) => !isChosen(object)) };
}

/**
 * The formats of the files that each configured object has in the destination: they may change from run to run. Not the
 * state's: files may have expired since they were committed.
 */
export async function landedFormats(
  { etl }: TablesConfig,
  { storage, loaded }: Store,
  signal: AbortSignal,
): Promise<ReadonlyMap<string, readonly FormatName[]>> {
  const formats = new Map<string, readonly FormatName[]>();
  for (const name of new Set([...etl.configuredObjects, ...etl.objects])) {
    if (objectState(loaded.state, name).filesCommitted === 0) continue;
    const found = new Set<FormatName>();
    for await (const { key } of storage.list(`${name}/`, signal)) {
      if (landedSpan(name, key) !== null) found.add(formatOf(key).name);
    }
    formats.set(
      name,
      Object.values(FORMATS)
        .map((format) => format.name)
        .filter((format) => found.has(format)),
    );
  }
  return formats;
}

/** The table of deleted records counts only if it is filled. */
function deletes(
  object: CatalogObject,
  catalog: readonly CatalogObject[],
  wanted: ReadonlySet<string>,
): Deletes | null {
  const seen = deletesOf(object);
  if (seen === "is_deleted") return { by: "column" };
  if (seen === "read in full") return { by: "whole" };
  const gone = catalog.find(({ name }) => name === seen && wanted.has(name));
  return gone === undefined ? null : { by: "table", table: gone.table, key: gone.key };
}
