import { exportOf } from "../../catalog/catalog.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import { deletesOf, groupsOf, mayBeExported } from "../../catalog/facts.ts";
import { loadCatalog, loadConfig } from "../../config/load.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { configInput, loadFor } from "../input.ts";
import { textLines, textTable } from "../../report/text-table.ts";
import type { LiveFields } from "../../operations/live-fields.ts";

/** An object for display. */
interface Shown {
  readonly object: CatalogObject;
  readonly groups: readonly string[];
  readonly deletesSeen: string;
  /** Its fields in this account; null when they were not requested. */
  readonly live: LiveFields | null;
}

/**
 * Lists the catalog, with the operator's overrides if there is a configuration file. Shows named objects in full. With
 * `--live` it also requests this account's fields from Pardot; otherwise it makes no call and needs no configuration.
 */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const words = context.arguments.flatMap((list) => list.toLowerCase().split(","));
  let catalog: readonly CatalogObject[];
  let chosen: readonly CatalogObject[];
  let live: readonly LiveFields[] = [];
  if (hasOption(options, "--live")) {
    const config = await loadFor(context, loadConfig, context.arguments);
    catalog = config.catalog;
    chosen = words.length === 0 ? catalog : catalog.filter(({ name }) => config.etl.objects.includes(name));
    // Loaded only when needed, because the list itself must appear immediately.
    const { runOperation } = await import("../operation.ts");
    const { liveFields } = await import("../../operations/live-fields.ts");
    const stop = { graceMs: 0, afterwards: "the command changes nothing" };
    live = await runOperation(context, config.pardot, stop, (runtime) => liveFields(config, chosen, runtime));
  } else {
    const loaded = await loadCatalog(configInput(context, context.arguments));
    catalog = loaded.catalog;
    chosen = catalog.filter(({ name }) => loaded.objects.includes(name));
  }
  const shown = chosen.map((object) => ({
    object,
    groups: groupsOf(object, catalog),
    deletesSeen: deletesOf(object),
    live: live.find((fields) => fields.object === object.name) ?? null,
  }));
  if (hasOption(options, "--json")) {
    const isLive = hasOption(options, "--live");
    const objects = shown.map(({ object, live: fields, ...facts }) => ({
      ...object,
      ...facts,
      ...(isLive ? { live: fields } : {}),
    }));
    io.stdout.write(`${JSON.stringify({ objects }, null, 2)}\n`);
    return 0;
  }
  const names = new Set(chosen.map(({ name }) => name.toLowerCase()));
  const isDetailed = words.length > 0 && words.every((word) => names.has(word.trim()));
  io.stdout.write(isDetailed ? shown.map(details).join("\n") : overview(shown));
  return 0;
}

/** At most 100 columns wide, so without the tables: their names follow from those of the objects. */
function overview(objects: readonly Shown[]): string {
  const isLive = objects.some(({ live }) => live !== null);
  const rows = objects.map(({ object, groups, deletesSeen: deletes, live }) => [
    object.name,
    groups.filter((group) => group !== "all").join() || "-",
    object.way.api,
    object.way.process,
    object.watermark ?? "-",
    String(object.columns.length),
    ...(isLive ? [String(live?.customFields.length ?? "-")] : []),
    deletes,
  ]);
  const heads = ["OBJECT", "GROUP", "API", "WAY", "WATERMARK", "COLUMNS", ...(isLive ? ["CUSTOM"] : []), "DELETES"];
  const tableOf = ({ name }: CatalogObject): string => `PARDOT_${name.toUpperCase()}`;
  const renamed = objects.filter(({ object }) => object.table !== tableOf(object));
  const tables = [
    "",
    `Tables: PARDOT_ plus the name in upper case${objects[0] === undefined ? "" : `, such as ${tableOf(objects[0].object)}`}.`,
    ...renamed.map(({ object }) => `Table of ${object.name}: ${object.table}.`),
  ];
  return `${textTable([heads, ...rows], isLive ? [5, 6] : [5])}${textLines(tables)}`;
}

/** How its query or its read is spelled. */
function queryFacts({ way }: CatalogObject): readonly (readonly string[])[] {
  const query = "query" in way ? way.query : undefined;
  if (query?.api === "v5") {
    const order = query.order === "id" ? "by id" : query.order === null ? "in no order" : `by ${query.order}`;
    return [
      ["query", `${query.path}, pages of ${query.limit} ${order}${query.deleted ? ", with the recycle bin" : ""}`],
    ];
  }
  if (query !== undefined) {
    return [["query", `pages of ${query.limit} as ${query.format}, output ${query.output} (${query.evidence})`]];
  }
  return way.api === "v5" ? [["read", "path" in way ? way.path : ""]] : [["read", `as ${way.readFormat ?? "xml"}`]];
}

function details({ object, groups, deletesSeen: deletes, live }: Shown): string {
  const exported = exportOf(object);
  const facts = [
    ["groups", groups.join(", ")],
    ["table", object.table],
    ["api", object.way.api],
    ["way", object.way.process],
    ["key", object.key],
    ["watermark", object.watermark ?? "none: always read in full"],
    ["deletes", deletes],
    ...(exported === undefined
      ? []
      : exported.procedures.map((procedure) => [
          "export",
          `${procedure.name} by ${procedure.field}, windows of at most ${exported.windowDaysMax} days (${procedure.evidence})`,
        ])),
    ...(mayBeExported(object) ? [["export", `only by an override: catalog.${object.name}.v5.process: bulk`]] : []),
    ...queryFacts(object),
    ...object.notes.map((note) => ["note", note]),
    ...object.columns.map((column, index) => [
      index === 0 ? "columns" : "",
      `${column.name} ${column.type}${column.hashed === undefined ? "" : " (hashed)"}${live?.absentColumns.includes(column.name) === true ? " (not in this account: null)" : ""}`,
    ]),
    ...customColumns(live),
    ...(object.protect === undefined || object.protect.dropped.length === 0
      ? []
      : [["dropped", object.protect.dropped.map(({ name }) => name).join(", ")]]),
  ];
  return `${object.name}\n${textTable(facts.map(([label = "", text = ""]) => ["", label, text]))}`;
}

function customColumns(live: LiveFields | null): string[][] {
  if (live === null) return [];
  const columns = live.customFields.map(({ field, column, state }) => {
    const facts = [
      ...(field === column ? [] : [`${field} at Pardot`]),
      ...(state === "new" ? ["new: included from the next run on"] : []),
      ...(state === "vanished" ? ["no longer in this account: null"] : []),
      ...(live.refusedFields.includes(field) ? ["Pardot refuses it"] : []),
    ];
    return `${column} string${facts.length === 0 ? "" : ` (${facts.join("; ")})`}`;
  });
  return (columns.length === 0 ? ["none in this account"] : columns).map((text, index) => [
    index === 0 ? "custom fields" : "",
    text,
  ]);
}
