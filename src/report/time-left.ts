import { elapsed } from "../text.ts";
import type { ObjectProgress } from "./progress-state.ts";

/** Finished windows of exports that a time is worked out from. */
const WINDOWS_MIN = 2;

/**
 * `about 50 s left to read`; null while it cannot be worked out. Exports go through Pardot's queue one after another, so
 * their time follows from the windows that are done. A query's follows from its records, if Pardot counts them. Objects
 * that are read by list email come after the activities, and their number is not known before.
 */
export function timeLeft(objects: readonly ObjectProgress[], now: number): string | null {
  const open = objects.filter(({ isRead, phase }) => !isRead && phase !== "failed" && phase !== "postponed");
  if (open.length === 0) return null;
  const later = open.filter(({ process, begunAt }) => process === "email" && begunAt === null);
  const current = open.filter((progress) => !later.includes(progress));
  const bulk = objects.filter(({ process }) => process === "bulk");
  const times = [
    ...(current.some(({ process }) => process === "bulk") ? [exportsLeft(bulk, now)] : []),
    ...current.filter(({ process }) => process !== "bulk").map((progress) => queryLeft(progress, now)),
  ];
  const known = times.flatMap((time) => time ?? []);
  if (known.length === 0 || known.length < times.length) return null;
  const ms = Math.ceil(Math.max(...known) / 1000) * 1000;
  return `about ${elapsed(ms)} left to read${later.length === 0 ? "" : ", then emails"}`;
}

function exportsLeft(objects: readonly ObjectProgress[], now: number): number | null {
  const begun = objects.flatMap(({ begunAt }) => begunAt ?? []);
  const done = objects.reduce((sum, { windowsDone }) => sum + windowsDone, 0);
  const all = objects.reduce(
    (sum, { windows, windowsDone, phase }) => sum + (isOpen(phase) ? windows : windowsDone),
    0,
  );
  if (begun.length === 0 || done < WINDOWS_MIN) return null;
  return ((now - Math.min(...begun)) / done) * (all - done);
}

function isOpen(phase: ObjectProgress["phase"]): boolean {
  return phase !== "failed" && phase !== "postponed";
}

function queryLeft({ windows, windowsDone, read, total, begunAt }: ObjectProgress, now: number): number | null {
  // The records of later windows are not counted yet.
  if (begunAt === null || total === null || read === 0 || windows - windowsDone > 1) return null;
  return ((now - begunAt) / read) * Math.max(0, total - read);
}
