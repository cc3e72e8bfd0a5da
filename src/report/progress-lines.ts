import { elapsed, formatNumber, oneLine, pluralize } from "../text.ts";
import { PHASES } from "./progress-state.ts";
import type { ObjectProgress, Phase, ProgressState } from "./progress-state.ts";
import type { Signs, Style, Tone } from "./style.ts";
import { timeLeft } from "./time-left.ts";

/** What a display shows besides its state. Times are in milliseconds. */
export interface Shown {
  readonly columns: number;
  /** Lines at most. */
  readonly rows: number;
  /** By the monotonic clock, which the state was advanced by. */
  readonly now: number;
  readonly startedAt: number;
  /** Calls made so far. */
  readonly calls: number;
  /** Number of the drawing, which moves the signs of what is active. */
  readonly frame: number;
  readonly style: Style;
  readonly signs: Signs;
}

const TONES: Readonly<Record<Phase, Tone>> = {
  failed: "bad",
  postponed: "doubtful",
  active: "active",
  waiting: "quiet",
  done: "good",
};

/** Cells of a bar. */
const BAR = 10;
/** Least width for words, so that the longest usual ones fit. */
const WORDS = 26;
/** Shorter times say nothing about a rate. */
const RATE_MIN_MS = 1000;

/**
 * A line per object, and the totals below them. No line is as wide as the terminal, and there are never more than
 * `rows`: if there are too few, failed and active objects are shown, and one line counts the others.
 */
export function progressLines(state: ProgressState, shown: Shown): readonly string[] {
  if (state.objects.size === 0) return [];
  const footer = footerLines(state, shown);
  return [...objectLines(state, shown, shown.rows - footer.length), ...footer].slice(-Math.max(0, shown.rows));
}

function objectLines(state: ProgressState, shown: Shown, most: number): readonly string[] {
  const objects = [...state.objects];
  const columns = [
    objects.map(([name]) => oneLine(name)),
    objects.map(([, { windows, windowsDone }]) => (windows === 0 ? "" : `${windowsDone}/${windows}`)),
    objects.map(([, progress]) => (progress.rows === 0 ? "" : pluralize(progress.rows, "row"))),
  ].map((cells) => ({ cells, width: Math.max(...cells.map(({ length }) => length)) }));
  const [names, counts] = columns;
  const widthOf = (all: typeof columns): number =>
    all.reduce((sum, { width }) => sum + (width === 0 ? 0 : width + 2), "✓ ".length);
  // The number of windows gives way first.
  const hasRoom = shown.columns - widthOf(columns) > WORDS;
  const kept = hasRoom ? columns : columns.filter((column) => column !== counts);
  const rest = shown.columns - 1 - widthOf(kept);
  const lines = objects.map(([, progress], index) => {
    const cells = kept
      .filter(({ width }) => width > 0)
      .map((column) => {
        const cell = column.cells[index] ?? "";
        return column === names ? cell.padEnd(column.width) : cell.padStart(column.width);
      });
    const plain = `${cells.join("  ")}  `.slice(0, Math.max(0, shown.columns - 3));
    return `${sign(progress.phase, shown)} ${plain}${wordsOf(progress, rest, shown)}`.trimEnd();
  });
  if (lines.length <= most) return lines;
  const phases = objects.map(([, { phase }]) => phase);
  const rank = (line: number): number => PHASES.indexOf(phases[line] ?? "done");
  const byRank = [...lines.keys()].toSorted((a, b) => rank(a) - rank(b) || a - b);
  const visible = new Set(byRank.slice(0, Math.max(0, most - 1)));
  const hidden = phases.filter((_, index) => !visible.has(index));
  const more = shown.style("quiet", cut(`+ ${countsOf(hidden)}`, shown.columns - 1, shown.signs));
  return [...lines.filter((_, index) => visible.has(index)), more].slice(0, Math.max(0, most));
}

function sign(phase: Phase, { frame, signs, style }: Shown): string {
  const { active } = signs;
  return style(TONES[phase], phase === "active" ? (active[frame % active.length] ?? "") : signs[phase]);
}

/** What an object does, with a bar and a rate where they are known and fit. */
function wordsOf(progress: ObjectProgress, width: number, shown: Shown): string {
  const { signs, style, now } = shown;
  const words = wordsWithUsual(progress, width);
  if (progress.phase !== "active") {
    const tone = progress.phase === "done" ? null : TONES[progress.phase];
    const text = cut(words, width, signs);
    return tone === null ? text : style(tone, text);
  }
  const share = shareOf(progress);
  const percent = share === null || progress.process === "bulk" ? "" : `${Math.floor(share * 100)} %`.padStart(5);
  const rate = rateOf(progress, now);
  const tails = [...(rate === null ? [] : [`${words}, ${formatNumber(Math.round(rate))}/s`]), words];
  const room = width - BAR - 6 - 1;
  const hasBar = share !== null && room >= words.length;
  const fit = hasBar ? room : width - (percent === "" ? 0 : 6);
  const text = cut(tails.find(({ length }) => length <= fit) ?? words, Math.max(0, fit), signs);
  if (!hasBar) return percent === "" ? text : `${percent.trim()} ${text}`;
  const filled = Math.floor(share * BAR);
  const [full, empty] = signs.bar;
  const bar = `${style("active", full.repeat(filled))}${style("quiet", empty.repeat(BAR - filled))}`;
  return `${bar} ${percent.padEnd(5)} ${text}`;
}

/** An export shows its rows only when it is complete: until then, those of a usual day. */
function wordsWithUsual({ words: own, process, phase, rows, usual }: ObjectProgress, width: number): string {
  const words = oneLine(own.replaceAll(/\s*\n\s*/g, " "));
  const isOpen = phase === "active" || phase === "waiting";
  if (process !== "bulk" || !isOpen || rows > 0 || usual === null) return words;
  const longer = `${words}, usually ${formatNumber(usual)} rows`;
  // The bar of an active object goes before this.
  const room = phase === "active" ? width - BAR - 7 : width;
  return longer.length <= room ? longer : words;
}

/** The finished part, 0 to 1: of records if their number is known, of an export's windows and files; else null. */
export function shareOf({ process, windows, windowsDone, downloads, read, total }: ObjectProgress): number | null {
  if (total !== null) return total === 0 ? null : Math.min(1, read / total);
  if (process !== "bulk" || windows === 0) return null;
  const files = [...downloads.values()].reduce((sum, { listed, landed }) => sum + landed / Math.max(1, listed), 0);
  return Math.min(1, (windowsDone + files) / windows);
}

/** Rows a second while they arrive; null before that can be told. */
export function rateOf({ process, rows, read, flowMs, flowSince }: ObjectProgress, now: number): number | null {
  const ms = flowMs + (flowSince === null ? 0 : now - flowSince);
  const count = process === "bulk" ? Math.max(rows, read) : read;
  return ms < RATE_MIN_MS || count === 0 || process === null ? null : (count / ms) * 1000;
}

/** `9 waiting, 3 done`. */
function countsOf(phases: readonly Phase[]): string {
  const counts = PHASES.map((name) => ({ name, count: phases.filter((phase) => phase === name).length }));
  return counts.flatMap(({ name, count }) => (count === 0 ? [] : [`${count} ${name}`])).join(", ");
}

function footerLines(state: ProgressState, shown: Shown): readonly string[] {
  const { columns, rows, now, startedAt, calls, style, signs } = shown;
  const objects = [...state.objects.values()];
  const count = (predicate: (progress: ObjectProgress) => boolean): number => objects.filter(predicate).length;
  const landed = objects.reduce((sum, progress) => sum + progress.rows, 0);
  const loaded = count(({ isLoaded }) => isLoaded);
  const left = timeLeft(objects, now);
  const pieces = [
    `${count(({ isRead }) => isRead)} of ${pluralize(objects.length, "object")} read${loaded === 0 ? "" : `, ${loaded} loaded`}`,
    ...(landed === 0 ? [] : [pluralize(landed, "row"), formatBytes(state.bytes)]),
    ...(calls === 0 ? [] : [`${pluralize(calls, "call")}${shares(state, calls)}`]),
    elapsed(now - startedAt),
    ...(left === null ? lastTook(state, now - startedAt) : [left]),
  ];
  const lines: string[] = [];
  let line = "";
  for (const piece of pieces) {
    const longer = line === "" ? piece : `${line}${signs.separator}${piece}`;
    if (line !== "" && longer.length >= columns) {
      lines.push(line);
      line = piece;
    } else line = longer;
  }
  // The totals leave at least half of a low terminal to the objects.
  const most = Math.max(1, Math.min(3, Math.floor(rows / 3)));
  return [...lines, line].slice(0, most).map((text) => style("quiet", cut(text, columns - 1, signs)));
}

/** Until the time left can be worked out, as long as it helps. */
function lastTook({ lastTookMs, objects }: ProgressState, passedMs: number): string[] {
  const isReading = [...objects.values()].some(({ isRead, phase }) => !isRead && phase !== "failed");
  if (lastTookMs === null || lastTookMs < passedMs || !isReading) return [];
  return [`the last complete run took ${elapsed(lastTookMs)}`];
}

/** ` (1.1 % of the day, 10.8 % of the budget)`, as far as the limits are known. */
function shares({ quotaMax, callsBudget }: ProgressState, calls: number): string {
  const of = (max: number | null, name: string): string[] =>
    max === null || max === 0 ? [] : [`${percentOf(calls / max)} of the ${name}`];
  const all = [...of(quotaMax, "day"), ...of(callsBudget, "budget")];
  return all.length === 0 ? "" : ` (${all.join(", ")})`;
}

function percentOf(share: number): string {
  return share > 0 && share < 0.001 ? "under 0.1 %" : `${(share * 100).toFixed(1)} %`;
}

/** `357 kB`, `4.4 MB`, `41 MB`, `2.3 GB`. */
export function formatBytes(bytes: number): string {
  const mega = bytes / 1_000_000;
  if (mega >= 1000) return `${(mega / 1000).toFixed(1)} GB`;
  if (mega < 1) return `${formatNumber(Math.ceil(bytes / 1000))} kB`;
  return `${mega < 10 ? mega.toFixed(1) : formatNumber(Math.round(mega))} MB`;
}

/** A line that wraps would be counted and cleared as one line. */
function cut(line: string, width: number, { ellipsis }: Signs): string {
  return line.length <= width
    ? line
    : `${line.slice(0, Math.max(0, width - ellipsis.length))}${ellipsis}`.slice(0, Math.max(0, width));
}
