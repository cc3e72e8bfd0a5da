import { mkdtemp, readdir, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect } from "vitest";
import { catalog } from "../../../src/catalog/index.ts";
import type { Column } from "../../../src/catalog/catalog.ts";
import type { RunEvent } from "../../../src/events.ts";
import { systemRandom } from "../../../src/platform/random.ts";
import { openMemoryStorage } from "./memory-storage.ts";
import { cellsOf } from "../../../src/encode/csv-field.ts";
import { FORMATS } from "../../../src/encode/formats.ts";
import { landExportFile } from "../../../src/land/export-file.ts";
import type { ExportFileOptions, LandedExport } from "../../../src/land/export-file.ts";
import { Rejects } from "../../../src/land/rejects.ts";
import type { SpoolOptions } from "../../../src/storage/spool.ts";

export const never: AbortSignal = new AbortController().signal;
export const DAY_MS = 86_400_000;

export const THING: readonly Column[] = [
  { name: "id", type: "integer" },
  { name: "name", type: "string" },
  { name: "done", type: "boolean" },
  { name: "size", type: "number" },
  { name: "updated_at", type: "datetime" },
];
export const HEADER = "id,name,done,size,updated_at\n";
export const T = "2026-01-01 00:00:01";

let tmpDir: string;

/** Gives the tests of a file a folder for what is not landed yet, and sees that nothing is left in it. */
export function useLandingFolder(): void {
  beforeAll(async () => {
    tmpDir = await mkdtemp(join(tmpdir(), "pardot-etl-export-file-"));
  });
  afterAll(async () => {
    expect(await readdir(tmpDir)).toEqual([]);
    await rm(tmpDir, { recursive: true });
  });
}

export interface Landed extends LandedExport {
  readonly text: string | null;
  readonly warnings: readonly string[];
  /** What the tap has seen and not forgotten. */
  readonly tapped: readonly (readonly (string | null)[])[];
}

export async function land(
  body: string | Uint8Array,
  more: Partial<ExportFileOptions & Pick<SpoolOptions, "compression">> = {},
  cut = 7,
): Promise<Landed> {
  const storage = openMemoryStorage();
  const warnings: string[] = [];
  let tapped: (readonly (string | null)[])[] = [];
  const columns = more.columns ?? THING;
  const { compression = "none", ...given } = more;
  const options: ExportFileOptions = {
    object: "Thing",
    columns,
    fields: columns.map(({ name }) => name),
    key: "id",
    watermark: "updated_at",
    span: { id: "w", from: 0, to: DAY_MS },
    bounds: null,
    exportId: "1",
    fileId: "10",
    readAt: 0,
    tap: {
      columns: ["id"],
      onRecord: (values) => tapped.push(values),
      onBytes: (bytes, start, ends, places) =>
        tapped.push(cellsOf(bytes, start, start + (ends.at(-1) ?? 0), ends, places)),
      forget: () => (tapped = []),
    },
    rejects: new Rejects("Thing", 5),
    ...given,
  };
  const chunks = chunked(typeof body === "string" ? Buffer.from(body) : body, cut);
  const landed = await landExportFile(chunks, options, {
    storage,
    converter: null,
    format: FORMATS.csv,
    spool: { dir: tmpDir, compression, random: systemRandom, signal: never },
    onEvent: (event: RunEvent) => event.type === "warning" && warnings.push(event.code),
  });
  const bytes = landed.file === null ? null : await storage.read(landed.file.key, never);
  return { ...landed, text: bytes === null ? null : Buffer.from(bytes).toString(), warnings, tapped };
}

async function* chunked(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array, void, undefined> {
  for (let from = 0; from < bytes.length; from += size) yield bytes.slice(from, from + size);
}

export async function landCase(name: string): Promise<Landed> {
  const visitor = catalog.find((object) => object.name === "Visitor");
  const body = await readFile(new URL(`../../fixtures/cases/${name}.visitor.csv`, import.meta.url));
  return land(body, { object: "Visitor", columns: visitor?.columns ?? [] });
}
