import { isPerEmail, zoneOf } from "../../catalog/catalog.ts";
import type { CatalogObject } from "../../catalog/catalog.ts";
import { warn } from "../../events.ts";
import type { OnEvent } from "../../events.ts";
import type { RangeRequest } from "../../plan/wish.ts";
import { objectState } from "../../state/state.ts";
import type { Change } from "../../state/state.ts";
import { isoInstant } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
import type { Run } from "./context.ts";
import { liveProbes } from "./probes.ts";
import { decideWindows } from "./windows.ts";
import type { Decision } from "./windows.ts";

/**
 * Decides the windows of all objects, in as many lanes as requests may be in flight, and records them together before
 * anything is requested. `now`: Pardot's time.
 */
export async function schedule(run: Run, now: Instant, range: RangeRequest): Promise<void> {
  const { journal, onEvent, lanes, failures } = run;
  const live = liveProbes({ pardot: run.pardot, full: range.full, onEvent, signal: run.abort });
  const fields = new Map<string, ReturnType<typeof live.fields>>();
  const probes: typeof live = { ...live, fields: (object, own) => fields.get(object.name) ?? live.fields(object, own) };
  // Beside the look-ups for the object's windows; if it fails, the decision, which comes later in the list, fails with it.
  const readFields = async (object: CatalogObject): Promise<void> => {
    if (run.drain.aborted) return;
    const reading = live.fields(object, objectState(journal.state, object.name).fields);
    fields.set(object.name, reading);
    await Promise.allSettled([reading]);
  };
  const decisions = new Map<string, Decision>();
  const decide = async (object: CatalogObject): Promise<void> => {
    try {
      run.drain.throwIfAborted();
      const context = { ...run, state: journal.state, probes, now, range, signal: run.abort };
      decisions.set(object.name, await decideWindows(object, context));
    } catch (error) {
      failures.fail(object.name, error);
    }
  };
  const work = run.objects.flatMap((object) => [() => readFields(object), () => decide(object)]);
  await lanes.run(() => lanes.share(work, (next) => next()));
  await Promise.all(
    run.objects.map(async (object) => {
      const decision = decisions.get(object.name);
      if (decision === undefined) return;
      try {
        await scheduleObject(object, decision, { ...run, range }, now);
      } catch (error) {
        failures.fail(object.name, error);
      }
    }),
  );
  const windows = run.objects.flatMap(({ name }) => objectState(journal.state, name).windows);
  const resumed = windows.filter((window) => window.plannedBy !== run.id);
  const files = resumed.reduce((sum, window) => sum + window.files.length, 0);
  if (resumed.length > 0) onEvent({ type: "run-resumed", windows: resumed.length, files });
}

async function scheduleObject(
  object: CatalogObject,
  decision: Decision,
  run: Run & { readonly range: RangeRequest },
  now: Instant,
): Promise<void> {
  const { onEvent, range } = run;
  const { name } = object;
  const { gap, open, windows, fields, reason } = decision;
  const zone = zoneOf(object, run.config.pardot.timeZone);
  if (gap !== null && !range.acceptGap) {
    const message = `--since leaves out ${isoInstant(gap.from)} to ${isoInstant(gap.to)}: the next plain run fills this gap, unless you add --accept-gap`;
    warn(onEvent, "run.gap", message, name);
  }
  if (object.watermark === null) warnOfOldReading(object, decision, onEvent);
  await run.journal.record([
    ...decision.dropped.map(({ id }): Change => ({ type: "dropped", object: name, window: id })),
    ...(gap === null ? [] : [{ type: "gap" as const, object: name, ...gap, accepted: range.acceptGap }]),
    ...fields,
    ...forgottenEmails(object, range),
    { type: "planned", object: name, runId: run.id, zone, windows },
  ]);
  onEvent({
    type: "object-planned",
    object: name,
    process: object.way.process,
    windows: open.length + windows.length,
    from: windows[0]?.from ?? now,
    to: windows.at(-1)?.to ?? now,
    reason,
  });
}

/**
 * The change that `--full` records for an object read by list email, whose windows do not show which data is read
 * again.
 */
function forgottenEmails(object: CatalogObject, { full }: RangeRequest): Change[] {
  if (!full || !isPerEmail(object)) return [];
  return [{ type: "emails-forgotten", object: object.name, marksActivity: object.way.email.which === "active" }];
}

/**
 * If an earlier run started to read an object that is always read in full, that read is finished before the next
 * starts.
 */
function warnOfOldReading({ name }: CatalogObject, { open, windows }: Decision, onEvent: OnEvent): void {
  const [started] = windows.length > 0 ? [] : open;
  if (started === undefined) return;
  const message = `the read as of ${isoInstant(started.to)} is finished first; changes since then to records it had already read come with the next run`;
  warn(onEvent, READ_OVER_RUNS, message, name);
}

/** Code of the warning that a full read spans two runs. */
export const READ_OVER_RUNS = "object.read-over-runs";
