import { rejectedRows } from "../../manifest/manifest.ts";
import type { ReportedFile, RunReport } from "../../operations/report/api.ts";
import { rejectsKey } from "../../state/rejects.ts";
import { warningsByCode } from "../../state/run-record.ts";
import { formatNumber, pluralize } from "../../text.ts";
import { bytesText, listed, minute, NOT_RECORDED, short } from "./format.ts";
import { inspectionOf } from "./repairs.ts";
import type { Markup } from "./markup.ts";
import { command, markup, number, paragraph, section, table } from "./markup.ts";

/** Rows of a table; the rest is counted. */
const FILES_MAX = 150;
const CODES_MAX = 40;
const FIELDS_MAX = 20;

/** Fields that came and went, and those that Pardot does not return. */
export function driftSection({ objects, manifest }: RunReport): Markup {
  const title = "Drift of fields";
  const rows = objects.flatMap(({ entry }) => {
    const { object, drift, refused_fields: refused, refused_parameters: parameters = [] } = entry;
    const lists = [drift.appeared, drift.vanished, refused, parameters];
    if (lists.every((list) => list.length === 0)) return [];
    return [[object, ...lists.map((names) => (names.length === 0 ? "-" : short(listed(names, FIELDS_MAX))))]];
  });
  if (manifest === null) return section("drift", title, paragraph(NOT_RECORDED));
  if (rows.length === 0) {
    return section("drift", title, paragraph("No field came or went since the run before, and Pardot refused none."));
  }
  const columns = ["Object", "New", "Gone", "Refused fields", "Refused parameters"];
  return section(
    "drift",
    title,
    table("drift-table", "Fields by their names at Pardot, and parameters that are not sent", columns, rows),
  );
}

/** Records set aside. Their values are not on the page: they may be personal data. */
export function rejectsSection({ manifest, objects }: RunReport): Markup {
  const title = "Rejects";
  const count = rejectedRows(manifest?.objects ?? []);
  if (manifest === null) return section("rejects", title, paragraph(NOT_RECORDED));
  if (count === 0) return section("rejects", title, paragraph("No record was set aside."));
  const rows = objects.flatMap(({ entry, rejects }) =>
    rejects.map((reject) => [
      entry.object,
      reject.column ?? "the record as a whole",
      formatNumber(reject.count),
      reject.ids.length === 0
        ? "without id"
        : `${reject.ids.map(short).join(", ")}${reject.count > reject.ids.length ? ", …" : ""}`,
      markup`<span class="key-name">${rejectsKey(manifest.run_id, entry.object)}</span>`,
    ]),
  );
  const columns = ["Object", "Column", number("Records"), "Ids", "File with records and reasons"];
  const again = objects.reduce((sum, { entry }) => sum + (entry.rejected_again ?? 0), 0);
  return section(
    "rejects",
    title,
    paragraph(
      `${pluralize(count, "record")} could not be encoded and ${count === 1 ? "was" : "were"} set aside${again === 0 ? "" : `, ${formatNumber(again)} of them as in an earlier run`}. Everything else is committed.`,
    ),
    rows.length === 0
      ? paragraph("The files of the rejects cannot be read.")
      : table("rejects-table", "Records set aside, by object and column", columns, rows),
  );
}

const LOADS: Readonly<Record<ReportedFile["load"], string>> = {
  waiting: "yes",
  recorded: "no",
  unknown: "not known",
  "written off": "written off",
};

/** The committed files with their hashes, and what is on record of their loading. */
export function filesSection({ objects, leftFiles, warehouse, run, manifest }: RunReport): Markup {
  const title = "Files";
  const all = objects.flatMap(({ listed: files }) => files);
  const count = objects.reduce((sum, { files }) => sum + files, 0);
  const rows = all
    .slice(0, FILES_MAX)
    .map(({ key, rows: records, bytes, sha256, load }) => [
      markup`<span class="key-name">${key}</span>`,
      formatNumber(records),
      bytesText(bytes),
      LOADS[load],
      markup`<code class="hash">${sha256}</code>`,
    ]);
  const columns = ["Key", number("Rows"), number("Size"), "Waits to be loaded", "SHA-256"];
  const known =
    warehouse === "duckdb"
      ? "The tool records which files wait to be loaded into DuckDB. "
      : warehouse === "snowflake"
        ? "Snowflake loads the files by itself. This page was made without connecting to it. "
        : "No warehouse is configured, so nothing is known of the loading. ";
  const rest = count - rows.length;
  return section(
    "files",
    title,
    paragraph(known, command("pardot-etl verify"), " rereads every file and proves what the warehouse has loaded."),
    rows.length === 0
      ? paragraph(manifest === null ? NOT_RECORDED : "This run committed no files.")
      : table("files-table", `Files of run ${run.runId}: ${formatNumber(count)}`, columns, rows),
    rest > 0 ? paragraph(`${pluralize(rest, "more file")}, all in the manifest.`) : null,
    leftFiles > 0
      ? paragraph(`The manifest also accounts for ${pluralize(leftFiles, "file")} that an earlier run had left.`)
      : null,
  );
}

/** The warnings by code, each with the command that shows more. */
export function warningsSection({ manifest, status, laterRuns }: RunReport): Markup {
  const title = "Warnings";
  const isNewest = laterRuns === 0 && status.runs.at(-1)?.finishedAt !== null;
  const own = warningsByCode(manifest?.warnings ?? []);
  // The record of the newest run also has those that came after its manifest, while loading.
  const warnings = isNewest && status.warnings.length >= own.length ? status.warnings : own;
  if (warnings.length === 0) {
    return section("warnings", title, paragraph(manifest === null && !isNewest ? NOT_RECORDED : "No warnings."));
  }
  const rows = warnings.slice(0, CODES_MAX).map(({ code, objects, message, count }) => {
    const inspect = inspectionOf(code, objects);
    return [
      markup`<code>${code}</code>`,
      objects.length === 0 ? "the whole run" : listed(objects, 8),
      formatNumber(count),
      short(message),
      inspect === null ? "-" : command(inspect),
    ];
  });
  const columns = ["Code", "Objects", number("Count"), "First message", "Shows more"];
  const rest = warnings.length - rows.length;
  return section(
    "warnings",
    title,
    table("warnings-table", "Warnings of this run, by code", columns, rows),
    rest > 0 ? paragraph(`${pluralize(rest, "more code")}, all in the manifest.`) : null,
  );
}

/** What the run left of each object, when it has no manifest. */
export function leftSection({ manifest, status, run }: RunReport): Markup | null {
  const open = status.objects.filter(({ openWindows }) => openWindows.length > 0);
  const hasCommitted = manifest !== null || run.status === "complete" || run.status === "partial";
  if (hasCommitted || open.length === 0) return null;
  const rows = open
    .slice(0, FILES_MAX)
    .map(({ object, openWindows }) => [
      object,
      formatNumber(openWindows.length),
      formatNumber(openWindows.reduce((sum, { filesLanded }) => sum + filesLanded, 0)),
      minute(openWindows.at(-1)?.to ?? null),
    ]);
  const columns = ["Object", number("Open windows"), number("Files landed"), "Up to"];
  return section(
    "left",
    "What the next run continues",
    paragraph(`Run ${run.runId} has no manifest. What is landed is kept: the next run commits it.`),
    table("left-table", "Open windows now", columns, rows),
  );
}
