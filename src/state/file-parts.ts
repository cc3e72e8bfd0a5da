import { asError, DataError } from "../errors.ts";
import type { Storage } from "../storage/storage.ts";
import { laterText } from "../time/instant.ts";
import type { LocalText } from "../time/instant.ts";
import { STATE_PREFIX } from "./journal.ts";
import type { Journal } from "./journal.ts";
import type { LandedFile, OpenWindow } from "./open-window.ts";
import { parseDocument } from "./shape.ts";
import { LANDED_FILES } from "./state-shape.ts";
import { openWindow } from "./state.ts";

/** Landed files of an open window that the state itself lists; more are moved to a document of their own. */
export const FILES_IN_STATE = 500;

/** A document that lists landed files of an open window, so that the state does not grow with their number. */
export interface FilesPart {
  readonly key: string;
  readonly files: number;
  readonly rows: number;
  readonly maxWatermark: LocalText | null;
}

/**
 * Moves the landed files of a window out of the state when there are many. A kill between the two steps leaves a
 * document that the state does not name and that is never read.
 */
export async function moveFilesOut(
  { object, window }: { readonly object: string; readonly window: string },
  journal: Journal,
  storage: Storage,
  signal: AbortSignal,
): Promise<void> {
  const { files, parts = [] } = openWindow(journal.state, object, window);
  if (files.length < FILES_IN_STATE) return;
  const number = String(parts.length + 1).padStart(6, "0");
  const key = `${STATE_PREFIX}files/${journal.runId}/${object}-${number}-${files[0]?.sha256.slice(0, 12) ?? ""}.json`;
  const lines = files.map((file) => JSON.stringify(file));
  await storage.create(key, new TextEncoder().encode(`[${lines.join(",\n")}]\n`), signal);
  const part = {
    key,
    files: files.length,
    rows: files.reduce((sum, { rows }) => sum + rows, 0),
    maxWatermark: files.map((file) => file.maxWatermark).reduce(laterText, null),
  };
  await journal.record([{ type: "files-moved", object, window, part }]);
}

/** Every landed file of an open window, in the order in which they landed. */
export async function* filesOfWindow(
  { parts = [], files }: Pick<OpenWindow, "parts" | "files">,
  storage: Storage,
  signal: AbortSignal,
): AsyncGenerator<LandedFile, void, undefined> {
  for (const { key } of parts) {
    yield* readPart(key, await storage.read(key, signal), storage.location);
  }
  yield* files;
}

function readPart(key: string, bytes: Uint8Array | null, location: string): readonly LandedFile[] {
  let cause = "it is missing";
  try {
    if (bytes !== null) return parseDocument(LANDED_FILES, bytes) as readonly LandedFile[];
  } catch (error) {
    cause = `it is damaged (${asError(error).message})`;
  }
  throw new DataError(`read ${key} in ${location}: ${cause}`, {
    code: "state.damaged",
    hint: "Restore the folder _pardot_etl/state from the bucket's versions or a backup. Landed files are not affected.",
  });
}
