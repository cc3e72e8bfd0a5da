import type { CatalogObject, CollectionV5, RangeField } from "../../catalog/catalog.ts";
import { entries } from "../../catalog/index.ts";
import { camelCase, selectWays } from "../../catalog/versions.ts";
import { objectFields } from "../../extract/fields.ts";
import { isoOffset } from "../../pardot/dialects/v5.ts";
import { NO_FIELDS } from "../../state/field-state.ts";
import { DAY_MS } from "../../time/instant.ts";
import { codeVerdict, statusText, UNSETTLED, v5, valuesOf } from "./question.ts";
import type { Answer, Asker, Finding, Override, Question } from "./question.ts";
import { shapesByField } from "./shapes.ts";

/** Filters are tried with this age: most accounts have records on both sides. */
const AGE_MS = 30 * DAY_MS;
const LIMIT = "5";
/** Requests for one object, each without the parts that Pardot refused in the one before. */
const TRIES_MAX = 5;

type Collection = CatalogObject<CollectionV5>;

/** Objects about which documentation and clients disagree; the others follow while calls are left. */
const DOUBTFUL = (
  "Visitor VisitorActivity Opportunity DynamicContentVariation ListEmail EmailTemplate EngagementStudioProgram " +
  "File LandingPage TaggedObject VisitorPageView LifecycleHistory LifecycleStage FolderContent FormField " +
  "DynamicContent User FormHandler"
).split(" ");

/** One question for each collection of API v5: its fields, its date filter, its order and its recycle bin. */
export const OBJECTS: readonly Question[] = selectWays(entries, "5")
  .filter((object): object is Collection => object.way.api === "v5" && object.way.process === "segmented")
  .toSorted((a, b) => rank(a) - rank(b))
  .map((object) => ({
    id: object.name,
    asks: `Which fields, filter and order does ${object.way.query.path.replace("objects/", "")} accept, and is the filter honored?`,
    how: `GET /api/v5/${object.way.query.path} with all fields of the catalog and the filter that runs send`,
    api: "v5",
    ask: (asker) => askObject(object, asker),
  }));

function rank({ name }: Collection): number {
  const index = DOUBTFUL.indexOf(name);
  return index === -1 ? DOUBTFUL.length : index;
}

/** The parts of a query of the object. */
interface Sent {
  readonly fields: readonly string[];
  readonly filter: RangeField | null;
  readonly order: "id" | RangeField | null;
  readonly deleted: boolean;
}

async function askObject(object: Collection, asker: Asker): Promise<readonly Finding[]> {
  const { query } = object.way;
  const filter = query.filters.find((field) => field === object.watermark) ?? query.split;
  let sent: Sent = {
    fields: objectFields(object, NO_FIELDS).requested,
    filter,
    order: query.order,
    deleted: query.deleted,
  };
  const whole = sent;
  let answer = await send(object, sent, "AfterOrEqualTo", asker);
  for (let tries = 1; tries < TRIES_MAX && answer.failure !== null; tries += 1) {
    const less = without(sent, answer);
    if (less === null) break;
    sent = less;
    answer = await send(object, sent, "AfterOrEqualTo", asker);
  }
  if (answer.failure !== null) return [refused(object, answer)];
  let records = valuesOf(answer);
  const findings = [...changed(object, whole, sent)];
  if (sent.filter !== null) {
    const before = records.length === 0 ? await send(object, sent, "Before", asker) : null;
    findings.push(
      honored(object, sent.filter, { after: records, before: before === null ? null : valuesOf(before) }, asker),
    );
    if (before !== null) records = valuesOf(before);
  }
  return [fieldsFinding(object, whole, sent, records), ...findings];
}

function send(object: Collection, sent: Sent, bound: "AfterOrEqualTo" | "Before", asker: Asker): Promise<Answer> {
  const since = isoOffset(asker.now - AGE_MS);
  const parameters = {
    fields: sent.fields.join(","),
    limit: LIMIT,
    ...(sent.order === null ? {} : { orderBy: camelCase(sent.order) }),
    ...(sent.deleted ? { deleted: "all" } : {}),
    ...(sent.filter === null ? {} : { [`${camelCase(sent.filter)}${bound}`]: since }),
  };
  return asker.get(object.name, v5(object.way.query.path, parameters));
}

/** The same without the parts that the refusal names; null if it names nothing that can be left out. */
function without(sent: Sent, { failure }: Answer): Sent | null {
  const text = failure?.text ?? "";
  const field = /unknown field: ([\w.]+?)\.?\s*$/i.exec(text)?.[1];
  if (field !== undefined) {
    const fields = sent.fields.filter((name) => name !== field);
    return fields.length === sent.fields.length || field === "id" ? null : { ...sent, fields };
  }
  if (failure?.code === 224) {
    const fields = sent.fields.filter((name) => !isNested(name));
    return fields.length === sent.fields.length ? null : { ...sent, fields };
  }
  const parameter = /Parameter (\w+) is invalid/i.exec(text)?.[1];
  if (parameter === undefined) return null;
  if (parameter === "deleted" && sent.deleted) return { ...sent, deleted: false };
  if (parameter === "orderBy" && sent.order !== null) return { ...sent, order: null };
  return sent.filter !== null && parameter.startsWith(camelCase(sent.filter)) ? { ...sent, filter: null } : null;
}

/** Lists and records, which the vendor's documentation refuses in queries. */
const LISTS = new Set("businessHours prospectsMultipleEntry schedule recipientListIds suppressionListIds".split(" "));

function isNested(name: string): boolean {
  return LISTS.has(name) || /^(?:senderOptions|replyToOptions)\./.test(name);
}

function refused(object: Collection, answer: Answer): Finding {
  const { parent } = object.way.query;
  const isPerParent = parent !== null && (answer.failure?.code === 13 || answer.failure?.code === 36);
  const means = isPerParent
    ? "Nothing: the records of each parent are requested separately."
    : answer.failure?.code === 46 || answer.failure?.code === 49
      ? "The API user lacks the ability to view this object: grant it, or leave the object out."
      : "The query of this object is refused: please report it.";
  return {
    id: `${object.name}.fields`,
    asks: `Which fields of ${object.name} does this account have?`,
    seen: statusText(answer),
    verdict: isPerParent ? "per parent" : codeVerdict(answer),
    expected: isPerParent ? null : "all",
    means,
  };
}

function fieldsFinding(
  object: Collection,
  whole: Sent,
  sent: Sent,
  records: readonly Readonly<Record<string, unknown>>[],
): Finding {
  const missing = whole.fields.filter((name) => !sent.fields.includes(name));
  const lists = missing.filter(isNested);
  const plain = sent.fields.map((name) => name.split(".")[0] ?? name);
  const shapes = records.length === 0 ? "" : `: ${shapesByField(records, [...new Set(plain)])}`;
  const columns = object.columns.filter(({ wire }) =>
    missing.some((name) => name === wire || name.startsWith(`${wire?.replace("[]", "") ?? "-"}.`)),
  );
  const wire = Object.fromEntries(columns.map(({ name }) => [name, null]));
  const refusedText = missing.length === 0 ? "" : `, refused: ${missing.join(", ")}`;
  return {
    id: `${object.name}.fields`,
    asks: `Which fields of ${object.name} does this account have?`,
    seen: `${sent.fields.length} fields accepted${refusedText}; ${records.length} records${shapes}`,
    verdict: missing.length === 0 ? "all" : lists.length > 0 ? "lists refused" : "some missing",
    expected: "all",
    means: "The columns of the missing fields are null; the fragment saves the calls that detect this.",
    ...(missing.length === 0 ? {} : { override: { v5: { wire } } }),
  };
}

/** Filter, order and recycle bin that were refused by name. */
function changed(object: Collection, whole: Sent, sent: Sent): readonly Finding[] {
  const finding = (id: string, seen: string, means: string, query: Override, entry: Override = {}): Finding => ({
    id: `${object.name}.${id}`,
    asks: `Does ${object.name} accept the ${id} that runs send?`,
    seen,
    verdict: "refused",
    expected: "accepted",
    means,
    override: { ...entry, v5: { query } },
  });
  const found: Finding[] = [];
  if (whole.filter !== null && whole.filter !== sent.filter) {
    const means =
      whole.filter === object.way.query.split
        ? "A collection of more than 100,000 records cannot be split into windows: the object fails."
        : "Every run reads all records and filters them itself.";
    const seen = `${camelCase(whole.filter)} refused by name`;
    found.push(finding("filter", seen, means, withoutFilter(object, whole.filter)));
  }
  if (whole.order !== sent.order) {
    const seen = `orderBy=${camelCase(String(whole.order))} refused`;
    found.push(finding("order", seen, "Records are read by page tokens.", { order: null }));
  }
  if (whole.deleted !== sent.deleted) {
    const means = "Deleted records are not seen.";
    found.push(finding("bin", "deleted=all refused", means, { deleted: false }, { deletes: false }));
  }
  return found;
}

function withoutFilter({ way }: Collection, field: RangeField): Override {
  const { filters, split } = way.query;
  const kept = filters.filter((name) => name !== field);
  return {
    ...(kept.length === filters.length ? {} : { filters: kept }),
    ...(split === field ? { split: null } : {}),
  };
}

/**
 * Compares the returned records with the bound that was sent. `before`: those on the other side; null: not requested.
 */
function honored(
  object: Collection,
  filter: RangeField,
  {
    after,
    before,
  }: { readonly after: readonly Readonly<Record<string, unknown>>[]; readonly before: readonly unknown[] | null },
  { now }: Asker,
): Finding {
  const field = camelCase(filter);
  const dates = after.map((record) => Date.parse(String(record[field]))).filter((date) => !Number.isNaN(date));
  // A second of tolerance for a clock that moves on.
  const outside = dates.filter((date) => date < now - AGE_MS - 1000).length;
  const isSettled = dates.length > 0 || (before !== null && before.length > 0);
  const verdict = outside > 0 ? "ignored" : isSettled ? "honored" : UNSETTLED;
  const counted = `${after.length} records since the bound, ${outside} of them before it`;
  return {
    id: `${object.name}.filter`,
    asks: `Does ${object.name} honor the filter on ${field}?`,
    seen: `${counted}${before === null ? "" : `; ${before.length} records before the bound`}`,
    verdict,
    expected: "honored",
    means: "Runs notice this and filter the records themselves; with the fragment they do not send the filter.",
    ...(verdict === "ignored" ? { override: { v5: { query: withoutFilter(object, filter) } } } : {}),
  };
}
