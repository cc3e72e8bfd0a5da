import type { CatalogObject } from "../../catalog/catalog.ts";
import { loadCatalog } from "../../config/load.ts";
import { nearest } from "../../config/suggest.ts";
import { UsageError } from "../../errors.ts";
import type { CommandContext } from "../command.ts";
import { hasOption } from "../command.ts";
import { configInput } from "../input.ts";
import { textTable } from "../../report/text-table.ts";

/** Lists the catalogue, with the operator's overrides if there is a configuration file; makes no call. */
export async function runCommand(context: CommandContext): Promise<number> {
  const { io, options } = context;
  const catalog = await loadCatalog(configInput(context));
  const isDetailed = context.arguments.length > 0;
  const chosen = isDetailed ? chooseObjects(catalog, context.arguments) : catalog;
  if (hasOption(options, "--json")) {
    io.stdout.write(`${JSON.stringify({ objects: chosen }, null, 2)}\n`);
    return 0;
  }
  io.stdout.write(isDetailed ? chosen.map(details).join("\n") : overview(chosen));
  return 0;
}

function chooseObjects(catalog: readonly CatalogObject[], names: readonly string[]): readonly CatalogObject[] {
  const known = catalog.map((object) => object.name);
  const unknown = names.find((name) => !known.includes(name));
  if (unknown === undefined) return catalog.filter((object) => names.includes(object.name));
  const guess = nearest(unknown, known);
  throw new UsageError(`list objects: the catalogue has no ${unknown}`, {
    code: "usage.unknown-object",
    hint: `${guess === null ? "" : `did you mean ${guess}? `}it has ${known.join(", ")}`,
  });
}

function overview(objects: readonly CatalogObject[]): string {
  const rows = objects.map((object) => [
    object.name,
    object.v4.process,
    object.table,
    object.watermark ?? "-",
    String(object.columns.length),
    object.deletes ? "yes" : "no",
    object.core ? "yes" : "no",
  ]);
  return textTable([["OBJECT", "PROCESS", "TABLE", "WATERMARK", "COLUMNS", "DELETES", "CORE"], ...rows]);
}

function details(object: CatalogObject): string {
  const { query, export: exported, readFormat } = object.v4;
  const facts = [
    ["table", object.table],
    ["process", object.v4.process],
    ["key", object.key],
    ["watermark", object.watermark ?? "none: always whole"],
    ["deletes", object.deletes ? "told from the answers" : "cannot be told from the answers"],
    ...(exported === undefined
      ? []
      : exported.procedures.map((procedure) => [
          "export",
          `${procedure.name} by ${procedure.field}, windows of at most ${exported.windowDaysMax} days (${procedure.evidence})`,
        ])),
    ...(query === undefined
      ? []
      : [["query", `pages of ${query.limit} as ${query.format}, output ${query.output} (${query.evidence})`]]),
    ...(readFormat === undefined ? [] : [["read", `as ${readFormat}`]]),
    ...object.notes.map((note) => ["note", note]),
    ...object.columns.map((column, index) => [index === 0 ? "columns" : "", `${column.name} ${column.type}`]),
  ];
  return `${object.name}\n${textTable(facts.map(([label = "", text = ""]) => ["", label, text]))}`;
}
