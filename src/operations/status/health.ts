import type { State } from "../../state/state.ts";
import type { StatusObject, StatusResult, StatusRun } from "../api.ts";

/**
 * Why a destination is not healthy: no success yet, a last run that did not end well, windows that runs after the last
 * success left open, gaps in the coverage, and files that the warehouse has not loaded. A run in progress may fix
 * all of them except the gaps, so it is judged only after it has ended.
 */
export function problemsOf(
  state: State,
  runs: readonly StatusRun[],
  objects: readonly StatusObject[],
  lastSuccess: StatusResult["lastSuccess"],
): readonly string[] {
  const last = runs.findLast(({ status }) => status !== "running");
  const isRunning = runs.some(({ status }) => status === "running");
  const problems: string[] = [];
  if (runs.length === 0) problems.push("no run yet");
  else if (lastSuccess === null) problems.push("no complete run of all configured objects yet");
  if (last !== undefined && last.status !== "complete") {
    const verb = last.status === "partial" ? "is only partly complete" : last.status;
    problems.push(`the last run ${verb}${last.reason === null ? "" : `: ${last.reason}`}`);
  }
  // A success leaves nothing open of the objects that were configured then.
  const isSettled = isRunning || (last !== undefined && last.runId === lastSuccess?.runId);
  const open = isSettled ? [] : objects.filter(({ object }) => hasOpenSince(object, state, lastSuccess?.runId ?? null));
  if (open.length > 0) problems.push(`windows are left for the next run: ${names(open)}`);
  const gaps = objects.filter((object) => object.gaps.length > 0);
  if (gaps.length > 0) problems.push(`gaps that the next plain run fills: ${names(gaps)}`);
  const notLoaded = isSettled ? [] : objects.filter((object) => object.notLoaded > 0);
  if (notLoaded.length > 0) problems.push(`committed files that the warehouse has not loaded: ${names(notLoaded)}`);
  return problems;
}

/**
 * Whether an object has windows planned since the last success; older ones are of objects that were not configured
 * then.
 */
function hasOpenSince(object: string, state: State, success: string | null): boolean {
  const order = state.runs.map(({ runId }) => runId);
  const since = success === null ? -1 : order.indexOf(success);
  const windows = state.objects[object]?.windows ?? [];
  return windows.some(({ plannedBy }) => success === null || order.indexOf(plannedBy) > since);
}

function names(objects: readonly StatusObject[]): string {
  return objects.map(({ object }) => object).join(", ");
}
