import { failureOf } from "../errors.ts";
import { postponedOf, totals } from "../manifest/manifest.ts";
import type { ManifestObject, ObjectStatus } from "../manifest/manifest.ts";
import type { LoadedTable, RunResult } from "../operations/api.ts";
import { rejectsKey } from "../state/rejects.ts";
import { elapsed, formatNumber, pluralize } from "../text.ts";
import { waits } from "./describe.ts";
import { exitCode } from "./exit-codes.ts";
import { formatBytes } from "./progress-lines.ts";
import type { Tone } from "./style.ts";
import { bold, textLines, textTable, toned, wrappedLines } from "./text-table.ts";
import type { Look, Text } from "./text-table.ts";

/** What the summary of a run shows besides its result. */
export interface SummaryOptions {
  /** Where the manifest is; its key is appended. */
  readonly destination: string;
  /** Since the command started, in milliseconds. */
  readonly durationMs: number;
  /** Whether the run's warnings are on the screen already. */
  readonly warningsShown: boolean;
  readonly look: Look;
}

/** Warnings that are listed; the manifest has all. */
const WARNINGS_MAX = 10;

const TONES: Readonly<Record<ObjectStatus, Tone>> = {
  complete: "good",
  failed: "bad",
  postponed: "doubtful",
  waiting: "doubtful",
};

/**
 * The result of a run for people: how it ended, what needs attention and what to do, what each object brought, and
 * where the manifest is.
 */
export function runSummary(result: RunResult, options: SummaryOptions): string {
  const { destination, look } = options;
  return [
    wrappedLines([heading(result, options), ...attention(result, options)], look),
    table(result, look),
    // On one line, however long, so that it can be copied.
    textLines([`manifest: ${destination}/${result.manifestKey}`], look.style),
  ].join("");
}

function heading({ manifest, exitCode: code }: RunResult, { durationMs }: SummaryOptions): Text {
  const { files, rows, bytes } = totals(manifest.objects.flatMap((object) => object.files));
  const counts = [
    pluralize(rows, "row"),
    `${pluralize(files, "file")}${files === 0 ? "" : ` (${formatBytes(bytes)})`}`,
    pluralize(manifest.api_calls.total, "call"),
  ];
  const end = code === 0 ? "" : ` (exit ${code}: ${exitCode(code).meaning})`;
  // A committed file that could not be loaded is in the manifest, but its rows are missing from the table.
  const status = code !== 0 && manifest.status === "complete" ? "partial" : manifest.status;
  const text = `run ${manifest.run_id} ${status}${end}: ${counts.join(", ")} in ${elapsed(durationMs)}`;
  if (code === 0) return { text, tone: manifest.status === "complete" ? "good" : "doubtful" };
  return { text, tone: exitCode(code).level === "warn" ? "doubtful" : "bad" };
}

/** Failures and their hints first, then what waits for the next run, then warnings. */
function attention(result: RunResult, { destination, warningsShown }: SummaryOptions): readonly Text[] {
  const { manifest, error } = result;
  const failures = manifest.objects.flatMap(({ object, status, error: own, open_windows: open }) => [
    ...(own === null || status !== "failed" ? [] : hinted(`${object} failed: ${own.message}`, own.hint)),
    // The lines about postponed objects cover these.
    ...(open.length === 0 || status === "postponed" || status === "waiting"
      ? []
      : [`${object}: ${pluralize(open.length, "window")} left for the next run`]),
  ]);
  const notLoaded = result.notLoaded.flatMap(({ object, error: cause }) =>
    hinted(`${object} committed, but not loaded: ${cause.message}`, failureOf(cause).hint),
  );
  const rejected = manifest.objects
    .filter(({ rejected_rows: count = 0 }) => count > 0)
    .map(({ object, rejected_rows: count = 0 }) => {
      const key = rejectsKey(manifest.run_id, object);
      return toned("doubtful", `${object}: ${pluralize(count, "record")} set aside in ${destination}/${key}`);
    });
  const postponed = postponedOf(manifest.objects);
  const waiting = postponed.flatMap(({ objects, message, hint }) => [
    toned("doubtful", waits(objects)),
    `  ${message}`,
    ...(hint === null ? [] : [toned("quiet", `  hint: ${hint}`)]),
  ]);
  const known = [
    ...manifest.objects.map((object) => object.error?.message),
    ...result.notLoaded.map(({ error: cause }) => cause.message),
    ...postponed.map(({ message }) => message),
  ];
  const own = error === null || known.includes(error.message) ? [] : hinted(error.message, failureOf(error).hint);
  const warnings = warningsShown ? [] : warningLines(manifest.warnings);
  const refused = (result.notified ?? []).flatMap(({ failure }) => failure ?? []);
  const notNotified = refused.map((failure) => toned("doubtful", `warning: ${failure}`));
  return [...own, ...failures, ...notLoaded, ...rejected, ...waiting, ...warnings, ...notNotified];
}

function warningLines(warnings: RunResult["manifest"]["warnings"]): readonly Text[] {
  const shown = warnings
    .slice(0, WARNINGS_MAX)
    .map(({ object, message }) => toned("doubtful", `warning${object === null ? "" : `, ${object}`}: ${message}`));
  const more = warnings.length - shown.length;
  return more === 0
    ? shown
    : [...shown, toned("doubtful", `and ${pluralize(more, "more warning")} (the manifest has all)`)];
}

/** Columns that say nothing in this run are left out: results if all are complete, tables without a warehouse. */
function table({ manifest, loaded }: RunResult, { style }: Look): string {
  const hasResults = manifest.objects.some(({ status }) => status !== "complete");
  const hasTables = loaded.length > 0;
  const hasChanges = loaded.some(({ added }) => added !== undefined);
  const tables = new Map(loaded.map((entry) => [entry.object, entry]));
  const cells = (
    name: Text,
    status: Text,
    counts: { readonly rows: number; readonly files: number },
    entry: Partial<LoadedTable>,
  ): readonly Text[] => [
    name,
    ...(hasResults ? [status] : []),
    formatNumber(counts.rows),
    ...(hasChanges ? [countOf(entry.added), countOf(entry.changed)] : []),
    formatNumber(counts.files),
    ...(hasTables ? [countOf(entry.rows)] : []),
  ];
  const heads = [
    "OBJECT",
    ...(hasResults ? ["RESULT"] : []),
    "READ",
    ...(hasChanges ? ["NEW", "CHANGED"] : []),
    "FILES",
    ...(hasTables ? ["TABLE NOW"] : []),
  ];
  const rows = manifest.objects.map((object: ManifestObject) =>
    cells(
      object.object,
      { text: object.status, tone: TONES[object.status] },
      totals(object.files),
      tables.get(object.object) ?? {},
    ),
  );
  const sum = (count: "rows" | "added" | "changed"): number =>
    loaded.reduce((total, entry) => total + (entry[count] ?? 0), 0);
  const all = totals(manifest.objects.flatMap(({ files }) => files));
  const last = cells("total", "", all, { rows: sum("rows"), added: sum("added"), changed: sum("changed") });
  const first = hasResults ? 2 : 1;
  const numbers = heads.map((_, column) => column).filter((column) => column >= first);
  return textTable([bold(heads), ...rows, ...(rows.length > 1 ? [last] : [])], numbers, style);
}

function countOf(count: number | undefined): string {
  return count === undefined ? "-" : formatNumber(count);
}

function hinted(line: string, hint: string | null): readonly Text[] {
  return [toned("bad", line), ...(hint === null ? [] : [toned("quiet", `  hint: ${hint}`)])];
}
