import type { State } from "../state/state.ts";
import { RemoteError } from "../errors.ts";
import { DAY_MS, isoInstant } from "../time/instant.ts";
import type { Instant } from "../time/instant.ts";
import { roughly } from "../time/roughly.ts";
import type { Surroundings } from "./api.ts";

/** A machine is seldom set wrong by more; a simulated account often is. */
const OFF_MAX_MS = 60 * 60 * 1000;

/**
 * Holds Pardot's time against ours and against that of earlier runs. More than an hour off ours is a warning: one of the
 * two is wrong, and windows go by Pardot's. More than a day off ours and before an earlier run's is an error (exit 5):
 * such a run would read nothing and call it complete.
 */
export function heedDate(
  now: Instant,
  state: State,
  { clock, onEvent }: Pick<Surroundings, "clock" | "onEvent">,
): void {
  const off = clock.now() - now;
  if (Math.abs(off) <= OFF_MAX_MS) return;
  const last = lastKnown(state);
  if (Math.abs(off) > DAY_MS && last !== null && now < last) {
    throw new RemoteError(
      `read Pardot's time: its Date header says ${isoInstant(now)}, ${roughly(last - now)} before the end of what earlier runs read`,
      {
        code: "pardot.clock-back",
        hint: "Nothing was read and what was committed stays. See whether a proxy answers for Pardot, then run again; a simulated account that began again needs a destination of its own.",
      },
    );
  }
  const message = `this machine's clock is ${roughly(off)} ${off > 0 ? "ahead of" : "behind"} Pardot's; windows go by Pardot's`;
  onEvent({ type: "warning", code: "clock.off", object: null, message });
}

/** Pardot's time in the latest of the runs before: what it covered, or meant to cover, ends there. */
function lastKnown(state: State): Instant | null {
  const ends = Object.values(state.objects).flatMap(({ coverage, windows }) =>
    [...coverage, ...windows].map(({ to }) => to),
  );
  return ends.reduce<Instant | null>((latest, end) => (latest === null || end > latest ? end : latest), null);
}
