import { assertReached } from "../../plan/wish.ts";
import { assertSound, connectPardot } from "../pardot.ts";
import type { Connection } from "../pardot.ts";
import type { Run } from "./context.ts";

/** Verifies the credentials and adopts Pardot's time. Throws if that fails, or if Pardot's time cannot be right. */
export async function connect(run: Run): Promise<Connection> {
  const connection = await connectPardot(run.pardot, run.time, { onEvent: run.onEvent, signal: run.drain });
  assertSound(connection.now, run.found.state, run);
  await run.budget.dayIsKnown();
  assertReached(run.range, connection.now);
  return connection;
}
