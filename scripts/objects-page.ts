import type { CatalogEntry, CatalogObject, Column } from "../src/catalog/catalog.ts";
import { customFieldsOf } from "../src/catalog/catalog.ts";
import { deletesOf, groupsOf, mayBeExported } from "../src/catalog/facts.ts";
import { entries } from "../src/catalog/index.ts";
import { selectWays } from "../src/catalog/versions.ts";
import type { ApiVersion } from "../src/catalog/versions.ts";
import { ACTIVITY_TYPES, MEANINGS } from "./column-meanings.ts";
import { markdownTable } from "./markdown-table.ts";

/** What each version offers; 3 offers what 4 does. */
const CATALOGS = (["auto", "4", "5"] as const).map((version) => ({ version, catalog: selectWays(entries, version) }));

/** An object as a version reads it. */
interface Reading {
  readonly version: ApiVersion;
  readonly object: CatalogObject;
}

/** docs/objects.md: every object with its ways and columns. `generated`: the line below the title. */
export function objectsPage(generated: string): string {
  return [
    "# Objects",
    generated,
    [
      "What each object contains and how it is read. `pardot-etl objects` lists the same for your configuration, and with",
      "`--live` also the custom fields of your account; [choosing objects](commands.md#choosing-objects) shows how to select them.",
    ].join("\n"),
    [
      "- **Way:** how the object is read. `bulk`: by exports, one for each window; `segmented`: by pages of a query; `read`: as one",
      "  record; `email`: by one request for each list email; `segmented (or bulk)`: by exports if the configuration",
      "  [switches them on](configuration.md#exports-through-api-v5).",
      "- **Deletes:** how deletions show. `is_deleted`: the column marks records in the recycle bin. `read in full`: a record that",
      "  is missing from the newest file was deleted. The name of another object: that object contains the deleted records.",
      "  `deleted only`: the object contains only deleted records. `not seen`: deleted records stay in the table unchanged.",
      "- **Times** are written as UTC through v5, and in the zone of the API user (`PARDOT_TIMEZONE`) through v4.",
      "- **Meanings** come from the vendor's pages under <https://developer.salesforce.com/docs/marketing/pardot/guide/>, or from",
      "  the recordings named.",
    ].join("\n"),
    "## All objects",
    markdownTable(
      ["Object", "Groups", "Table", "Way by default", "Watermark"],
      selectWays(entries, "auto").map((object) => [
        `[${object.name}](#${object.name.toLowerCase()})`,
        groupsUnder("auto", object),
        `\`${object.table}\``,
        `${object.way.api} ${object.way.process}`,
        object.watermark ?? (object.way.process === "email" ? "none" : "none: read in full"),
      ]),
    ),
    ...entries.map(objectSection),
    "## Types of visitor activities",
    "Codes of `type` (vendor docs, object-field-reference); the asset whose id is set was clicked or viewed.",
    markdownTable(
      ["Code", "Type"],
      ACTIVITY_TYPES.map((name, index) => [String(index + 1), name]),
    ),
    "**Next:** [Library](library.md)\n",
  ].join("\n\n");
}

/** The groups that select an object in a version, which may not offer it. */
function groupsUnder(version: ApiVersion, object: Pick<CatalogEntry, "name" | "core">): string {
  const offered = CATALOGS.find((one) => one.version === version)?.catalog ?? [];
  return groupsOf(object, offered).join(", ") || "none";
}

function groupsText(entry: CatalogEntry): string {
  const [auto, four] = [groupsUnder("auto", entry), groupsUnder("4", entry)];
  const hasFour = readings(entry).some(({ version }) => version === "4");
  return hasFour && four !== auto ? `${auto}; under \`3\` and \`4\` ${four}` : auto;
}

function readings({ name }: CatalogEntry): readonly Reading[] {
  return CATALOGS.flatMap(({ version, catalog }) =>
    catalog.filter((object) => object.name === name).map((object) => ({ version, object })),
  );
}

function objectSection(entry: CatalogEntry): string {
  const { name, table, key, watermark, notes, columns } = entry;
  const ways = readings(entry);
  const hasCustomFields = ways.some(({ object }) => customFieldsOf(object) !== undefined);
  const until = watermark === null ? "no watermark" : `watermark \`${watermark}\``;
  const lacking = (column: Column): readonly string[] => {
    const without = ways.filter(({ object }) =>
      object.columns.some((it) => it.name === column.name && it.wire === null),
    );
    return [...new Set(without.map(({ object }) => `null through ${object.way.api}`))];
  };
  return [
    `## ${name}`,
    `Folder \`${name}/\`, table \`${table}\`; key \`${key}\`, ${until}; groups: ${groupsText(entry)}.`,
    markdownTable(
      ["PARDOT_API_VERSION", "API", "Way", "Deletes"],
      ways.map(({ version, object }) => [
        version === "4" ? "`3`, `4`" : `\`${version}\``,
        object.way.api,
        mayBeExported(object) ? "segmented (or bulk)" : object.way.process,
        deletesOf(object),
      ]),
    ),
    ...(notes.length === 0 ? [] : [notes.map((note) => `- ${note}`).join("\n")]),
    markdownTable(
      ["Column", "Type", "Meaning"],
      columns.map((column) => [
        `\`${column.name}\``,
        column.type,
        [...meaningOf(entry, column), ...lacking(column)].join("; "),
      ]),
    ),
    ...(hasCustomFields
      ? ["The custom fields of the account follow as text, in the order in which they were first seen."]
      : []),
  ].join("\n\n");
}

function meaningOf({ name, key }: CatalogEntry, column: Column): readonly string[] {
  const known = MEANINGS[`${name}.${column.name}`] ?? MEANINGS[column.name];
  if (known !== undefined) return [known];
  if (column.items !== undefined) return [`a list of ${column.items.map((item) => `\`${item.name}\``).join(", ")}`];
  const target = entries.find((entry) => column.name === `${snakeCase(entry.name)}_id`);
  return target === undefined || column.name === key ? [] : [`id in ${target.table}`];
}

/** `ProspectAccount` as columns spell it: `prospect_account`. */
function snakeCase(name: string): string {
  return name.replaceAll(/(?<=[a-z])(?=[A-Z])/g, "_").toLowerCase();
}
