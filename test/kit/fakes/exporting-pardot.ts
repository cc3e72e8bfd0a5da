import type {
  ExportRead,
  ExportRequest,
  ExportStatus,
  Page,
  Pardot,
  PageRequest,
  WireRecord,
} from "../../../src/pardot/pardot.ts";
import { RemoteError } from "../../../src/errors.ts";
import { page } from "./scripted-pages.ts";
import { csvRow } from "../../../src/encode/csv-write.ts";

export type FakeRecord = Readonly<Record<string, string | null>>;

/** A Pardot over a list of records, whose exports are complete at once. Everything about it can be changed in mid-run. */
export interface ExportingPardot {
  readonly pardot: Pardot;
  /** What was asked for, in order; the id of an export is its place, from 1. */
  readonly created: ExportRequest[];
  /** Addresses that were fetched. */
  readonly fetched: string[];
  readonly queried: PageRequest[];
  /** The records there are when an export is created. */
  records: readonly FakeRecord[];
  /** Result files of one export. */
  filesPerExport: number;
  /** Fields that are refused with code 180, and procedures that are refused with 174. */
  readonly refusedFields: Set<string>;
  readonly refusedProcedures: Set<string>;
  /** Fields in the order in which the files have them; as asked for by default. */
  headerOf: (fields: readonly string[]) => readonly string[];
  /** Called when an export has been created and its records are chosen. */
  afterCreate: () => void;
  /** Called before a file is handed out; what it throws is thrown. */
  beforeFetch: (exportId: string) => void;
  /** What becomes of a file on its way. */
  onTheWay: (body: AsyncIterable<Uint8Array>, fileId: string) => AsyncIterable<Uint8Array>;
}

export function exportingPardot(records: readonly FakeRecord[]): ExportingPardot {
  const files = new Map<string, string>();
  const exports = new Map<string, ExportStatus>();
  const refuse = (pardotCode: number): never => {
    throw new RemoteError("refused", { code: "pardot.refused", pardotCode });
  };
  const fake: ExportingPardot = {
    pardot: {
      createExport: async (request: ExportRequest) => {
        fake.created.push(request);
        if (fake.refusedProcedures.has(request.procedure)) refuse(174);
        if (request.fields.some((field) => fake.refusedFields.has(field))) refuse(180);
        const id = String(fake.created.length);
        exports.set(id, complete(id, request));
        fake.afterCreate();
        return { id, state: "Waiting", stateText: "Waiting", isExpired: false, createdAt: null, resultRefs: [] };
      },
      readExport: async ({ id }: ExportRead) => exports.get(id) ?? refuse(109),
      downloadResult: async (reference: string) => {
        fake.fetched.push(reference);
        const [, exportId = "", fileId = ""] = /id\/(\d+)\/file\/(\d+)$/.exec(reference) ?? [];
        fake.beforeFetch(exportId);
        return fake.onTheWay(chunked(files.get(reference) ?? ""), fileId);
      },
      queryPage: async (request: PageRequest): Promise<Page> => {
        fake.queried.push(request);
        const fields = request.fields ?? [];
        if (fields.some((field) => fake.refusedFields.has(field))) refuse(130);
        const isFirst = request.afterId == null;
        const rows = (isFirst ? fake.records : []).map((record): WireRecord =>
          Object.fromEntries(fields.map((field) => [field, record[field] ?? null])),
        );
        return page(rows);
      },
    } as unknown as Pardot,
    created: [],
    fetched: [],
    queried: [],
    records,
    filesPerExport: 1,
    refusedFields: new Set(),
    refusedProcedures: new Set(),
    headerOf: (fields) => fields,
    afterCreate: () => undefined,
    beforeFetch: () => undefined,
    onTheWay: (body) => body,
  };

  function complete(id: string, request: ExportRequest): ExportStatus {
    const header = fake.headerOf(request.fields);
    const size = Math.max(1, Math.ceil(fake.records.length / fake.filesPerExport));
    const references: string[] = [];
    for (let from = 0; from < fake.records.length; from += size) {
      const reference = `https://pi.pardot.com/api/export/version/4/do/downloadResults/id/${id}/file/${10 + references.length}`;
      const rows = fake.records.slice(from, from + size).map((record) => header.map((name) => record[name] ?? null));
      files.set(reference, [header, ...rows].map((row) => csvRow(row)).join(""));
      references.push(reference);
    }
    const state = "Complete" as const;
    // In no order, as the vendor says.
    return { id, state, stateText: state, isExpired: false, createdAt: null, resultRefs: references.toReversed() };
  }

  return fake;
}

async function* chunked(text: string): AsyncGenerator<Uint8Array, void, undefined> {
  const bytes = Buffer.from(text);
  for (let from = 0; from < bytes.length; from += 11) yield bytes.subarray(from, from + 11);
}
