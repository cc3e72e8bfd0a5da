import { DAY_MS } from "../../time/instant.ts";
import { asRecord } from "../envelope.ts";
import { EXPORT_STATES } from "../pardot.ts";
import type { ExportRequest, ExportState, ExportStatus, WireRecord, WireValue } from "../pardot.ts";
import { shapeError } from "./records.ts";

/** How long Pardot keeps an export and its files (vendor docs, export-v4). */
export const EXPORT_LIFE_MS: number = 7 * DAY_MS;

/** The body of an export's creation (vendor docs, export-v4). */
export function createBody(request: ExportRequest): string {
  return JSON.stringify({
    object: request.object,
    fields: request.fields,
    procedure: { name: request.procedure, arguments: request.arguments },
  });
}

/**
 * An export's state out of an answer. The record is wrapped in `export`, as clients in production read it, or bare, as
 * the vendor's sample shows it. `resultRefs` is absent without rows, a text for one file, a list for several; the
 * vendor's sample of 2019 spells it `resultsRef` (pardot-v4 5.3).
 * Throws `DataError` `pardot.unexpected-shape`.
 */
export function exportStatus(root: WireRecord, kind: string): ExportStatus {
  const record = asRecord(root["export"] ?? null) ?? root;
  const id = record["id"];
  // The id becomes part of addresses and file names.
  if (typeof id !== "string" || !/^\d{1,20}$/.test(id)) throw shapeError(kind, "it has no export id");
  const stateText = record["state"];
  if (typeof stateText !== "string") throw shapeError(kind, `export ${id} has no state`);
  const createdAt = record["createdAt"] ?? record["created_at"] ?? null;
  return {
    id,
    state: stateOf(stateText),
    stateText,
    isExpired: record["isExpired"] === true || record["isExpired"] === "true",
    createdAt: typeof createdAt === "string" ? createdAt : null,
    resultRefs: references(record["resultRefs"] ?? record["resultsRef"] ?? null, id, kind),
  };
}

function stateOf(text: string): ExportState {
  const word = text.trim().toLowerCase();
  return EXPORT_STATES.find((state) => state.toLowerCase() === word) ?? "Unknown";
}

function references(value: WireValue, id: string, kind: string): readonly string[] {
  const list = Array.isArray(value) ? (value as readonly WireValue[]) : [value];
  const found: string[] = [];
  for (const one of list) {
    if (one === null || one === "") continue;
    if (typeof one !== "string") throw shapeError(kind, `a result address of export ${id} is no text`);
    found.push(one);
  }
  return found;
}
