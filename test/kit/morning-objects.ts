import { createHash } from "node:crypto";
import { catalog } from "../../src/catalog/index.ts";
import type { CatalogObject } from "../../src/catalog/catalog.ts";
import { DataError, exitCodeOf, failureOf, LimitError, PardotEtlError, RemoteError } from "../../src/errors.ts";
import { exportFileName, queryFileName } from "../../src/land/names.ts";
import { manifestFile } from "../../src/manifest/manifest.ts";
import type { Manifest, ManifestObject, ManifestWarning } from "../../src/manifest/manifest.ts";
import { rejectedError } from "../../src/operations/run/failures.ts";
import type { FieldDrift } from "../../src/state/field-state.ts";
import { windowId } from "../../src/state/state.ts";
import type { Change, LandedFile, PlannedWindow } from "../../src/state/state.ts";
import { DAY_MS, HISTORY_START, isoInstant } from "../../src/time/instant.ts";
import type { Instant } from "../../src/time/instant.ts";

// One object in one run of `mornings.ts`: what it read, its entry in the manifest, and the changes of the state.

/** When the morning's run began, a Friday. */
export const MORNING: Instant = Date.parse("2026-03-20T06:00:00Z");

/** Rows of an ordinary day; the first run has read the history. */
const ORDINARY: Readonly<Record<string, number>> = {
  VisitorActivity: 8400,
  Prospect: 1250,
  ListMembership: 640,
  Visitor: 5100,
  ProspectAccount: 60,
  Campaign: 48,
  Form: 6,
  Tag: 4,
  TagObject: 35,
  Opportunity: 22,
  EmailClick: 310,
  List: 9,
  Account: 1,
  Email: 3,
};

/** In plan order. */
export const OBJECTS_READ: readonly string[] = Object.keys(ORDINARY);

/** Why an object is not complete. */
type Shortfall = "export" | "refused" | "waiting" | "quota";

export interface ObjectDay {
  readonly object: string;
  /** 0: that morning's run; -1: that of the day before. */
  readonly day: number;
  readonly rows: number;
  /** Default: complete. */
  readonly short: Shortfall | null;
  readonly drift: FieldDrift;
  readonly refused: readonly string[];
  readonly rejects: readonly { readonly id: string | null; readonly column: string | null }[];
  readonly calls: Readonly<Record<string, number>>;
}

/** A good run's. */
export function plainDay(object: string, day: number): ObjectDay {
  const ordinary = ORDINARY[object] ?? 0;
  const isWeekend = [0, 6].includes(new Date(MORNING + (day - 1) * DAY_MS).getUTCDay());
  const wave = 0.8 + (0.4 * ((OBJECTS_READ.indexOf(object) * 37 + (day + 20) * 61) % 100)) / 100;
  const isFixed = object === "Account" || object === "Campaign";
  const rows = isFixed ? ordinary : Math.max(1, Math.round(ordinary * wave * (isWeekend ? 0.4 : 1)));
  const isBulk = entryOf(object).way.process === "bulk";
  return {
    object,
    day,
    rows: day === -14 && !isFixed ? rows * 90 : rows,
    short: null,
    drift: { appeared: [], vanished: [] },
    refused: [],
    rejects: [],
    calls: isBulk
      ? { "export create": 1, "export read": 6, "result file": 1 }
      : { [`${object.toLowerCase()} query`]: 1 + Math.ceil(rows / 200) },
  };
}

/** What the run warned of. */
export function warningsOf({ object, drift, refused }: ObjectDay): ManifestWarning[] {
  const { appeared, vanished } = drift;
  const warning = (code: string, message: string): ManifestWarning => ({ code, object, message });
  return [
    ...(appeared.length === 0
      ? []
      : [
          warning(
            "fields.appeared",
            `new since the last run: ${appeared.join(", ")}; earlier values are not read again`,
          ),
        ]),
    ...(vanished.length === 0
      ? []
      : [warning("fields.vanished", `gone since the last run: ${vanished.join(", ")}; their columns stay, as null`)]),
    ...(refused.length === 0
      ? []
      : [
          warning("fields.refused", `Pardot refuses to return ${refused.join(", ")}: left out, their columns are null`),
        ]),
  ];
}

function entryOf(object: string): CatalogObject {
  const entry = catalog.find(({ name }) => name === object);
  if (entry === undefined) throw new Error(`no object ${object}`);
  return entry;
}

/** The window of a day: from the run before, with the overlap; the first reads the history. */
function windowOf({ object, day }: ObjectDay): PlannedWindow {
  const { watermark } = entryOf(object);
  const to = MORNING + day * DAY_MS;
  if (watermark === null) return { field: null, from: HISTORY_START, to, askFrom: HISTORY_START };
  const from = day === -14 ? HISTORY_START : to - 2 * DAY_MS;
  return { field: watermark, from, to, askFrom: from };
}

/** None for an object without rows, and for one that was not read. */
function fileOf(read: ObjectDay): LandedFile | null {
  const { object, day, rows, short } = read;
  if (rows === 0 || short !== null) return null;
  const entry = entryOf(object);
  const window = windowOf(read);
  const sha256 = createHash("sha256").update(`${object} ${day}`).digest("hex");
  const exportId = entry.way.process === "bulk" ? exportIdOf(read) : null;
  const name =
    exportId === null
      ? queryFileName(object, window, sha256)
      : exportFileName(object, window, { exportId, fileId: `${exportId}1` }, null);
  const least = day === -14 ? Date.parse("2019-05-13T08:20:00Z") : window.from + 3_600_000;
  const text = (instant: Instant): string => isoInstant(instant).slice(0, 19).replace("T", " ");
  return {
    key: `${name}.csv`,
    rows,
    bytes: rows * 143 + 60,
    sha256,
    minWatermark: entry.watermark === null ? null : text(least),
    maxWatermark: entry.watermark === null ? null : text(window.to - 600_000),
    exportId,
    readAt: requestedAt(read),
    columns: ["id"],
  };
}

function exportIdOf({ object, day }: ObjectDay): string {
  return String(900_000 + (day + 14) * 10 + OBJECTS_READ.indexOf(object));
}

function requestedAt({ object, day }: ObjectDay): Instant {
  return MORNING + day * DAY_MS + 20_000 + OBJECTS_READ.indexOf(object) * 45_000;
}

/** Why an object is not complete, as the run records it. */
function errorOf({ object, short }: ObjectDay): PardotEtlError | null {
  switch (short) {
    case null:
      return null;
    case "export":
      return new RemoteError(`export ${object}: it was not complete after 6 h (PARDOT_EXPORT_TIMEOUT)`, {
        code: "export.timed-out",
        hint: "Run again: the next run takes over the export and requests no other.",
      });
    case "refused":
      return new RemoteError(`read ${object}: Pardot refused 6 attempts with 503 Service Unavailable`, {
        code: "pardot.failed",
        hint: "Run again later. If it happens again, see https://status.salesforce.com for your instance.",
      });
    case "waiting":
      return new DataError(`read ${object}: VisitorActivity, which names what to read, is failed in this run`, {
        code: "object.waiting",
        hint: `Run again: ${object} is read when VisitorActivity is complete.`,
      });
    case "quota":
      return new LimitError(
        "call Pardot: 20000 of the account's 25000 calls are used today by all integrations together; this tool stops at 80 % (PARDOT_QUOTA_SHARE)",
        {
          code: "limit.call-budget",
          hint: "Run again after 2026-03-21 00:00 (UTC), when the account's next day begins, or raise PARDOT_QUOTA_SHARE.",
        },
      );
  }
}

/** The error that a run ends with, null if it is complete. */
export function failedError(manifest: Manifest): PardotEtlError | null {
  const entry = manifest.objects.find(({ status }) => status === "failed" || status === "postponed");
  if (entry === undefined || entry.error === null) return rejectedError(manifest);
  const { message, code, hint, exit_code: exitCode } = entry.error;
  const details = { code, ...(hint === null ? {} : { hint }) };
  return exitCode === 4 ? new LimitError(message, details) : new RemoteError(message, details);
}

/** The object's entry in the manifest. */
export function objectEntry(read: ObjectDay): ManifestObject {
  const { object, short, drift, refused, rejects } = read;
  const { table, way } = entryOf(object);
  const error = errorOf(read);
  const file = fileOf(read);
  const { field, from, to } = windowOf(read);
  const window = { field, from: isoInstant(from), to: isoInstant(to) };
  return {
    object,
    table,
    process: way.process,
    api_version: "4",
    time_zone: "UTC",
    status: short === null ? "complete" : short === "quota" ? "postponed" : short === "waiting" ? "waiting" : "failed",
    error: error === null ? null : { ...failureOf(error), exit_code: exitCodeOf(error) },
    windows: short === null ? [window] : [],
    files: file === null ? [] : [manifestFile(file)],
    open_windows: short === null ? [] : [window],
    drift,
    refused_fields: refused,
    incomplete_rows: 0,
    rejected_rows: rejects.length,
    rejected_again: 0,
  };
}

/** What the run recorded of the object before it committed, or, if it was cut short, before it died. */
export function objectChanges(read: ObjectDay, runId: string, isCutShort = false): Change[] {
  const { object, short, drift } = read;
  const window = windowOf(read);
  const id = windowId(object, window);
  const file = fileOf(read);
  const planned: Change = { type: "planned", object, runId, zone: "UTC", windows: [window] };
  const { exportId = short === "export" ? exportIdOf(read) : null } = file ?? {};
  const requested: Change[] =
    exportId === null
      ? []
      : [{ type: "export-created", object, window: id, exportId, at: requestedAt(read), groups: [["id"]] }];
  const place = OBJECTS_READ.indexOf(object);
  if (isCutShort && place > 2) return [planned, ...(place === 3 ? requested : [])];
  const fields: Change[] = drift.appeared.length === 0 ? [] : listedFields(object, drift);
  if (short !== null) return [planned, ...requested, ...fields];
  const landed: Change[] = file === null ? [] : [{ type: "landed", object, window: id, file, cursor: null }];
  return [planned, ...requested, ...fields, ...landed, { type: "window-done", object, window: id }];
}

function listedFields(object: string, { appeared, vanished }: FieldDrift): Change[] {
  const names = (fields: readonly string[]) => fields.map((field) => ({ field, column: field }));
  return [
    { type: "fields-seen", object, listed: ["Region__c", ...vanished], added: names(["Region__c", ...vanished]) },
    { type: "fields-reported", object },
    { type: "fields-seen", object, listed: ["Region__c", ...appeared], added: names(appeared) },
  ];
}
