import type { BulkObject, CatalogObject, Column } from "../catalog/catalog.ts";
import type { Config } from "../config/config.ts";
import { FORMATS } from "../encode/formats.ts";
import { keyedHash } from "../encode/protect.ts";
import type { KeyedHash, Protection } from "../encode/protect.ts";
import type { Reject } from "../encode/reject.ts";
import type { About, OnEvent } from "../events.ts";
import type { Converter, Landing } from "../land/land.ts";
import { ProtectedReading } from "../land/protected-file.ts";
import { Rejects, tooManyRejects } from "../land/rejects.ts";
import type { Pardot } from "../pardot/pardot.ts";
import type { Clock } from "../platform/clock.ts";
import type { Lanes } from "../platform/lanes.ts";
import type { Random } from "../platform/random.ts";
import type { FieldState } from "../state/field-state.ts";
import type { Journal } from "../state/journal.ts";
import { moveFilesOut } from "../state/file-parts.ts";
import { rejectsIn } from "../state/rejects.ts";
import { objectState, openWindow } from "../state/state.ts";
import type { Change, ExportTime, LandedFile, OpenWindow } from "../state/state.ts";
import type { Storage } from "../storage/storage.ts";
import type { Instant } from "../time/instant.ts";

/** Everything that extracting needs, passed in by the run. */
export interface Extraction {
  readonly config: Config;
  readonly pardot: Pardot;
  readonly storage: Storage;
  /** Converts files to the configured format; null when this process writes it. */
  readonly converter: Converter | null;
  readonly journal: Journal;
  readonly clock: Clock;
  /** Pardot's time, as accurately as it is known. */
  readonly pardotNow: () => Instant;
  readonly random: Random;
  readonly onEvent: OnEvent;
  /** Aborted on a stop request: nothing new begins. */
  readonly drain: AbortSignal;
  /** As many as requests may be in flight. */
  readonly lanes: Lanes;
  /** Aborted at the end of the grace period: work in flight is cut. */
  readonly abort: AbortSignal;
}

/** Where and how the files of a run land. */
export function landingOf({ config, storage, converter, random, onEvent, abort: signal }: Extraction): Landing {
  const { tmpDir: dir, format, compression } = config.etl;
  const spool = { dir, compression, random, signal };
  return { storage, format: FORMATS[format], converter, hash: hashOf(config), spool, onEvent };
}

function hashOf({ etl: { hashKey } }: Config): KeyedHash | null {
  return hashKey === undefined ? null : keyedHash(hashKey.reveal());
}

/** A window while it is extracted: what the journal knows about it, and how its progress is recorded. */
export class WindowInProgress<O extends CatalogObject = CatalogObject> {
  readonly object: O;
  /** The window at the start of this run's work on it. */
  readonly window: OpenWindow;
  readonly extraction: Extraction;
  #isMoving = false;

  constructor(object: O, window: OpenWindow, extraction: Extraction) {
    this.object = object;
    this.window = window;
    this.extraction = extraction;
  }

  /** The window with everything recorded so far. */
  get current(): OpenWindow {
    return openWindow(this.extraction.journal.state, this.object.name, this.window.id);
  }

  /** Known facts about the object's fields. */
  get fields(): FieldState {
    return objectState(this.extraction.journal.state, this.object.name).fields;
  }

  get about(): About & { readonly object: string; readonly window: string } {
    return { object: this.object.name, window: this.window.id };
  }

  /**
   * What may be seen of the object's records, with these columns in its files; null: everything. `columns`: default, the
   * object's own.
   */
  protection(columns: readonly Column[] = this.object.columns): Protection | null {
    const { protect, way } = this.object;
    if (protect === undefined) return null;
    return { columns, hash: hashOf(this.extraction.config), isEmptyNull: way.api === "v4" };
  }

  /** The same for one result file, over all its downloads. */
  reading(columns: readonly Column[]): ProtectedReading | null {
    const protection = this.protection(columns);
    return protection === null ? null : new ProtectedReading(protection);
  }

  /** Collects the object's records that cannot be encoded, up to what is left of PARDOT_ETL_MAX_REJECTS. */
  openRejects(): Rejects {
    return new Rejects(this.object.name, this.extraction.config.etl.maxRejects - this.#rejectCount());
  }

  /**
   * The changes to record together with the landed file that these records came with, so that a kill neither loses nor
   * doubles them. Throws DataError (exit 6) when there are too many with those of the object's other windows.
   */
  rejected(exportId: string | null, rejects: readonly Reject[]): Change[] {
    const [first] = rejects;
    if (first === undefined) return [];
    const { config, onEvent } = this.extraction;
    const object = this.object.name;
    if (this.#rejectCount() + rejects.length > config.etl.maxRejects) {
      throw tooManyRejects(object, rejects.at(-1) ?? null);
    }
    const which =
      first.id === null ? "" : `, among them ${first.id}${first.column === null ? "" : ` (${first.column})`}`;
    const message = `${rejects.length === 1 ? "a record" : `${rejects.length} records`} of ${object} cannot be encoded${which}: set aside in _pardot_etl/rejects, with the reason`;
    onEvent({ type: "warning", code: "data.rejected", object, message });
    return [{ type: "rejected", ...this.about, exportId, rejects }];
  }

  #rejectCount(): number {
    return rejectsIn(objectState(this.extraction.journal.state, this.object.name)).length;
  }

  /** The change that records a landed file; `cursor`: the last record in it, null for a file of an export. */
  landed(file: LandedFile, cursor: string | null): Change {
    return { type: "landed", ...this.about, file, cursor };
  }

  /** Keeps the number of files in the state small. One move at a time: the next landing sees to the rest. */
  async moveFilesOut(): Promise<void> {
    if (this.#isMoving) return;
    this.#isMoving = true;
    const { journal, storage, abort } = this.extraction;
    try {
      await moveFilesOut(this.about, journal, storage, abort);
    } finally {
      this.#isMoving = false;
    }
  }

  /** Records that every file of the window has landed, after the changes in `before`. `took`: what its export took. */
  async done(before: readonly Change[] = [], took: ExportTime | null = null): Promise<void> {
    const { journal, onEvent } = this.extraction;
    const known = took === null ? {} : { exportTime: took };
    await journal.record([...before, { type: "window-done", ...this.about, ...known }]);
    const rows = this.current.files.reduce((sum, file) => sum + file.rows, 0);
    onEvent({ type: "window-finished", ...this.about, rows });
  }
}

export type BulkWindow = WindowInProgress<BulkObject>;
