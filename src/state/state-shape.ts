import { z } from "zod";
import { RUN_STATES } from "./run-record.ts";
import { count, texts, textOrNull } from "./shape.ts";
import type { Change } from "./state.ts";

/** The shape that an entry of the journal must have before it is used. */
export const ENTRY_HEAD: z.ZodType = z.looseObject({
  format_version: z.int().positive(),
  sequence: z.int().positive(),
  base: z.int().positive(),
  run_id: z.string(),
  written_at: z.string(),
  changes: z.array(z.unknown()).optional(),
  columns: z.array(texts).optional(),
});

const interval = { from: z.int(), to: z.int() };

const file = z.looseObject({
  key: z.string(),
  rows: count,
  bytes: count,
  sha256: z.string(),
  minWatermark: textOrNull,
  maxWatermark: textOrNull,
  exportId: textOrNull,
  // A number is the place of the list in the entry.
  columns: z.union([texts, count]),
  readAt: z.int().optional(),
});

/** The shape of a document of landed files, which an open window lists in `parts`. */
export const LANDED_FILES: z.ZodType = z.array(file);

const part = z.looseObject({ key: z.string(), files: count, rows: count, maxWatermark: textOrNull });

const reject = z.looseObject({ id: textOrNull, column: textOrNull, reason: z.string() });

const planned = { ...interval, field: textOrNull, askFrom: z.int() };

const openWindow = z.looseObject({
  ...planned,
  id: z.string(),
  plannedBy: z.string(),
  groups: z.array(texts),
  exports: z.array(z.looseObject({ group: count, exportId: z.string(), askedAt: z.int() })),
  cursor: textOrNull,
  files: z.array(file),
  parts: z.array(part).optional(),
  named: texts.optional(),
  rejects: z.array(reject).optional(),
  done: z.boolean(),
});

const fields = z.looseObject({
  custom: z.array(z.looseObject({ field: z.string(), column: z.string() })),
  listed: texts.nullable(),
  reported: texts.nullable(),
  refused: texts,
  refusedProcedures: texts,
  refusedParameters: texts.optional(),
  ignoredFilters: texts.optional(),
});

const exportTime = z.looseObject({ ms: count, spanMs: count });

const objectState = z.looseObject({
  zone: textOrNull,
  coverage: z.array(z.looseObject(interval)),
  windows: z.array(openWindow),
  watermark: textOrNull,
  filesCommitted: count,
  rowsCommitted: count,
  recentRows: z.array(z.looseObject({ day: z.string(), rows: count })).optional(),
  notLoaded: z.array(file),
  exportIds: texts.optional(),
  exportTime: exportTime.optional(),
  fields,
  searches: z.array(z.looseObject({ ...interval, since: z.string(), until: z.int() })).optional(),
});

const ledgerDay = { day: z.string(), reserved: count };

const run = {
  runId: z.string(),
  startedAt: z.string(),
  finishedAt: textOrNull,
  rows: count,
  files: count,
  calls: count,
  firstEntry: z.int().positive().optional(),
  warnings: z.array(z.looseObject({ code: z.string(), objects: texts, message: z.string(), count })).optional(),
};

export const SNAPSHOT: z.ZodType = z.looseObject({
  businessUnit: textOrNull,
  unitName: textOrNull.optional(),
  objects: z.record(z.string(), objectState),
  emails: z.looseObject({ shards: z.record(z.string(), z.string()), objects: texts, forgotten: texts }),
  ledger: z.looseObject({ ...ledgerDay, previous: z.looseObject(ledgerDay).nullable() }),
  runs: z.array(z.looseObject({ ...run, status: z.enum(RUN_STATES) })),
});

const object = { object: z.string() };
const window = { ...object, window: z.string() };
const onDay = z.looseObject({ day: z.string(), calls: count });

export const CHANGES: Readonly<Record<Change["type"], z.ZodType>> = {
  "run-started": z.looseObject({ businessUnit: z.string(), runId: z.string(), at: z.string() }),
  planned: z.looseObject({
    ...object,
    runId: z.string(),
    zone: z.string(),
    windows: z.array(z.looseObject(planned)),
  }),
  gap: z.looseObject({ ...object, ...interval, accepted: z.boolean() }),
  dropped: z.looseObject(window),
  "export-created": z.looseObject({
    ...window,
    exportId: z.string(),
    at: z.int(),
    group: count.optional(),
    groups: z.array(texts).optional(),
  }),
  "export-lost": z.looseObject({ ...window, exportId: z.string(), reason: z.string() }),
  landed: z.looseObject({ ...window, file, cursor: textOrNull }),
  "files-moved": z.looseObject({ ...window, part }),
  rejected: z.looseObject({ ...window, exportId: textOrNull, rejects: z.array(reject) }),
  "window-done": z.looseObject({ ...window, exportTime: exportTime.optional() }),
  committed: z.looseObject({
    ...object,
    manifest: z.string(),
    windows: texts,
    open: texts.optional(),
    load: z.boolean(),
  }),
  "to-search": z.looseObject({ ...object, windows: z.array(z.looseObject({ ...interval, plannedBy: z.string() })) }),
  searched: z.looseObject({ ...object, at: z.int() }),
  loaded: z.looseObject({ ...object, keys: texts }),
  "emails-seen": z.looseObject({
    pairs: z.array(z.looseObject({ listEmailId: z.string(), emailId: z.string() })),
    isActivity: z.boolean(),
  }),
  "emails-read": z.looseObject({
    ...object,
    outcome: z.enum(["landed", "unreadable"]),
    at: z.string(),
    listEmailIds: texts,
    clearsActivity: z.boolean(),
  }),
  "emails-forgotten": z.looseObject({ ...object, marksActivity: z.boolean() }),
  "fields-seen": z.looseObject({ ...object, listed: texts, added: fields.shape.custom }),
  "fields-reported": z.looseObject(object),
  "fields-refused": z.looseObject({ ...object, fields: texts }),
  "procedure-refused": z.looseObject({ ...object, procedure: z.string() }),
  "parameter-refused": z.looseObject({ ...object, parameter: z.string() }),
  "filter-ignored": z.looseObject({ ...object, filter: z.string() }),
  "refusals-forgotten": z.looseObject(object),
  "calls-reserved": onDay,
  "calls-returned": onDay,
  "run-finished": z.looseObject({
    ...run,
    status: z.enum(RUN_STATES),
    unitName: textOrNull.optional(),
    read: z.looseObject({ day: z.string(), rows: z.record(z.string(), count) }).optional(),
  }),
};
