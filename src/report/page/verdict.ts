import type { RunReport } from "../../operations/report/api.ts";
import { capitalized, pluralize } from "../../text.ts";
import type { Finding } from "./findings.ts";
import { listed, short } from "./format.ts";

/** The first sentence of the page. */
export interface Verdict {
  readonly state: "healthy" | "look" | "act" | "running" | "past";
  /** The state in a few words, because color alone is not enough. */
  readonly label: string;
  readonly sentence: string;
  /** The next command; null if there is nothing to do. */
  readonly command: string | null;
}

/** Problems that the sentence names; more are counted. */
const NAMED_MAX = 3;

/** Makes the sentence: all is well, or else what is wrong and what to do first. */
export function verdictOf(report: RunReport, findings: readonly Finding[]): Verdict {
  const { run, laterRuns, status } = report;
  const problems = findings.filter(({ kind }) => kind === "problem");
  if (laterRuns > 0) {
    const now = status.healthy ? "is healthy now" : "is not healthy now";
    return {
      state: "past",
      label: "An earlier run",
      sentence: `${endOf(report)}; ${pluralize(laterRuns, "later run")} followed, and the destination ${now}.`,
      command: "pardot-etl report",
    };
  }
  if (run.status === "running") {
    const sentence = "This run has not ended yet, so this page shows what is known so far.";
    return { state: "running", label: "In progress", sentence, command: "pardot-etl status" };
  }
  if (problems.length > 0 || !status.healthy) {
    const [first] = problems;
    return {
      state: "act",
      label: "Not healthy",
      sentence: `${capitalized(wrong(report, problems))}: ${todo(report, first)}.`,
      command: first?.command ?? "pardot-etl run",
    };
  }
  const looks = findings.filter(({ kind }) => kind === "look");
  const [first] = looks;
  const read = `this run read all of its ${pluralize(report.objects.length, "object")}`;
  if (first === undefined) {
    return {
      state: "healthy",
      label: "Healthy",
      sentence: `${capitalized(read)}, and there is nothing to do.`,
      command: null,
    };
  }
  const more =
    looks.length === 1
      ? ""
      : `, and there ${looks.length === 2 ? "is" : "are"} ${pluralize(looks.length - 1, "more point")} to look at`;
  return {
    state: "look",
    label: "Healthy, but look",
    sentence: `${capitalized(read)}, but ${first.title}${more}.`,
    command: first.command,
  };
}

/** The problems as one clause: objects that failed or wait together. */
function wrong(report: RunReport, problems: readonly Finding[]): string {
  const objects = report.manifest?.objects ?? [];
  const failed = objects.filter(({ status }) => status === "failed").map(({ object }) => object);
  const waiting = objects.filter(({ status }) => status === "postponed" || status === "waiting");
  const isLimited = waiting.some(({ error }) => error?.exit_code === 4);
  const limited = isLimited ? " because a limit of calls was reached" : "";
  const waits = `${pluralize(waiting.length, "object")} ${waiting.length === 1 ? "waits" : "wait"} for the next run${limited}`;
  const clauses = [
    failed.length === 0
      ? null
      : `${failed.length} of ${pluralize(objects.length, "object")} failed (${short(listed(failed))})`,
    waiting.length === 0 ? null : waits,
    ...problems.filter(({ isCounted }) => !isCounted).map(({ title }) => title),
  ].filter((clause) => clause !== null);
  const shown = clauses.slice(0, NAMED_MAX);
  const rest = clauses.length - shown.length;
  return listed(rest > 0 ? [...shown, `${rest} more`] : shown, NAMED_MAX + 1) || short(report.status.problems[0] ?? "");
}

function todo({ run }: RunReport, first: Finding | undefined): string {
  const command = first?.command ?? "pardot-etl run";
  if (run.code === "data.rejected") return "correct them in Pardot, and the next run reads them again";
  if (run.exitCode === 4) return "run again when the account's next day has begun; everything read so far is kept";
  if (command.startsWith("pardot-etl run") && !command.includes("--full")) {
    return "run again; the next run keeps everything read so far and continues from there";
  }
  return "start with this command";
}

function endOf({ run, laterRuns }: RunReport): string {
  switch (run.status) {
    case "complete":
      return "This run read everything";
    case "partial":
      return "This run was only partly complete";
    case "failed":
      return "This run failed";
    case "died":
      return "This run died";
    case "running":
      return laterRuns > 0 ? "This run has not reported its end" : "This run is in progress";
  }
}
