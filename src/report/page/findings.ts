import { newRejects, postponedOf } from "../../manifest/manifest.ts";
import type { RunReport } from "../../operations/report/api.ts";
import { SILENT } from "../../operations/usual-rows.ts";
import { rejectsKey } from "../../state/rejects.ts";
import { capitalized, pluralize } from "../../text.ts";
import { listed, short } from "./format.ts";
import { isName, repairOf, withObjects } from "./repairs.ts";

/** Something that an operator must do, or look at. */
export interface Finding {
  /** problem: rows or runs are missing until it is repaired; look: all is read, and a person should look. */
  readonly kind: "problem" | "look";
  /** A clause without a period, for the list and the verdict. */
  readonly title: string;
  readonly detail: string | null;
  readonly hint: string | null;
  readonly command: string;
  /** An object that failed or waits: the verdict counts these. */
  readonly isCounted?: true;
}

/** Everything that is wrong with the run or its destination, what matters most first. */
export function findingsOf(report: RunReport): readonly Finding[] {
  const problems = [...runFindings(report), ...objectFindings(report), ...destinationFindings(report)];
  return [...problems, ...looks(report)];
}

function problem(title: string, command: string, detail: string | null = null, hint: string | null = null): Finding {
  const hinted = hint === null ? null : short(hint);
  return { kind: "problem", title, command, detail: detail === null ? null : capitalized(short(detail)), hint: hinted };
}

function counted(...given: Parameters<typeof problem>): Finding {
  return { ...problem(...given), isCounted: true };
}

function look(title: string, command: string, detail: string | null): Finding {
  return { kind: "look", title, command, detail, hint: null };
}

/** A run that has no manifest, or one that cannot be read. */
function runFindings({ run, manifest, manifestProblem }: RunReport): Finding[] {
  const { status, code, exitCode, reason, hint, files } = run;
  if (manifestProblem !== null) {
    return [problem("the manifest of this run cannot be used", "pardot-etl verify", manifestProblem)];
  }
  if (status === "died") {
    const when = files > 0 ? "after it had committed" : "before it could commit";
    return [problem(`the run died ${when}`, "pardot-etl run", reason, hint)];
  }
  if (status === "running" || manifest !== null) return [];
  if (status === "complete" || status === "partial") {
    const detail = "The run committed, so it had one. Without it the files it names cannot be verified.";
    const restore = "Restore it from the bucket's versions or a backup.";
    return [problem("the manifest of this run is gone", "pardot-etl verify", detail, restore)];
  }
  return [problem("the run failed before it could commit", repairOf(code, exitCode, []), reason, hint)];
}

function objectFindings(report: RunReport): Finding[] {
  const { manifest, run } = report;
  if (manifest === null) return [];
  const { objects, run_id: runId } = manifest;
  const failed = objects.map(({ object, status, error }) => {
    if (status !== "failed" || error === null) return null;
    const { code, exit_code: exitCode, message, hint } = error;
    return counted(`${object} failed`, repairOf(code, exitCode, [object]), `${message} (${code})`, hint);
  });
  const waiting = postponedOf(objects).map(({ objects: names, message, hint, code }) =>
    counted(
      `${listed(names)} ${names.length === 1 ? "waits" : "wait"} for the next run`,
      "pardot-etl run",
      `${message} (${code})`,
      hint,
    ),
  );
  const rejected = objects
    .filter((object) => newRejects(object) > 0)
    .map((object) =>
      problem(
        `${pluralize(newRejects(object), "record")} of ${object.object} ${newRejects(object) === 1 ? "was" : "were"} set aside`,
        withObjects("pardot-etl run", [object.object]),
        `Each is in ${rejectsKey(runId, object.object)}, with the reason. Correct it in Pardot: the next run reads it again.`,
      ),
    );
  // Loading comes after the manifest, and its error is the run's alone.
  // Of a run that died, `runFindings` names it: the manifest is that of the run that took over.
  const isRunsOwn =
    run.status !== "died" &&
    run.code !== null &&
    run.code !== "data.rejected" &&
    !objects.some(({ error }) => error?.code === run.code);
  const own = isRunsOwn
    ? [problem("the run did not finish its work", repairOf(run.code, run.exitCode, []), run.reason, run.hint)]
    : [];
  return [...own, ...failed, ...waiting, ...rejected].filter((finding) => finding !== null);
}

/** What is wrong with the destination now; later runs may have repaired what this one left. */
function destinationFindings({ status, manifest, run, warehouse }: RunReport): Finding[] {
  const { objects, gaps, problems } = status;
  const explained = new Set((manifest?.objects ?? []).flatMap(({ object, error }) => (error === null ? [] : [object])));
  const open = objects.filter(({ object, openWindows }) => openWindows.length > 0 && !explained.has(object));
  const windows = open.flatMap(({ openWindows }) => openWindows);
  const landed = windows.reduce((sum, { filesLanded }) => sum + filesLanded, 0);
  const isRunning = status.runs.some((other) => other.status === "running");
  // A run that died leaves its windows open.
  const leftOpen = run.status === "died" ? counted : problem;
  const gapped = [...new Set(gaps.map(({ object }) => object))];
  const notLoaded = objects.filter((object) => object.notLoaded > 0);
  const waiting = notLoaded.reduce((sum, object) => sum + object.notLoaded, 0);
  const found = [
    open.length === 0 || isRunning
      ? null
      : leftOpen(
          `windows of ${listed(open.map(({ object }) => object))} are left for the next run`,
          "pardot-etl run",
          `${pluralize(windows.length, "window")} planned and not committed, with ${pluralize(landed, "landed file")}. The next run keeps these files and reads the rest.`,
        ),
    gapped.length === 0
      ? null
      : problem(`the coverage of ${listed(gapped)} has gaps`, "pardot-etl run", "The next plain run reads them."),
    notLoaded.length === 0 || warehouse === "none"
      ? null
      : problem(
          `files of ${listed(notLoaded.map(({ object }) => object))} wait to be loaded`,
          "pardot-etl run",
          `${pluralize(waiting, "committed file")} that the next run offers to the warehouse again.`,
        ),
  ];
  // What `status` knows besides: another run that failed, a state that is gone.
  const isOther = (text: string): boolean => !/^(?:the last run|windows are|gaps|committed files)\b/.test(text);
  const others = problems
    .filter((text) => isOther(text) || (status.runs.at(-1)?.runId !== run.runId && text.startsWith("the last run")))
    .map((text) => problem(short(text), text.startsWith("the state:") ? "pardot-etl run --full" : "pardot-etl run"));
  return [...found.filter((finding) => finding !== null), ...others];
}

function looks({ manifest, status, laterRuns, warehouse }: RunReport): Finding[] {
  const silent = (manifest?.warnings ?? []).filter(({ code }) => code === SILENT);
  // A run warns of a refusal once; a field that this business unit lacks stays refused.
  const warned = new Set(
    (manifest?.warnings ?? []).filter(({ code }) => code === "fields.refused").map(({ object }) => object),
  );
  const fields = (manifest?.objects ?? []).flatMap(({ object, drift, refused_fields: refused }) => [
    drift.appeared.length === 0
      ? null
      : look(
          `${object} has ${pluralize(drift.appeared.length, "new field")}`,
          `${withObjects("pardot-etl ddl", [object])} ${warehouse === "snowflake" ? "--diff" : "--live"}`,
          `${short(listed(drift.appeared, 10))}: landed from this run on. The command prints the statement that adds ${drift.appeared.length === 1 ? "the column" : "the columns"} to a table.`,
        ),
    drift.vanished.length === 0
      ? null
      : look(
          `${object} has lost ${pluralize(drift.vanished.length, "field")}`,
          `${withObjects("pardot-etl objects", [object])} --live`,
          `${short(listed(drift.vanished, 10))}: the ${drift.vanished.length === 1 ? "column stays" : "columns stay"}, as null.`,
        ),
    refused.length === 0 || !warned.has(object) || !isName(object)
      ? null
      : look(
          `Pardot refuses ${pluralize(refused.length, "field")} of ${object}`,
          `${withObjects("pardot-etl run", [object])} --full`,
          `${short(listed(refused, 10))}: null or left out. If you need ${refused.length === 1 ? "it" : "them"}, permit the API user to read ${refused.length === 1 ? "it" : "them"}, then read the object again.`,
        ),
  ]);
  const expired = laterRuns > 0 ? [] : status.exports.filter(({ state }) => state === "expired");
  const found = [
    ...silent.map(({ object, message }) =>
      object === null
        ? null
        : look(`${object} brought nothing new`, withObjects("pardot-etl plan", [object]), capitalized(short(message))),
    ),
    ...fields,
    expired.length === 0
      ? null
      : look(
          `${pluralize(expired.length, "export")} expired at Pardot`,
          "pardot-etl run",
          `Of ${listed([...new Set(expired.map(({ object }) => object))])}. The next run requests ${expired.length === 1 ? "another" : "others"}.`,
        ),
  ];
  return found.filter((finding) => finding !== null);
}
