import type { CatalogObject } from "../../src/catalog/catalog.ts";
import { catalog } from "../../src/catalog/index.ts";
import type { Manifest } from "../../src/manifest/manifest.ts";
import type { Simulator } from "../../src/simulator/index.ts";
import { canonicalText, expectedRecord, plain, v5Rows } from "../kit/v5-truth.ts";
import { newest, readStrictly } from "../kit/records.ts";
import type { Cells } from "../kit/records.ts";

/** How long before now the ranges of API v5 end. */
export const V5_LAG_MS = 60_000;

const parsed = new WeakMap<Uint8Array, readonly Cells[] | null>();

/** Records of a landed file, null if it is not CSV. The same bytes are parsed once. */
export function recordsOf(bytes: Uint8Array): readonly Cells[] | null {
  let known = parsed.get(bytes);
  if (known === undefined) {
    try {
      known = readStrictly(Buffer.from(bytes).toString("utf8")).records;
    } catch {
      known = null;
    }
    parsed.set(bytes, known);
  }
  return known;
}

type Json = string | number | boolean | object | null;

/** What the truth is taken from. */
export interface Account extends Pick<Simulator, "rows"> {
  /** Default: no record is too young to be read. */
  readonly now?: Simulator["now"];
  /** The objects as the runs read them. Default: as PARDOT_API_VERSION=auto does. */
  readonly objects?: readonly CatalogObject[];
  /** Rows that were made already, as long as the account does not change. Default: none are kept. */
  readonly kept?: Map<string, readonly Cells[]>;
}

export function objectIn({ objects = catalog }: Pick<Account, "objects">, name: string): CatalogObject | undefined {
  return objects.find((object) => object.name === name);
}

/**
 * The account's rows as text, as in files; `all`: with rows that have gone. Pages of v4 do not distinguish the empty string
 * from null, so both are null here, and XML does not carry characters that it forbids. MySQL's zero date is null.
 */
export function rowsOf(account: Account, object: string, which: "live" | "all" = "live"): readonly Cells[] {
  const known = account.kept?.get(`${which} ${object}`);
  if (known !== undefined) return known;
  const rows = madeRows(account, object, which);
  account.kept?.set(`${which} ${object}`, rows);
  return rows;
}

function madeRows(account: Account, object: string, which: "live" | "all"): Cells[] {
  const found = objectIn(account, object);
  if (found?.way.api === "v5") return rowsOfV5(account, found, which);
  const how = found?.way;
  const isQueried = how?.process !== "bulk";
  const isXml = isQueried && how?.query?.format !== "json";
  const asCell = (value: Json): string | null => {
    if (value === null || value === "0000-00-00 00:00:00" || (isQueried && value === "")) return null;
    const text = typeof value === "object" ? JSON.stringify(value) : String(value);
    return isXml ? text.replaceAll("\u000b", "\uFFFD") : text;
  };
  return [...account.rows(object, which)].map((row) => {
    const cells: Record<string, string | null> = {};
    for (const name in row) cells[name] = asCell(row[name] as Json);
    return cells;
  });
}

/**
 * Those of API v5, whose JSON tells the empty string from null. Deleted ones are live where the files mark them. Live ones
 * only up to the end of the last range: a record of the last minute comes on the next day.
 */
function rowsOfV5(account: Account, object: CatalogObject, which: "live" | "all"): Cells[] {
  const campaigns = object.columns.some(({ wire }) => wire === "campaign.name")
    ? v5Rows(account, "Campaign", "all")
    : new Map<string, never>();
  const rows = v5Rows(account, object.name, object.deletes ? "all" : which);
  const records = Array.from(rows.values(), (row) =>
    expectedRecord(row, object, (id) => campaigns.get(plain(id))?.["name"] ?? null),
  );
  const { watermark } = object;
  if (watermark === null || which === "all") return records;
  const end = (account.now?.().getTime() ?? Infinity) - V5_LAG_MS;
  return records.filter(({ [watermark]: at = null }) => at === null || Date.parse(`${at.replace(" ", "T")}Z`) < end);
}

/** Columns in the order of their names, by the order in which a record has them. */
const sorted = new Map<string, { readonly names: readonly string[]; readonly text: string }>();

/** The same text for equal records, independent of the order of their columns. */
export function textOf(record: Cells): string {
  const own = Object.keys(record);
  const given = own.join();
  let columns = sorted.get(given);
  if (columns === undefined) {
    const names = own.toSorted();
    columns = { names, text: names.join() };
    sorted.set(given, columns);
  }
  return `${columns.text} ${JSON.stringify(columns.names.map((name) => record[name]))}`;
}

/** Local times this close may be in either order if a clock shows an hour twice. */
const REPEATED_MS = 3_600_000;

/**
 * The versions of each record, by id, that may be the newest: times without an offset are ambiguous in the night in which a
 * clock is set back.
 */
export function perhapsNewest(records: readonly Cells[]): Map<string, readonly Cells[]> {
  const all = new Map<string, Cells[]>();
  for (const record of records) {
    const id = String(record["id"]);
    const known = all.get(id);
    if (known === undefined) all.set(id, [record]);
    else known.push(record);
  }
  const last = newest(records);
  const isLate = (id: string, record: Cells): boolean =>
    updatedAt(record) > updatedAt(last.get(id) ?? record) - REPEATED_MS || record === last.get(id);
  return new Map([...all].map(([id, versions]) => [id, versions.filter((record) => isLate(id, record))]));
}

function updatedAt(record: Cells): number {
  return Date.parse(`${(record["updated_at"] ?? "1970-01-01 00:00:00").replace(" ", "T")}Z`);
}

/** All versions of all records that the account ever showed. */
export class Versions {
  readonly #seen = new Map<string, Set<string>>();

  /** Call at the start and after each simulated day. */
  remember(account: Account, objects: readonly string[]): void {
    for (const object of objects) {
      const seen = this.#seen.get(object) ?? new Set();
      this.#seen.set(object, seen);
      for (const row of rowsOf(account, object, "all")) seen.add(textOf(row));
    }
  }

  knows(object: string, record: Cells): boolean {
    return this.#seen.get(object)?.has(textOf(record)) === true;
  }
}

export interface Destination {
  /** All keys. */
  readonly keys: readonly string[];
  bytes(key: string): Uint8Array | undefined;
}

const MANIFEST = /^_pardot_etl\/runs\/[^/]+\/manifest\.json$/;

/** All manifests, in the order of the given names, which is the order of writing. */
export function manifestsIn(destination: Destination, order: readonly string[] = destination.keys): Manifest[] {
  return order
    .filter((key) => MANIFEST.test(key) && destination.bytes(key) !== undefined)
    .map((key) => JSON.parse(Buffer.from(destination.bytes(key) ?? []).toString("utf8")) as Manifest);
}

/** Keys of an object's committed files, in the order of the manifests, each once. */
export function committedKeys(manifests: readonly Manifest[], object: string): string[] {
  const keys = manifests.flatMap(({ objects }) =>
    objects.filter((each) => each.object === object).flatMap(({ files }) => files.map(({ key }) => key)),
  );
  return [...new Set(keys)];
}

/** Records of an object's committed files, in that order; none from a file that is not CSV. */
export function committedRecords(
  destination: Destination,
  manifests: readonly Manifest[],
  object: string,
  account: Pick<Account, "objects"> = {},
): Cells[] {
  const records = committedKeys(manifests, object).flatMap(
    (key) => recordsOf(destination.bytes(key) ?? new Uint8Array()) ?? [],
  );
  return comparable(records, object, account);
}

/** The records with their JSON in the one form that the truth has; v4 has JSON in no form but its own. */
export function comparable(records: readonly Cells[], name: string, account: Pick<Account, "objects">): Cells[] {
  const object = objectIn(account, name);
  const names = object?.columns.filter(({ type }) => type === "json").map((column) => column.name) ?? [];
  if (object?.way.api !== "v5" || names.length === 0) return [...records];
  return records.map((record) => ({
    ...record,
    ...Object.fromEntries(
      names.map((column) => {
        const text = record[column] ?? null;
        return [column, text === null ? null : canonicalText(text)];
      }),
    ),
  }));
}
