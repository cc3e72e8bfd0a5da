import type { CatalogObject } from "../../catalog/catalog.ts";
import { DataError } from "../../errors.ts";
import type { OnEvent } from "../../events.ts";
import { warn } from "../../events.ts";
import { keyField, watermarkField } from "../../land/result-header.ts";
import { isAddressTooLong } from "../../pardot/failure.ts";
import type { Page, PageRequest, Pardot, WireRecord, WireValue } from "../../pardot/pardot.ts";
import { parseId } from "../../state/cursor.ts";
import type { Id } from "../../state/cursor.ts";
import { pluralize } from "../../text.ts";
import { idOf, repeatedTokenError } from "./page.ts";

/**
 * Bytes of `fields` in an address. Servers commonly take 8 KB of a request's first line (Apache httpd: 8190 bytes), and the
 * rest of the line needs less than 2 KB. Longer addresses than the server takes are refused with HTTP 414 or 431.
 */
const FIELDS_BYTES = 6000;
/** The least bytes that are tried after refusals. */
const FIELDS_BYTES_MIN = 500;

type Queries = Pick<Pardot, "queryPage">;

/**
 * Queries of API v5, whose fields stand in the address, for any number of fields: those that do not fit one address come in
 * groups, each with the key and the watermark, one request after another for the same ids. The records are joined by id. Of
 * what several groups return, the newest reading counts. An address that a server refuses as too long is cut in half, and
 * stays so.
 *
 * A record that some group does not return was changed or deleted in between: it comes without those values, and
 * `isIncomplete`. Only for objects that are read by ascending id; other queries pass through. Memory: one page of each group.
 */
export class WideQuery implements Queries {
  readonly #object: CatalogObject;
  readonly #pardot: Queries;
  readonly #incomplete = new WeakSet<WireRecord>();
  #bytes = FIELDS_BYTES;

  constructor(object: CatalogObject, pardot: Queries) {
    this.#object = object;
    this.#pardot = pardot;
  }

  /** Whether a record lacks the values of some group of fields. */
  isIncomplete(record: WireRecord): boolean {
    return this.#incomplete.has(record);
  }

  async queryPage(request: PageRequest, signal: AbortSignal): Promise<Page> {
    const { way, fields, sort } = request;
    if (way.api !== "v5" || way.query.order !== "id" || fields === null || sort != null) {
      return this.#pardot.queryPage(request, signal);
    }
    for (;;) {
      const groups = fieldGroupsWithin(fields, this.#shared, this.#bytes);
      try {
        return await this.#read(request, groups, signal);
      } catch (error) {
        if (!isAddressTooLong(error) || this.#bytes <= FIELDS_BYTES_MIN) throw error;
        this.#bytes = Math.max(FIELDS_BYTES_MIN, Math.floor(this.#bytes / 2));
      }
    }
  }

  /** Fields of every group: by one the records are joined, and the other says how old they are. */
  get #shared(): readonly string[] {
    const watermark = watermarkField(this.#object);
    return [keyField(this.#object), ...(watermark === null ? [] : [watermark])];
  }

  async #read(request: PageRequest, groups: readonly (readonly string[])[], signal: AbortSignal): Promise<Page> {
    const [first = [], ...later] = groups;
    const page = await this.#pardot.queryPage({ ...request, fields: first }, signal);
    if (later.length === 0 || page.records.length === 0) return page;
    const ids = page.records.map((record) => idOf(record, this.#object));
    const [from = 0] = ids;
    // The reader of the pages names the fault.
    if (ids.some((id, i) => i > 0 && id <= (ids[i - 1] ?? id))) return page;
    const span = { first: from, last: ids.at(-1) ?? from };
    const parts = [{ records: this.#byId(page.records), hidesValues: page.hidesValues }];
    // One after another: a request that fails must leave none behind that is not counted.
    for (const fields of later) parts.push(await this.#readPart({ ...request, fields, isRest: true }, span, signal));
    const all = parts.flatMap(({ records }) => [...records.keys()]).filter((id) => id <= span.last);
    const sorted = [...new Set(all)].toSorted((a, b) => (a < b ? -1 : 1));
    const records = sorted.map((id) => this.#join(parts.map((part) => part.records.get(id))));
    return { ...page, records, hidesValues: parts.some(({ hidesValues }) => hidesValues) };
  }

  /** The values of some fields for all records between two ids. Their pages may end elsewhere than the first group's. */
  async #readPart(
    request: PageRequest,
    { first, last }: { readonly first: Id; readonly last: Id },
    signal: AbortSignal,
  ): Promise<{ readonly records: ReadonlyMap<Id, WireRecord>; readonly hidesValues: boolean }> {
    const records = new Map<Id, WireRecord>();
    let hidesValues = false;
    let after = parseId(String(BigInt(first) - 1n));
    let token: string | null = null;
    for (;;) {
      const place = token === null ? { afterId: String(after), token: null } : { token };
      const page: Page = await this.#pardot.queryPage({ ...request, ...place }, signal);
      hidesValues ||= page.hidesValues;
      const found = this.#byId(page.records);
      for (const [id, record] of found) records.set(id, record);
      const reached = [...found.keys()].reduce(greatest, after);
      if (page.end === "end" || reached >= last) return { records, hidesValues };
      if (found.size > 0 && reached === after) throw repeatedPageError(this.#object.name, after);
      if (found.size === 0 && (page.token === null || page.token === token)) {
        throw repeatedTokenError(this.#object.name);
      }
      token = found.size === 0 ? page.token : null;
      after = reached;
    }
  }

  #byId(records: readonly WireRecord[]): ReadonlyMap<Id, WireRecord> {
    return new Map(records.map((record) => [idOf(record, this.#object), record]));
  }

  #join(parts: readonly (WireRecord | undefined)[]): WireRecord {
    const record: Record<string, WireValue> = {};
    for (const part of parts) Object.assign(record, part);
    if (parts.includes(undefined)) this.#incomplete.add(record);
    return record;
  }
}

const greatest = (a: Id, b: Id): Id => (b > a ? b : a);

/**
 * Cuts fields into groups whose text in an address has at most so many bytes, with those of `shared` that are among them in
 * each. The parts of one record (`campaign.id`, `campaign.name`) stay together. A longer name is a group.
 */
export function fieldGroupsWithin(
  fields: readonly string[],
  shared: readonly string[],
  bytes: number,
): readonly (readonly string[])[] {
  if (sizeOf(fields) <= bytes) return [fields];
  const common = fields.filter((field) => shared.includes(field));
  const others = new Map<string, string[]>();
  for (const field of fields) {
    if (common.includes(field)) continue;
    const [record = field] = field.split(".");
    others.set(record, [...(others.get(record) ?? []), field]);
  }
  const groups: string[][] = [];
  let group: string[] = [];
  let size = sizeOf(common);
  for (const names of others.values()) {
    const more = COMMA + sizeOf(names);
    if (group.length > 0 && size + more > bytes) {
      groups.push([...common, ...group]);
      [group, size] = [[], sizeOf(common)];
    }
    group.push(...names);
    size += more;
  }
  groups.push([...common, ...group]);
  return groups;
}

/** Bytes of a comma in an address, where it is escaped. */
const COMMA = 3;

/** Bytes of names in an address. */
function sizeOf(fields: readonly string[]): number {
  return encodeURIComponent(fields.join(",")).length;
}

function repeatedPageError(object: string, after: Id): DataError {
  return new DataError(`read ${object}: the page after id ${after} contains only records from before it`, {
    code: "data.page-repeats",
    hint: "Pardot ignored idGreaterThan. Run again; if it happens again, open an issue with the page's parameters.",
  });
}

/** Warns of rows without the values of some group of fields. */
export function warnOfIncomplete(object: string, rows: number, onEvent: OnEvent): void {
  if (rows === 0) return;
  const were = rows === 1 ? "was" : "were";
  const message = `${pluralize(rows, "row")} changed or ${were} deleted between the requests for their fields: landed with the available values, complete again after their next change`;
  warn(onEvent, "fields.rows-incomplete", message, object);
}
