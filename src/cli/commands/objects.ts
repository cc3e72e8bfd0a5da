import { exportOf } from "../../catalog/catalog.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import { loadCatalog, loadConfig } from "../../config/load.ts";
import { closestMatch } from "../../config/suggest.ts";
import { UsageError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { configInput, loadFor } from "../input.ts";
import { textTable } from "../../report/text-table.ts";
import type { LiveFields } from "../../operations/live-fields.ts";

/**
 * Lists the catalog, with the operator's overrides if there is a configuration file. With `--live` it also requests this
 * account's fields from Pardot; otherwise it makes no call and needs no configuration.
 */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const isDetailed = context.arguments.length > 0;
  const choose = (catalog: readonly CatalogObject[]): readonly CatalogObject[] =>
    isDetailed ? chooseObjects(catalog, context.arguments) : catalog;
  let chosen: readonly CatalogObject[];
  let live: readonly LiveFields[] | null = null;
  if (hasOption(options, "--live")) {
    const config = await loadFor(context, loadConfig);
    chosen = choose(config.catalog);
    // Loaded only when needed, because the list itself has to appear at once.
    const { runOperation } = await import("../operation.ts");
    const { liveFields } = await import("../../operations/live-fields.ts");
    const stop = { graceMs: 0, afterwards: "nothing is changed by it" };
    live = await runOperation(context, config.pardot, stop, (runtime) => liveFields(config, chosen, runtime));
  } else {
    chosen = choose(await loadCatalog(configInput(context)));
  }
  if (hasOption(options, "--json")) {
    const objects = live === null ? chosen : chosen.map((object) => ({ ...object, live: fieldsOf(object, live) }));
    io.stdout.write(`${JSON.stringify({ objects }, null, 2)}\n`);
    return 0;
  }
  io.stdout.write(
    isDetailed ? chosen.map((object) => details(object, fieldsOf(object, live))).join("\n") : overview(chosen, live),
  );
  return 0;
}

/** The fields of an object in this account; null when they were not requested. */
function fieldsOf(object: CatalogObject, live: readonly LiveFields[] | null): LiveFields | null {
  return live?.find((fields) => fields.object === object.name) ?? null;
}

function chooseObjects(catalog: readonly CatalogObject[], names: readonly string[]): readonly CatalogObject[] {
  const known = catalog.map((object) => object.name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return catalog.filter((object) => names.includes(object.name));
  const guess = closestMatch(unknown, known);
  throw new UsageError(`list objects: the catalog has no ${unknown}`, {
    code: "usage.unknown-object",
    hint: `It has ${known.join(", ")}${guess === null ? "." : `; did you mean ${guess}?`}`,
  });
}

function overview(objects: readonly CatalogObject[], live: readonly LiveFields[] | null): string {
  const rows = objects.map((object) => [
    object.name,
    object.way.process,
    object.table,
    object.watermark ?? "-",
    String(object.columns.length),
    ...(live === null ? [] : [String(fieldsOf(object, live)?.customFields.length ?? "-")]),
    object.deletes ? "yes" : "no",
    object.core ? "yes" : "no",
  ]);
  const custom = live === null ? [] : ["CUSTOM"];
  return textTable([["OBJECT", "PROCESS", "TABLE", "WATERMARK", "COLUMNS", ...custom, "DELETES", "CORE"], ...rows]);
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

function details(object: CatalogObject, live: LiveFields | null): string {
  const exported = exportOf(object);
  const facts = [
    ["table", object.table],
    ["process", object.way.process],
    ["key", object.key],
    ["watermark", object.watermark ?? "none: always whole"],
    ["deletes", object.deletes ? "marked in the responses" : "not marked in the responses"],
    ...(exported === undefined
      ? []
      : exported.procedures.map((procedure) => [
          "export",
          `${procedure.name} by ${procedure.field}, windows of at most ${exported.windowDaysMax} days (${procedure.evidence})`,
        ])),
    ...queryFacts(object),
    ...object.notes.map((note) => ["note", note]),
    ...object.columns.map((column, index) => [
      index === 0 ? "columns" : "",
      `${column.name} ${column.type}${live?.absentColumns.includes(column.name) === true ? " (not in this account: null)" : ""}`,
    ]),
    ...customColumns(live),
  ];
  return `${object.name}\n${textTable(facts.map(([label = "", text = ""]) => ["", label, text]))}`;
}

function customColumns(live: LiveFields | null): string[][] {
  if (live === null) return [];
  const refused = (field: string): string[] => (live.refusedFields.includes(field) ? ["Pardot refuses it"] : []);
  const columns = live.customFields.map(({ field, column, state }) => {
    const facts = [
      ...(field === column ? [] : [`${field} at Pardot`]),
      ...(state === "new" ? ["new: from the next run on"] : []),
      ...(state === "vanished" ? ["not in this account any more: null"] : []),
      ...refused(field),
    ];
    return `${column} string${facts.length === 0 ? "" : ` (${facts.join("; ")})`}`;
  });
  return (columns.length === 0 ? ["none in this account"] : columns).map((text, index) => [
    index === 0 ? "custom fields" : "",
    text,
  ]);
}
