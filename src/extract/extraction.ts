import type { Config } from "../config/config.ts";
import type { Journal } from "../state/journal.ts";
import { csvEncoder } from "../encode/csv-write.ts";
import type { OnEvent } from "../events.ts";
import type { Landing } from "../land/land.ts";
import type { Pardot } from "../pardot/pardot.ts";
import type { Clock } from "../platform/clock.ts";
import type { Random } from "../platform/random.ts";
import type { Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";

/** What the processes work with: one explicit object, handed in by the run. */
export interface Extraction {
  readonly config: Config;
  readonly pardot: Pardot;
  readonly storage: Storage;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Pardot's time, as well as it is known. */
  readonly pardotNow: () => Instant;
  readonly random: Random;
  readonly onEvent: OnEvent;
  /** Aborted when somebody asked to stop: nothing new is begun. */
  readonly stop: AbortSignal;
  /** Aborted when the grace is over: what is under way is cut. */
  readonly signal: AbortSignal;
}

/** Where and how the files of a run land. */
export function landingOf({ config, storage, random, onEvent, signal }: Extraction): Landing {
  const { tmpDir: dir, compression } = config.etl;
  return { storage, format: csvEncoder, spool: { dir, compression, random, signal }, onEvent };
}
