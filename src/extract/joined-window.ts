import type { CatalogObject } from "../catalog/catalog.ts";
import { exportedAt, objectState, openWindow } from "../state/state.ts";
import type { OpenWindow } from "../state/state.ts";
import { spoolGroupFile } from "../land/group-file.ts";
import type { GroupFile } from "../land/group-file.ts";
import { landJoinedFile } from "../land/joined-file.ts";
import type { ExpectedFile } from "../land/result-header.ts";
import type { ExportStatus } from "../pardot/pardot.ts";
import { keyField } from "./ask-export.ts";
import { fetchFile, forEachFile, resultFiles } from "./download.ts";
import type { ResultFile } from "./download.ts";
import { collectEmailPairs } from "./email-pairs.ts";
import { LostExport } from "./export-queue.ts";
import type { ExportJob } from "./export-queue.ts";
import { landingOf } from "./extraction.ts";
import type { Extraction } from "./extraction.ts";
import { objectFields } from "./fields.ts";
import { rowBounds } from "./row-bounds.ts";
import { openRejects, rejectedChanges } from "./set-aside.ts";
import { windowDone } from "./window-done.ts";

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
  readonly #object: CatalogObject;
  readonly #window: OpenWindow;
  readonly #groups: readonly (readonly string[])[];
  readonly #extraction: Extraction;
  /** One that is lost stays until it comes again: that is when the others, which may be lost too, are looked at anew. */
  readonly #complete = new Map<number, Complete>();

  constructor(
    object: CatalogObject,
    window: OpenWindow,
    groups: readonly (readonly string[])[],
    extraction: Extraction,
  ) {
    this.#object = object;
    this.#window = window;
    this.#groups = groups;
    this.#extraction = extraction;
  }

  /** Takes the complete export of a group; the last one lands them all. Throws `LostExport` as `ExportJob.land` does. */
  async take(job: ExportJob, status: ExportStatus): Promise<void> {
    this.#complete.set(job.group, { job, status });
    if (this.#complete.size < this.#groups.length) return;
    const files: GroupFile[] = [];
    try {
      await this.#fetch(files);
      await this.#land(files);
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
        throw new LostExport({ job, exportId: file.exportId }, error);
      }
    };
    await forEachFile(todo, work, this.#extraction);
    // They came as the network brought them.
    files.sort((a, b) => a.group - b.group || a.fileId.localeCompare(b.fileId, "en", { numeric: true }));
  }

  #fetchOne(group: number, { exportId, fileId, reference }: ResultFile): Promise<GroupFile> {
    const object = this.#object.name;
    const landing = landingOf(this.#extraction);
    const call = { object, window: this.#window.id };
    const expected = { ...this.#expected(), fields: this.#askedGroups()[group] ?? [] };
    const bounds = rowBounds(this.#object, this.#window, this.#extraction);
    const take = async (body: AsyncIterable<Uint8Array>): Promise<GroupFile> => {
      const rejects = openRejects(this.#object, this.#extraction);
      return spoolGroupFile(body, { ...expected, group, exportId, fileId, bounds, rejects }, landing);
    };
    return fetchFile(reference, call, take, this.#extraction);
  }

  async #land(files: readonly GroupFile[]): Promise<void> {
    const { journal } = this.#extraction;
    const { name: object } = this.#object;
    const rejects = openRejects(this.#object, this.#extraction);
    const pairs = collectEmailPairs(this.#object);
    const expected = {
      ...this.#expected(),
      groups: this.#askedGroups(),
      rejects,
      span: this.#window,
      readAt: exportedAt(openWindow(journal.state, object, this.#window.id)),
      tap: pairs.tap,
    };
    const { file, rejects: refused } = await landJoinedFile(files, expected, landingOf(this.#extraction));
    const window = this.#window.id;
    const landed = file === null ? [] : [{ type: "landed", object, window, file, cursor: null } as const];
    // The window is done with them: no kill can come in between.
    const exportId = files[0]?.exportId ?? null;
    const rejected = rejectedChanges(this.#object, this.#window, exportId, refused, this.#extraction);
    await windowDone(this.#object, this.#window, this.#extraction, [...landed, ...rejected, ...pairs.changes()]);
  }

  /** What the window's exports were asked for: as laid out when the first was, without what was refused since. */
  #askedGroups(): readonly (readonly string[])[] {
    const { state } = this.#extraction.journal;
    const { groups } = openWindow(state, this.#object.name, this.#window.id);
    const { refused } = objectState(state, this.#object.name).fields;
    const laidOut = groups.length > 0 ? groups : this.#groups;
    return laidOut.map((fields) => fields.filter((field) => !refused.includes(field)));
  }

  #expected(): Omit<ExpectedFile, "fields"> {
    const { name, watermark } = this.#object;
    const { fields } = objectState(this.#extraction.journal.state, name);
    const { columns } = objectFields(this.#object, fields);
    return { object: name, columns, key: keyField(this.#object), watermark };
  }
}
