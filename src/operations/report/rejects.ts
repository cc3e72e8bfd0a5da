import { StorageError } from "../../errors.ts";
import { rejectsKey } from "../../state/rejects.ts";
import type { Storage } from "../../storage/storage.ts";
import type { ReportedRejects } from "./api.ts";

/** Records that are counted by column; a run sets few aside before their object fails. */
const RECORDS_MAX = 1000;
const IDS_LISTED = 5;
/** Columns that are listed. */
const COLUMNS_MAX = 20;
/** Longest line: a record of 64 KB, escaped. */
const LINE_MAX = 1024 * 1024;

/**
 * The records that a run has set aside of an object, by column. The values and reasons, which quote values, stay in the
 * file. Empty if the file is gone. Memory: one record.
 */
export async function rejectsOf(
  storage: Storage,
  runId: string,
  object: string,
  signal: AbortSignal,
): Promise<readonly ReportedRejects[]> {
  const found = new Map<string | null, { count: number; readonly ids: string[] }>();
  let records = 0;
  try {
    for await (const line of lines(storage.open(rejectsKey(runId, object), signal))) {
      const { id, column } = parsed(line);
      const known = found.get(column) ?? { count: 0, ids: [] };
      if (!found.has(column) && found.size === COLUMNS_MAX) continue;
      found.set(column, known);
      known.count += 1;
      if (id !== null && known.ids.length < IDS_LISTED) known.ids.push(id);
      records += 1;
      if (records === RECORDS_MAX) break;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof StorageError)) throw error;
  }
  return Array.from(found, ([column, { count, ids }]) => ({ column, count, ids }));
}

async function* lines(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = "";
  for await (const chunk of chunks) {
    const parts = `${rest}${decoder.decode(chunk, { stream: true })}`.split("\n");
    rest = (parts.pop() ?? "").slice(0, LINE_MAX);
    yield* parts;
  }
}

/** A line that is not a reject counts as one without id and column. */
function parsed(line: string): { readonly id: string | null; readonly column: string | null } {
  const text = (value: unknown): string | null => (typeof value === "string" ? value : null);
  try {
    const reject = JSON.parse(line) as { readonly id?: unknown; readonly column?: unknown } | null;
    return { id: text(reject?.id), column: text(reject?.column) };
  } catch {
    return { id: null, column: null };
  }
}
