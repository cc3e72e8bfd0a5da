import { waits } from "../report/describe.ts";
import type { RunEnding } from "../report/ending.ts";
import { exitCode } from "../report/exit-codes.ts";
import { counted, elapsed, grouped } from "../text.ts";

/** What people are told of a run. */
export interface Notification {
  /** One line of ASCII, short enough for an e-mail's subject by way of SNS. */
  readonly subject: string;
  /** A few lines of plain text. */
  readonly text: string;
  readonly ending: RunEnding;
}

/** SNS refuses longer subjects, and any that is not ASCII. */
const SUBJECT_MAX = 100;
/** Failed objects and warnings that are told one by one; the manifest has all. */
const TOLD_MAX = 5;
/** Longest sentence of an error or a hint: Pardot's own words can be long. */
const SENTENCE_MAX = 400;

/** Puts an ending into words: what happened, numbers, reason, what to do, where the manifest is. Pure. */
export function notificationOf(ending: RunEnding): Notification {
  const headline = headlineOf(ending);
  const run = [
    ...(ending.businessUnit === null ? [] : [`business unit ${ending.businessUnit}`]),
    ...(ending.runId === null ? [] : [`run ${ending.runId}`]),
    elapsed(ending.durationMs),
  ];
  const lines = [
    `pardot-etl: ${headline} (exit ${ending.exitCode})`,
    run.join(", "),
    numbers(ending),
    ...day(ending),
    ...failures(ending),
    ...postponed(ending),
    ...(ending.openWindows === 0 ? [] : [`${counted(ending.openWindows, "window")} left for the next run`]),
    ...warnings(ending),
    `What to do: ${todo(ending)}`,
    ...(ending.manifest === null ? [] : [`manifest: ${ending.manifest}`]),
  ];
  const unit = ending.businessUnit === null ? "" : ` [${ending.businessUnit}]`;
  const subject = `pardot-etl: ${headline}${unit}, exit ${ending.exitCode}`;
  return { subject: ascii(subject).slice(0, SUBJECT_MAX), text: `${lines.join("\n")}\n`, ending };
}

/** Some of it is done and some not: that comes first. */
function headlineOf({ exitCode: code, status }: RunEnding): string {
  const { headline } = exitCode(code);
  if (status !== "partial") return headline;
  return code === 0 ? "finished in part" : `finished in part: ${headline}`;
}

function numbers(ending: RunEnding): string {
  const rejected = ending.rejectedRows === 0 ? [] : [`${counted(ending.rejectedRows, "record")} set aside`];
  const counts = [counted(ending.rows, "row"), counted(ending.files, "file"), counted(ending.calls, "call")];
  return [...counts, ...rejected].join(", ");
}

function day({ day: known }: RunEnding): string[] {
  if (known === null) return [];
  const budget = known.callsBudget === null ? "" : ` of a budget of ${grouped(known.callsBudget)}`;
  const account =
    known.quotaMax === null || known.quotaUsed === null
      ? ""
      : `; ${grouped(known.quotaUsed)} of the account's ${grouped(known.quotaMax)}, by all integrations together`;
  return [`calls today: ${grouped(known.callsToday)}${budget}${account}`];
}

function failures(ending: RunEnding): string[] {
  if (ending.failed.length === 0) return ending.error === null ? [] : [`reason: ${short(ending.error.message)}`];
  const told = ending.failed.slice(0, TOLD_MAX).map(({ object, message }) => `${object} failed: ${short(message)}`);
  const names = ending.failed.slice(TOLD_MAX).map(({ object }) => object);
  // What stopped the run, or failed after the objects, stands in no object.
  const own = ending.failed.some(({ message }) => message === ending.error?.message) ? null : ending.error;
  return [
    ...(own === null ? [] : [`reason: ${short(own.message)}`]),
    ...told,
    ...(names.length === 0 ? [] : [`and ${names.length} more: ${names.join(", ")}`]),
  ];
}

/** One line for each reason; the run's own error is there already. */
function postponed(ending: RunEnding): string[] {
  return ending.postponed.map(({ objects, message }) =>
    message === ending.error?.message ? waits(objects) : `${waits(objects)}: ${short(message)}`,
  );
}

function warnings({ warnings: all }: RunEnding): string[] {
  const told = all.slice(0, TOLD_MAX).map((warning) => `warning: ${short(warning)}`);
  return all.length > TOLD_MAX ? [...told, `and ${counted(all.length - TOLD_MAX, "more warning")}`] : told;
}

function todo(ending: RunEnding): string {
  const hint = ending.error?.hint ?? null;
  return hint === null ? exitCode(ending.exitCode).todo : short(hint);
}

/** On one line, and no longer than a glance. */
function short(text: string): string {
  const line = text.replaceAll(/\s+/g, " ").trim();
  return line.length > SENTENCE_MAX ? `${line.slice(0, SENTENCE_MAX)}…` : line;
}

function ascii(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}
