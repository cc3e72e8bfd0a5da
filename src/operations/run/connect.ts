import { rangeAt } from "../../plan/wish.ts";
import type { RangeRequest } from "../../plan/wish.ts";
import { assertSound, connectPardot, unitName } from "../pardot.ts";
import type { Connection } from "../pardot.ts";
import type { Run } from "./context.ts";

/**
 * Verifies the credentials and adopts Pardot's time, which settles the range. Throws if that fails, or if Pardot's time
 * cannot be right.
 */
export async function connect(run: Run): Promise<Connection & { readonly range: RangeRequest }> {
  const connection = await connectPardot(run.pardot, run.time, { onEvent: run.onEvent, signal: run.drain });
  run.onEvent({ type: "unit-known", unitName: unitName(connection.account, run.config) });
  assertSound(connection.now, run.found.state, run);
  await run.budget.dayIsKnown();
  const { usage } = run.pardot;
  run.onEvent({
    type: "limits-known",
    callsBudget: run.config.pardot.dailyCallBudget,
    quotaUsed: usage?.used ?? null,
    quotaMax: usage?.max ?? null,
  });
  return { ...connection, range: rangeAt(run.wish, connection.now) };
}
