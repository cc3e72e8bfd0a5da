import { readFile } from "node:fs/promises";
import { expect, test } from "vitest";
import { FROM_AIRBYTE, FROM_VENDOR } from "../../test/kit/v5-differences.ts";
import type { CatalogObject, Column, QueryV5 } from "./catalog.ts";
import { entries } from "./index.ts";
import { camelCase, selectWays } from "./versions.ts";

// Compares every entry of API v5 with the vendor's catalog and with what Airbyte's connector requests, field by field.

type Evidence = Readonly<Record<string, readonly string[]>>;

interface VendorObject {
  readonly path: string;
  readonly fields: Readonly<Record<string, unknown>>;
  readonly filters: Evidence;
  readonly orderBy: Evidence;
  readonly deleted: boolean | null;
}

interface Stream {
  readonly path: string;
  readonly fields: readonly string[] | null;
}

async function fixture<T>(name: string): Promise<T> {
  const url = new URL(`../../test/fixtures/v5/${name}.json`, import.meta.url);
  return JSON.parse(await readFile(url, "utf8")) as T;
}

const vendor = Object.values((await fixture<{ objects: Record<string, VendorObject> }>("vendor")).objects);
const airbyte = Object.values((await fixture<{ streams: Record<string, Stream> }>("airbyte")).streams);
const objects = selectWays(entries, "5").filter(({ way }) => way.api === "v5");

const TYPES: Readonly<Record<string, string>> = {
  Integer: "integer",
  Float: "number",
  Boolean: "boolean",
  DateTime: "datetime",
  String: "string",
  Date: "string",
};

function pathOf({ way }: CatalogObject): string {
  if ("query" in way && way.query?.api === "v5") return way.query.path;
  return "path" in way
    ? way.path.replace("emails/{id}", "emails").replace("list-emails/stats", "list-emails/{id}/stats")
    : "";
}

/** Columns by their fields, without the mark of a list. */
function fieldsOf({ columns }: CatalogObject): ReadonlyMap<string, Column> {
  return new Map(
    columns.flatMap((column) => (column.wire == null ? [] : [[column.wire.replace("[]", ""), column] as const])),
  );
}

function differences(object: CatalogObject, facts: VendorObject): string[] {
  const { way } = object;
  const fields = fieldsOf(object);
  const lacking = Object.keys(facts.fields).filter((field) => !fields.has(field));
  const added = [...fields.keys()].filter((field) => !(field in facts.fields));
  const retyped = [...fields].filter(
    ([field, column]) => field in facts.fields && !isTyped(column, facts.fields[field]),
  );
  return [
    ...(lacking.length === 0 ? [] : [`lacks ${lacking.join(" ")}`]),
    ...(added.length === 0 ? [] : [`adds ${added.join(" ")}`]),
    ...(retyped.length === 0 ? [] : [`types ${retyped.map(([field, { type }]) => `${field}:${type}`).join(" ")}`]),
    ...("query" in way && way.query?.api === "v5" ? queryDifferences(way.query, facts) : []),
  ];
}

function isTyped({ type, items }: Column, fact: unknown): boolean {
  if (typeof fact !== "object" || fact === null) return TYPES[String(fact)] === type;
  if (type !== "json") return false;
  const parts = (fact as readonly Readonly<Record<string, string>>[])[0] ?? {};
  const facts = Object.entries(parts).map(([name, part]) => `${name}:${TYPES[part]}`);
  return items === undefined || items.map((item) => `${item.wire}:${item.type}`).join(" ") === facts.join(" ");
}

/** What the query sends and the vendor's page does not list. */
function queryDifferences(query: QueryV5, { filters, orderBy, deleted }: VendorObject): string[] {
  const dates = new Set([...query.filters, ...(query.split === null ? [] : [query.split])].map(camelCase));
  const sent = [...dates, ...(query.order === "id" ? ["id"] : [])];
  const order = query.order === null ? null : camelCase(query.order);
  return [
    ...(order === null || levelOf(orderBy, [order]) === "documented"
      ? []
      : [`order ${order}: ${levelOf(orderBy, [order])}`]),
    ...sent.flatMap((field) => {
      const level = levelOf(filters, [`${field}*`, `${field}<>`]);
      return level === "documented" ? [] : [`filter ${field}: ${level}`];
    }),
    ...(query.parent === null || levelOf(filters, [query.parent.filter]) === "documented"
      ? []
      : [`filter ${query.parent.filter}`]),
    ...(query.deleted === deleted ? [] : [`deleted ${query.deleted}: ${deleted}`]),
  ];
}

function levelOf(evidence: Evidence, names: readonly string[]): string {
  return Object.keys(evidence).find((level) => names.some((name) => evidence[level]?.includes(name))) ?? "nowhere";
}

function airbyteDifferences(object: CatalogObject, { fields }: Stream): string[] {
  const requested = new Set(
    [...fieldsOf(object)].flatMap(([field, { items }]) =>
      items === undefined ? [field] : items.map(({ wire }) => `${field}.${wire}`),
    ),
  );
  const asked = new Set(fields);
  const isPart = (part: string, all: ReadonlySet<string>): boolean =>
    [...all].some((one) => part.startsWith(`${one}.`));
  const onlyThere = [...asked].filter((field) => !requested.has(field) && !isPart(field, requested));
  const onlyHere = [...requested].filter(
    (field) => !asked.has(field) && ![...asked].some((one) => one.startsWith(`${field}.`)),
  );
  return [
    ...(onlyThere.length === 0 ? [] : [`only there ${onlyThere.join(" ")}`]),
    ...(onlyHere.length === 0 ? [] : [`only here ${onlyHere.join(" ")}`]),
  ];
}

test.each(objects.map((object) => [object.name, object] as const))(
  "%s departs from the vendor's catalog only as listed",
  (name, object) => {
    const facts = vendor.find(({ path }) => path === pathOf(object));
    expect(facts, "an object of the vendor's catalog").toBeDefined();
    const found = facts === undefined ? [] : differences(object, facts);
    expect(found).toEqual(FROM_VENDOR.filter(([of]) => of === name).map(([, difference]) => difference));
  },
);

test.each(objects.map((object) => [object.name, object] as const))(
  "%s requests what Airbyte does, but for what is listed",
  (name, object) => {
    const stream = airbyte.find(({ path }) => path === pathOf(object));
    const found = stream === undefined ? ["no stream"] : airbyteDifferences(object, stream);
    expect(found).toEqual(FROM_AIRBYTE.filter(([of]) => of === name).map(([, difference]) => difference));
  },
);

test("every object of the vendor and every stream of Airbyte is read, clicks by v4", () => {
  const paths = new Set(objects.map(pathOf));
  const unread = [...vendor, ...airbyte].map(({ path }) => path).filter((path) => !paths.has(path));
  expect(new Set(unread)).toEqual(new Set(["emailClick/version/4/do/query"]));
});

test("the reasons name objects that there are", () => {
  const names = objects.map(({ name }) => name);
  for (const [name, , why] of [...FROM_VENDOR, ...FROM_AIRBYTE]) {
    expect(names).toContain(name);
    expect(why).not.toBe("");
  }
});
