import { spoolGroupFile } from "../land/group-file.ts";
import type { GroupFile } from "../land/group-file.ts";
import { landJoinedFile } from "../land/joined-file.ts";
import { keyField } from "../land/result-header.ts";
import type { ExpectedFile } from "../land/result-header.ts";
import type { ExportStatus } from "../pardot/pardot.ts";
import { exportedAt } from "../state/state.ts";
import type { ExportTime } from "../state/state.ts";
import { localZoneOf, rowBounds } from "./bounds.ts";
import { landingOf } from "./context.ts";
import type { BulkWindow } from "./context.ts";
import { fetchFile, forEachFile, resultFiles } from "./download.ts";
import type { ResultFile } from "./download.ts";
import { collectEmailPairs } from "./email-pairs.ts";
import { ExportGone } from "./export-queue.ts";
import type { ExportJob } from "./export-queue.ts";
import { objectFields, wantedFields } from "./fields.ts";

/** A complete export of one group. */
interface Complete {
  readonly job: ExportJob;
  readonly status: ExportStatus;
}

/**
 * A window whose fields come in several exports. Nothing is fetched before the last of them is complete, so that a kill
 * in between costs no download twice; then all files are fetched, joined and landed as one, and the window is done.
 */
export class JoinedWindow {
  readonly #progress: BulkWindow;
  readonly #groups: readonly (readonly string[])[];
  /**
   * A lost export stays in the list until its replacement is complete; then the others, which may be lost too, are
   * fetched again.
   */
  readonly #complete = new Map<number, Complete>();

  constructor(progress: BulkWindow, groups: readonly (readonly string[])[]) {
    this.#progress = progress;
    this.#groups = groups;
  }

  /**
   * Takes the complete export of a group; the last one lands them all. Throws `ExportGone` as `ExportJob.land` does.
   */
  async land(job: ExportJob, status: ExportStatus, took: ExportTime | null): Promise<void> {
    this.#complete.set(job.group, { job, status });
    if (this.#complete.size < this.#groups.length) return;
    const files: GroupFile[] = [];
    try {
      await this.#fetch(files);
      await this.#join(files, took);
    } finally {
      for (const file of files) await file.scratch.discard();
    }
  }

  async #fetch(files: GroupFile[]): Promise<void> {
    const todo = [...this.#complete.values()].flatMap(({ job, status }) =>
      resultFiles(status).map((file) => ({ job, file })),
    );
    const work = async ({ job, file }: { job: ExportJob; file: ResultFile }): Promise<void> => {
      try {
        files.push(await this.#fetchOne(job.group, file));
      } catch (error) {
        throw new ExportGone({ job, exportId: file.exportId }, error);
      }
    };
    await forEachFile(todo, work, this.#progress.extraction);
    // They arrived in any order.
    files.sort((a, b) => a.group - b.group || a.fileId.localeCompare(b.fileId, "en", { numeric: true }));
  }

  #fetchOne(group: number, { exportId, fileId, reference }: ResultFile): Promise<GroupFile> {
    const { about, extraction } = this.#progress;
    const common = this.#expected();
    const reading = this.#progress.reading(common.columns);
    const expected = { ...common, reading, fields: this.#requestedGroups()[group] ?? [] };
    const bounds = rowBounds(this.#progress);
    const take = async (body: AsyncIterable<Uint8Array>): Promise<GroupFile> => {
      const rejects = this.#progress.openRejects();
      return spoolGroupFile(body, { ...expected, group, exportId, fileId, bounds, rejects }, landingOf(extraction));
    };
    return fetchFile(reference, about, take, extraction);
  }

  async #join(files: readonly GroupFile[], took: ExportTime | null): Promise<void> {
    const { object, window, current, extraction } = this.#progress;
    const pairs = collectEmailPairs(object);
    const expected = {
      ...this.#expected(),
      groups: this.#requestedGroups(),
      rejects: this.#progress.openRejects(),
      span: window,
      readAt: exportedAt(current),
      tap: pairs.tap,
    };
    const { file, rejects } = await landJoinedFile(files, expected, landingOf(extraction));
    // Recorded together with the end of the window, so no kill can come in between.
    const landed = file === null ? [] : [this.#progress.landed(file, null)];
    const rejected = this.#progress.rejected(files[0]?.exportId ?? null, rejects);
    await this.#progress.done([...landed, ...rejected, ...pairs.changes()], took);
  }

  /** The fields of the window's exports: as laid out when the first was requested, without those refused or dropped since. */
  #requestedGroups(): readonly (readonly string[])[] {
    const { object, current, fields } = this.#progress;
    const laidOut = current.groups.length > 0 ? current.groups : this.#groups;
    return laidOut.map((group) => wantedFields(object, fields, group));
  }

  #expected(): Omit<ExpectedFile, "fields"> {
    const { object, fields } = this.#progress;
    const { columns } = objectFields(object, fields);
    const localZone = localZoneOf(this.#progress);
    return { object: object.name, columns, key: keyField(object), watermark: object.watermark, localZone };
  }
}
