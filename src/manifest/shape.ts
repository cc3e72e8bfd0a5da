import { z } from "zod";
import { isKey } from "../storage/key.ts";
import { count, parseDocument, shapeProblem, textOrNull, texts } from "../state/shape.ts";
import { filesOf, RUN_STATUSES } from "./manifest.ts";
import type { Manifest } from "./manifest.ts";

/** `2026-03-20T09:30:00Z`. */
const time = z.string().refine((text) => /^\d{4}-\d\d-\d\dT[\d:.]+Z$/.test(text) && !Number.isNaN(Date.parse(text)));
/** A landed file is in the folder of its object, never among the tool's own documents. */
const landedKey = z
  .string()
  .refine((key) => isKey(key) && key.indexOf("/") > 0 && !key.startsWith("_pardot_etl/"), "is not the key of a file");

export const FILE_SHAPE: z.ZodType = z.looseObject({
  key: landedKey,
  rows: count,
  bytes: count,
  sha256: z.string().regex(/^[0-9a-f]{64}$/, "is not a SHA-256"),
  min_watermark: textOrNull,
  max_watermark: textOrNull,
  export_id: textOrNull,
  columns_fingerprint: z.string().optional(),
});

const windows = z.array(
  z.looseObject({
    field: textOrNull,
    from: time,
    to: time,
    through_id: z.string().optional(),
    through_time: time.optional(),
  }),
);

const objectShape = z.looseObject({
  object: z.string(),
  table: z.string(),
  process: z.string(),
  status: z.string(),
  windows,
  open_windows: windows,
  columns: z.record(z.string(), texts).optional(),
  files: z.array(z.unknown()),
  error: z.looseObject({ code: z.string(), message: z.string(), exit_code: z.int() }).nullable(),
  supersedes: z.literal(true).optional(),
});

/** The whole manifest but for its files, each of which has the shape above. */
export function manifestShape(runId: string): z.ZodType {
  return z.looseObject({
    format_version: z.literal(1, "is a format that this version of pardot-etl does not know"),
    run_id: z.literal(runId, "does not match the run of its folder"),
    business_unit: z.string(),
    started_at: time,
    finished_at: time,
    now: time,
    time_zone: z.string(),
    status: z.enum(RUN_STATUSES),
    api_calls: z.looseObject({ total: count, by_kind: z.record(z.string(), count) }),
    objects: z.array(objectShape),
    warnings: z.array(z.looseObject({ code: z.string(), object: textOrNull, message: z.string() })),
    left_files: z.array(z.unknown()).optional(),
  });
}

/** Parses a whole manifest; null if it is damaged. */
export function parseManifest(bytes: Uint8Array, runId: string): Manifest | null {
  try {
    const manifest = parseDocument(manifestShape(runId), bytes) as Manifest;
    return filesOf(manifest).every((file) => shapeProblem(FILE_SHAPE, file) === null) ? manifest : null;
  } catch {
    return null;
  }
}
