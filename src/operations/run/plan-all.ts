import type { CatalogObject } from "../../catalog/catalog.ts";
import { objectState } from "../../state/state.ts";
import type { Change } from "../../state/state.ts";
import type { OnEvent } from "../../events.ts";
import type { Extraction } from "../../extract/context.ts";
import type { Stretch } from "../../plan/gaps.ts";
import type { RangeWish } from "../../plan/wish.ts";
import { isoInstant } from "../../time/instant.ts";
import type { Warehouse } from "../../warehouse/warehouse.ts";
import { askPardot } from "./lookups.ts";
import type { Outcomes } from "./outcomes.ts";
import { prepareObject } from "./prepare.ts";
import type { Prepared } from "./prepare.ts";
import type { Connection } from "../session.ts";

export interface PlanAllInput {
  readonly wish: RangeWish;
  readonly connection: Connection;
  readonly warehouse: Warehouse;
  readonly runId: string;
  readonly outcomes: Outcomes;
  readonly extraction: Extraction;
}

/** Plans each object and puts its windows on the books before anything is asked for. */
export async function planAll(objects: readonly CatalogObject[], input: PlanAllInput): Promise<void> {
  const { config, journal, onEvent, drain, abort: signal } = input.extraction;
  const lookups = askPardot({ pardot: input.connection.pardot, full: input.wish.full, onEvent, signal });
  for (const object of objects) {
    try {
      drain.throwIfAborted();
      const prepared = await prepareObject(object, {
        config,
        state: journal.state,
        warehouse: input.warehouse,
        lookups,
        now: input.connection.now,
        wish: input.wish,
        onEvent,
        signal,
      });
      const { name } = object;
      const dropped = prepared.dropped.map((window): Change => ({ type: "dropped", object: name, window: window.id }));
      const zone = config.pardot.timeZone;
      const { runId } = input;
      const { gap } = prepared;
      const accepted = input.wish.acceptGap;
      const left = gap === null ? [] : [{ type: "gap" as const, object: name, ...gap, accepted }];
      if (gap !== null && !accepted) warnOfGap(name, gap, onEvent);
      if (object.watermark === null) warnOfOldReading(object, prepared, onEvent);
      await journal.record([
        ...dropped,
        ...left,
        ...prepared.fields,
        ...forgottenEmails(object, input.wish),
        { type: "planned", object: name, runId, zone, windows: prepared.windows },
      ]);
      onEvent({
        type: "object-planned",
        object: name,
        process: object.v4.process,
        windows: prepared.open.length + prepared.windows.length,
        from: prepared.windows[0]?.from ?? input.connection.now,
        to: prepared.windows.at(-1)?.to ?? input.connection.now,
        reason: prepared.reason,
      });
    } catch (error) {
      input.outcomes.fail(object.name, error);
    }
  }
  const windows = objects.flatMap(({ name }) => objectState(journal.state, name).windows);
  const resumed = windows.filter((window) => window.plannedBy !== input.runId);
  const files = resumed.reduce((sum, window) => sum + window.files.length, 0);
  if (resumed.length > 0) onEvent({ type: "run-resumed", windows: resumed.length, files });
}

/** What `--full` records of an object that is read by list e-mail: its windows do not tell what is read again. */
function forgottenEmails({ name, v4 }: CatalogObject, wish: RangeWish): Change[] {
  if (!wish.full || v4.email === undefined) return [];
  return [{ type: "emails-forgotten", object: name, marksActivity: v4.email.which === "active" }];
}

/** An object that is always read in full and whose reading an earlier run began is finished before it is begun again. */
function warnOfOldReading({ name }: CatalogObject, { open, windows }: Prepared, onEvent: OnEvent): void {
  const [begun] = windows.length > 0 ? [] : open;
  if (begun === undefined) return;
  const message = `the reading of ${isoInstant(begun.to)} is finished first: what has changed since in records that it had read comes with the next run`;
  onEvent({ type: "warning", code: READ_OVER_RUNS, object: name, message });
}

/** Code of the warning that a full reading is of two runs. */
export const READ_OVER_RUNS = "object.read-over-runs";

function warnOfGap(object: string, gap: Stretch, onEvent: OnEvent): void {
  const message = `--since leaves out ${isoInstant(gap.from)} to ${isoInstant(gap.to)}: the next plain run fills it, unless --accept-gap gives it up`;
  onEvent({ type: "warning", code: "run.gap", object, message });
}
