import { waits } from "../report/describe.ts";
import type { RunOutcome } from "../operations/run/outcome.ts";
import { exitCode } from "../report/exit-codes.ts";
import { inspectionOf } from "../report/page/repairs.ts";
import { warningsByCode } from "../state/run-record.ts";
import { freshnessLines, minute } from "./freshness.ts";
import type { Link } from "./link.ts";
import { elapsed, formatNumber, pluralize, shortened } from "../text.ts";

/** A notification about a run. */
export interface Notification {
  /** One line of ASCII, short enough for an email's subject by way of SNS. */
  readonly subject: string;
  /** A few lines of plain text. */
  readonly text: string;
  /** The lines of `text`: the headline and the facts, then where the run's documents are. */
  readonly facts: readonly string[];
  readonly places: readonly string[];
  readonly link: Link | null;
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
/** Longest name of a business unit. */
const NAME_MAX = 80;
/** Longest sentence of an error or a hint: Pardot's own words can be long. */
const SENTENCE_MAX = 400;

/**
 * Describes an outcome: what happened, figures, how old the data is, reasons, what to do, where the manifest is. Pure.
 * `link`: where a person can open the run's page or manifest.
 */
export function notificationOf(outcome: RunOutcome, link: Link | null = null): Notification {
  const headline = headlineOf(outcome);
  const name = outcome.unitName === null ? null : shortened(outcome.unitName, NAME_MAX);
  const unit = [name, outcome.businessUnit].filter((part) => part !== null);
  const run = [
    ...(unit.length === 0 ? [] : [`business unit ${unit.length === 1 ? unit.join("") : `${unit[0]} (${unit[1]})`}`]),
    ...(outcome.runId === null ? [] : [`run ${outcome.runId}`]),
    elapsed(outcome.durationMs),
  ];
  const lines = [
    `pardot-etl: ${headline} (exit ${outcome.exitCode})`,
    run.join(", "),
    numbers(outcome),
    ...day(outcome),
    ...freshnessLines(outcome),
    ...failures(outcome),
    ...postponed(outcome),
    ...(outcome.openWindows === 0 ? [] : [`${pluralize(outcome.openWindows, "window")} left for the next run`]),
    ...deaths(outcome),
    ...warnings(outcome),
    ...todo(outcome),
  ];
  const places = [
    ...(link === null ? [] : [`open the ${link.what}: ${link.url}`]),
    ...(outcome.manifest === null ? [] : [`manifest: ${outcome.manifest}`]),
  ];
  return {
    subject: subjectOf(headline, name, outcome),
    text: `${[...lines, ...places].join("\n")}\n`,
    facts: lines,
    places,
    link,
    outcome,
  };
}

/** The name of the unit, its id if the name has hardly any letter that a subject may have, and the exit code last. */
function subjectOf(headline: string, name: string | null, outcome: RunOutcome): string {
  const { exitCode: code, warnings: all, businessUnit: id } = outcome;
  const warned = code === 0 && all.length > 0 ? `, ${pluralize(all.length, "warning")}` : "";
  const [before, after] = [`pardot-etl: ${headline}`, `${warned}, exit ${code}`];
  const latin = name === null ? "" : ascii(name.normalize("NFKD").replaceAll(/\p{M}/gu, ""));
  const isReadable = latin.replaceAll(/[^A-Za-z0-9]/g, "").length * 2 > latin.length;
  const unit = isReadable ? latin : ascii(id ?? "");
  const room = SUBJECT_MAX - before.length - after.length - " []".length;
  return `${before}${unit === "" ? "" : ` [${unit.slice(0, room).trim()}]`}${after}`;
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

function deaths({ died }: RunOutcome): string[] {
  return died.map(
    ({ died: id, startedAt }) =>
      `earlier run ${id}, started ${minute(startedAt)}, died without a notification: it was killed, or ran out of memory; this run continued from there`,
  );
}

function warnings({ warnings: all }: RunOutcome): string[] {
  const listed = all.slice(0, LISTED_MAX).map((warning) => `warning: ${short(warning)}`);
  return all.length > LISTED_MAX ? [...listed, `and ${pluralize(all.length - LISTED_MAX, "more warning")}`] : listed;
}

/** Nothing for a run that needs no action; for one that only warns, the commands that show more. */
function todo({ error, exitCode: code, result }: RunOutcome): string[] {
  const hint = error?.hint ?? null;
  if (hint === null && code === 0) {
    const known = warningsByCode(result?.manifest.warnings ?? []);
    const commands = known.flatMap(({ code: warned, objects }) => inspectionOf(warned, objects) ?? []);
    const listed = [...new Set(commands)].slice(0, LISTED_MAX).map((command) => `\`${command}\``);
    return listed.length === 0 ? [] : [`What to do: look closer with ${listed.join(", ")}`];
  }
  return [`What to do: ${hint === null ? exitCode(code).todo : short(hint)}`];
}

function short(text: string): string {
  return shortened(text, SENTENCE_MAX);
}

function ascii(text: string): string {
  return text.replaceAll(/[^ -~]/g, "?");
}
