import { waits } from "../report/describe.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { exitCode } from "../report/exit-codes.ts";
import { elapsed, formatNumber, pluralize, shortened } from "../text.ts";

/** A notification about a run. */
export interface Notification {
  /** One line of ASCII, short enough for an email's subject by way of SNS. */
  readonly subject: string;
  /** A few lines of plain text. */
  readonly text: string;
  readonly outcome: RunOutcome;
}

/** A way to notify people. */
export interface Channel {
  /** For messages: `SNS topic arn:…`, `webhook at hooks.slack.com`. Never the webhook's address itself. */
  readonly name: string;
  /**
   * Sends once; null: it was accepted. Throws only the signal's reason when that is aborted; returns any other failure.
   * Sent twice, a notification may arrive twice.
   */
  send(notification: Notification, signal: AbortSignal): Promise<Refused | null>;
}

export interface Refused {
  /** What went wrong, lower case, without any secret. */
  readonly reason: string;
  /** What to do about it, null if not known. */
  readonly hint: string | null;
  /** Whether another attempt may succeed a moment later. */
  readonly retryable: boolean;
}

/** SNS refuses longer subjects, and any that is not ASCII. */
const SUBJECT_MAX = 100;
/** Failed objects and warnings that are listed; the manifest has all. */
const LISTED_MAX = 5;
/** Longest sentence of an error or a hint: Pardot's own words can be long. */
const SENTENCE_MAX = 400;

/** Describes an outcome: what happened, figures, reason, what to do, where the manifest is. Pure. */
export function notificationOf(outcome: RunOutcome): Notification {
  const headline = headlineOf(outcome);
  const run = [
    ...(outcome.businessUnit === null ? [] : [`business unit ${outcome.businessUnit}`]),
    ...(outcome.runId === null ? [] : [`run ${outcome.runId}`]),
    elapsed(outcome.durationMs),
  ];
  const lines = [
    `pardot-etl: ${headline} (exit ${outcome.exitCode})`,
    run.join(", "),
    numbers(outcome),
    ...day(outcome),
    ...failures(outcome),
    ...postponed(outcome),
    ...(outcome.openWindows === 0 ? [] : [`${pluralize(outcome.openWindows, "window")} left for the next run`]),
    ...warnings(outcome),
    ...todo(outcome),
    ...(outcome.manifest === null ? [] : [`manifest: ${outcome.manifest}`]),
  ];
  const unit = outcome.businessUnit === null ? "" : ` [${outcome.businessUnit}]`;
  const subject = `pardot-etl: ${headline}${unit}, exit ${outcome.exitCode}`;
  return { subject: ascii(subject).slice(0, SUBJECT_MAX), text: `${lines.join("\n")}\n`, outcome };
}

/** Starts with "finished in part" for such a run. */
function headlineOf({ exitCode: code, status }: RunOutcome): string {
  const { headline } = exitCode(code);
  if (status !== "partial") return headline;
  return code === 0 ? "finished in part" : `finished in part: ${headline}`;
}

function numbers(outcome: RunOutcome): string {
  const rejected = outcome.rejectedRows === 0 ? [] : [`${pluralize(outcome.rejectedRows, "record")} set aside`];
  const counts = [pluralize(outcome.rows, "row"), pluralize(outcome.files, "file"), pluralize(outcome.calls, "call")];
  return [...counts, ...rejected].join(", ");
}

function day({ day: known }: RunOutcome): string[] {
  if (known === null) return [];
  const budget = known.callsBudget === null ? "" : ` of a budget of ${formatNumber(known.callsBudget)}`;
  const account =
    known.quotaMax === null || known.quotaUsed === null
      ? ""
      : `; ${formatNumber(known.quotaUsed)} of the account's ${formatNumber(known.quotaMax)}, by all integrations together`;
  return [`calls today: ${formatNumber(known.callsToday)}${budget}${account}`];
}

function failures(outcome: RunOutcome): string[] {
  if (outcome.failed.length === 0) return outcome.error === null ? [] : [`reason: ${short(outcome.error.message)}`];
  const listed = outcome.failed
    .slice(0, LISTED_MAX)
    .map(({ object, message }) => `${object} failed: ${short(message)}`);
  const names = outcome.failed.slice(LISTED_MAX).map(({ object }) => object);
  // The reason the run stopped, or a failure after the objects, is not in any object.
  const own = outcome.failed.some(({ message }) => message === outcome.error?.message) ? null : outcome.error;
  return [
    ...(own === null ? [] : [`reason: ${short(own.message)}`]),
    ...listed,
    ...(names.length === 0 ? [] : [`and ${names.length} more: ${names.join(", ")}`]),
  ];
}

/** One line for each reason; the run's own error is there already. */
function postponed(outcome: RunOutcome): string[] {
  return outcome.postponed.map(({ objects, message }) =>
    message === outcome.error?.message ? waits(objects) : `${waits(objects)}: ${short(message)}`,
  );
}

function warnings({ warnings: all }: RunOutcome): string[] {
  const listed = all.slice(0, LISTED_MAX).map((warning) => `warning: ${short(warning)}`);
  return all.length > LISTED_MAX ? [...listed, `and ${pluralize(all.length - LISTED_MAX, "more warning")}`] : listed;
}

/** Nothing for a run that needs no action. */
function todo({ error, exitCode: code }: RunOutcome): string[] {
  const hint = error?.hint ?? null;
  if (hint === null && code === 0) return [];
  return [`What to do: ${hint === null ? exitCode(code).todo : short(hint)}`];
}

function short(text: string): string {
  return shortened(text, SENTENCE_MAX);
}

function ascii(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}
