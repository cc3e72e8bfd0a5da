import { lastNote } from "../../state/call-stores.ts";
import type { State } from "../../state/state.ts";
import type { Storage } from "../../storage/storage.ts";
import { DAY_MS } from "../../time/instant.ts";
import type { Instant } from "../../time/instant.ts";
import { localDay } from "../../time/zone.ts";

/**
 * Pardot's time now, by the difference of the clocks that the destination remembers: calls are counted on Pardot's day,
 * and Pardot is not called here. `zone`: where the account's day turns.
 */
export async function accountClock(
  state: State,
  zone: string,
  now: Instant,
  storage: Storage,
  signal: AbortSignal,
): Promise<Instant> {
  const run = state.runs.findLast(({ aheadMs, finishedAt }) => aheadMs !== undefined && finishedAt !== null);
  const note = await lastNote(storage, signal);
  if (note !== null && note.at > Date.parse(run?.finishedAt ?? "1970-01-01")) return now + note.aheadMs;
  return now + (run?.aheadMs ?? aheadByDay(state, zone));
}

/** For records of earlier versions, and a first run that has not ended: whole days, or 0 if midnight explains the difference. */
function aheadByDay(state: State, zone: string): number {
  const last = state.runs.at(-1);
  if (last === undefined || state.ledger.day === "") return 0;
  const own = localDay(Date.parse(last.finishedAt ?? last.startedAt), zone);
  const days = Math.round((Date.parse(state.ledger.day) - Date.parse(own)) / DAY_MS);
  return Math.abs(days) > 1 ? days * DAY_MS : 0;
}
